"""Changes that plant a defect into a sound row, whatever the row's shape."""

from collections.abc import Callable
from typing import Any

from tests.validation.sound import EPISODE, Row, text_call

Mutate = Callable[[Row], Any]

CHATS = ("trl", "llamafactory", "swift", "verl_sft", "cof")
"""Layouts of whole conversations."""


def texts_of(row: Row) -> list[Row]:
    """The messages of a row."""
    messages: list[Row] = row.get("messages") or row.get("conversations") or row["prompt"]
    return messages


def write(row: Row, number: int, change: Callable[[str], str]) -> None:
    """Change the text of a message, whatever its shape."""
    message = texts_of(row)[number]
    key = "value" if "value" in message else "content"
    if isinstance(message[key], list):
        part = next(part for part in reversed(message[key]) if part["type"] == "text")
        part["text"] = change(part["text"])
    else:
        message[key] = change(message[key])


def call_number(row: Row, which: int = 0) -> int:
    """The number of a message with a call."""
    numbers = [n for n, m in enumerate(texts_of(row)) if m.get("role", m.get("from")) in ("assistant", "gpt")]
    return numbers[which]


def in_call(old: str, new: str, which: int = 0) -> Mutate:
    """A change within the text of a call."""

    def change(row: Row) -> None:
        def replaced(text: str) -> str:
            assert old in text
            return text.replace(old, new)

        write(row, call_number(row, which), replaced)

    return change


def add(text: str, number: int = -1) -> Mutate:
    """A text at the end of a message."""
    return lambda row: write(row, number, lambda before: f"{before} {text}")


def turn(row: Row, role: str, text: str) -> Row:
    """A message in the row's shape."""
    message = texts_of(row)[0]
    if "value" in message:
        return {"from": {"user": "human", "assistant": "gpt"}.get(role, role), "value": text}
    if isinstance(message["content"], list):
        return {"role": role, "content": [{"type": "text", "text": text}]}
    return {"role": role, "content": text}


def question(row: Row) -> int:
    """The number of the first question."""
    return next(n for n, m in enumerate(texts_of(row)) if m.get("role", m.get("from")) in ("user", "human"))


def set_(**fields: Any) -> Mutate:
    return lambda row: row.update(fields)


def tool_calls(arguments: Any) -> Mutate:
    call = {"type": "function", "function": {"name": "image_zoom_in_tool", "arguments": arguments}}

    def change(row: Row) -> None:
        message = row["messages"][2]
        message["tool_calls"] = [call]
        thought = "<think>I look.</think>"
        message["content"] = [{"type": "text", "text": thought}] if isinstance(message["content"], list) else thought

    return change


def edit(field: str, value: Any, number: int) -> Mutate:
    return lambda row: texts_of(row)[number].update({field: value})


ZOOM = {"bbox_2d": [30, 28, 150, 140], "label": "it", "image": 0}
TWO = text_call(EPISODE.looks[0]) + text_call(EPISODE.looks[0]).split("</think>")[1]


def json_copy(value: Any) -> Any:
    """A deep copy of a row."""
    if isinstance(value, dict):
        return {key: json_copy(item) for key, item in value.items()}
    return [json_copy(item) for item in value] if isinstance(value, list) else value
