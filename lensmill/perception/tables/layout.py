"""The layout of a table: edges of columns, bands of rows, and where the header ends. All in canvas pixels."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lensmill.perception.tables.extent import (
    Rows,
    bottom_of,
    extended,
    middle_of,
    table_rules,
    through,
    top_of,
    vertical_extent,
)
from lensmill.perception.tables.lanes import columns_of, edges_of, with_headers
from lensmill.perception.tables.pieces import Piece, pieces_of, text_height, text_rows
from lensmill.perception.tables.rules import Rule, horizontal_rules, ink, vertical_rules
from lensmill.perception.tables.table import Found
from lensmill.perception.text import TextLine

LOWEST = 0.5
"""The lowest row, in text heights. Lower ones come from rows of a blurred picture whose texts lie over one another."""

RULED = 0.75
"""Rules mark the rows if there are at least this many bands for each row of text."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A table's layout.

    Attributes:
        edges: x of the columns' edges, one more than there are columns.
        bands: top and bottom of each row of the body.
        header: the header's pieces.
        top: of the header.
        spans: the short horizontal rules in the header; each lies under a spanning header.
        above: the pieces above the table.
        body: all pieces of the body.
        inked: the print of the canvas; see `rules.ink`.
    """

    edges: tuple[float, ...]
    bands: tuple[tuple[float, float], ...]
    header: tuple[Piece, ...]
    top: float
    spans: tuple[Rule, ...]
    above: tuple[Piece, ...]
    body: tuple[Piece, ...]
    columns_from: Found
    rows_from: Found
    inked: NDArray[np.bool_]


def layout_of(pixels: NDArray[np.uint8], lines: Sequence[TextLine]) -> Layout | None:
    """The layout of the one table of a picture; None if the picture shows no table.

    Args:
        pixels: height x width x 3.
        lines: in canvas pixels.
    """
    if len(lines) < 6:
        return None
    line = statistics.median(line.box.height for line in lines)
    across = horizontal_rules(pixels, max(30, round(3 * line)))
    down = table_rules(vertical_rules(pixels, max(16, round(1.5 * line))), line)
    inked = ink(pixels, down)
    pieces = pieces_of(lines, inked, [rule.at for rule in down] if len(down) > 2 else ())
    height = text_height(pieces)
    rows = text_rows(pieces, height)
    span = vertical_extent(rows, down, height)
    if span is None:
        return None
    first, last = extended(rows, span, across, height)
    above, rows = [piece for row in rows[:first] for piece in row], rows[first:last]
    if len(rows) < 3:
        return None
    left, right = min(p.box.x1 for row in rows for p in row), max(p.box.x2 for row in rows for p in row)
    full = through(across, left, right)
    full = [rule for rule in full if top_of(rows[0]) - 2 * height <= rule.at <= bottom_of(rows[-1]) + 2 * height]
    head = _header_rows(rows, full)
    edges, columns_from = _edges(rows, head, down, full, height)
    if len(edges) < 3:
        return None
    if (more := _whole_header(rows, head, edges)) != head:
        head = more
        edges, columns_from = _edges(rows, head, down, full, height)
        if len(edges) < 3:
            return None
    body = rows[head:]
    tops, rows_from = _bands(body, rows[head - 1], full, height, edges)
    if any(bottom - top < LOWEST * height for top, bottom in tops):
        return None
    top = max([rule.at for rule in full if rule.at < top_of(rows[0]) + 1], default=top_of(rows[0]) - 0.5 * height)
    top = top if top_of(rows[0]) - top < 2 * height else top_of(rows[0]) - 0.5 * height
    ends = tops[0][0]
    spans = [rule for rule in across if rule not in full and top < rule.at < ends]
    header = [piece for row in rows[:head] for piece in row]
    return Layout(
        tuple(edges), tuple(tops), tuple(header), top, tuple(spans), tuple(above),
        tuple(piece for row in body for piece in row), columns_from, rows_from, inked,
    )  # fmt: skip


def _header_rows(rows: Rows, full: Sequence[Rule]) -> int:
    """The number of text rows above the first rule below a text row."""
    below = [rule.at for rule in full if rule.at > middle_of(rows[0])]
    if below:
        count = sum(middle_of(row) < below[0] for row in rows)
        if 1 <= count <= max(1, min(6, len(rows) // 2)):
            return count
    return 1


def _edges(
    rows: Rows, head: int, down: Sequence[Rule], full: Sequence[Rule], height: float
) -> tuple[list[float], Found]:
    """The columns' edges from vertical rules if there are any between columns, otherwise from lanes."""
    body = rows[head:]
    pieces = [piece for row in body for piece in row]
    left, right = min(p.box.x1 for p in pieces), max(p.box.x2 for p in pieces)
    outer = [rule for rule in full if rule.start <= left and rule.end >= right]
    starts = statistics.median(rule.start for rule in outer) if outer else None
    ends = statistics.median(rule.end for rule in outer) if outer else None
    inner = [rule.at for rule in down if left < rule.at < right]
    if inner:
        edges = [rule.at for rule in down]
        if edges[0] > left:
            edges.insert(0, starts if starts is not None else left - 0.6 * height)
        if edges[-1] < right:
            edges.append(ends if ends is not None else right + 0.6 * height)
        return edges, "rules"
    extents = columns_of(body, height)
    if len(extents) < 2:
        return [], "lanes"
    extents, headers = with_headers(extents, [piece for row in rows[:head] for piece in row])
    edges = edges_of(extents, [*headers, *pieces], height)
    if starts is not None and ends is not None:
        edges[0], edges[-1] = min(starts, edges[0]), max(ends, edges[-1])
    return edges, "lanes"


def _whole_header(rows: Rows, head: int, edges: Sequence[float]) -> int:
    """The number of header rows: also those after the first without any figure where the columns hold figures, and the
    one that a spanning header lies above."""
    while head + 2 < len(rows):
        following = rows[head]
        if any(_is_figure(piece) for piece in following):
            return head
        columns = [[p for row in rows[head + 1 :] for p in row if a <= p.box.centre[0] < b] for a, b in pairwise(edges)]
        figures = sum(bool(column) and 2 * sum(map(_is_figure, column)) > 1.4 * len(column) for column in columns)
        spanning = any(
            sum(edge - piece.box.x1 > 2 and piece.box.x2 - edge > 2 for edge in edges[1:-1]) for piece in rows[head - 1]
        )
        if not (2 * figures >= len(columns) or spanning or len(rows[head - 1]) <= len(columns) / 2):
            return head
        head += 1
    return head


def _is_figure(piece: Piece) -> bool:
    return piece.text.lstrip("-−–+$€£<>~(@. ")[:1].isdigit()


def _bands(
    body: Rows, header: Sequence[Piece], full: Sequence[Rule], height: float, edges: Sequence[float]
) -> tuple[list[tuple[float, float]], Found]:
    """Top and bottom of each row of the body."""
    first = [rule.at for rule in full if middle_of(header) < rule.at < middle_of(body[0])]
    start = first[-1] if first else (bottom_of(header) + top_of(body[0])) / 2
    inner = [rule.at for rule in full if start + 1 < rule.at]
    cuts = [start, *inner]
    bands = [(a, b) for a, b in pairwise(cuts) if any(a < middle_of(row) < b for row in body)]
    held = [row for row in body if any(a < middle_of(row) < b for a, b in bands)]
    loose = len(body) - len(held)
    if bands and loose <= 1 and len(bands) >= RULED * len(_wrapped(body, height, edges)) - 1 and len(bands) > 1:
        if loose:
            tall = statistics.median(b - a for a, b in bands)
            bands.append((bands[-1][1], bands[-1][1] + tall))
        return [part for band in bands for part in _parted(band, body, height, edges)], "rules"
    rows = _wrapped(body, height, edges)
    middles = [(bottom_of(a) + top_of(b)) / 2 for a, b in pairwise(rows)]
    pitch = statistics.median([middle_of(b) - middle_of(a) for a, b in pairwise(rows)] or [2 * height])
    below = [rule.at for rule in full if bottom_of(rows[-1]) - 1 < rule.at < middle_of(rows[-1]) + 1.2 * pitch]
    end = below[0] if below else middle_of(rows[-1]) + pitch / 2
    return list(pairwise([start, *middles, max(end, bottom_of(rows[-1]))])), "lanes"


def _parted(band: tuple[float, float], body: Rows, height: float, edges: Sequence[float]) -> list[tuple[float, float]]:
    """A band between rules, cut between whole rows that stand apart in it: the rule between them was too faint."""
    rows = [row for row in body if band[0] < middle_of(row) < band[1]]
    cuts = [
        (bottom_of(a) + top_of(b)) / 2
        for a, b in pairwise(rows)
        if len(a) == len(b) == len(edges) - 1 and top_of(b) - bottom_of(a) > 0.6 * height
    ]
    return list(pairwise([band[0], *cuts, band[1]]))


def _wrapped(body: Rows, height: float, edges: Sequence[float]) -> Rows:
    """The rows of the body; a row without text in its first column, close below another, continues that one."""
    gaps = [top_of(b) - bottom_of(a) for a, b in pairwise(body)]
    usual = statistics.median(gaps) if gaps else 0.0
    rows = [list(body[0])]
    for gap, row in zip(gaps, body[1:], strict=True):
        continues = row[0].box.x1 > edges[1] - 1 or len(row) <= (len(edges) - 1) / 2
        if continues and gap < 0.6 * usual and gap < 0.6 * height:
            rows[-1] += row
        else:
            rows.append(list(row))
    return rows
