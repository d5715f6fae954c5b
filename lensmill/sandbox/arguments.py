"""Checks arguments that code passed to a tool or to a picture's method.

All arguments come from hostile code. Every function returns a checked value or raises ToolError or TypeError. Numbers
are finite, coordinates are clamped, and lists have a maximum length.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from PIL import Image, ImageColor

from lensmill.geometry import Box
from lensmill.sample import RegionKind
from lensmill.tools import ToolError
from lensmill.tools.errors import shown

KINDS: tuple[RegionKind, ...] = get_args(RegionKind)
"""Kinds of chart parts. Each kind has a variable `<kind>_bbox`."""

FAR = 1_000_000
"""Coordinates beyond this many pixels are clamped to it. No picture is that large."""

MAX_LABELS = 200
MAX_BOXES = 500
MAX_POINTS = 1_000
MAX_TEXT = 500


def number(value: object, what: str, low: float = -FAR, high: float = FAR) -> float:
    """Return a finite number, clamped to `low`..`high`."""
    if isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value):
        return float(min(max(value, low), high))
    raise ToolError(f"{what} must be a number, got {shown(value, 60)}")


def whole(value: object, what: str, low: int = -FAR, high: int = FAR) -> int:
    """Return the number rounded to an integer and clamped to `low`..`high`."""
    return round(number(value, what, low, high))


def box_of(value: object, what: str) -> Box:
    """Return a box from {"x1": ..., "y1": ..., "x2": ..., "y2": ...} or from four numbers. Swapped corners are
    corrected."""
    if isinstance(value, Mapping):
        value = [value.get(key) for key in ("x1", "y1", "x2", "y2")]
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 4:
        raise ToolError(f"{what} must be four numbers or a dict with x1, y1, x2, y2, got {shown(value, 60)}")
    x1, y1, x2, y2 = (number(n, f"each number of {what}") for n in value)
    return Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def label(value: object) -> str:
    """Return a label. A plain number (a year on an axis) becomes its text."""
    if isinstance(value, str) and len(value) <= MAX_TEXT:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15:
        return str(value)
    raise ToolError(f"a label must be a text of at most {MAX_TEXT} letters, got {shown(value, 60)}")


def labels(value: object) -> list[str]:
    """Return a list of distinct labels. A single label counts as a list of one."""
    if isinstance(value, str):
        return [label(value)]
    if not isinstance(value, Sequence | Mapping) or len(value) > MAX_LABELS:
        raise ToolError(f"labels must be a list of at most {MAX_LABELS} texts, got {shown(value, 60)}")
    return list(dict.fromkeys(label(item) for item in value))


def box_map(value: object) -> dict[str, Box]:
    """Return a map of label -> box."""
    if not isinstance(value, Mapping) or len(value) > MAX_BOXES:
        raise ToolError(f"the map must be a dict of at most {MAX_BOXES} labels and boxes, got {shown(value, 60)}")
    return {(name := label(key)): box_of(item, f"the box of {shown(name, 40)!r}") for key, item in value.items()}


def size(value: object, pixels: int) -> tuple[int, int]:
    """Return a picture's (width, height) with at most `pixels` pixels."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise ToolError(f"a size is (width, height), got {shown(value, 60)}")
    width, height = (whole(side, "a side", 0) for side in value)
    if width < 1 or height < 1:
        raise ToolError(f"a picture of {width}x{height} has no pixels")
    if width * height > pixels:
        raise ToolError(f"a picture of {width}x{height} is too large: at most {pixels // 1_000_000} million pixels")
    return width, height


def points(value: object) -> list[float]:
    """Return coordinates as x, y, x, y, ... from a flat list or a list of pairs."""
    if isinstance(value, Mapping):
        value = list(box_of(value, "a box").xyxy)
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > MAX_POINTS:
        raise ToolError(f"coordinates must be a list of at most {MAX_POINTS} numbers or pairs, got {shown(value, 60)}")
    flat: list[object] = []
    for item in value:
        flat += item[:2] if isinstance(item, list | tuple) else [item]
    if len(flat) < 2 or len(flat) % 2:
        raise ToolError("coordinates come in pairs of x and y")
    return [number(n, "a coordinate", -20_000, 20_000) for n in flat]


def colour(value: object, mode: str) -> Any:
    """Return a colour as Pillow takes it for pictures of `mode`: a name, "#rrggbb", a number or a few numbers."""
    if isinstance(value, str) and len(value) <= 60:
        return ImageColor.getcolor(value, mode)
    if isinstance(value, int) and not isinstance(value, bool):
        value = min(max(value, 0), 255)
        return value if mode in ("1", "L") else (value, 0, 0)
    if isinstance(value, Sequence) and not isinstance(value, str) and 3 <= len(value) <= 4:
        parts = tuple(whole(part, "a part of a colour", 0, 255) for part in value)
        if mode == "RGBA":
            return (*parts, 255)[:4]
        return parts[:3] if mode == "RGB" else sum(parts[:3]) // 3
    raise ToolError(f"a colour is a name, '#rrggbb' or (red, green, blue), got {shown(value, 60)}")


def resampling(value: object, default: Image.Resampling) -> Image.Resampling:
    """Return one of Pillow's filters for resizing, given its number."""
    if value is None:
        return default
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 5:
        return Image.Resampling(value)
    raise ToolError(f"there is no resampling filter {shown(value, 40)}; use Image.LANCZOS")
