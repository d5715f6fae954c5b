"""Which printed number belongs to which bar."""

from collections.abc import Sequence
from dataclasses import dataclass

from lensmill.perception.lanes import Bar, Group, across
from lensmill.perception.marks import Orientation
from lensmill.perception.text import TextLine


@dataclass(frozen=True, slots=True)
class Match:
    """The data label of one bar: indices into the groups, that group's bars and the numbers."""

    group: int
    bar: int
    number: int


def match_numbers(groups: Sequence[Group], numbers: Sequence[TextLine], orientation: Orientation) -> list[Match]:
    """Pairs of bars and numbers, the surest first: inside the bar, then next to its end. Each is used once."""
    ranked = []
    for g, group in enumerate(groups):
        for b, bar in enumerate(group.bars):
            for n, number in enumerate(numbers):
                cost = _cost(bar, group, number, orientation)
                if cost is not None:
                    ranked.append((cost, g, b, n))
    ranked.sort()
    used_bars: set[tuple[int, int]] = set()
    used_numbers: set[int] = set()
    out = []
    for _, g, b, n in ranked:
        if (g, b) not in used_bars and n not in used_numbers:
            used_bars.add((g, b))
            used_numbers.add(n)
            out.append(Match(g, b, n))
    return sorted(out, key=lambda match: (match.group, match.bar))


def _cost(bar: Bar, group: Group, number: TextLine, orientation: Orientation) -> float | None:
    """0 to 1 inside, 1 to 3 beside an end, None where the two have nothing to do with each other."""
    box, text = bar.box, number.box
    start, end = across(box, orientation)
    low, high = across(text, orientation)
    off = abs((low + high) / 2 - (start + end) / 2)
    room = (end - start) / 2
    if off > max(room, 0.5 * text.height) * (1.0 if orientation == "h" else 1.05) + 1:
        return None
    lateral = off / (room + text.height)
    cx, cy = text.centre
    if box.x1 - 1 <= cx <= box.x2 + 1 and box.y1 - 1 <= cy <= box.y2 + 1:
        return 0.9 * min(1.0, lateral)
    if orientation == "v":
        distance = min(_beyond(box.y1 - text.y2, text.height), _beyond(text.y1 - box.y2, text.height) + 0.3)
    else:
        distance = min(_beyond(text.x1 - box.x2, text.height), _beyond(box.x1 - text.x2, text.height) + 0.3)
    if distance > 1.6:
        return None
    return 1 + distance + 0.3 * lateral


def _beyond(gap: float, height: float) -> float:
    """The gap between a bar's end and a text, in text heights; far beyond the limit where the text overlaps much."""
    return abs(gap) / height if gap > -0.75 * height else 9.0
