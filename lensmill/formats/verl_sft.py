"""verl's MultiTurnSFTDataset: texts with `<image>`, and pictures in the order of their placeholders (verl 0.9.1)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lensmill.formats.chains import chosen
from lensmill.formats.example import Example, text_of
from lensmill.formats.settings import FormatSettings
from lensmill.formats.spec import Exported, FormatSpec, Row, parquet
from lensmill.formats.trl import shown
from lensmill.validation.verl_sft import VALIDATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class VerlSftSettings(FormatSettings):
    """verl's multi-turn SFT. Every turn of the assistant carries loss."""

    name: Literal["verl_sft"] = "verl_sft"
    observations: Literal["user", "tool"] = "user"
    """role of the messages that bring pictures of calls; verl's own rollouts use tool"""


def _rows(settings: VerlSftSettings, example: Example) -> Iterator[Row]:
    example, messages = chosen(example, settings)
    rows, replied = [], False
    for message in messages:
        role = settings.observations if message.role == "user" and replied else message.role
        replied = replied or message.role == "assistant"
        rows.append({"role": role, "content": text_of(message)})
    yield {"messages": rows, "images": shown(example, messages)}


def columns_of_pictures(settings: FormatSettings) -> Mapping[str, Any]:
    """The type of the column `images`."""
    return {"images": ["file" if settings.pictures == "embedded" else {"image": "string"}]}


def _columns(settings: VerlSftSettings) -> Mapping[str, Any]:
    return {"messages": [{"role": "string", "content": "string"}], **columns_of_pictures(settings)}


def picture(path: str, folder: str) -> dict[str, str]:
    """A picture file as verl opens one."""
    return {"image": f"file://{folder}/{path}"}


def files_of(exported: Exported, split: str) -> str:
    """The files of a split as a list for hydra."""
    return "[" + ",".join(f"{exported.name}/{name}" for name in exported.splits.get(split, ())) + "]"


def _command(exported: Exported) -> str:
    limit = exported.needs.limit
    return f"""```bash
torchrun --nproc_per_node=8 -m verl.trainer.sft_trainer model.path={exported.settings.trained.model} \\
    data.train_files="{files_of(exported, "train")}" data.messages_key=messages \\
    data.max_length={limit} data.max_token_len_per_gpu={limit} data.truncation=error data.pad_mode=no_padding
# truncation=right would cut pictures, and the loss with them
```
"""


SPEC = FormatSpec(
    settings=VerlSftSettings,
    version=1,
    columns=_columns,
    rows=_rows,
    validator=VALIDATOR,
    container=parquet,
    picture=picture,
    command=_command,
)
