"""LLaMA-Factory: ShareGPT conversations with system and images, and `dataset_info.json`.

The layout `plain` is that of Chain-of-Focus's own training: calls and observations stand as text. The layout `tools`
uses LLaMA-Factory's roles `function_call` and `observation`, and its template renders the tools, so the model sees
another prompt (LLaMA-Factory 0.9.5, data/README.md).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lensmill.formats.chains import chosen
from lensmill.formats.example import Example, text_of
from lensmill.formats.settings import FormatSettings
from lensmill.formats.spec import Exported, FormatSpec, Row, lines_for_files
from lensmill.formats.trl import shown
from lensmill.formats.turns import call_of, system_and_tools
from lensmill.trajectory import Message
from lensmill.validation.llamafactory import VALIDATOR

TEMPLATES = {
    "qwen2_5_vl": "qwen2_vl",
    "qwen3_vl": "qwen3_vl_nothink",  # the other one adds an empty thought to turns without a thought
    "internvl": "intern_vl",
    "gemma3": "gemma3",
    "llama3_2_vision": "mllama",
}
"""LLaMA-Factory's chat template of each target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LlamaFactorySettings(FormatSettings):
    """LLaMA-Factory's ShareGPT rows, with their dataset_info.json."""

    name: Literal["llamafactory"] = "llamafactory"
    layout: Literal["plain", "tools"] = "plain"
    """plain writes calls and observations as text of gpt and human turns; tools writes function_call and observation
    turns, and a column of tools"""

    def __post_init__(self) -> None:
        FormatSettings.__post_init__(self)
        if self.layout == "tools" and self.chain != "pictures":
            raise ValueError(f"layout=tools needs chain=pictures: chain={self.chain} has no call of a tool")


def _turn(role: str, value: str) -> dict[str, str]:
    return {"from": role, "value": value}


def _plain(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [_turn("gpt" if message.role == "assistant" else "human", text_of(message)) for message in messages]


def _with_tools(messages: Sequence[Message]) -> Iterator[dict[str, str]]:
    called = False
    for message in messages:
        text = text_of(message)
        if message.role == "assistant":
            call = call_of(text)
            called = call is not None
            yield _turn("gpt" if call is None else "function_call", text)
        else:
            yield _turn("observation" if called else "human", text)


def _rows(settings: LlamaFactorySettings, example: Example) -> Iterator[Row]:
    example, messages = chosen(example, settings)
    system = text_of(messages[0]) if messages[0].role == "system" else ""
    rest = [message for message in messages if message.role != "system"]
    row: dict[str, Any] = {"conversations": _plain(rest), "system": system, "images": shown(example, messages)}
    if settings.layout == "tools":
        system, tools = system_and_tools(messages)
        row |= {"conversations": list(_with_tools(rest)), "system": system}
        row["tools"] = json.dumps(tools, ensure_ascii=False)
    yield row


def _columns(settings: LlamaFactorySettings) -> Mapping[str, Any]:
    conversations = [{"from": "string", "value": "string"}]
    tools = {"tools": "string"} if settings.layout == "tools" else {}
    return {"conversations": conversations, "system": "string", "images": ["file"], **tools}


def picture(path: str, _folder: str) -> str:
    """A picture file, relative to the folder of `dataset_info.json`."""
    return path


def _files(exported: Exported) -> Mapping[str, str]:
    columns = {"messages": "conversations", "system": "system", "images": "images"}
    if getattr(exported.settings, "layout", "plain") == "tools":
        columns["tools"] = "tools"
    info = {
        f"{exported.name}_{split}": {"file_name": split, "formatting": "sharegpt", "columns": columns}
        for split in exported.splits
    }
    return {"dataset_info.json": json.dumps(info, indent=2) + "\n"}


def command(exported: Exported) -> str:
    """A training file for LLaMA-Factory."""
    target = exported.settings.trained
    return f"""```yaml
# llamafactory-cli train train.yaml
model_name_or_path: {target.model}
stage: sft
do_train: true
finetuning_type: full
dataset: {exported.name}_train
dataset_dir: {exported.name}
media_dir: {exported.name}
template: {TEMPLATES[target.name]}
image_max_pixels: {target.family.max_pixels}    # the default of 589,824 shrinks pictures, and boxes no longer fit
image_min_pixels: {target.family.min_pixels}
cutoff_len: {max(2048, exported.needs.limit)}    # a smaller limit cuts pictures in the middle
output_dir: trained
per_device_train_batch_size: 1
learning_rate: 1.0e-5
bf16: true
```
"""


SPEC = FormatSpec(
    settings=LlamaFactorySettings,
    version=1,
    columns=_columns,
    rows=_rows,
    validator=VALIDATOR,
    container=lines_for_files,
    picture=picture,
    absolute=False,
    files=_files,
    command=command,
)
