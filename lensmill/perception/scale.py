"""The value axis: a straight line fitted to the printed ticks."""

from collections.abc import Sequence
from dataclasses import dataclass

from lensmill.perception.numerals import parse_numeral
from lensmill.perception.text import TextLine


@dataclass(frozen=True, slots=True)
class Scale:
    """value = slope * position + offset, with `position` in canvas pixels along the value axis."""

    slope: float
    offset: float

    def value(self, position: float) -> float:
        """The value at a position."""
        return self.slope * position + self.offset


def fit_scale(ticks: Sequence[TextLine], vertical: bool) -> Scale | None:
    """The scale that at least three ticks, and three quarters of all ticks, fit to 2 px; None without one."""
    points = []
    for tick in ticks:
        number = parse_numeral(tick.text)
        if number is not None:
            points.append((tick.box.centre[1 if vertical else 0], number.value))
    points.sort()
    best: tuple[int, float] | None = None
    chosen: list[tuple[float, float]] = []
    for i, (p, v) in enumerate(points[:60]):
        for q, w in points[i + 1 : 60]:
            if q - p < 8 or v == w:
                continue
            slope = (w - v) / (q - p)
            inliers = [(x, y) for x, y in points if abs((y - v) / slope - (x - p)) <= 2.5]
            rank = (len(inliers), q - p)
            if best is None or rank > best:
                best, chosen = rank, inliers
    if len(chosen) < 3 or len(chosen) < 0.75 * len(points):
        return None
    mean_x = sum(x for x, _ in chosen) / len(chosen)
    mean_y = sum(y for _, y in chosen) / len(chosen)
    spread = sum((x - mean_x) ** 2 for x, _ in chosen)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in chosen) / spread
    return Scale(slope, mean_y - slope * mean_x)
