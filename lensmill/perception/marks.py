"""Finds bars by colour: filled, upright rectangles of one colour that share a thickness and a base."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from lensmill.geometry import Box
from lensmill.perception.canvas import Canvas

Colour = tuple[int, int, int]
Orientation = Literal["v", "h"]

_MAX_COLOURS = 14
_MAX_REGIONS = 1000
"""Of each colour only the largest regions are kept, at most this many. So texture costs no more time than a chart."""
_NEAR = 20
"""Two colours count as equal if no channel differs by more than this."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A connected region of one colour. `box` is in canvas pixels; `fill` is the share of the box that the region
    covers."""

    box: Box
    colour: Colour
    fill: float


def near(a: Sequence[int], b: Sequence[int], limit: int = _NEAR) -> bool:
    """Whether no channel of two colours differs by more than `limit`."""
    return all(abs(int(p) - int(q)) <= limit for p, q in zip(a, b, strict=True))


def background(pixels: NDArray[np.uint8]) -> Colour:
    """The most frequent colour."""
    flat = (pixels.reshape(-1, 3) >> 3).astype(np.int32)
    codes = flat[:, 0] << 10 | flat[:, 1] << 5 | flat[:, 2]
    top = int(np.bincount(codes, minlength=1 << 15).argmax())
    mean = pixels.reshape(-1, 3)[codes == top].mean(axis=0)
    return (int(mean[0]), int(mean[1]), int(mean[2]))


def patches(canvas: Canvas) -> tuple[Patch, ...]:
    """The coloured regions of at least 2 x 2 pixels, by colour (the most frequent first), then top to bottom."""
    pixels = canvas.pixels
    todo = ~_like(pixels, background(pixels))
    # Removing one pixel from every side deletes gridlines, strokes of letters and blurred edges.
    solid = cv2.erode(todo.astype(np.uint8), np.ones((2, 2), np.uint8)) > 0
    small = (pixels >> 3).astype(np.int32)
    codes = small[:, :, 0] << 10 | small[:, :, 1] << 5 | small[:, :, 2]
    floor = max(24, canvas.width * canvas.height // 8000)
    found: list[Patch] = []
    for _ in range(_MAX_COLOURS):
        counts = np.bincount(codes[solid], minlength=1 << 15)
        top = int(counts.argmax())
        if counts[top] < floor:
            break
        red, green, blue = np.rint(pixels[solid & (codes == top)].mean(axis=0)).astype(int).tolist()
        mask = _like(pixels, (red, green, blue)) & todo
        todo &= ~mask
        solid &= ~mask
        found += _regions(mask, (red, green, blue))
    return tuple(found)


def _like(pixels: NDArray[np.uint8], colour: Colour) -> NDArray[np.bool_]:
    """Where the picture has this colour or one near it."""
    low = np.array([max(0, channel - _NEAR) for channel in colour], np.uint8)
    high = np.array([min(255, channel + _NEAR) for channel in colour], np.uint8)
    return np.asarray(cv2.inRange(pixels, low, high), np.uint8) > 0


def _regions(mask: NDArray[np.bool_], colour: Colour) -> list[Patch]:
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    rows = []
    for x, y, width, height, area in stats[1:].tolist():
        if width >= 2 and height >= 2 and area >= 8:
            rows.append(Patch(Box(x, y, x + width, y + height), colour, area / (width * height)))
    rows.sort(key=lambda patch: (-patch.box.area, patch.box.y1, patch.box.x1))
    return sorted(rows[:_MAX_REGIONS], key=lambda patch: (patch.box.y1, patch.box.x1))


def _mode(values: Sequence[float], tolerance: float) -> float:
    """The value that has the most other values within the tolerance; the largest of equal ones (bars, not swatches)."""
    return max(values, key=lambda v: (sum(abs(v - w) <= tolerance for w in values), v))


def bars(found: Sequence[Patch], size: tuple[int, int]) -> tuple[Orientation, tuple[Patch, ...]] | None:
    """The bars among the patches and their direction, or None without bars.

    Args:
        found: all patches.
        size: the canvas' width and height in pixels.
    """
    width, height = size
    solid = [
        patch
        for patch in found
        if patch.fill >= 0.55
        and min(patch.box.width, patch.box.height) >= 4
        and patch.box.area >= 60
        and not (patch.box.width > 0.9 * width and patch.box.height > 0.5 * height)
    ][:600]
    if not solid:
        return None
    upright = _aligned(solid, "v")
    lying = _aligned(solid, "h")
    if sum(p.box.area for p in max(upright, lying, key=lambda c: sum(p.box.area for p in c))) < 0.008 * width * height:
        return None
    orientation: Orientation = "v" if _strength(upright, "v") > _strength(lying, "h") else "h"
    chosen = upright if orientation == "v" else lying
    return orientation, _with_slivers(chosen, found, orientation)


def thickness(box: Box, orientation: Orientation) -> float:
    """The side of a bar across its direction, in canvas pixels."""
    return box.width if orientation == "v" else box.height


def length(box: Box, orientation: Orientation) -> float:
    """The side of a bar along its direction, in canvas pixels."""
    return box.height if orientation == "v" else box.width


def _aligned(solid: Sequence[Patch], orientation: Orientation) -> list[Patch]:
    long_enough = [p for p in solid if length(p.box, orientation) >= 4]
    big = [p for p in long_enough if p.box.area >= 0.05 * max(q.box.area for q in long_enough)]
    if not big:
        return []
    usual = _mode([thickness(p.box, orientation) for p in big], 2)
    slack = max(2.0, 0.12 * usual)
    same = [p for p in long_enough if abs(thickness(p.box, orientation) - usual) <= slack]
    return [p for p in same if not _is_swatch(p, same, orientation)]


def _is_swatch(patch: Patch, others: Sequence[Patch], orientation: Orientation) -> bool:
    """A small round or square spot among longer bars, away from their base."""
    box = patch.box
    if not 0.75 <= box.width / box.height <= 1.33 or box.width > 30:
        return False
    bases = [_ends(other.box, orientation) for other in others if other is not patch]
    ends = _ends(box, orientation)
    return not any(abs(a - b) <= 3 for pair in bases for a in pair for b in ends)


def _ends(box: Box, orientation: Orientation) -> tuple[float, float]:
    return (box.y1, box.y2) if orientation == "v" else (box.x1, box.x2)


def _strength(chosen: Sequence[Patch], orientation: Orientation) -> float:
    """The share of the picture's coloured area that these bars explain, and how well they share a base or join on."""
    if not chosen:
        return 0.0
    area = sum(p.box.area for p in chosen)
    ends = Counter(round(end / 3) for p in chosen for end in _ends(p.box, orientation))
    shared = ends.most_common(1)[0][1] / len(chosen)
    lengths = [length(p.box, orientation) for p in chosen]
    varied = 1.0 if len(chosen) > 1 and max(lengths) - min(lengths) > 2 else 0.6
    return area * (0.5 + min(1.0, shared)) * varied * (1 + min(len(chosen), 8) / 8)


def _with_slivers(chosen: Sequence[Patch], found: Sequence[Patch], orientation: Orientation) -> tuple[Patch, ...]:
    """Add very short bars: those with the thickness and one of the colours of the other bars."""
    usual = _mode([thickness(p.box, orientation) for p in chosen], 2)
    colours = {p.colour for p in chosen}
    taken = {p.box for p in chosen}
    ends = {round(end) for p in chosen for end in _ends(p.box, orientation)}
    slivers = [
        p
        for p in found
        if p.box not in taken
        and p.colour in colours
        and p.fill >= 0.6
        and abs(thickness(p.box, orientation) - usual) <= 2
        and any(abs(end - other) <= 3 for end in _ends(p.box, orientation) for other in ends)
    ]
    return tuple(sorted([*chosen, *slivers], key=lambda p: (p.box.y1, p.box.x1)))
