"""Boxes as models write them: lists, texts, nested, by corners or by corner and size, swapped, as fractions."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lensmill.agents.replies.loose_json import Unreadable
from lensmill.geometry import Convention, Frame
from lensmill.tools.errors import shown

Numbers = tuple[float, float, float, float]

MAX_BOXES = 50
"""Boxes in one value; more is a model in circles."""

BEYOND = 1.1
"""Times a side of the picture. A box that reaches further was written in other units: a crop of it would mislead."""

BOX_NAMES = ("bbox_2d", "bbox", "box", "box_2d", "bounding_box", "boxes", "bboxes", "region", "coordinates", "coords")
"""Names under which models put a box."""

_NUMBER = re.compile(r"[-+]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})%?")
_AROUND = re.compile(r"<\|?/?(?:box|bbox|box_start|box_end)\|?>|[\"']?\b[xy]_?(?:[12]|min|max)\b[\"']?\s*[:=]|px\b")
_NOTHING_ELSE = re.compile(r"[\s,;(){}\[\]\d.%+-]*")
_CORNERS = (("x1", "y1", "x2", "y2"), ("xmin", "ymin", "xmax", "ymax"), ("left", "top", "right", "bottom"))
_SIZES = (("x", "y", "width", "height"), ("x", "y", "w", "h"), ("left", "top", "width", "height"))


def read_boxes(value: Any) -> tuple[Numbers, ...]:
    """The boxes in a value, each as (x1, y1, x2, y2) in the writer's convention, corners in order.

    Raises:
        Unreadable: it is no box.
    """
    found = _boxes(value, 0)
    if len(found) > MAX_BOXES:
        raise Unreadable(f"it holds {len(found)} boxes; write at most {MAX_BOXES}")
    return found


def in_convention(numbers: Numbers, convention: Convention, frame: Frame) -> Numbers:
    """The numbers in the convention they should have been written in: fractions of the picture are recognised.

    Args:
        frame: of the picture that the box is about.

    Raises:
        Unreadable: they can't be numbers of this convention, since they reach far beyond the picture.
    """
    fractions = min(numbers) >= 0 and max(numbers) <= 1 and any(n != int(n) for n in numbers)
    x1, y1, x2, y2 = numbers
    match convention:
        case Convention.UNIT:
            across, down, hint = 1.0, 1.0, "write fractions of the picture's sides, from 0 to 1"
        case Convention.THOUSAND:
            across, down, hint = 1000.0, 1000.0, "write thousandths of the picture's sides, from 0 to 1000"
        case Convention.PIXELS:
            across, down, hint = frame.width, frame.height, f"the picture has {frame.width}x{frame.height} pixels"
    if fractions and convention is not Convention.UNIT:
        return (x1 * across, y1 * down, x2 * across, y2 * down)
    if x2 > BEYOND * across or y2 > BEYOND * down:
        raise Unreadable(f"the box {_shown(numbers)} reaches far beyond the picture; {hint}")
    return numbers


def _boxes(value: Any, depth: int) -> tuple[Numbers, ...]:
    if depth > 4:
        raise Unreadable("its brackets are nested too deeply")
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, Mapping):
        return _from_mapping(value, depth)
    if isinstance(value, Sequence):
        if len(value) == 4 and all(_is_number(n) for n in value):
            return (_ordered([_as_number(n) for n in value]),)
        if len(value) == 2 and all(isinstance(p, list) and len(p) == 2 and all(map(_is_number, p)) for p in value):
            return (_ordered([_as_number(n) for point in value for n in point]),)
        if value and all(isinstance(item, list | dict | str) and item for item in value):
            return tuple(box for item in value for box in _boxes(item, depth + 1))
    raise Unreadable(f"a box is four numbers [x1, y1, x2, y2], not {shown(value, 60)}")


def _from_text(text: str) -> tuple[Numbers, ...]:
    bare = _AROUND.sub(" ", text[:2000])
    written = _NUMBER.findall(bare)
    if len(text) > 2000 or not written or len(written) % 4 or not _NOTHING_ELSE.fullmatch(bare):
        raise Unreadable(f"a box is four numbers [x1, y1, x2, y2], not {shown(text, 60)}")
    numbers = [_as_number(n) for n in written]
    return tuple(_ordered(numbers[i : i + 4]) for i in range(0, len(numbers), 4))


def _from_mapping(value: Mapping[str, Any], depth: int) -> tuple[Numbers, ...]:
    named = {str(key).lower().replace("_", ""): item for key, item in value.items()}
    for names in _CORNERS:
        if all(_is_number(named.get(name)) for name in names):
            return (_ordered([_as_number(named[name]) for name in names]),)
    for names in _SIZES:
        if all(_is_number(named.get(name)) for name in names):
            x, y, width, height = (_as_number(named[name]) for name in names)
            return (_ordered([x, y, x + width, y + height]),)
    for name in BOX_NAMES:
        if name in value:
            return _boxes(value[name], depth + 1)
    raise Unreadable(f"a box is four numbers [x1, y1, x2, y2], not {shown(value, 60)}")


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return _NUMBER.fullmatch(value.strip()) is not None
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def _as_number(value: Any) -> float:
    if isinstance(value, str):
        text = value.strip()
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    return float(value)


def _ordered(numbers: Sequence[float]) -> Numbers:
    x1, y1, x2, y2 = (int(n) if n == int(n) else n for n in numbers)
    return (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def _shown(numbers: Numbers) -> str:
    return "[" + ", ".join(f"{n:g}" for n in numbers) + "]"
