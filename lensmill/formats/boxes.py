"""Boxes in messages, rewritten for the model that will be trained. All arithmetic is in `lensmill.geometry`."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lensmill.agents.wording import convention_words
from lensmill.formats.example import Example, LeftOut
from lensmill.formats.target import Target
from lensmill.geometry import Box, Convention, Frame
from lensmill.trajectory import Message, Part

CALL = re.compile(r"<tool_call>\s*+((?:(?!</tool_call>)\S|\s++(?!</tool_call>))*+)\s*+</tool_call>")
"""A call of the zoom protocol; the group is its JSON. Nothing is tried twice: a reply may be a million blanks."""

UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading the boxes of a hostile call may raise."""

_CORNERS = "[x1, y1, x2, y2] "

AS_BEFORE = "export with format.convention= as the agent wrote boxes"

Write = Callable[[Box, int], str]
"""Writes a box in original pixels as JSON, for a call about the picture with this number."""


def changes(example: Example, target: Target) -> bool:
    """Whether boxes in the messages must be rewritten for the target.

    Raises:
        LeftOut: a picture is too long for the target.
    """
    convention = target.family.convention
    if example.written is not convention:
        return True
    return convention is Convention.PIXELS and any(_resized(frame, target) for frame in example.frames)


def _resized(frame: Frame, target: Target) -> bool:
    try:
        return target.resized(frame.width, frame.height) != (frame.width, frame.height)
    except ValueError as error:
        raise LeftOut("picture_ratio", f"a picture of {frame.width}x{frame.height} pixels: {error}") from error


def for_target(example: Example, messages: Sequence[Message], target: Target) -> tuple[Message, ...]:
    """The messages with every box as the target must write it.

    The messages stay verbatim where nothing changes. Otherwise the four numbers of each call are replaced, and so are
    the words that tell the model how to write boxes.

    Raises:
        LeftOut: a call cannot be read, or the messages do not say how boxes are written.
    """
    if not changes(example, target):
        return tuple(messages)

    def write(box: Box, picture: int) -> str:
        return written(target.numbers(box, example.frames[picture]), target.family.convention)

    return rewritten(example, messages, target, write)


def rewritten(example: Example, messages: Sequence[Message], target: Target, write: Write) -> tuple[Message, ...]:
    """The messages with every box of a call as `write` writes the box, and the words about boxes as the target needs
    them.

    Raises:
        LeftOut: see `for_target`.
    """
    made = [_spoken(message, example, write) for message in messages]
    old, new = convention_words(example.written), convention_words(target.family.convention)
    if old == new:
        return tuple(made)
    calls = any(CALL.search(part.text) for message in messages for part in message.parts)
    instructed = [_instructed(message, _CORNERS + old, _CORNERS + new) for message in made]
    if calls and instructed == made:
        raise LeftOut(
            "convention_unsaid",
            f"no message says that boxes are written {old}, so no text can be changed for {target.name}: {AS_BEFORE}",
        )
    return tuple(instructed)


def _instructed(message: Message, old: str, new: str) -> Message:
    if message.role == "assistant":
        return message
    return replace(message, parts=tuple(replace(part, text=part.text.replace(old, new)) for part in message.parts))


def _spoken(message: Message, example: Example, write: Write) -> Message:
    if message.role != "assistant":
        return message

    def again(match: re.Match[str]) -> str:
        whole, call = match.group(), match.group(1)
        return whole.replace(call, rewrite_call(call, example, write), 1)

    return replace(message, parts=tuple(_with(part, CALL.sub(again, part.text)) for part in message.parts))


def _with(part: Part, text: str) -> Part:
    return part if part.image is not None else replace(part, text=text)


def rewrite_call(call: str, example: Example, write: Write) -> str:
    """A call's JSON with its boxes as `write` writes them; everything else stays to the letter.

    Boxes are the argument `bbox_2d` of a zoom, and the values of the argument `boxes` of an edit.

    Raises:
        LeftOut: the call cannot be read, or names no picture of the episode.
    """

    def new_box(numbers: Sequence[Any]) -> str:
        x1, y1, x2, y2 = (float(number) for number in numbers)
        return write(example.written.read_original((x1, y1, x2, y2), example.frames[picture]), picture)

    try:
        arguments = json.loads(call)["arguments"]
        given = {name: arguments[name] for name in ("bbox_2d", "boxes") if arguments.get(name) is not None}
        picture = _picture(arguments) if given else 0
        for name, value in given.items():
            start, end = _value_of(name, value, call)
            if name == "boxes":
                pairs = [f"{json.dumps(label, ensure_ascii=False)}: {new_box(box)}" for label, box in value.items()]
                new = f"{{{', '.join(pairs)}}}"
            else:
                new = new_box(value)
            call = call[:start] + new + call[end:]
    except UNREADABLE as error:
        shown = " ".join(call.split())[:80]
        raise LeftOut(
            "call_unreadable",
            f"the boxes of the call {shown!r} cannot be rewritten ({type(error).__name__}: {error}): {AS_BEFORE}",
        ) from error
    return call


def _value_of(name: str, value: object, call: str) -> tuple[int, int]:
    """Where the value of an argument begins and ends in a call's text.

    Raises:
        ValueError: the text has not exactly one place with this name and value.
    """
    ends = [match.end() for match in re.finditer(rf'"{name}"\s*:\s*', call)]
    read = [(start, *json.JSONDecoder().raw_decode(call, start)) for start in ends]
    places = [(start, end) for start, found, end in read if found == value]
    if len(ends) != 1 or len(places) != 1:
        raise ValueError(f"it has not exactly one {name}")
    return places[0]


def _picture(arguments: Mapping[str, Any]) -> int:
    """The number of the picture that a call is about.

    Raises:
        ValueError: the arguments name no number.
    """
    number = arguments.get("image", 0)
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValueError(f"image is {str(number)[:20]!r}, no number of a picture")
    return number


def written(numbers: Sequence[float], convention: Convention) -> str:
    """Four numbers as text: whole ones, or with four decimals as fractions."""
    if convention is Convention.UNIT:
        return json.dumps([round(number, 4) for number in numbers])
    return json.dumps([round(number) for number in numbers])
