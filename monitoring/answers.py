"""Answers to queries as people and programs read them: a table in columns, CSV, JSON lines."""

import csv
import json
from typing import Any, TextIO

import pyarrow as pa

WIDEST = 60
"""Characters of a cell of a printed table, at most."""


def write_table(batches: pa.RecordBatchReader, stream: TextIO, limit: int) -> None:
    """The first rows as a table, and whether there are more."""
    names: list[str] = batches.schema.names
    rows: list[tuple[Any, ...]] = []
    for batch in batches:
        rows += zip(*(column.to_pylist() for column in batch.columns), strict=True)
        if len(rows) > limit:
            break
    shown = [[_cell(value) for value in row] for row in rows[:limit]]
    right = [all(isinstance(row[at], (int, float, type(None))) for row in rows[:limit]) for at in range(len(names))]
    widths = [max(len(line[at]) for line in [names, *shown]) for at in range(len(names))]
    for number, line in enumerate([names, *shown]):
        cells = zip(line, widths, right, strict=True)
        print("  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in cells).rstrip(), file=stream)
        if number == 0:
            print("  ".join("-" * width for width in widths), file=stream)
    more = f"the first {limit} rows; limit= shows more, to=FILE.csv writes all" if len(rows) > limit else ""
    print(more or f"{len(rows)} {'row' if len(rows) == 1 else 'rows'}", file=stream)


def write_csv(batches: pa.RecordBatchReader, stream: TextIO) -> int:
    """All rows, with a line of names; lists as JSON. Returns how many rows there are."""
    writer, rows = csv.writer(stream, lineterminator="\n"), 0
    writer.writerow(batches.schema.names)
    for batch in batches:
        columns = [column.to_pylist() for column in batch.columns]
        writer.writerows([_plain(value) for value in row] for row in zip(*columns, strict=True))
        rows += len(batch)
    return rows


def write_json(batches: pa.RecordBatchReader, stream: TextIO) -> int:
    """All rows, one object a line. Returns how many rows there are."""
    rows = 0
    for batch in batches:
        for row in batch.to_pylist():
            stream.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
        rows += len(batch)
    return rows


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, (list, dict)) else value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = " ".join(str(_plain(value)).split())
    return text if len(text) <= WIDEST else text[: WIDEST - 3] + "..."
