"""TRL's SFTTrainer: `messages` of typed parts with `images`, or `prompt` and `completion` for each turn.

Calls stand as text in the assistant's messages, and observations are messages of the user: TRL counts no placeholder in
other messages, and never passes a column of tools to the template (TRL 1.16, docs/source/dataset_formats.md).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lensmill.formats.chains import chosen, up_to_each_reply
from lensmill.formats.example import Example, PictureFile, shown_in
from lensmill.formats.settings import FormatSettings
from lensmill.formats.spec import Exported, FormatSpec, Row, parquet
from lensmill.trajectory import Message
from lensmill.validation.trl import VALIDATOR

MESSAGE = {"role": "string", "content": [{"type": "string", "text": "string"}]}
"""A message: parts of type "image" have no text. Parts have no further key, because Qwen's templates take a part with a
key `image` for a picture, even where the key is null."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrlSettings(FormatSettings):
    """TRL's SFTTrainer. One row is a trajectory with loss on every turn, or one row for each turn."""

    name: Literal["trl"] = "trl"
    rows: Literal["trajectory", "turn"] = "trajectory"
    """a row for each trajectory (messages), or for each turn of the assistant (prompt and completion)"""


def message_row(message: Message) -> dict[str, Any]:
    """A message as MESSAGE."""
    content: list[dict[str, Any]] = []
    for part in message.parts:
        if part.image is not None:
            content.append({"type": "image", "text": None})
        elif part.text:
            content.append({"type": "text", "text": part.text})
    return {"role": message.role, "content": content}


def shown(example: Example, messages: Sequence[Message]) -> list[PictureFile]:
    """The pictures of messages, in order."""
    return [example.pictures[index] for index in shown_in(messages)]


def _rows(settings: TrlSettings, example: Example) -> Iterator[Row]:
    example, messages = chosen(example, settings)
    if settings.rows == "trajectory":
        yield {"messages": [message_row(message) for message in messages], "images": shown(example, messages)}
        return
    for some in up_to_each_reply(messages):
        rows = [message_row(message) for message in some]
        yield {"prompt": rows[:-1], "completion": rows[-1:], "images": shown(example, some)}


def _columns(settings: TrlSettings) -> Mapping[str, Any]:
    names = ("messages",) if settings.rows == "trajectory" else ("prompt", "completion")
    return {**{name: [MESSAGE] for name in names}, "images": ["image"]}


def picture(path: str, folder: str) -> dict[str, Any]:
    """A picture file as an Image feature."""
    return {"bytes": None, "path": f"{folder}/{path}"}


def _command(exported: Exported) -> str:
    settings = exported.settings
    least, most = settings.trained.family.min_pixels, settings.trained.family.max_pixels
    loss = ", assistant_only_loss=True" if getattr(settings, "rows", "") == "trajectory" else ""
    return f"""```python
from datasets import load_dataset
from trl import SFTConfig, SFTTrainer

rows = load_dataset("parquet", data_files="{exported.name}/train/*.parquet", split="train")
arguments = SFTConfig(
    # a limit would cut pictures; the longest row needs about {exported.needs.tokens} tokens
    "trained", max_length=None{loss},
    gradient_checkpointing=True, per_device_train_batch_size=1, learning_rate=1e-5, bf16=True,
)
trainer = SFTTrainer("{settings.trained.model}", args=arguments, train_dataset=rows)
trainer.processing_class.image_processor.size = {{"shortest_edge": {least}, "longest_edge": {most}}}
trainer.train()
```
"""


SPEC = FormatSpec(
    settings=TrlSettings,
    version=1,
    columns=_columns,
    rows=_rows,
    validator=VALIDATOR,
    container=parquet,
    picture=picture,
    command=_command,
)
