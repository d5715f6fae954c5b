"""Columns from the blank lanes between texts, and their edges inside the lanes."""

import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np

from lensmill.perception.tables.pieces import Piece

Alignment = Literal["left", "right", "centre"]

NARROWEST = 0.55
"""The narrowest lane, in text heights. Spaces between words are narrower."""

CROSSED = 0.08
"""The share of rows that may print over a lane: a heading inside the body, a long note."""

PADDING = 0.6
"""The most space between a text and the edge of its column that is taken for granted, in text heights."""

SAME_EDGE = 0.15
"""Texts that spread less than this along x, in text heights, start (or end) at one edge."""


def columns_of(rows: Sequence[Sequence[Piece]], height: float) -> list[tuple[float, float]]:
    """The x extents of the texts of each column, left to right.

    Args:
        rows: the pieces of the body by row.
        height: of text, in pixels.
    """
    pieces = [piece for row in rows for piece in row]
    if not pieces:
        return []
    left, right = min(piece.box.x1 for piece in pieces), max(piece.box.x2 for piece in pieces)
    counts = np.zeros(int(right - left) + 2, dtype=np.int32)
    for row in rows:
        covered = np.zeros(counts.shape, dtype=bool)
        for piece in row:
            covered[int(piece.box.x1 - left) : int(np.ceil(piece.box.x2 - left))] = True
        counts += covered
    blank = counts <= CROSSED * len(rows)
    out: list[tuple[float, float]] = []
    start, space = 0, 0
    for x, free in enumerate(blank):
        if not free:
            if space >= NARROWEST * height:
                out.append((left + start, left + x - space))
                start = x
            space = 0
        else:
            space += 1
    out.append((left + start, right))
    return [extent for extent in out if extent[1] > extent[0]]


def with_headers(
    extents: Sequence[tuple[float, float]], header: Sequence[Piece]
) -> tuple[list[tuple[float, float]], list[Piece]]:
    """The extents widened by the headers that stand over one column only, and these headers."""
    wide, own = list(extents), []
    for piece in header:
        left, right = piece.box.x1, piece.box.x2
        over = [place for place, (a, b) in enumerate(extents) if left < b and a < right]
        if not over:
            over = [
                min(range(len(extents)), key=lambda place: max(extents[place][0] - right, left - extents[place][1]))
            ]
        if len(over) > 1:
            continue
        place = over[0]
        a, b = min(wide[place][0], left), max(wide[place][1], right)
        if (place and a <= wide[place - 1][1]) or (place + 1 < len(wide) and b >= wide[place + 1][0]):
            continue
        wide[place] = (a, b)
        own.append(piece)
    return wide, own


def edges_of(extents: Sequence[tuple[float, float]], pieces: Sequence[Piece], height: float) -> list[float]:
    """The x of every edge: one more than there are columns. Slack goes to the side where a column's texts end raggedly.

    Args:
        extents: of the columns' texts.
        pieces: of the columns, their headers among them.
        height: of text, in pixels.
    """
    aligned = [_alignment(extent, pieces, height) for extent in extents]
    gaps = [after[0] - before[1] for before, after in pairwise(extents)]
    pad = min([PADDING * height, *(gap / 2 for gap in gaps)])
    edges = [extents[0][0] - pad]
    for place, gap in enumerate(gaps):
        left = {"left": 1.0, "centre": 0.5, "right": 0.0}[aligned[place]]
        right = {"left": 0.0, "centre": 0.5, "right": 1.0}[aligned[place + 1]]
        share = left / (left + right) if left + right else 0.5
        edges.append(extents[place][1] + pad + share * (gap - 2 * pad))
    return [*edges, extents[-1][1] + pad]


def _alignment(extent: tuple[float, float], pieces: Sequence[Piece], height: float) -> Alignment:
    inside = [piece.box for piece in pieces if extent[0] <= piece.box.centre[0] <= extent[1]]
    if len(inside) < 2:
        return "left"
    spread = {
        "left": statistics.pstdev(box.x1 for box in inside),
        "right": statistics.pstdev(box.x2 for box in inside),
        "centre": statistics.pstdev(box.centre[0] for box in inside),
    }
    best = min(spread, key=lambda name: spread[name])
    return "left" if spread["left"] <= spread[best] + SAME_EDGE * height else "right" if best == "right" else "centre"
