"""Pieces of text: lines of OCR with boxes that fit the ink, cut where a column's edge passes, sorted into rows."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lensmill.geometry import Box
from lensmill.perception.text import TextLine

LOWEST_SCORE = 0.3
SAME_ROW = 0.55
"""Pieces whose middles differ by less than this many text heights stand in one row."""

WORD_GAP = 1.4
"""A space of more text heights than this, inside a line of OCR, lies between two cells."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of text in canvas pixels. `box` fits the ink."""

    text: str
    box: Box
    score: float

    @property
    def middle(self) -> float:
        """The y of its middle."""
        return self.box.centre[1]


def pieces_of(lines: Sequence[TextLine], ink: NDArray[np.bool_], cuts: Sequence[float] = ()) -> list[Piece]:
    """The upright lines as pieces, cut at wide spaces and at the given x where no word crosses it."""
    found = []
    for line in lines:
        if line.angle or line.score < LOWEST_SCORE or not line.text.strip():
            continue
        for text, box in _cut(line, cuts):
            found.append(Piece(text, fitted(box, ink), line.score))
    return sorted(found, key=lambda piece: (piece.middle, piece.box.x1))


def _cut(line: TextLine, cuts: Sequence[float]) -> list[tuple[str, Box]]:
    words = line.words
    if len(words) < 2 or len("".join(word.text for word in words)) < 0.8 * len(line.text.replace(" ", "")):
        return [(line.text, line.box)]
    groups = [[words[0]]]
    for before, word in pairwise(words):
        left, right = before.box.centre[0], word.box.centre[0]
        wide = word.box.x1 - before.box.x2 > WORD_GAP * line.box.height
        if wide or any(left < cut < right for cut in cuts):
            groups.append([])
        groups[-1].append(word)
    if len(groups) == 1:
        return [(line.text, line.box)]
    return [
        (
            " ".join(word.text for word in group),
            Box(group[0].box.x1, line.box.y1, max(group[0].box.x2, group[-1].box.x2), line.box.y2),
        )
        for group in groups
    ]


def fitted(box: Box, ink: NDArray[np.bool_]) -> Box:
    """A line's box around its ink: the run of inked rows at its middle, and the inked columns of that run."""
    x1, y1, x2, y2 = box.rounded_out()
    x1, y1 = max(0, x1), max(0, y1)
    part = ink[y1:y2, x1:x2]
    if not part.any():
        return box
    rows, gap = part.any(axis=1), max(1, round(0.12 * part.shape[0]))
    inked = np.flatnonzero(rows)
    start = end = int(inked[np.abs(inked - part.shape[0] / 2).argmin()])
    for y in inked[inked > end]:
        if y - end > gap:
            break
        end = int(y)
    for y in inked[inked < start][::-1]:
        if start - y > gap:
            break
        start = int(y)
    columns = np.flatnonzero(part[start : end + 1].any(axis=0))
    return Box(x1 + float(columns[0]), y1 + start, x1 + float(columns[-1]) + 1, y1 + end + 1.0)


def text_height(pieces: Sequence[Piece]) -> float:
    """The usual height of a piece's ink in pixels."""
    return statistics.median(piece.box.height for piece in pieces) if pieces else 0.0


def text_rows(pieces: Sequence[Piece], height: float) -> list[list[Piece]]:
    """The pieces by row, top to bottom, each left to right."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.middle):
        middle = statistics.fmean(other.middle for other in rows[-1]) if rows else 0.0
        if rows and piece.middle - middle < SAME_ROW * height:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [sorted(row, key=lambda piece: piece.box.x1) for row in rows]
