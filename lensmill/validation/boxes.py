"""Boxes in calls: within the picture that they speak of, in the target's convention, after the target's resize."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lensmill.formats.checking import Finding, Training
from lensmill.geometry import Convention
from lensmill.validation.calls import BAD, answered, calls_of, parsed
from lensmill.validation.conversation import Conversation, Picture

Numbers = tuple[float, float, float, float]

_SURE = ("bbox_2d", "bbox", "box_2d", "bboxes")
_KEYS = (*_SURE, "box", "boxes")
"""Names of arguments with boxes; `box` may also be another thing than four numbers."""

_IN_TEXT = re.compile(r'"(?:bbox_2d|bbox|box_2d)"\s*:\s*(\[[^\[\]]{1,200}\])')

SLACK = 1.0
"""Pixels, or thousandths, by which rounding may push an edge out of the picture."""


def check_boxes(conversation: Conversation, training: Training) -> Iterator[Finding]:
    """Boxes of every assistant's turn."""
    seen = 0
    for number, turn in enumerate(conversation.turns):
        if turn.role == "assistant":
            if "<tool_call>" not in turn.text and not turn.calls and '"b' in turn.text:
                for text in _IN_TEXT.findall(turn.text):
                    yield from _box(parsed(text), conversation.pictures[:seen], turn.where, training)
            for call in calls_of(turn):
                arguments = parsed(call.arguments) if isinstance(call.arguments, str) else call.arguments
                if not conversation.writes_boxes and isinstance(arguments, Mapping) and "<bbox>" in arguments.values():
                    yield Finding("box_shape", call.where, "<bbox> stands for a box, and only ms-swift replaces it")
                elif arguments is not BAD and isinstance(arguments, Mapping) and answered(conversation, number):
                    yield from _of_call(arguments, conversation.pictures[:seen], call.where, training)
        seen += turn.pictures


def _of_call(
    arguments: Mapping[str, Any], seen: Sequence[Picture], where: str, training: Training
) -> Iterator[Finding]:
    boxes = [box for key in _KEYS for box in boxes_in(arguments.get(key)) if key in _SURE or numbers_of(box)]
    if arguments.get("bbox_2d", "<bbox>") != "<bbox>" and not boxes_in(arguments["bbox_2d"]):
        yield Finding("box_shape", where, "bbox_2d is not a list of four numbers: write [x1, y1, x2, y2]")
    about = arguments.get("image")
    if isinstance(about, float) and about.is_integer():
        about = int(about)
    if isinstance(about, int) and not isinstance(about, bool):
        if not 0 <= about < len(seen):
            yield Finding(
                "box_of_no_picture",
                where,
                f'the call names "image": {about}, and {len(seen)} pictures come before it: number them from 0',
            )
            return
        seen = seen[about : about + 1]
    for box in boxes:
        yield from _box(box, seen, where, training)


def boxes_in(value: Any) -> list[Any]:
    """The boxes of an argument: one, or a list of them."""
    if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
        return value[:1000]
    return [value] if isinstance(value, list) and value else []


def numbers_of(box: Any) -> Numbers | None:
    """Four finite numbers, or None."""
    if not isinstance(box, list | tuple) or len(box) != 4:
        return None
    if not all(isinstance(n, int | float) and not isinstance(n, bool) and abs(n) < 1e9 for n in box):
        return None
    return (float(box[0]), float(box[1]), float(box[2]), float(box[3]))


def _box(box: Any, pictures: Sequence[Picture], where: str, training: Training) -> Iterator[Finding]:
    numbers = numbers_of(box)
    if numbers is None:
        yield Finding("box_shape", where, "a box is not four numbers: write [x1, y1, x2, y2]")
        return
    if (bad := shape_finding(numbers, where)) is not None:
        yield bad
        return
    convention = training.target.family.convention
    if convention is not Convention.UNIT and max(numbers) <= 1 and any(n % 1 for n in numbers):
        yield Finding(
            "box_convention",
            where,
            f"the box {_text(numbers)} is in parts of the picture, and {training.target.name} writes "
            f"{_name(convention)}: convert it",
        )
        return
    if convention is Convention.PIXELS:
        yield from _in_pixels(numbers, pictures, where, training)
    else:
        most, slack = (1000.0, SLACK) if convention is Convention.THOUSAND else (1.0, 0.001)
        if _out(numbers, most, most, slack):
            yield Finding(
                "box_convention",
                where,
                f"the box {_text(numbers)} leaves 0 to {most:g}, in which {training.target.name} writes boxes; "
                "it may be in pixels: convert it",
            )


def _in_pixels(numbers: Numbers, pictures: Sequence[Picture], where: str, training: Training) -> Iterator[Finding]:
    """A box in pixels fits at least one of the pictures; a picture of unknown size fits every box."""
    if not pictures or not all(picture.known for picture in pictures):
        return
    first: Finding | None = None
    for picture in pictures:
        problem = _about(numbers, picture, where, training)
        if problem is None:
            return
        first = first or problem
    if first is not None:
        yield first


def _about(numbers: Numbers, picture: Picture, where: str, training: Training) -> Finding | None:
    width, height = picture.width, picture.height
    try:
        seen = training.target.resized(width, height)
    except ValueError:
        return None  # its aspect ratio is a finding of its own
    name = training.target.name
    if training.boxes == "target":
        if _out(numbers, *seen):
            return Finding(
                "box_outside",
                where,
                f"the box {_text(numbers)} leaves {picture.where}, which {name} gets at {seen[0]}x{seen[1]} px: "
                "write boxes in pixels after the resize",
            )
        return None
    if _out(numbers, width, height):
        may = "" if _out(numbers, 1000, 1000, 0) else "; it may be in 0 to 1000"
        return Finding(
            "box_outside",
            where,
            f"the box {_text(numbers)} leaves {picture.where} of {width}x{height} px{may}: write boxes in pixels of "
            "the picture that the call names",
        )
    shift = max(
        abs(number * (after / before - 1))
        for number, before, after in zip(numbers, (width, height) * 2, seen * 2, strict=True)
    )
    if shift >= 1:
        return Finding(
            "box_resized",
            where,
            f"{picture.where} is {width}x{height} px, and {name} gets {seen[0]}x{seen[1]} px, so the box "
            f"{_text(numbers)} in pixels of the file shifts by {shift:.0f} px: write the picture in that size, raise "
            "the trainer's limit of a picture, or convert the box (boxes=target says that it is converted)",
        )
    return None


def shape_finding(numbers: Numbers, where: str) -> Finding | None:
    """A finding about swapped corners or no area."""
    x1, y1, x2, y2 = numbers
    if x1 > x2 or y1 > y2:
        return Finding(
            "box_inverted", where, f"the box {_text(numbers)} has swapped corners: write x1 < x2 and y1 < y2"
        )
    if x1 == x2 or y1 == y2:
        return Finding("box_empty", where, f"the box {_text(numbers)} has no area")
    return None


def _out(numbers: Numbers, width: float, height: float, slack: float = SLACK) -> bool:
    x1, y1, x2, y2 = numbers
    return x1 < -slack or y1 < -slack or x2 > width + slack or y2 > height + slack


def _text(numbers: Numbers) -> str:
    return "[" + ", ".join(f"{n:g}" for n in numbers) + "]"


def _name(convention: Convention) -> str:
    return {Convention.PIXELS: "pixels", Convention.THOUSAND: "0 to 1000", Convention.UNIT: "0 to 1"}[convention]
