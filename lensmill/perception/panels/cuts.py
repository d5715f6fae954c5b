"""Cuts between panels: straight lines through the blank space between their cores."""

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lensmill.geometry import Box
from lensmill.perception.text import TextLine

WIDE = 0.6
"""The first gap with this share of the widest gap's width is cut: titles stand before what they name."""

LETTER = re.compile(r"^\(?([A-Za-z])(?:\)|[.:](?=\s|$)|(?=$))\s*")
"""A letter that names a panel, at the start of a text."""


def below_title(lines: Sequence[TextLine], cores: Sequence[Box], drawn: NDArray[np.bool_]) -> float:
    """The y below the title of a figure with panels side by side: one line alone at the top, over its middle."""
    if not lines or len(groups_of(cores, down=False)) < 2:
        return 0.0
    first = min(lines, key=lambda line: line.box.y1).box
    level = [line for line in lines if line.box.y1 < first.y2 and line.box.y2 > first.y1]
    alone = len(level) == 1 and first.y2 < min(core.y1 for core in cores)
    middle = abs(first.centre[0] - drawn.shape[1] / 2) < 0.1 * drawn.shape[1]
    return first.y2 if alone and middle else 0.0


def letters_above(lines: Sequence[TextLine], cores: Sequence[Box]) -> list[Box]:
    """The boxes of the letters of panels, if letters stand above panels, as one above the first row shows."""
    letters = [line.box for line in lines if (match := LETTER.match(line.text)) and match.end() == len(line.text)]
    letters += [line.box for line in lines if re.match(r"\([A-Za-z]\) ", line.text)]
    first = min(core.y1 for core in cores)
    return letters if any(box.y2 <= first + 0.5 * box.height for box in letters) else []


def split(cell: Box, cores: Sequence[Box], drawn: NDArray[np.bool_], letters: Sequence[Box]) -> list[tuple[Box, Box]]:
    """Cut a cell until each holds one core, rows before columns; cells with their cores. Cores that no straight cut
    parts are one."""
    for down in (True, False):
        groups = groups_of(cores, down)
        if len(groups) > 1:
            cuts = [_cut(cell, a, b, drawn, letters if down else None) for a, b in pairwise(groups)]
            edges = [cell.y1, *cuts, cell.y2] if down else [cell.x1, *cuts, cell.x2]
            out = []
            for group, (low, high) in zip(groups, pairwise(edges), strict=True):
                part = Box(cell.x1, low, cell.x2, high) if down else Box(low, cell.y1, high, cell.y2)
                out += split(part, group, drawn, letters)
            return out
    whole = cores[0]
    for core in cores[1:]:
        whole = whole.union(core)
    return [(cell, whole)]


def groups_of(cores: Sequence[Box], down: bool) -> list[list[Box]]:
    """The cores in groups that do not overlap along y (`down`) or x, in order."""
    groups: list[list[Box]] = []
    end = 0.0
    for core in sorted(cores, key=lambda box: box.y1 if down else box.x1):
        start = core.y1 if down else core.x1
        if groups and start < end:
            groups[-1].append(core)
        else:
            groups.append([core])
        end = max(end, core.y2 if down else core.x2)
    return groups


def _cut(
    cell: Box, before: Sequence[Box], after: Sequence[Box], drawn: NDArray[np.bool_], letters: Sequence[Box] | None
) -> float:
    """Where to cut between two groups: above a letter, or through the first wide gap that is blank all through the
    cell, or else, among columns, beside the cores.

    Args:
        letters: of panels below each other; None for panels side by side.
    """
    left, top, right, bottom = (max(0, edge) for edge in cell.rounded())
    tops: list[float] = []
    if letters is not None:
        low, high = round(max(core.y2 for core in before)), round(min(core.y1 for core in after))
        tops = [box.y1 for box in letters if low < box.y1 < high]
        strips = [np.asarray(drawn[low:high, left:right].any(axis=1))]
    else:
        low, high = round(max(core.x2 for core in before)), round(min(core.x1 for core in after))
        both = [*before, *after]
        start, end = round(min(core.y1 for core in both)), round(max(core.y2 for core in both))
        strips = [np.asarray(drawn[a:b, low:high].any(axis=0)) for a, b in ((top, bottom), (start, end))]
    for strip in strips:
        gaps = _gaps(strip)
        over = [gap for gap in gaps if tops and low + gap[0] < min(tops)]
        if over:
            return low + sum(over[-1]) / 2
        widest = max((end - begin for begin, end in gaps), default=0)
        if widest > 1:
            begin, end = next(gap for gap in gaps if gap[1] - gap[0] >= WIDE * widest)
            return low + (begin + end) / 2
    return (low + high) / 2


def _gaps(inked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end of each run without ink."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], inked, [True]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
