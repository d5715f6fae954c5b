"""Where a table starts and ends: its rows of text among titles and notes."""

import statistics
from collections.abc import Sequence
from itertools import pairwise

from lensmill.perception.tables.pieces import Piece
from lensmill.perception.tables.rules import Rule

FULL = 0.6
"""The share of a table's width, height or columns that counts as nearly all."""

FRAME = 5.0
"""A rule at most this many text heights above a row of a header is the header's upper rule."""

Rows = list[list[Piece]]


def top_of(row: Sequence[Piece]) -> float:
    """The y where a row's ink starts."""
    return min(piece.box.y1 for piece in row)


def bottom_of(row: Sequence[Piece]) -> float:
    """The y where a row's ink ends."""
    return max(piece.box.y2 for piece in row)


def middle_of(row: Sequence[Piece]) -> float:
    """The y of a row's middle."""
    return statistics.fmean(piece.middle for piece in row)


def table_rules(rules: Sequence[Rule], line: float) -> list[Rule]:
    """The vertical rules that run through most of the table."""
    longest = max((rule.length for rule in rules), default=0.0)
    return [rule for rule in rules if rule.length >= max(FULL * longest, 2.5 * line)]


def vertical_extent(rows: Rows, down: Sequence[Rule], height: float) -> tuple[float, float] | None:
    """Top and bottom of the table: of its vertical rules, or of its rows with several pieces."""
    if len(down) > 2:
        return statistics.median(rule.start for rule in down) - 1, statistics.median(rule.end for rule in down) + 1
    several = [index for index, row in enumerate(rows) if len(row) > 1]
    if len(several) < 3:
        return None
    runs = [[several[0]]]
    for before, index in pairwise(several):
        far = top_of(rows[index]) - bottom_of(rows[before]) > 6 * height
        if index - before > 3 or far:
            runs.append([])
        runs[-1].append(index)
    longest = max(runs, key=len)
    return top_of(rows[longest[0]]) - 1, bottom_of(rows[longest[-1]]) + 1


def extended(rows: Rows, span: tuple[float, float], across: Sequence[Rule], height: float) -> tuple[int, int]:
    """The first text row of the table and the one after its last: `span` with the rows of its header above."""
    inside = [index for index, row in enumerate(rows) if span[0] <= middle_of(row) <= span[1]]
    if not inside:
        return 0, 0
    first, last = inside[0], inside[-1] + 1
    usual = statistics.median(_count(row, height) for row in rows[first:last])
    left, right = (
        min(p.box.x1 for row in rows[first:last] for p in row),
        max(p.box.x2 for row in rows[first:last] for p in row),
    )
    full = [rule.at for rule in through(across, left, right)]

    def is_title(index: int) -> bool:
        ruled = any(middle_of(rows[index]) < at < middle_of(rows[index + 1]) for at in full)
        return ruled and _count(rows[index], height) < max(2, FULL * usual)

    while first + 3 < last and is_title(first):
        first += 1
    while first and not is_title(first - 1):
        gap = top_of(rows[first]) - bottom_of(rows[first - 1])
        framed = any(top_of(rows[first - 1]) - FRAME * height < at < middle_of(rows[first - 1]) for at in full)
        if gap > (3 * height if _count(rows[first - 1], height) >= max(2, FULL * usual) or framed else 0.4 * height):
            break
        first -= 1
    return first, last


def _count(row: Sequence[Piece], height: float) -> int:
    """The number of texts in a row; pieces closer than a text height are one text."""
    return 1 + sum(after.box.x1 - before.box.x2 > height for before, after in pairwise(row))


def through(rules: Sequence[Rule], left: float, right: float) -> list[Rule]:
    """The horizontal rules from the first column to the last."""
    slack = 0.15 * (right - left)
    return [rule for rule in rules if rule.start <= left + slack and rule.end >= right - slack]
