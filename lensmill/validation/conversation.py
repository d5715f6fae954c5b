"""The common form of a training row, whatever its trainer: turns of text and pictures, and the calls in them."""

import json
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lensmill.formats.checking import Finding

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a row.

    Attributes:
        where: the field of the row, e.g. "images[2]".
        width, height: in pixels of the upright picture file; 0 where the size is not known.
        path: of the file, as the row writes it; "" for bytes.
    """

    where: str
    width: int = 0
    height: int = 0
    path: str = ""

    @property
    def known(self) -> bool:
        """Whether the size could be read."""
        return self.width > 0


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call of an assistant's turn.

    Attributes:
        where: the field of the row.
        name: of the tool; "" if the call has none.
        arguments: as parsed; anything, since rows are hostile.
    """

    where: str
    name: str
    arguments: Any


@dataclass(frozen=True, slots=True)
class Turn:
    """One message.

    Attributes:
        role: in the common words; `said` is the row's own word.
        where: the field with the content, e.g. "messages[3].content".
        parts: texts, and None for a picture, in order.
        learnt: whether the trainer takes loss on the turn.
        calls: that stand in fields of their own (`tool_calls`, or the role of a call); calls in texts are read later.
    """

    role: Role
    where: str
    parts: tuple[str | None, ...]
    learnt: bool = False
    said: str = ""
    calls: tuple[Call, ...] = ()

    @property
    def text(self) -> str:
        """The texts of the turn, joined."""
        return self.parts[0] or "" if len(self.parts) == 1 else "".join(part for part in self.parts if part)

    @property
    def pictures(self) -> int:
        """The number of pictures in the turn."""
        return sum(part is None for part in self.parts)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A row as its trainer reads the row.

    Attributes:
        turns: in order.
        pictures: in the order in which the trainer hands them to the placeholders.
        schemas: texts or values of tool schemas outside the turns, with their field.
        rendered: the messages as a chat template gets them.
        writes_boxes: the trainer itself writes a box where `<bbox>` stands.
    """

    turns: tuple[Turn, ...]
    pictures: tuple[Picture, ...]
    schemas: tuple[tuple[str, Any], ...] = ()
    rendered: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    writes_boxes: bool = False

    @property
    def placeholders(self) -> int:
        """The number of pictures in the turns."""
        return sum(turn.pictures for turn in self.turns)


Reading = Generator[Finding, None, Conversation | None]
"""Yields findings while it reads; returns the conversation, or None if nothing could be read."""


def as_parts(turn: Turn) -> dict[str, Any]:
    """A turn as chat templates take messages: one text as a string, and parts if there is a picture."""
    if turn.pictures == 0:
        return {"role": turn.role, "content": turn.text}
    content = [{"type": "image"} if part is None else {"type": "text", "text": part} for part in turn.parts]
    return {"role": turn.role, "content": content}


def as_chat(turns: Iterable[Turn]) -> tuple[dict[str, Any], ...]:
    """Turns as messages of users and assistants alone, for trainers with templates of their own, which write an
    observation as a user's turn, and a call behind the thought."""
    chat: list[dict[str, Any]] = []
    for turn in turns:
        if turn.calls and not turn.text and chat and chat[-1]["role"] == "assistant":
            chat[-1] = {**chat[-1], "content": f"{chat[-1]['content']}{_calls_text(turn)}"}
            continue
        message = as_parts(turn)
        if turn.role == "tool":
            message["role"] = "user"
        if turn.calls:
            message["content"] = f"{turn.text}{_calls_text(turn)}"
        if chat and chat[-1]["role"] == message["role"] == "user":
            message["content"] = [*_content(chat.pop()), *_content(message)]
        chat.append(message)
    return tuple(chat)


def _calls_text(turn: Turn) -> str:
    calls = ({"name": call.name, "arguments": call.arguments} for call in turn.calls)
    return "\n".join(f"<tool_call>\n{json.dumps(call, default=str)}\n</tool_call>" for call in calls)


def _content(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def shown(value: object, most: int = 60) -> str:
    """A value of a row for a message: one short line."""
    text = value if isinstance(value, str) else repr(value)[: 4 * most]
    plain = "".join(sign if sign.isprintable() else " " for sign in text[: 4 * most])
    return plain if len(plain) <= most else f"{plain[:most]}..."
