"""The names of a table's columns: each column's own header, and headers that span several columns."""

from collections.abc import Sequence

from lensmill.perception.tables.layout import Layout
from lensmill.perception.tables.pieces import Piece

CENTRED = 0.25
"""The middle of a spanning header lies this close to the middle of its columns, in shares of their width."""


def headers_of(layout: Layout) -> list[tuple[str, str]]:
    """The spanning header (empty without one) and the own header of each column."""
    columns = list(zip(layout.edges, layout.edges[1:], strict=False))
    spans = {piece: covered for piece in layout.header if len(covered := _covered(piece, columns, layout)) > 1}
    own: list[list[Piece]] = [[] for _ in columns]
    for piece in layout.header:
        if piece not in spans:
            own[_nearest(piece, columns)].append(piece)
    names = []
    for place, pieces in enumerate(own):
        group = " ".join(piece.text for piece, covered in spans.items() if place in covered)
        names.append((group, " ".join(piece.text for piece in sorted(pieces, key=lambda p: (p.middle, p.box.x1)))))
    return names


def _nearest(piece: Piece, columns: Sequence[tuple[float, float]]) -> int:
    x = piece.box.centre[0]
    return min(range(len(columns)), key=lambda place: max(columns[place][0] - x, x - columns[place][1], 0.0))


def _covered(piece: Piece, columns: Sequence[tuple[float, float]], layout: Layout) -> list[int]:
    """The columns that a piece of the header names: those above its rule, or those around it without a header on its
    own level but with one below."""
    under = [rule for rule in layout.spans if 0 <= rule.at - piece.box.y2 < 1.5 * piece.box.height]
    under = [rule for rule in under if rule.start <= piece.box.centre[0] <= rule.end]
    if under:
        rule = under[0]
        return [p for p, (a, b) in enumerate(columns) if rule.start < (a + b) / 2 < rule.end]
    lower = [other for other in layout.header if other.middle - piece.middle > 1.2 * piece.box.height]
    level = [other for other in layout.header if abs(other.middle - piece.middle) < 0.6 * piece.box.height]
    below = {_nearest(other, columns) for other in lower}
    covered = [p for p in range(len(columns)) if p in below and _closest(columns[p], level) is piece]
    if len(covered) < 2 or covered[-1] - covered[0] >= len(covered):
        return []
    left, right = columns[covered[0]][0], columns[covered[-1]][1]
    centred = abs(piece.box.centre[0] - (left + right) / 2) < CENTRED * (right - left)
    return covered if centred else []


def _closest(column: tuple[float, float], level: Sequence[Piece]) -> Piece:
    middle = (column[0] + column[1]) / 2
    return min(level, key=lambda piece: max(piece.box.x1 - middle, middle - piece.box.x2, 0.0))
