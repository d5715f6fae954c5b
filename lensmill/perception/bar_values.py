"""Matches printed numbers to bars."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lensmill.geometry import Box
from lensmill.perception.bar_groups import Bar, Group, across
from lensmill.perception.marks import Orientation
from lensmill.perception.numerals import parse_numeral
from lensmill.perception.scale import Scale
from lensmill.perception.text import TextLine


@dataclass(frozen=True, slots=True)
class Match:
    """The data label of one bar: indices into the groups, that group's bars and the numbers."""

    group: int
    bar: int
    number: int


def match_numbers(groups: Sequence[Group], numbers: Sequence[TextLine], orientation: Orientation) -> list[Match]:
    """Pair bars with numbers, the surest pairs first: numbers inside a bar, then numbers next to its end. Each bar and
    each number is used once."""
    ranked = []
    for g, group in enumerate(groups):
        for b, bar in enumerate(group.bars):
            for n, number in enumerate(numbers):
                cost = _cost(bar, number, orientation)
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


def _cost(bar: Bar, number: TextLine, orientation: Orientation) -> float | None:
    """0 to 1 for a number inside the bar, 1 to 3 beside an end, None where the two are unrelated."""
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
    """The gap between a bar's end and a text, in text heights; far beyond the limit where they overlap widely."""
    return abs(gap) / height if gap > -0.75 * height else 9.0


def split_merged(
    numbers: Sequence[TextLine], lines: Sequence[TextLine], bars: Sequence[Bar], scale: Scale
) -> list[TextLine]:
    """Split numbers over neighbouring columns that were read as one, where both halves agree with their columns.

    Args:
        numbers: lines that already read as numbers. They are returned, with the merged ones replaced.
        lines: all lines that may hold numbers, such as "9.219.06".
        bars: the columns.
        scale: the value axis.
    """
    out = list(numbers)
    for line in lines:
        if line.angle or not any(ch.isdigit() for ch in line.text):
            continue
        box = line.box
        over = [
            bar
            for bar in bars
            if box.x1 < bar.box.centre[0] < box.x2
            and (abs(bar.box.y1 - box.y2) < 1.6 * box.height or bar.box.y1 < box.centre[1] < bar.box.y2)
        ]
        if len(over) != 2 or abs(over[0].box.centre[0] - over[1].box.centre[0]) < 0.3 * box.width:
            continue
        over.sort(key=lambda bar: bar.box.x1)
        halves = _halves(line, over[0], over[1], scale)
        if halves:
            out = [number for number in out if number != line and not _inside(number.box, box)] + halves
    return sorted(out, key=lambda number: (number.box.y1, number.box.x1))


def _inside(inner: Box, outer: Box) -> bool:
    return outer.padded(1).contains(inner)


def _halves(line: TextLine, first: Bar, second: Bar, scale: Scale) -> list[TextLine]:
    text = line.text.replace(" ", "")
    best: tuple[float, int] | None = None
    for at in range(1, len(text)):
        pair = parse_numeral(text[:at]), parse_numeral(text[at:])
        if pair[0] is None or pair[1] is None or text[at] in ".,%":
            continue
        errors = [
            abs(abs(numeral.value) - abs(scale.slope) * bar.box.height) - 0.03 * abs(numeral.value)
            for numeral, bar in zip(pair, (first, second), strict=True)
            if numeral is not None
        ]
        if max(errors) <= 2.5 * abs(scale.slope) and (best is None or max(errors) < best[0]):
            best = (max(errors), at)
    if best is None:
        return []
    box, middle = line.box, (first.box.centre[0] + second.box.centre[0]) / 2
    middle = min(max(middle, box.x1), box.x2)
    return [
        replace(line, text=text[: best[1]], box=Box(box.x1, box.y1, middle, box.y2), words=()),
        replace(line, text=text[best[1] :], box=Box(middle, box.y1, box.x2, box.y2), words=()),
    ]
