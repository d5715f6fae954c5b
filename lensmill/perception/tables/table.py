"""The reading of a table from its picture. All boxes are in pixels of the original."""

from dataclasses import dataclass
from typing import Literal

from lensmill.geometry import Box

Found = Literal["rules", "lanes"]
"""How the edges of columns or rows were found: drawn rules (or fills), or the blank space between texts."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        header: its own header as printed; wrapped lines are joined by a space. Empty if none was read.
        group: the header that spans this column and others; empty without one.
        box: from the top of the header to the bottom of the last row.
    """

    header: str
    group: str
    box: Box

    @property
    def name(self) -> str:
        """The spanning header and the column's own header."""
        return " ".join(filter(None, (self.group, self.header)))


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the body. `label` is its text in the column that names the rows; `box` spans all columns."""

    label: str
    box: Box


@dataclass(frozen=True, slots=True)
class TableCell:
    """A cell of the body: its text (empty for a blank cell), its whole box, the box of its text, and the confidence of
    the recogniser (0 to 1; 1 for a blank cell)."""

    text: str
    box: Box
    ink: Box | None
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class TableReading:
    """The reading of a table.

    Attributes:
        title: the lines above the table, joined.
        box: the table without its title.
        rows: of the body; the header is none of them.
        cells: cells[row][column].
        naming: index of the column that names the rows.
        columns_from, rows_from: how their edges were found.
    """

    title: str
    box: Box
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    cells: tuple[tuple[TableCell, ...], ...]
    naming: int
    columns_from: Found
    rows_from: Found
