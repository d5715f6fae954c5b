"""Boxes as datasets write them, into pixels of the upright original."""

import json
from collections.abc import Mapping, Sequence

from lensmill.geometry import Box, Convention, Frame
from storage.sources.rows import RowProblem, shown

MAX_BOXES = 100

CORNERS = (("x1", "y1", "x2", "y2"), ("xmin", "ymin", "xmax", "ymax"), ("left", "top", "right", "bottom"))
SIZES = (("x", "y", "w", "h"), ("x", "y", "width", "height"), ("left", "top", "width", "height"))
"""Names of the four numbers in objects. Names say the form, whatever the setting says."""

_LONGEST = 20_000
"""Maximum characters of boxes as JSON text."""


def frame_of(size: tuple[int, int], of: str, shown_size: tuple[int, int] | None) -> Frame:
    """The frame of the picture that boxes are about.

    Args:
        size: (width, height) of the upright original.
        of: "picture", or "square": the original in the middle of a square, as LLaVA's expand2square pads it.
        shown_size: the size whose pixels boxes count; None for the picture's own.
    """
    if of == "picture":
        return Frame.whole(size, shown_size)
    width, height = size
    side = max(size)
    left, top = (side - width) // 2, (side - height) // 2
    return Frame(Box(-left, -top, side - left, side - top), *(shown_size or (side, side)))


def boxes_of(value: object, field: str, form: str, unit: str, frame: Frame, size: tuple[int, int]) -> tuple[Box, ...]:
    """The boxes of a cell, cut to the picture of `size`: one, a list of them, an object, or these as JSON text.

    Raises:
        RowProblem: "bad_box": not four finite numbers, no area, or outside the picture.
    """
    found = numbers_of(value, field)
    if len(found) > MAX_BOXES:
        raise RowProblem("bad_box", f'field "{field}" has {len(found)} boxes, more than {MAX_BOXES}')
    whole = Box(0, 0, *size)
    boxes = []
    for said, numbers in found:
        x1, y1, third, fourth = numbers
        x2, y2 = (x1 + third, y1 + fourth) if (said or form) == "xywh" else (third, fourth)
        try:
            box = Convention(unit).read_original((x1, y1, x2, y2), frame)
        except ValueError as error:
            raise RowProblem(
                "bad_box", f'field "{field}" is no box as {said or form}: {shown(list(numbers))}; see source.boxes'
            ) from error
        if box.area <= 0:
            raise RowProblem("bad_box", f'field "{field}" has no area: {shown(list(numbers))}; mend or remove the box')
        inside = box.clip(whole)
        if inside is None:
            raise RowProblem(
                "bad_box",
                f'field "{field}" lies outside the {size[0]}x{size[1]} picture: {shown(list(numbers))}; see '
                "source.box_unit and source.box_of",
            )
        boxes.append(inside)
    return tuple(boxes)


Numbers = tuple[float, float, float, float]


def numbers_of(value: object, field: str) -> list[tuple[str, Numbers]]:
    """Each box of a cell: the form that its names say ("" without names), and its numbers as written.

    Raises:
        RowProblem: "bad_box": anything else.
    """
    if isinstance(value, str):
        value = _parsed(value, field)
    if value is None or value == []:
        return []
    if isinstance(value, list) and value and all(isinstance(one, (list, dict)) for one in value):
        if len(value) > MAX_BOXES:
            raise RowProblem("bad_box", f'field "{field}" has {len(value)} boxes, more than {MAX_BOXES}')
        return [box for one in value for box in _one(one, field)]
    return _one(value, field)


def _one(value: object, field: str) -> list[tuple[str, Numbers]]:
    return _named(value, field) if isinstance(value, dict) else [("", _four(value, field))]


def _named(value: Mapping[str, object], field: str) -> list[tuple[str, Numbers]]:
    for form, sets in (("xyxy", CORNERS), ("xywh", SIZES)):
        for names in sets:
            if all(name in value for name in names):
                parts = [value[name] for name in names]
                columns = [part for part in parts if isinstance(part, list)]
                if not columns:
                    return [(form, _four(parts, field))]
                if len(columns) == 4 and len({len(column) for column in columns}) == 1:  # one list for each side
                    return [(form, _four(list(one), field)) for one in zip(*columns, strict=True)]
    raise RowProblem("bad_box", f'field "{field}" must be x1, y1, x2, y2 or x, y, w, h, got {shown(value)}')


def _four(value: object, field: str) -> Numbers:
    parts: Sequence[object] = value if isinstance(value, list) else []
    numbers = [
        float(part)
        for part in parts
        if isinstance(part, (int, float)) and not isinstance(part, bool) and abs(part) < 1e9
    ]
    if len(parts) != 4 or len(numbers) != 4:
        raise RowProblem("bad_box", f'field "{field}" must be four finite numbers, got {shown(value)}')
    return (numbers[0], numbers[1], numbers[2], numbers[3])


def _parsed(text: str, field: str) -> object:
    if not text.strip():
        return None
    try:
        if len(text) > _LONGEST:
            raise ValueError("too long")
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RowProblem("bad_box", f'field "{field}" is no list of numbers: {shown(text)}') from error
