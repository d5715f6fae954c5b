"""Edits: mask, draw or highlight named parts of a picture (ReFocus, section 3; its released constants).

Each takes a picture, the labels to focus on, and a map from every known label to its box in the picture's own
pixels, and returns new pixels. The input is never modified. Outline and inset scale with the picture, so that an edit
looks the same on every rung, and an outline lies around its box, never over what the box marks.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from PIL import Image

from lensmill.geometry import Box
from lensmill.tools.errors import ToolError, shown

EditKind = Literal["mask", "draw", "highlight"]

INSET = 2
OUTLINE = 5
"""Pixels at OWN_SIZE, where ReFocus uses them."""

OWN_SIZE = (800, 600)
"""About the size of ReFocus's charts."""

RED = (255, 0, 0)
HIGHLIGHT_ALPHA = 50

FAINT = 24
"""Levels of 255 by which a grid's lines may differ from their ground."""

COVERED_TIMES = 4
"""A map's boxes together have at most this many times the picture's area: work grows with it, and parts lie apart."""

Pixels = tuple[int, int, int, int]
"""A rectangle of whole pixels: left, top, right, bottom."""


def focus(
    pixels: Image.Image, kind: EditKind, labels: Sequence[str], boxes: Mapping[str, Box]
) -> tuple[Image.Image, str]:
    """Focus on the labelled parts; returns the new pixels and a sentence that says what was done.

    `mask` whitens every *other* labelled part, `draw` outlines the focused ones in red, `highlight` lays
    translucent red over them. Masking with all labels or none in focus returns the picture as it is, and says so.

    Raises:
        ToolError: a label is not in `boxes` (the message lists the known ones), nothing is named, or the boxes lie over
            one another many times.
    """
    unknown = [label for label in labels if label not in boxes]
    if unknown:
        known = ", ".join(repr(shown(label)) for label in list(boxes)[:60])
        raise ToolError(f"unknown label {shown(unknown[0])!r}; the labels here are: {known or 'none'}")
    named = ", ".join(map(shown, labels))
    bounds = Box(0, 0, *pixels.size)
    if sum(seen.area for box in boxes.values() if (seen := box.clip(bounds))) > COVERED_TIMES * bounds.area:
        raise ToolError(f"the boxes cover the image more than {COVERED_TIMES} times over")
    focused = [seen for label in dict.fromkeys(labels) if (seen := boxes[label].clip(bounds))]
    if kind == "mask":
        others = [seen for label, box in boxes.items() if label not in labels and (seen := box.clip(bounds))]
        if not focused or not others:
            return pixels, "Nothing to mask: all parts or none were in focus, so the image is unchanged."
        return _mask(pixels, focused, others), "Masked all but: " + named
    if not labels:
        raise ToolError(f"name at least one label to {kind}")
    if not focused:
        raise ToolError(f"none of the labels to {kind} lies in this image")
    if kind == "draw":
        return _draw(pixels, focused), "Drew a red box around: " + named
    return _highlight(pixels, focused), "Highlighted: " + named


def scaled(length: int, size: tuple[int, int]) -> int:
    """A length at OWN_SIZE in pixels of a picture of `size`, at least one."""
    return max(1, round(length * math.sqrt(size[0] * size[1] / (OWN_SIZE[0] * OWN_SIZE[1]))))


def _inset(visible: Box, inset: int) -> Pixels:
    """Whole pixels inside a box that lies in the picture, some way from its edges; at least one pixel."""
    x1, y1, x2, y2 = visible.padded(-inset).rounded()
    left, top = min(x1, math.ceil(visible.x2) - 1), min(y1, math.ceil(visible.y2) - 1)
    return (left, top, max(left + 1, x2), max(top + 1, y2))


def _mask(pixels: Image.Image, focused: Sequence[Box], others: Sequence[Box]) -> Image.Image:
    edited, inset = pixels.copy(), scaled(INSET, pixels.size)
    for box in others:
        edited.paste((255, 255, 255), _inset(box, inset))
    for box in focused:  # neighbours may overlap what is in focus: all of that stays visible
        edited.paste(pixels.crop(box.rounded_out()), box.rounded_out())
    return edited


def _highlight(pixels: Image.Image, focused: Sequence[Box]) -> Image.Image:
    edited, inset = pixels.copy(), scaled(INSET, pixels.size)
    for box in (_inset(box, inset) for box in focused):
        part = pixels.crop(box)
        edited.paste(Image.blend(part, Image.new("RGB", part.size, RED), HIGHLIGHT_ALPHA / 255), box)
    return edited


def _draw(pixels: Image.Image, focused: Sequence[Box]) -> Image.Image:
    """Outline each box from outside; a side at the picture's edge stays open.

    No outline covers what a marked box shows, but for a larger box that holds it. Between parts that touch, a thinner
    line runs on blank ground only, and is broken where something is printed. Only a box that fills the picture is
    outlined inside.
    """
    edited, width = pixels.copy(), scaled(OUTLINE, pixels.size)
    marked = sorted({box.rounded_out() for box in focused}, key=_largest_first)
    crossings: list[tuple[Pixels, Pixels]] = []
    for box in marked:
        outer = (
            max(0, box[0] - width),
            max(0, box[1] - width),
            min(pixels.width, box[2] + width),
            min(pixels.height, box[3] + width),
        )
        inner = box
        if outer == box:
            across, down = min(width, box[2]), min(width, box[3])
            inner = (across, down, box[2] - across, box[3] - down)
        kept = [other for other in marked if other != box and not _holds(other, box)]
        for bar in _bars(outer, inner):
            edited.paste(RED, bar)
            crossings += [(shared, box) for other in kept if (shared := _shared(other, bar))]
    for shared, _ in crossings:
        edited.paste(pixels.crop(shared), shared)
    for shared, box in crossings:
        edited.paste(RED, shared, _blank(pixels, shared, box, width))
    return edited


def _blank(pixels: Image.Image, strip: Pixels, box: Pixels, width: int) -> Image.Image:
    """The pixels of a strip beside a box that its outline may cover, as a mask of the strip's size.

    These are the pixels of blank ground within half the outline's width of the box. Ground has the most common
    colour of the strip, but for what is as faint as a grid's lines; a strip of which ground is less than half has none.
    """
    colours = np.asarray(pixels.convert("RGB").crop(strip), dtype=np.int32)
    codes = colours @ (1 << 16, 1 << 8, 1)
    found, counts = np.unique(codes, return_counts=True)
    ground = colours.reshape(-1, 3)[(codes == found[counts.argmax()]).argmax()]
    blank = abs(colours - ground).max(axis=-1) <= FAINT
    blank &= 2 * blank.sum() >= blank.size
    across, down = np.arange(strip[0], strip[2]), np.arange(strip[1], strip[3])
    near_x = np.maximum(box[0] - across, across - box[2] + 1) <= max(1, width // 2)
    near_y = np.maximum(box[1] - down, down - box[3] + 1) <= max(1, width // 2)
    free = blank & near_x[None, :] & near_y[:, None]
    return Image.fromarray(np.where(free, 255, 0).astype(np.uint8))


def _bars(outer: Pixels, inner: Pixels) -> list[Pixels]:
    """What lies between two rectangles."""
    bars = [
        (outer[0], outer[1], outer[2], inner[1]),
        (outer[0], inner[3], outer[2], outer[3]),
        (outer[0], inner[1], inner[0], inner[3]),
        (inner[2], inner[1], outer[2], inner[3]),
    ]
    return [bar for bar in bars if bar[0] < bar[2] and bar[1] < bar[3]]


def _largest_first(box: Pixels) -> tuple[int, Pixels]:
    return (-(box[2] - box[0]) * (box[3] - box[1]), box)


def _holds(box: Pixels, other: Pixels) -> bool:
    return box[0] <= other[0] and box[1] <= other[1] and box[2] >= other[2] and box[3] >= other[3]


def _shared(box: Pixels, other: Pixels) -> Pixels | None:
    x1, y1, x2, y2 = max(box[0], other[0]), max(box[1], other[1]), min(box[2], other[2]), min(box[3], other[3])
    return (x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None
