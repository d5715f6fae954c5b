"""Reads the panels of a figure.

Cores are told apart by straight cuts, rows of panels first. Each text belongs to the panel on whose side of the cuts it
lies; texts that cross a cut (a title of the whole figure) belong to none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lensmill.geometry import Box
from lensmill.perception.canvas import compose
from lensmill.perception.panels.cores import cores_of, drawn_on
from lensmill.perception.panels.cuts import LETTER, below_title, letters_above, split
from lensmill.perception.text import TextLine
from lensmill.picture import Picture

MOST_PANELS = 60

NAMED = 0.75
"""Panels without axes count if this share of them has a letter or a title."""

AXIS, FILLED = 0.85, 0.6
"""An axis line is drawn along at least this share of its core, and a core filled more than that is a bar."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel of a figure.

    Attributes:
        letter: as in "(a)", without brackets; empty if none was read.
        title: the first line of text above its core; empty if none was read.
        row, column: its place among the panels, from 1.
        box: everything of the panel, in original pixels.
    """

    letter: str
    title: str
    row: int
    column: int
    box: Box

    @property
    def name(self) -> str:
        """Letter and title; without both, the place."""
        named = " ".join(filter(None, (f"({self.letter})" if self.letter else "", self.title)))
        return named or f"row {self.row}, column {self.column}"


def read_panels(pictures: Sequence[Picture], lines: Sequence[TextLine]) -> tuple[Panel, ...]:
    """The panels of a figure, row by row; empty for a figure of one panel.

    Args:
        pictures: the view and any zoomed crops.
        lines: what OCR read in them, in original pixels.
    """
    canvas = compose(pictures)
    here = [canvas.line(line) for line in lines]
    drawn = drawn_on(canvas)
    cores = cores_of(drawn, here)
    if not 2 <= len(cores) <= MOST_PANELS:
        return ()
    top = below_title(here, cores, drawn)
    cells = split(Box(0, top, canvas.width, canvas.height), cores, drawn, letters_above(here, cores))
    if len(cells) < 2:
        return ()
    panels = [_panel(cell, core, here, drawn) for cell, core in cells]
    named = sum(bool(panel.letter or panel.title) for panel in panels) >= NAMED * len(panels)
    if not named and not all(_has_axes(core, drawn) for _, core in cells):
        return ()
    return tuple(replace(panel, box=canvas.frame.to_original(panel.box)) for panel in _placed(panels))


def _panel(cell: Box, core: Box, lines: Sequence[TextLine], drawn: NDArray[np.bool_]) -> Panel:
    inside = [line for line in lines if _within(line.box, cell)]
    box = _ink_around(cell, core, lines, inside, drawn)
    above = sorted((line for line in inside if line.box.y2 <= core.y1 + 0.6 * line.box.height or _is_letter(line)),
                   key=lambda line: (round(line.box.y1 / max(1.0, line.box.height)), line.box.x1))  # fmt: skip
    if _framed(core, inside):
        above = sorted(inside, key=lambda line: (line.box.y1, line.box.x1))
    letter, title = "", ""
    last: TextLine | None = None
    for line in above:
        match = LETTER.match(line.text)
        text = (line.text[match.end() :] if match else line.text).strip()
        letter = letter or (match[1] if match else "")
        if not re.search(r"[A-Za-z]{3}", text):
            continue
        if last is None:
            title, last = text, line
        elif _wraps(last, line):
            title, last = f"{title} {text}", line
    return Panel(letter, title, 0, 0, box)


def _wraps(before: TextLine, line: TextLine) -> bool:
    """Whether a line continues a title: close below, about as high, and with the same start or middle."""
    one, other = before.box, line.box
    close = -0.5 * one.height < other.y1 - one.y2 < 0.6 * one.height and other.centre[1] > one.y2 - 0.3 * one.height
    alike = 0.8 < other.height / max(1.0, one.height) < 1.25
    aligned = abs(one.x1 - other.x1) < one.height or abs(one.centre[0] - other.centre[0]) < one.height
    return close and alike and aligned


def _has_axes(core: Box, drawn: NDArray[np.bool_]) -> bool:
    """Whether lines run along the left and the lower side of a core."""
    x1, y1, x2, y2 = core.rounded()
    part = drawn[max(0, y1) : y2, max(0, x1) : x2]
    if not part.size:
        return False
    across, down = max(3, part.shape[1] // 12), max(3, part.shape[0] // 12)
    left, lower = part[:, :across].mean(axis=0).max(), part[-down:].mean(axis=1).max()
    return bool(min(left, lower) >= AXIS and part.mean() < FILLED)


def _is_letter(line: TextLine) -> bool:
    match = LETTER.match(line.text)
    return match is not None and match.end() == len(line.text) and "(" in line.text


def _framed(core: Box, inside: Sequence[TextLine]) -> bool:
    """Whether the core is a frame around all of its texts."""
    return bool(inside) and all(core.padded(2).contains(line.box) for line in inside)


def _within(box: Box, cell: Box) -> bool:
    """Whether a text lies in a cell; it may stick out by a fifth of its height."""
    x, y = box.centre
    slack = 0.2 * box.height
    across = box.x1 >= cell.x1 - slack and box.x2 <= cell.x2 + slack
    return across and cell.y1 <= y <= cell.y2 and cell.x1 <= x <= cell.x2


def _ink_around(
    cell: Box, core: Box, lines: Sequence[TextLine], inside: Sequence[TextLine], drawn: NDArray[np.bool_]
) -> Box:
    """The box around everything drawn in a cell, without texts that cross its edges."""
    x1, y1, x2, y2 = cell.rounded()
    part = drawn[max(0, y1) : y2, max(0, x1) : x2].copy()
    for line in lines:
        if line not in inside:
            a, b, c, d = line.box.padded(2).rounded_out()
            part[max(0, b - y1) : max(0, d - y1), max(0, a - x1) : max(0, c - x1)] = False
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    if not rows.size:
        return core
    return Box(x1 + float(columns[0]), y1 + float(rows[0]), x1 + float(columns[-1]) + 1, y1 + float(rows[-1]) + 1)


def _placed(panels: Sequence[Panel]) -> list[Panel]:
    """The panels in reading order, each with its row and its column in that row."""
    rows: list[list[Panel]] = []
    for panel in sorted(panels, key=lambda panel: panel.box.centre[1]):
        if rows and panel.box.centre[1] < rows[-1][0].box.y2:
            rows[-1].append(panel)
        else:
            rows.append([panel])
    out = []
    for down, row in enumerate(rows, start=1):
        for across, panel in enumerate(sorted(row, key=lambda panel: panel.box.x1), start=1):
            out.append(replace(panel, row=down, column=across))
    return out
