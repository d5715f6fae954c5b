"""TRL's DPOTrainer: a history, and the two replies by which a right and a wrong trajectory part.

Both replies share the pictures of the history: TRL 1.16 refuses pictures in a chosen or rejected side.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lensmill.formats.chains import chosen
from lensmill.formats.example import Example, LeftOut
from lensmill.formats.settings import FormatSettings
from lensmill.formats.spec import Exported, FormatSpec, Row, no_rows, parquet
from lensmill.formats.trl import MESSAGE, message_row, picture, shown
from lensmill.validation.trl_dpo import VALIDATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class TrlDpoSettings(FormatSettings):
    """TRL's DPOTrainer: pairs of a right and a wrong episode at one question on one rung."""

    name: Literal["trl_dpo"] = "trl_dpo"


def _pairs(settings: TrlDpoSettings, right: Example, wrong: Example) -> Iterator[Row]:
    right, good = chosen(right, settings)
    wrong, bad = chosen(wrong, settings)
    at = next((at for at, (one, other) in enumerate(zip(good, bad, strict=False)) if one != other), None)
    same = [one.name == other.name for one, other in zip(right.pictures, wrong.pictures, strict=False)]
    if at is None or good[at].role != "assistant" or bad[at].role != "assistant":
        raise LeftOut("no_pair", "the right and the wrong episode part in no reply of the assistant")
    history = good[:at]
    pictures = shown(right, history)
    if not all(same[: len(pictures)]):
        raise LeftOut("no_pair", "the right and the wrong episode have other pictures before they part")
    yield {
        "prompt": [message_row(message) for message in history],
        "chosen": [message_row(good[at])],
        "rejected": [message_row(bad[at])],
        "images": pictures,
    }


def _columns(_settings: TrlDpoSettings) -> Mapping[str, Any]:
    return {**{name: [MESSAGE] for name in ("prompt", "chosen", "rejected")}, "images": ["image"]}


def _command(exported: Exported) -> str:
    return f"""```python
from datasets import load_dataset
from trl import DPOConfig, DPOTrainer

rows = load_dataset("parquet", data_files="{exported.name}/train/*.parquet", split="train")
arguments = DPOConfig("trained", max_length=None, per_device_train_batch_size=1, learning_rate=1e-6, bf16=True)
DPOTrainer("path/of/the/model/after/SFT", args=arguments, train_dataset=rows).train()
```
"""


SPEC = FormatSpec(
    settings=TrlDpoSettings,
    version=1,
    columns=_columns,
    rows=no_rows,
    pairs=_pairs,
    validator=VALIDATOR,
    container=parquet,
    picture=picture,
    command=_command,
)
