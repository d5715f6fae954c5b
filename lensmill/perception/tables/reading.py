"""Reads the one table of a picture: from pictures and their lines of text to columns, rows and cells."""

import statistics
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lensmill.geometry import Box
from lensmill.perception.canvas import compose
from lensmill.perception.tables.header import headers_of
from lensmill.perception.tables.layout import Layout, layout_of
from lensmill.perception.tables.pieces import Piece
from lensmill.perception.tables.table import Column, Row, TableCell, TableReading
from lensmill.perception.text import TextLine
from lensmill.picture import Picture

MAX_LINES = 3000
MAX_COLUMNS, MAX_ROWS = 60, 400

FILLED = 0.6
"""The share of cells that hold text in a table; charts have less where lanes cross by chance."""

UNREAD = 0.12
"""The most of a table's ink that lies outside of its texts; marks of charts have more."""

MARKED = 0.25
"""The most rows with the ends of bars in them."""


def read_table(pictures: Sequence[Picture], lines: Sequence[TextLine]) -> TableReading | None:
    """Read a table; None if the pictures show none, or more than a table.

    Args:
        pictures: the view and any zoomed crops. Each place is read from the sharpest picture that shows it.
        lines: what OCR read in them, in original pixels.
    """
    canvas = compose(pictures)
    layout = layout_of(canvas.pixels, [canvas.line(line) for line in lines[:MAX_LINES]])
    if layout is None or len(layout.edges) - 1 > MAX_COLUMNS or len(layout.bands) > MAX_ROWS:
        return None
    if len(layout.bands) < 2 or _unread(layout) > UNREAD or _marked(layout) > MARKED:
        return None
    columns = list(pairwise(layout.edges))
    grid = [[_cell(layout, column, band) for column in columns] for band in layout.bands]
    filled = sum(bool(cell.text) for row in grid for cell in row)
    if filled < FILLED * len(columns) * len(layout.bands):
        return None
    naming = _naming([[cell.text for cell in row] for row in grid])
    left, right, bottom = layout.edges[0], layout.edges[-1], layout.bands[-1][1]
    place = canvas.frame.to_original
    names = headers_of(layout)
    return TableReading(
        title=" ".join(piece.text for piece in layout.above),
        box=place(Box(left, layout.top, right, bottom)),
        columns=tuple(
            Column(own, group, place(Box(a, layout.top, b, bottom)))
            for (group, own), (a, b) in zip(names, columns, strict=True)
        ),
        rows=tuple(
            Row(row[naming].text, place(Box(left, a, right, b))) for row, (a, b) in zip(grid, layout.bands, strict=True)
        ),
        cells=tuple(
            tuple(
                TableCell(cell.text, place(cell.box), place(cell.ink) if cell.ink else None, cell.score) for cell in row
            )
            for row in grid
        ),
        naming=naming,
        columns_from=layout.columns_from,
        rows_from=layout.rows_from,
    )


def _cell(layout: Layout, column: tuple[float, float], band: tuple[float, float]) -> TableCell:
    inside = [p for p in layout.body if column[0] <= p.box.centre[0] < column[1] and band[0] <= p.middle < band[1]]
    box = Box(column[0], band[0], column[1], band[1])
    if not inside:
        return TableCell("", box, None)
    inside.sort(key=_reading_order)
    whole = inside[0].box
    for piece in inside[1:]:
        whole = whole.union(piece.box)
    return TableCell(" ".join(piece.text for piece in inside), box, whole, min(piece.score for piece in inside))


def _reading_order(piece: Piece) -> tuple[int, float]:
    return (round(piece.middle / max(1.0, piece.box.height)), piece.box.x1)


def _naming(texts: Sequence[Sequence[str]]) -> int:
    """The leftmost column of distinct words; else the leftmost with distinct texts; else the first."""
    columns = list(zip(*texts, strict=True))
    distinct = [place for place, column in enumerate(columns) if len(set(column)) > 0.9 * len(column)]
    words = [place for place in distinct if statistics.fmean(not text[:1].isalpha() for text in columns[place]) < 0.5]
    return next(iter([*words, *distinct]), 0)


def _unread(layout: Layout) -> float:
    """The share of the table's ink that lies outside of all texts."""
    inked = layout.inked
    x1, y1, x2, y2 = Box(layout.edges[0], layout.top, layout.edges[-1], layout.bands[-1][1]).rounded()
    window = (slice(max(0, y1), y2), slice(max(0, x1), x2))
    return float(_without_texts(layout)[window].sum() / max(1, int(inked[window].sum())))


def _marked(layout: Layout) -> float:
    """The share of rows with an upright edge as tall as text, outside of texts and of the columns' edges."""
    inked = _without_texts(layout)
    for edge in layout.edges:
        inked[:, max(0, round(edge) - 4) : max(0, round(edge) + 4)] = False
    left, right = max(0, round(layout.edges[0])), round(layout.edges[-1])
    tall = 0.9 * statistics.median(piece.box.height for piece in layout.body)
    marked = 0
    for top, bottom in layout.bands:
        counts = inked[max(0, round(top)) : round(bottom), left:right].sum(axis=0)
        marked += bool(counts.size and counts.max() >= tall)
    return marked / len(layout.bands)


def _without_texts(layout: Layout) -> NDArray[np.bool_]:
    """The print of the canvas without the table's texts."""
    inked: NDArray[np.bool_] = layout.inked.copy()
    for piece in (*layout.header, *layout.body):
        a, b, c, d = piece.box.padded(0.4 * piece.box.height).rounded_out()
        inked[max(0, b) : max(0, d), max(0, a) : max(0, c)] = False
    return inked
