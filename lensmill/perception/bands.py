"""Value boxes: the band of the plot that belongs to a label, as ReFocus draws its axis boxes.

The band of a column reaches from the top of the plot over the column's slot to the bottom of its label. The band of a
row reaches from the left of its label over the whole width of the plot. Slots meet half-way between neighbours, with a
small gap, so that the outlines of neighbours do not touch.
"""

import itertools
from collections.abc import Sequence

from lensmill.geometry import Box


def slots(centres: Sequence[float], low: float, high: float) -> list[tuple[float, float]]:
    """The interval of each centre within [low, high].

    The outermost intervals reach to the limits, but no further than twice their inner half.

    Args:
        centres: positions in rising order.
        low: lower limit.
        high: upper limit.
    """
    if len(centres) == 1:
        return [(low, high)]
    cuts = [(a + b) / 2 for a, b in itertools.pairwise(centres)]
    gap = min(3.5, 0.08 * min(b - a for a, b in itertools.pairwise(centres)))
    first = max(low, centres[0] - 2.0 * (cuts[0] - centres[0]))
    last = min(high, centres[-1] + 2.0 * (centres[-1] - cuts[-1]))
    edges = [first, *(cut for cut in cuts for _ in (0, 1)), last]
    out = []
    for index in range(len(centres)):
        start = edges[2 * index] + (gap if index else 0)
        end = edges[2 * index + 1] - (gap if index < len(centres) - 1 else 0)
        out.append((min(start, end), max(start, end)))
    return out


def columns(texts: Sequence[Box], centres: Sequence[float], plot: Box) -> list[Box]:
    """Bands of labels below the plot, in order of rising centre."""
    bottom = max((box.y2 for box in texts), default=plot.y2)
    spans = slots(centres, plot.x1, plot.x2)
    return [Box(start, min(plot.y1, bottom), end, max(plot.y1, bottom)) for start, end in spans]


def rows(texts: Sequence[Box], centres: Sequence[float], plot: Box) -> list[Box]:
    """Bands of labels left of the plot, in order of rising centre."""
    left = min([plot.x1, *(box.x1 for box in texts)])
    return [Box(left, start, max(left, plot.x2), end) for start, end in slots(centres, plot.y1, plot.y2)]
