"""Finds the category labels beside groups of bars, and the ticks of the value axis."""

import itertools
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lensmill.geometry import Box
from lensmill.perception.bar_groups import Group
from lensmill.perception.numerals import is_year, parse_numeral
from lensmill.perception.text import TextLine


@dataclass(frozen=True, slots=True)
class Label:
    """A label and the lines it was joined from. Boxes are in canvas pixels."""

    text: str
    box: Box
    lines: tuple[TextLine, ...]


def text_height(lines: Sequence[TextLine]) -> float:
    """The median height of the boxes of upright lines; 12 without any."""
    heights = [line.box.height for line in lines if not line.angle]
    return statistics.median(heights) if heights else 12.0


def join(lines: Sequence[TextLine]) -> Label:
    """Join wrapped lines into one label, top to bottom."""
    rows = sorted(lines, key=lambda line: (line.box.y1, line.box.x1))
    box = rows[0].box
    for row in rows[1:]:
        box = box.union(row.box)
    return Label(" ".join(row.text for row in rows), box, tuple(rows))


def cut(line: TextLine, marks: Sequence[float]) -> list[TextLine]:
    """Cut a line between words at the x positions `marks`."""
    if len(line.words) < 2 or not marks:
        return [line]
    pieces: dict[int, list[int]] = {}
    for index, word in enumerate(line.words):
        pieces.setdefault(sum(word.box.centre[0] > mark for mark in marks), []).append(index)
    if len(pieces) < 2:
        return [line]
    out = []
    for indices in pieces.values():
        words = tuple(line.words[i] for i in indices)
        box = Box(words[0].box.x1, line.box.y1, max(words[0].box.x1, words[-1].box.x2), line.box.y2)
        out.append(replace(line, text=" ".join(word.text for word in words), box=box, words=words))
    return out


def cut_at_gaps(line: TextLine, widest: float) -> list[TextLine]:
    """Cut a line wherever the gap between two words is wider than `widest` times the line's height."""
    marks = [
        (a.box.x2 + b.box.x1) / 2
        for a, b in zip(line.words, line.words[1:], strict=False)
        if b.box.x1 - a.box.x2 > widest * line.box.height
    ]
    return cut(line, marks)


def part_numbers(lines: Sequence[TextLine], base: float) -> list[TextLine]:
    """Separate row labels from the numbers to their right where both were read as one line ("Others 63").

    A number that lies left of the end of the other labels belongs to its label ("Type 2").
    """
    zone = [line for line in lines if line.box.x2 <= base + 0.5 * line.box.height and not line.angle]
    ends = [line.box.x2 for line in zone if parse_numeral(line.text) is None and not _ends_in_number(line)]
    if not ends:
        return list(lines)
    margin = max(ends)
    out: list[TextLine] = []
    for line in lines:
        if line in zone and _ends_in_number(line) and line.words[-1].box.x1 > margin - 0.3 * line.box.height:
            out += cut(line, [(line.words[-2].box.x2 + line.words[-1].box.x1) / 2])
        else:
            out.append(line)
    return out


def _ends_in_number(line: TextLine) -> bool:
    words = [word.text for word in line.words]
    return len(words) > 1 and parse_numeral(words[-1]) is not None and parse_numeral(words[-2]) is None


def pitch(groups: Sequence[Group]) -> float:
    """The median distance between the centres of neighbouring groups; three times the thickness where there is one
    group."""
    steps = [b.centre - a.centre for a, b in itertools.pairwise(groups)]
    return statistics.median(steps) if steps else 3 * (groups[0].end - groups[0].start)


def row_labels(groups: Sequence[Group], lines: Sequence[TextLine], base: float) -> list[Label | None]:
    """The label of each row of bars, left of `base` (x in canvas pixels), or None."""
    zone = [line for line in lines if not line.angle and line.box.x2 <= base + 0.5 * line.box.height]
    words = [line for line in zone if parse_numeral(line.text) is None]
    if not words:
        words = [line for line in zone if is_year(line.text)]
    step = pitch(groups)
    labels: list[Label | None] = []
    taken: set[int] = set()
    for group in groups:
        near = [
            i for i, line in enumerate(words)
            if i not in taken and abs(line.box.centre[1] - group.centre) < max(0.5 * step, group.end - group.start)
        ]  # fmt: skip
        best = _best_block([words[i] for i in near], group, groups)
        labels.append(join(best) if best else None)
        taken |= {i for i in near if words[i] in best}
    return labels


def _best_block(near: Sequence[TextLine], group: Group, groups: Sequence[Group]) -> list[TextLine]:
    """The run of touching lines whose middle is nearest to the row's middle. Longer runs win ties."""
    rows = sorted(near, key=lambda line: (line.box.y1, line.box.x1))
    best: list[TextLine] = []
    best_off = float("inf")
    for first in range(len(rows)):
        for last in range(first, min(first + 4, len(rows))):
            run = rows[first : last + 1]
            if any(b.box.y1 - a.box.y2 > 0.3 * a.box.height for a, b in itertools.pairwise(run)):
                break
            middle = (run[0].box.y1 + run[-1].box.y2) / 2
            off = abs(middle - group.centre)
            slack = 0.15 * run[0].box.height
            outside = off > 0.75 * max(run[0].box.height, group.end - group.start)
            if outside or any(abs(middle - g.centre) < off for g in groups):
                continue
            if off < best_off - slack or (len(run) > len(best) and off < best_off + slack):
                best, best_off = run, min(off, best_off)
    return best


def column_labels(groups: Sequence[Group], lines: Sequence[TextLine], base: float) -> list[Label | None]:
    """The label of each column of bars, below `base` (y in canvas pixels), or None."""
    centres = [group.centre for group in groups]
    step = pitch(groups)
    cuts = [(a + b) / 2 for a, b in itertools.pairwise(centres)]
    below = sorted(
        (line for line in lines if line.box.centre[1] > base - 1), key=lambda line: (line.box.y1, line.box.x1)
    )
    parts: list[list[TextLine]] = [[] for _ in groups]
    first_row: float | None = None
    usual = text_height(lines)
    for line in below:
        spans = sum(line.box.x1 - 2 < centre < line.box.x2 + 2 for centre in centres)
        pieces = cut(line, cuts) if spans > 1 or line.box.width > 1.15 * step else [line]
        for piece in pieces:
            anchor = piece.box.centre[0]
            if 15 < abs(line.angle) < 75:
                anchor = piece.box.x2 - 6 if line.angle < 0 else piece.box.x1 + 6
            index = min(range(len(groups)), key=lambda i: (abs(centres[i] - anchor), i))
            if abs(centres[index] - anchor) > 0.42 * step and len(groups) > 1:
                continue
            if first_row is None:
                if piece.box.y1 > base + 2.6 * usual:
                    return [None] * len(groups)
                first_row = piece.box.y1
            above = parts[index]
            starts = not above and piece.box.y1 < first_row + 0.6 * usual
            follows = False
            if above:
                last = above[-1].box
                rise = piece.box.centre[1] - last.centre[1]
                touching = -0.6 < (piece.box.y1 - last.y2) / max(1.0, last.height) < 0.3
                # An axis title lies further below than the next row of a wrapped label.
                follows = touching and (bool(line.angle) or rise < 0.97 * usual)
            if starts or follows:
                above.append(piece)
    return [join(part) if part else None for part in parts]


def value_ticks(lines: Sequence[TextLine], vertical: bool, edge: float) -> list[TextLine]:
    """The longest aligned run of numbers beyond `edge`: left of it (vertical scale) or below it (horizontal scale)."""
    numbers = [line for line in lines if not line.angle and parse_numeral(line.text) is not None]
    if vertical:
        numbers = [line for line in numbers if line.box.x2 <= edge + 2]
        runs = [[m for m in numbers if abs(m.box.x2 - n.box.x2) <= 0.45 * n.box.height] for n in numbers]
    else:
        numbers = [line for line in numbers if line.box.y1 >= edge - 0.4 * line.box.height]
        runs = [[m for m in numbers if abs(m.box.centre[1] - n.box.centre[1]) <= 0.35 * n.box.height] for n in numbers]
    best = max(runs, key=len, default=[])
    return best if len(best) >= 2 else []


def with_headings(labels: Sequence[Label | None], lines: Sequence[TextLine], base: float) -> list[Label | None]:
    """Prefix row labels that occur twice with the heading above them ("Men" under "Employed").

    The labels stay unchanged if the headings do not make all of them distinct.

    Args:
        labels: one for each row.
        lines: the lines left of the rows' labels. A heading starts left of `base` and is not a number.
        base: x in canvas pixels.
    """
    counts = Counter(label.text for label in labels if label)
    used = {line for label in labels if label for line in label.lines}
    headings = sorted(
        (
            line
            for line in lines
            if line not in used and not line.angle and line.box.x1 < base and parse_numeral(line.text) is None
        ),
        key=lambda line: line.box.y1,
    )
    out: list[Label | None] = []
    for label in labels:
        above = [line for line in headings if label and line.box.centre[1] < label.box.y1 + 2]
        if label and counts[label.text] > 1 and above:
            out.append(replace(label, text=f"{above[-1].text} {label.text}"))
        else:
            out.append(label)
    texts = [label.text for label in out if label]
    return out if len(set(texts)) == len(texts) else list(labels)
