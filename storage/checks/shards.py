"""Verifies one file of a version: its bytes against the manifest, and its rows against themselves."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from storage.checks.finding import MALFORMED, Report
from storage.checks.ids import IMAGE, packed
from storage.checks.places import Marks, facts_of
from storage.checks.rows import (
    Row,
    id_problems,
    picture_problems,
    provenance_problems,
    sha256_of,
    table_problems,
)
from storage.datasets.blocks import ShardRecord, key_of, record_path
from storage.datasets.shards import TABLES
from storage.files.store import Files, StoreUnavailable

ROWS = 16
"""Rows with pictures that are held at a time."""

WHOLE = 2**26
"""Maximum bytes of a file that is read once and held; a larger file is read twice."""


@dataclass(frozen=True, slots=True)
class VersionWork:
    """What every piece of work on one version shares; `inputs`: of the manifest."""

    files: Files
    inputs: Mapping[str, Any]


@dataclass(slots=True)
class ShardReport(Report):
    """The content of a file.

    Attributes:
        whole: the file could be read to its end, and is the file that the manifest names.
        marks: of its episodes.
        originals: packed ids of its pictures, in order, if it is of the table originals.
        row_groups: rows of each row group.
    """

    whole: bool = False
    marks: Marks = field(default_factory=Marks)
    originals: bytearray = field(default_factory=bytearray)
    row_groups: tuple[int, ...] = ()


def check_shard(work: VersionWork, record: ShardRecord) -> ShardReport:
    """Verify one file.

    Args:
        record: as the manifest says, with the path in the store; its table is "" if the file is not a table.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    report = ShardReport()
    try:
        with _opened(work.files, record, report) as source:
            if report.findings or not record.table:
                report.whole = not report.findings
                return report
            part = pq.ParquetFile(source, page_checksum_verification=True)
            if not part.schema_arrow.equals(TABLES[record.table]):
                difference = _difference(part.schema_arrow, TABLES[record.table])
                what = f"its columns are not those of the table {record.table}: {difference}"
                report.add(record.path, what, field="schema")
                return report
            groups = range(part.num_row_groups)
            report.row_groups = tuple(part.metadata.row_group(group).num_rows for group in groups)
            if record.table == "originals":
                _originals(part, record.path, report)
            else:
                _rows(work, part, record, report)
        report.whole = True
    except StoreUnavailable:
        raise
    except FileNotFoundError:
        report.add(record.path, f"it is missing: {_again(record)}")
    except MALFORMED as error:
        report.add(record.path, f"it cannot be read: {type(error).__name__}: {error}")
    if report.whole and report.rows != record.rows:
        report.add(record.path, f"it has {report.rows} rows, the manifest says {record.rows}", field="rows")
    return report


@contextmanager
def _opened(files: Files, record: ShardRecord, report: ShardReport) -> Iterator[Any]:
    """A file whose bytes were held against its record, for pyarrow."""
    with files.open(record.path) as source:
        digest, held = hashlib.sha256(), bytearray()
        while block := source.read(2**20):
            digest.update(block)
            report.read += len(block)
            if record.size <= WHOLE:
                held += block
        if report.read != record.size:
            report.add(record.path, f"it has {report.read} bytes, the manifest says {record.size}", field="size")
        elif digest.hexdigest() != record.sha256:
            what = f"its bytes have changed since it was published: {_again(record)}"
            report.add(record.path, what, field="sha256")
        source.seek(0)
        yield pa.BufferReader(held) if record.size <= WHOLE else source


def _again(record: ShardRecord) -> str:
    """How to restore the file: a file that a manifest or a record names is not made again."""
    what = f"{record_path(key_of(record.path))} and " if record.table else ""
    return f"restore it, or remove {what}the version's folder and publish the version again"


def _each(part: pq.ParquetFile) -> Iterator[tuple[int, int, Row]]:
    """Every row with its row group and its number in the group; a few rows are in memory at a time."""
    for group in range(part.num_row_groups):
        number = 0
        for batch in part.iter_batches(batch_size=ROWS, row_groups=[group]):
            for row in batch.to_pylist():
                yield group, number, row
                number += 1


def _originals(part: pq.ParquetFile, path: str, report: ShardReport) -> None:
    for _, _, row in _each(part):
        image_id = str(row["image_id"])
        if sha256_of(row["image"]) != image_id:
            report.add(path, "its bytes are not those that its id names", report.rows, "image")
        try:
            report.originals += packed(image_id, IMAGE)
        except ValueError as error:
            report.add(path, str(error), report.rows, "image_id")
            report.originals += bytes(IMAGE)  # rows keep their places
        report.rows += 1


def _rows(work: VersionWork, part: pq.ParquetFile, record: ShardRecord, report: ShardReport) -> None:
    for group, place, row in _each(part):
        for name, what in _problems(work, record, row):
            report.add(record.path, what, report.rows, name)
        if record.table != "failures" or row["kind"] == "episode":
            report.marks.add(facts_of(row, record.table), group, place)
        report.rows += 1


def _problems(work: VersionWork, record: ShardRecord, row: Row) -> Iterator[tuple[str, str]]:
    yield from id_problems(row, work.inputs)
    if record.table == "failures":
        return
    yield from table_problems(row, record.table, record.rung)
    yield from provenance_problems(row, work.inputs)
    yield from picture_problems(row)


def _difference(found: pa.Schema, wanted: pa.Schema) -> str:
    missing = [name for name in wanted.names if name not in found.names]
    other = [name for name in found.names if name not in wanted.names]
    changed = [name for name in wanted.names if name in found.names and found.field(name) != wanted.field(name)]
    said = (("missing", missing), ("not known", other), ("of another type", changed))
    return "; ".join(f"{what} {', '.join(names)}" for what, names in said if names) or "another order"
