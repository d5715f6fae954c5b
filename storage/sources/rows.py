"""Turns one row's fields into a checked sample, or into the problem that prevents the sample."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import TypeVar

from lensmill.decoding import Header, ImageError, check_image
from lensmill.geometry import Box
from storage.sources.protocol import SourceFailure

MAX_QUESTION = 20_000
"""Maximum characters of a text. The longest question of the known datasets has under 1,000."""

MAX_ANSWER = 2_000
MAX_ANSWERS = 200


class RowProblem(Exception):
    """Why a row cannot become a sample: a stable `error_class`, and a sentence that names the field."""

    def __init__(self, error_class: str, message: str) -> None:
        super().__init__(message)
        self.error_class = error_class

    def at(self, origin: str) -> SourceFailure:
        """The failure of the row with this origin."""
        return SourceFailure(origin, self.error_class, str(self))


@dataclass(frozen=True, slots=True)
class CheckedImage:
    """A picture file that decodes, and the sha256 of its bytes."""

    data: bytes
    image_id: str
    header: Header


def check_picture(data: bytes, field: str, name: str = "") -> CheckedImage:
    """Decode a picture once, to check that it can be decoded. `field` and file `name` are for the message.

    Raises:
        RowProblem: the picture cannot be decoded; the class is that of the ImageError.
    """
    try:
        header = check_image(data)
    except ImageError as error:
        where = f'field "{field}"' + (f" names {shown(name)}" if name else "")
        raise RowProblem(error.error_class, f"{where}: {error}") from error
    return CheckedImage(data, hashlib.sha256(data).hexdigest(), header)


Row = TypeVar("Row")


def by_picture(pictures: dict[str, list[Row]], size: int) -> Iterator[tuple[tuple[str, tuple[Row, ...]], ...]]:
    """Pictures with their rows, this many pictures at a time, in their order. Pictures that were given are not held."""
    while pictures:
        names = list(islice(pictures, size))
        yield tuple((name, tuple(pictures.pop(name))) for name in names)


def shown(value: object, limit: int = 80) -> str:
    """A value in a message: one line, escaped, cut."""
    text = repr(value[:limit] if isinstance(value, str) else value)
    return text if len(text) <= 2 * limit else text[:limit] + "..."


def require_row(row: object) -> Mapping[str, object]:
    """The row as a mapping.

    Raises:
        RowProblem: the row is not a mapping.
    """
    if not isinstance(row, dict):
        raise RowProblem("bad_row", f"the row must be an object with fields, got {shown(row)}")
    return row


def require(row: Mapping[str, object], field: str) -> object:
    """A field's value.

    Raises:
        RowProblem: the row has no such field, or the field is null.
    """
    value = row.get(field)
    if value is None:
        keys = ", ".join(str(key)[:40] for key in list(row)[:20])
        raise RowProblem("missing_field", f'the row has no "{field}" (keys: {keys}); add it')
    return value


def text_of(value: object, field: str, max_chars: int = MAX_QUESTION) -> str:
    """A text in any script, without the space around it.

    Raises:
        RowProblem: no text, empty, too long, or with characters that cannot be stored.
    """
    if not isinstance(value, str):
        raise RowProblem("bad_field", f'field "{field}" must be text, got {shown(value)}; write a text')
    if len(value) > max_chars:
        raise RowProblem("too_long", f'field "{field}" has {len(value)} characters, more than {max_chars}; shorten it')
    text = value.strip()
    if not text:
        raise RowProblem("empty_field", f'field "{field}" is empty; fill it in')
    if "\0" in text:
        raise RowProblem("bad_text", f'field "{field}" holds a NUL character; remove it')
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RowProblem("bad_text", f'field "{field}" holds half a surrogate pair; mend its encoding') from error
    return text


def answers_of(value: object, field: str) -> tuple[str, ...]:
    """The accepted answers: a text, a number, or a list of those; repeats are dropped.

    Raises:
        RowProblem: the value is something else, or empty.
    """
    values: Sequence[object] = value if isinstance(value, list) else [value]
    if not values:
        raise RowProblem("empty_field", f'field "{field}" is an empty list; give at least one answer')
    if len(values) > MAX_ANSWERS:
        raise RowProblem("too_long", f'field "{field}" lists {len(values)} answers, more than {MAX_ANSWERS}')
    return tuple(dict.fromkeys(answer_of(one, field) for one in values))


def answer_of(value: object, field: str) -> str:
    """One answer or option: a text, or a number as people write it.

    Raises:
        RowProblem: the value is something else, or empty.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return str(value)
        except ValueError as error:
            raise RowProblem("too_long", f'field "{field}" is a number of thousands of digits') from error
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 30:
        return f"{value.normalize() + 0:f}"
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() and abs(value) < 1e16 else f"{value:.15g}"
    if isinstance(value, bool):
        said = str(value).lower()
        raise RowProblem(
            "bad_field", f'field "{field}" must be text, got the truth value {said}; write "{said}" in quotes'
        )
    return text_of(value, field, MAX_ANSWER)


def box_of(value: object, field: str, header: Header) -> Box:
    """A box given as [x, y, w, h] or {x, y, w, h}, cut to the picture; in pixels of the upright original.

    Raises:
        RowProblem: not four finite numbers, no area, or wholly outside the picture.
    """
    parts = [value.get(key) for key in "xywh"] if isinstance(value, dict) else value
    numbers = [
        float(part)
        for part in (parts if isinstance(parts, list) else [])
        if isinstance(part, (int, float)) and not isinstance(part, bool) and abs(part) < 1e9
    ]
    if not isinstance(parts, list) or len(parts) != 4 or len(numbers) != 4:
        raise RowProblem("bad_box", f'field "{field}" must be four finite numbers x, y, w, h, got {shown(value)}')
    x, y, width, height = numbers
    if width <= 0 or height <= 0:
        raise RowProblem("bad_box", f'field "{field}" has no area: {shown(value)}; give x, y, w, h in pixels')
    inside = Box.from_xywh(x, y, width, height).clip(Box(0, 0, header.width, header.height))
    if inside is None:
        raise RowProblem(
            "bad_box", f'field "{field}" lies outside the {header.width}x{header.height} picture: {shown(value)}'
        )
    return inside
