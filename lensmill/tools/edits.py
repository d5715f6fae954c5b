"""Edits: mask, draw or highlight named parts of a picture (ReFocus, section 3; its released constants).

Each takes a picture, the labels to focus on, and a map from every known label to its box in the picture's own
pixels, and returns new pixels. The input is never modified.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from PIL import Image

from lensmill.geometry import Box
from lensmill.tools.errors import ToolError, shown

EditKind = Literal["mask", "draw", "highlight"]

INSET = 2
OUTLINE = 5
RED = (255, 0, 0)
HIGHLIGHT_ALPHA = 50

COVERED_TIMES = 4
"""A map's boxes together have at most this many times the picture's area: work grows with it, and parts lie apart."""


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
    focused = {label: inset for label in labels if (inset := _inset(boxes[label], bounds))}
    if kind == "mask":
        others = [inset for label, box in boxes.items() if label not in labels and (inset := _inset(box, bounds))]
        if not focused or not others:
            return pixels, "Nothing to mask: all parts or none were in focus, so the image is unchanged."
        return _mask(pixels, list(focused.values()), others), "Masked all but: " + named
    if not labels:
        raise ToolError(f"name at least one label to {kind}")
    if not focused:
        raise ToolError(f"none of the labels to {kind} lies in this image")
    if kind == "draw":
        return _draw(pixels, list(focused.values())), "Drew a red box around: " + named
    return _highlight(pixels, list(focused.values())), "Highlighted: " + named


def _inset(box: Box, bounds: Box) -> tuple[int, int, int, int] | None:
    """Whole pixels inside the visible part of a box, INSET from its edges; None where it is out of sight."""
    visible = box.clip(bounds)
    if visible is None:
        return None
    x1, y1, x2, y2 = visible.padded(-INSET).rounded()
    left, top = min(x1, math.ceil(visible.x2) - 1), min(y1, math.ceil(visible.y2) - 1)
    return (left, top, max(left + 1, x2), max(top + 1, y2))


def _mask(
    pixels: Image.Image,
    focused: Sequence[tuple[int, int, int, int]],
    others: Sequence[tuple[int, int, int, int]],
) -> Image.Image:
    edited = pixels.copy()
    for box in others:
        edited.paste((255, 255, 255), box)
    for box in focused:  # neighbours may overlap what is in focus: that stays visible
        edited.paste(pixels.crop(box), box)
    return edited


def _draw(pixels: Image.Image, focused: Sequence[tuple[int, int, int, int]]) -> Image.Image:
    edited = pixels.copy()
    for x1, y1, x2, y2 in focused:  # four bars: Pillow's own outline leaves rectangles that are smaller than itself
        across, down = min(OUTLINE, x2 - x1), min(OUTLINE, y2 - y1)
        edited.paste(RED, (x1, y1, x2, y1 + down))
        edited.paste(RED, (x1, y2 - down, x2, y2))
        edited.paste(RED, (x1, y1, x1 + across, y2))
        edited.paste(RED, (x2 - across, y1, x2, y2))
    return edited


def _highlight(pixels: Image.Image, focused: Sequence[tuple[int, int, int, int]]) -> Image.Image:
    edited = pixels.copy()
    for box in focused:
        part = pixels.crop(box)
        edited.paste(Image.blend(part, Image.new("RGB", part.size, RED), HIGHLIGHT_ALPHA / 255), box)
    return edited
