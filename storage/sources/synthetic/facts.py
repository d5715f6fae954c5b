"""The figures of the pictures: small tables of public-domain facts, read from the CSV files in `data`.

A file starts with `# key: value` lines: its title, its source, and the words for its rows and columns. Plain CSV
follows, whose first column names the rows. `data/README.md` describes the keys.
"""

import csv
import functools
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

DATA = Path(__file__).parent / "data"

_HEADER = re.compile(r"(?P<name>[^()]+?)\s*(?:\((?P<unit>[^()]+)\))?")
_NEEDED = ("title", "row", "rows", "row_prep", "source", "status")
_NEEDED_IF_COMPARABLE = ("measure", "unit", "column_prep", "column", "columns")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of figures.

    Attributes:
        name: as printed, e.g. "length", or "2010" if all columns hold the same measure.
        unit: e.g. "miles", "%", "$", "year"; empty without one, or for text.
        cells: as written in the file, one for each row.
        values: the cells as exact numbers; empty for a column of text.
        additive: the rows are parts that may be summed, and so stacked or drawn as a pie.
    """

    name: str
    unit: str
    cells: tuple[str, ...]
    values: tuple[Decimal, ...]
    additive: bool

    @property
    def numeric(self) -> bool:
        """Whether the column holds amounts that can be drawn as marks. A year or a text can only be printed."""
        return bool(self.values) and self.unit != "year"


@dataclass(frozen=True, slots=True)
class FactTable:
    """One file of facts.

    Attributes:
        key: the file's name without its suffix.
        row, rows: the noun for a row, in singular and plural ("state", "states").
        row_prep: joins a measure and a row in a sentence ("of", "in").
        timeline: the rows are points in time, in order.
        measure, column_prep, column, columns_name: the measure of all columns, the word that joins a column's name to
            it, and the noun for a column in singular and plural; empty unless `comparable`.
        comparable: all columns hold the same measure in the same unit, so they may share an axis.
        parts: the columns are parts of each row, so they may be stacked.
        whole: the rows make up 100 %, so a pie must show all of them.
    """

    key: str
    title: str
    row: str
    rows: str
    row_prep: str
    timeline: bool
    measure: str
    column_prep: str
    column: str
    columns_name: str
    comparable: bool
    parts: bool
    whole: bool
    source: str
    status: str
    names: tuple[str, ...]
    columns: tuple[Column, ...]


def parse(text: str, key: str) -> FactTable:
    """Parse the text of one file.

    Raises:
        ValueError: a required key is missing, a row is ragged or named twice, or there are no figures.
    """
    head: dict[str, str] = {}
    lines = text.splitlines()
    while lines and lines[0].startswith("#"):
        name, _, value = lines.pop(0)[1:].partition(":")
        head[name.strip()] = value.strip()
    comparable = head.get("comparable") == "yes"
    for name in (*_NEEDED, *(_NEEDED_IF_COMPARABLE if comparable else ())):
        if not head.get(name):
            raise ValueError(f"facts {key}: no '# {name}:' line; every file must give it")
    header, *rows = list(csv.reader(lines))
    if not rows or any(len(row) != len(header) for row in rows):
        raise ValueError(f"facts {key}: every row needs {len(header)} cells, like the header")
    names = tuple(row[0] for row in rows)
    if len(set(names)) != len(names):
        raise ValueError(f"facts {key}: a row is named twice")
    columns = tuple(
        _column(title, tuple(row[place] for row in rows), head.get("unit", ""), head.get("additive", ""))
        for place, title in enumerate(header)
        if place
    )
    return FactTable(
        key,
        head["title"],
        head["row"],
        head["rows"],
        head["row_prep"],
        head.get("order") == "time",
        head.get("measure", ""),
        head.get("column_prep", ""),
        head.get("column", ""),
        head.get("columns", ""),
        comparable,
        head.get("parts") == "yes",
        head.get("whole") == "yes",
        head["source"],
        head["status"],
        names,
        columns,
    )


def _column(title: str, cells: tuple[str, ...], unit: str, additive: str) -> Column:
    match = _HEADER.fullmatch(title)
    if match is None:
        raise ValueError(f"facts: column header {title!r} is neither 'name' nor 'name (unit)'")
    try:
        values = tuple(Decimal(cell) for cell in cells)
    except InvalidOperation:
        values = ()
    adds_up = additive == "yes" or match["name"] in [name.strip() for name in additive.split(";")]
    return Column(match["name"], match["unit"] or (unit if values else ""), cells, values, adds_up)


@functools.cache
def all_tables() -> tuple[FactTable, ...]:
    """Every shipped table, in the order of their names."""
    return tuple(parse(path.read_text(encoding="utf-8"), path.stem) for path in sorted(DATA.glob("*.csv")))
