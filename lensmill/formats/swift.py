"""ms-swift: messages and images; the agent layout with tool calls; boxes as `objects` that survive any resize.

A thought and its call are two messages in the agent layout, and the thought ends with its newline (ms-swift 4.6,
docs/source_en/Customization/Custom-dataset.md and Instruction/Agent-support.md).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lensmill.formats.boxes import rewritten
from lensmill.formats.chains import chosen
from lensmill.formats.example import Example, LeftOut, conversation, text_of
from lensmill.formats.settings import FormatSettings
from lensmill.formats.spec import Exported, FormatSpec, Row, lines_for_files
from lensmill.formats.target import Target
from lensmill.formats.trl import shown
from lensmill.formats.turns import call_of, system_and_tools
from lensmill.geometry import Box, Convention
from lensmill.trajectory import Message
from lensmill.validation.swift import VALIDATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class SwiftSettings(FormatSettings):
    """ms-swift's rows for supervised fine-tuning."""

    name: Literal["swift"] = "swift"
    layout: Literal["plain", "agent", "objects"] = "plain"
    """plain writes calls as text; agent writes tool_call and tool_response messages and a column of tools; objects
    writes each box as <bbox> in the text, and ms-swift writes the numbers after its own resize"""
    loss: Literal["all", "last", "successful"] = "all"
    """turns that carry loss: all, the last one, or all but those whose call failed"""

    def __post_init__(self) -> None:
        FormatSettings.__post_init__(self)
        if self.layout == "objects" and self.convention:
            raise ValueError("convention: ms-swift writes the boxes of layout=objects itself: leave convention out")


def _plain(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [{"role": message.role, "content": text_of(message)} for message in messages]


def _agent(system: str, messages: Sequence[Message]) -> Iterator[dict[str, Any]]:
    yield {"role": "system", "content": system}
    called = False
    for message in messages:
        text = text_of(message)
        if message.role == "system":
            continue
        if message.role == "user":
            yield {"role": "tool_response" if called else "user", "content": text}
            continue
        call = call_of(text)
        called = call is not None
        yield {"role": "assistant", "content": text if call is None else call.thought}
        if call is not None:
            yield {"role": "tool_call", "content": call.text}


def _objects(example: Example, target: Target) -> tuple[tuple[Message, ...], dict[str, Any]]:
    """The messages with <bbox> for each box, and the boxes in pixels of the exported picture files, in order."""
    boxes: list[list[int]] = []
    pictures: list[int] = []

    def write(box: Box, picture: int) -> str:
        numbers = Convention.PIXELS.write_original(box, example.frames[picture])
        boxes.append([round(number) for number in numbers])
        pictures.append(picture)
        return "<bbox>"

    messages = rewritten(example, conversation(example), target, write)
    return messages, {"ref": [], "bbox": boxes, "image_id": pictures}


def with_loss(rows: list[dict[str, Any]], loss: str, example: Example) -> list[dict[str, Any]]:
    """Rows of messages with `loss: false` on the assistant's messages that carry none."""
    if loss == "all":
        return rows
    turns = [number for number, row in enumerate(rows) if row["role"] in ("assistant", "tool_call")]
    if loss == "last":
        silent = set(turns[:-1])
    else:
        assistants = [number for number, row in enumerate(rows) if row["role"] == "assistant"]
        failed = [step.observation is not None and step.observation.error for step in example.trajectory.steps]
        if any(failed) and len(assistants) != len(failed):
            raise LeftOut(
                "turns_unlike_steps", "turns and steps differ in number, so no turn can be named: use loss=all"
            )
        starts = {number for number, bad in zip(assistants, failed, strict=False) if bad}
        silent = starts | {number + 1 for number in starts if number + 1 in turns and number + 1 not in assistants}
    return [{**row, "loss": number not in silent} if number in turns else row for number, row in enumerate(rows)]


def _rows(settings: SwiftSettings, example: Example) -> Iterator[Row]:
    if settings.layout == "objects" and settings.chain == "pictures":
        messages, objects = _objects(example, settings.trained)
        row: dict[str, Any] = {"messages": _plain(messages), "images": shown(example, messages), "objects": objects}
    elif settings.layout == "agent" and settings.chain == "pictures":
        example, messages = chosen(example, settings)
        system, tools = system_and_tools(messages)
        row = {"messages": list(_agent(system, messages)), "images": shown(example, messages)}
        row["tools"] = json.dumps(tools, ensure_ascii=False)
    else:
        example, messages = chosen(example, settings)
        row = {"messages": _plain(messages), "images": shown(example, messages)}
    yield {**row, "messages": with_loss(row["messages"], settings.loss, example)}


def _columns(settings: SwiftSettings) -> Mapping[str, Any]:
    message = {"role": "string", "content": "string", **({} if settings.loss == "all" else {"loss": "bool"})}
    objects = {"ref": ["string"], "bbox": [["int64"]], "image_id": ["int64"]}
    own: Mapping[str, Mapping[str, Any]] = {"agent": {"tools": "string"}, "objects": {"objects": objects}}
    return {"messages": [message], "images": ["file"], **own.get(settings.layout, {})}


def picture(path: str, folder: str) -> str:
    """A picture file by its absolute path: ms-swift resolves others against the working directory."""
    return f"{folder}/{path}"


def command(exported: Exported, more: str = "swift sft") -> str:
    """A command that trains on an export."""
    target, settings = exported.settings.trained, exported.settings
    kind = "parquet" if settings.pictures == "embedded" else "jsonl"
    boxes = "QWENVL_BBOX_FORMAT=new " if getattr(settings, "layout", "") == "objects" else ""
    agent = " --agent_template hermes" if getattr(settings, "layout", "") == "agent" else ""
    return f"""```bash
MAX_PIXELS={target.family.max_pixels} {boxes}{more} --model {target.model} \\
    --dataset {exported.name}/train/*.{kind} --max_length {max(2048, exported.needs.limit)} \\
    --strict true --freeze_vit true --torch_dtype bfloat16{agent} --output_dir trained
# --strict true: without it ms-swift drops rows that are too long or whose picture is missing, without a word
```
"""


SPEC = FormatSpec(
    settings=SwiftSettings,
    version=2,
    columns=_columns,
    rows=_rows,
    validator=VALIDATOR,
    container=lines_for_files,
    picture=picture,
    command=command,
)
