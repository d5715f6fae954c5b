"""What formats share that read trajectories from elsewhere: checked fields, pictures, and a record of the whole row.

A row's fields that follow from the canonical form are not kept twice. Every other field is kept letter by letter in the
trajectory's `Recording`, so that an export gives back the row, field by field.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from PIL import Image

from lensmill.decoding import load_original
from lensmill.geometry import Box, Frame
from lensmill.picture import pixel_hash
from lensmill.sample import Sample
from lensmill.template_tokens import neutralised
from lensmill.trajectory import ImageRef, Recording

MAX_TEXT = 200_000
"""Characters of one text of a row."""

_SURROGATE = re.compile("[\ud800-\udfff]")


class RowError(ValueError):
    """Why a row cannot become a trajectory: a stable `error_class`, and a sentence that names the field."""

    def __init__(self, error_class: str, message: str) -> None:
        super().__init__(message)
        self.error_class = error_class


@dataclass(frozen=True, slots=True)
class GivenPicture:
    """A picture's file, byte for byte, its upright pixels, and their hash. Sizes are in pixels of the picture."""

    data: bytes
    image_id: str
    pixel_hash: str
    pixels: Image.Image

    @property
    def width(self) -> int:
        """Width of the upright picture."""
        return self.pixels.width

    @property
    def height(self) -> int:
        """Height of the upright picture."""
        return self.pixels.height

    def ref(self, region: Box) -> ImageRef:
        """The reference to the picture as one that shows `region`, in original pixels."""
        return ImageRef(self.image_id, self.pixel_hash, Frame(region, self.width, self.height))

    @property
    def whole(self) -> Box:
        """The picture's extent in its own pixels."""
        return Box(0, 0, self.width, self.height)


def given_picture(data: bytes) -> GivenPicture:
    """Decode a picture's file once.

    Raises:
        ImageError: the file cannot be decoded.
    """
    original = load_original(data)
    return GivenPicture(data, hashlib.sha256(data).hexdigest(), pixel_hash(original.pixels), original.pixels)


@dataclass(frozen=True, slots=True)
class Imported:
    """What a row became.

    Attributes:
        sample: with the trajectory as its `recorded`; None in a row without one.
        pictures: files of the trajectory's pictures besides the original, by id.
    """

    sample: Sample
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def recording_of_row(
    name: str, row: Mapping[str, Any], derived: Mapping[str, Any], notes: Sequence[str] = ()
) -> Recording:
    """The recording of a row.

    Args:
        name: of the format.
        derived: the fields that an export makes of the canonical form alone. Where one differs from the row's, even in
            the spelling of a number, the row's is kept.
        notes: names; each is kept once.
    """
    kept = {key: value for key, value in row.items() if key not in derived or _json(derived[key]) != _json(value)}
    return Recording(name, tuple(dict.fromkeys(notes)), kept, tuple(row))


def row_again(name: str, row: Mapping[str, Any], derived: Mapping[str, Any]) -> dict[str, Any]:
    """The row that a published episode came from, with the same fields in the same order.

    Args:
        name: of the format.
        row: of an episode table of a version; its column `recording` is read.
        derived: see `recording_of_row`.

    Raises:
        ValueError: the episode did not come from a row of this format.
    """
    recording = recording_in(row)
    if recording is None or recording["format"] != name:
        found = "is an episode of ours" if recording is None else f"came from a row of {recording['format']}"
        raise ValueError(f"episode {row.get('episode_id')}: it {found}, not from a row of {name}: leave it out")
    values = {**derived, **recording["fields"]}
    return {key: values[key] for key in recording["keys"]}


def recording_in(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The parsed column `recording` of a published row: format, notes, fields, keys; None for an episode of ours."""
    written = row.get("recording")
    return None if written is None else json.loads(written)


def _json(value: Any) -> str:
    return json.dumps(value)


def as_published(text: str) -> str:
    """A text of a sample as a version has it: template tokens neutral, lone surrogates replaced."""
    return as_column(neutralised(text)[0])


def as_column(text: str) -> str:
    """A text as a column holds it: a lone surrogate becomes U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)


def shown(value: object) -> str:
    """A value in a message: escaped, cut."""
    text = repr(value[:80] if isinstance(value, str) else value)
    return text if len(text) <= 160 else text[:80] + "..."


def text_in(row: Mapping[str, Any], name: str, empty: bool = False) -> str:
    """A text of a row.

    Args:
        empty: whether the text may be empty.

    Raises:
        RowError: the field is missing, no text, too long or empty.
    """
    if row.get(name) is None:
        keys = ", ".join(str(key)[:40] for key in list(row)[:20])
        raise RowError("missing_field", f'the row has no "{name}" (keys: {keys}); add it')
    return checked_text(row[name], name, empty)


def checked_text(value: object, name: str, empty: bool = False) -> str:
    """A value that must be a text; see `text_in`."""
    if not isinstance(value, str):
        raise RowError("bad_field", f'field "{name}" must be text, got {shown(value)}; write a text')
    if len(value) > MAX_TEXT:
        raise RowError("too_long", f'field "{name}" has {len(value)} characters, more than {MAX_TEXT}; shorten it')
    if not empty and not value.strip():
        raise RowError("empty_field", f'field "{name}" is empty; fill it in')
    return value


def list_in(row: Mapping[str, Any], name: str) -> list[Any]:
    """A list of a row; a field that is missing or null is an empty list.

    Raises:
        RowError: the field is something else.
    """
    value = row.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise RowError("bad_field", f'field "{name}" must be a list, got {shown(value)}; write a list')
    return value


def number(value: float) -> int | float:
    """A number as JSON rows write it: whole numbers without a point."""
    return int(value) if value.is_integer() else value


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a JSON value is a finite number of no more than nine digits before the point."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
