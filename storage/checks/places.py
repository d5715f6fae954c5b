"""Checks a version's ledger against its shards: every row is where the ledger says, and there is no other row.

Each row has a mark, a hash of its place and of the facts that ledger and shard share. Both sides add up the marks of a
shard, in any order and in parts. Where the sums differ, the shard's rows are compared one by one.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow.parquet as pq

from storage.checks.finding import MALFORMED, Report
from storage.checks.ids import packed
from storage.checks.originals import OriginalsIndex
from storage.files.store import Files, StoreUnavailable

COLUMNS = ("episode_id", "image_id", "rung", "table", "reason", "file", "row_group", "row")
"""Columns of a version's ledger that are checked."""

BATCH = 8192


@dataclass(slots=True)
class Marks:
    """The sum of the marks of some rows of one shard."""

    rows: int = 0
    total: int = 0

    def add(self, facts: "Facts", group: int, row: int) -> None:
        """Take in a row by its place in the shard."""
        text = f"{facts} {group} {row}".encode()
        self.rows += 1
        self.total = (self.total + int.from_bytes(hashlib.blake2b(text, digest_size=16).digest())) % 2**128

    def merge(self, other: "Marks") -> None:
        """Take in other rows of the same shard."""
        self.rows += other.rows
        self.total = (self.total + other.total) % 2**128


Facts = tuple[str, int, str | None]
"""Of a row: episode, rung and reason. The table `failures` has no reasons."""


def facts_of(row: Mapping[str, Any], table: str) -> Facts:
    """The facts of a row of a table, or of the ledger."""
    return str(row["episode_id"]), int(row["rung"]), None if table == "failures" else row["reason"]


@dataclass(slots=True)
class LedgerReport(Report):
    """The content of some row groups of a version's ledger.

    Attributes:
        ids: of the episodes, packed.
        marks: by shard.
        tables: the table of each shard.
    """

    ids: bytearray = field(default_factory=bytearray)
    marks: dict[str, Marks] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LedgerWork:
    """A version's ledger, by its path, and the version's originals."""

    files: Files
    path: str
    originals: OriginalsIndex


def check_ledger(work: LedgerWork, group: int) -> LedgerReport:
    """Read one row group.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    report = LedgerReport()
    try:
        with work.files.open(work.path) as source:
            part = pq.ParquetFile(source, page_checksum_verification=True)
            first = sum(part.metadata.row_group(number).num_rows for number in range(group))
            for rows in _batches(part, group):
                _take(work, rows, first, report)
                first += len(rows)
    except StoreUnavailable:
        raise
    except MALFORMED as error:
        report.add(work.path, f"it cannot be read: {type(error).__name__}: {error}")
    return report


def _batches(part: pq.ParquetFile, group: int) -> Iterator[list[dict[str, Any]]]:
    for batch in part.iter_batches(batch_size=BATCH, row_groups=[group], columns=[*COLUMNS]):
        yield batch.to_pylist()


def _take(work: LedgerWork, rows: Sequence[Mapping[str, Any]], first: int, report: LedgerReport) -> None:
    for number, row in enumerate(rows, first):
        path, table = str(row["file"]), str(row["table"])
        report.ids += packed(row["episode_id"])
        if report.tables.setdefault(path, table) != table:
            what = f"its table is {table}, and {path} is of the table {report.tables[path]}"
            report.add(work.path, what, number, "table")
        report.marks.setdefault(path, Marks()).add(facts_of(row, table), row["row_group"], row["row"])
    shown = [(number, row) for number, row in enumerate(rows, first) if row["table"] != "failures"]
    if work.originals.complete:
        for place in work.originals.absent([str(row["image_id"]) for _, row in shown]):
            number, row = shown[place]
            what = f"original {row['image_id']} is not in the table originals"
            report.add(work.path, what, number, "image_id")


def compare_rows(work: LedgerWork, shard: tuple[str, str]) -> Report:
    """Compare a shard, given by its path and table, with the ledger row by row, and report every difference."""
    report, (path, table) = Report(), shard
    try:
        with work.files.open(work.path) as source:
            wanted = pq.read_table(source, columns=[*COLUMNS], filters=[("file", "=", path)]).to_pylist()
        said = {(row["row_group"], row["row"]): facts_of(row, table) for row in wanted}
        with work.files.open(path) as source:
            part, number = pq.ParquetFile(source), 0
            names = [name for name in ("episode_id", "rung", "reason", "kind") if name in part.schema_arrow.names]
            for group in range(part.num_row_groups):
                for place, row in enumerate(part.read_row_group(group, columns=names).to_pylist()):
                    _compare(report, path, number, said.pop((group, place), None), row, table)
                    number += 1
        for (group, place), facts in said.items():
            report.add(work.path, f"episode {facts[0]} is not in row {place} of row group {group} of {path}")
    except StoreUnavailable:
        raise
    except MALFORMED as error:
        report.add(path, f"it cannot be compared with the ledger: {error}")
    return report


def _compare(report: Report, path: str, number: int, said: Facts | None, row: Mapping[str, Any], table: str) -> None:
    if row.get("kind") == "source":
        return
    found = facts_of(row, table)
    if said is None:
        report.add(path, f"the ledger does not have episode {found[0]} here", number, "episode_id")
        return
    for name, here, there in zip(("episode_id", "rung", "reason"), found, said, strict=True):
        if here != there:
            report.add(path, f"it is {here!r}, the ledger says {there!r}", number, name)
