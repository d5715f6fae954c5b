"""Where to look next: fixed grids of crops, coarse to fine, and how much each promises.

The grids depend on the picture's size and the rung alone, never on the question, so all questions about one picture
share what was read. Their lines lie on whole pixels of every view: a view's sides are multiples of its patch factor,
and a grid's cells span whole multiples of 1/factor.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lensmill.geometry import Box, Frame
from lensmill.tools import ToolSettings

COARSE = 0.45
"""Pixels shown for each original pixel from which signs and headings in photographs become readable."""

FINE = 0.9
"""And from which small print does."""


LONGEST_CROP = 1.8
"""Crops longer than this times their width (or the reverse) cut too many lines."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One crop of a grid.

    Attributes:
        box: in whole pixels of the view: what the call says; the tool enlarges it about its centre.
        region: in original pixels: what the crop shows.
        scale: pixels shown for each original pixel.
        level: 0 for coarse, 1 for fine.
    """

    box: tuple[int, int, int, int]
    region: Box
    scale: float
    level: int


def grid(view: Frame, budget: int, wanted: float, settings: ToolSettings, level: int) -> tuple[Cell, ...]:
    """The coarsest grid over a picture whose crops have at least `wanted` pixels for each original one.

    Args:
        view: what the calls name; its sides are multiples of the factor.
        budget: the most pixels that a crop may have.
    """
    factor, upscale = settings.factor, settings.zoom_upscale
    width, height = view.region.width, view.region.height
    best: tuple[int, int] | None = None
    for columns, rows in _shapes(width / height):
        cell = _span(columns, factor) * width * _span(rows, factor) * height
        if min(upscale, math.sqrt(budget / cell)) >= wanted:
            best = (columns, rows)
            break
    columns, rows = best or (6, 6)
    cells = []
    for top, bottom in _strips(rows, factor, view.height):
        for left, right in _strips(columns, factor, view.width):
            shown = view.to_original(Box(left, top, right, bottom))
            scale = min(upscale, math.sqrt(budget / shown.area))
            box = Box(left, top, right, bottom).scaled(1 / settings.zoom_enlarge).rounded()
            cells.append(Cell(box, shown, scale, level))
    return tuple(cells)


def _shapes(aspect: float) -> list[tuple[int, int]]:
    """Numbers of columns and rows, fewest crops first (two at least), long crops only where nothing else is left.

    `aspect` is the picture's width over its height.
    """
    counts = (1, 2, 3, 6)
    pairs = [(columns, rows) for columns in counts for rows in counts if columns * rows > 1]
    bent = {pair: abs(math.log(aspect * pair[1] / pair[0])) for pair in pairs}
    limit = max(math.log(LONGEST_CROP), min(bent.values()))
    return sorted(pairs, key=lambda p: (bent[p] > limit, p[0] * p[1], bent[p], p))


def _span(count: int, factor: int) -> float:
    """The share of a side that one of `count` strips takes."""
    return 1.0 if count == 1 else _units(count, factor) / factor


def _units(count: int, factor: int) -> int:
    """A strip's length in units of 1/factor of the side: a multiple of 6, so that a third and a sixth are whole."""
    return 6 * math.ceil((factor / count + 1) / 6)


def _strips(count: int, factor: int, side: int) -> list[tuple[float, float]]:
    if count == 1:
        return [(0, side)]
    unit, span = side / factor, _units(count, factor)
    starts = [round(i * (factor - span) / (count - 1)) for i in range(count)]
    return [(start * unit, (start + span) * unit) for start in starts]


def covered(region: Box, scale: float, shown: Sequence[tuple[Box, float]]) -> bool:
    """Was nearly all of a region already shown by one picture at about this scale? `shown`: regions and scales."""
    for other, other_scale in shown:
        shared = region.intersection(other)
        if shared is not None and shared.area >= 0.95 * region.area and other_scale >= 0.8 * scale:
            return True
    return False


def where(region: Box, whole: Box) -> str:
    """A region's place in words, e.g. "upper left part"."""
    x, y = region.centre
    across = "left" if x < 0.4 * whole.width else "right" if x > 0.6 * whole.width else ""
    down = "upper" if y < 0.4 * whole.height else "lower" if y > 0.6 * whole.height else ""
    return " ".join(filter(None, (down, across))) + " part" if across or down else "middle"
