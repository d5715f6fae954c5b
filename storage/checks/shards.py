"""Verifying one file of a version: its bytes against the manifest, its rows against themselves, and their replay."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lensmill.replay import ReplaySettings
from storage.checks.finding import MALFORMED, Report
from storage.checks.ids import IMAGE, packed
from storage.checks.originals import Originals
from storage.checks.replays import Replays
from storage.checks.rows import (
    Row,
    id_problems,
    picture_problems,
    provenance_problems,
    regions_of_row,
    sha256_of,
    trajectory_of_row,
)
from storage.datasets.rows import FAILURES, ORIGINALS, REJECTED, TRAIN
from storage.files.store import Files, StoreError, StoreUnavailable

TABLES: Mapping[str, tuple[str, pa.Schema]] = {
    "originals": ("originals", ORIGINALS),
    "train": ("data", TRAIN),
    "rejected": ("rejected", REJECTED),
    "failures": ("failures", FAILURES),
}
"""A version's tables with their folder and schema."""

ROWS = 16
"""Rows with pictures that are held at a time."""


@dataclass(frozen=True, slots=True)
class VersionWork:
    """What every piece of work on one version shares.

    Attributes:
        inputs: of the manifest.
        replay: how its pictures are drawn; None replays nothing.
    """

    files: Files
    inputs: Mapping[str, Any]
    replay: ReplaySettings | None
    unsafe: bool


@dataclass(frozen=True, slots=True)
class ShardItem:
    """One file of a version.

    Attributes:
        path: in the store.
        record: size, sha256 and rows, as the manifest says.
        table: that it is of; "" of a file that is no table.
        originals: the files with the originals of its rows.
        replays: numbers of the rows to draw again; None draws all.
    """

    path: str
    record: Mapping[str, Any]
    table: str = ""
    originals: tuple[str, ...] = ()
    replays: frozenset[int] | None = frozenset()


@dataclass(slots=True)
class ShardReport(Report):
    """What a file holds.

    Attributes:
        whole: it could be read to its end, and is what the manifest names.
        ids: of its episodes, packed; of a file of the table originals, of the pictures.
    """

    table: str = ""
    whole: bool = False
    ids: bytearray = field(default_factory=bytearray)


def check_shard(work: VersionWork, item: ShardItem) -> ShardReport:
    """Verify one file.

    Raises:
        StoreUnavailable: the store does not answer.
        NoBoundary: see `Replays.replay`.
    """
    report = ShardReport(table=item.table)
    if not _bytes(work.files, item, report) or not item.table:
        report.whole = not report.findings
        return report
    schema = TABLES[item.table][1]
    try:
        with work.files.open(item.path) as source:
            part = pq.ParquetFile(source, page_checksum_verification=True)
            if part.schema_arrow.equals(schema):
                if item.table == "originals":
                    _originals(part, item.path, report)
                else:
                    _rows(work, part, item, report)
                report.whole = True
            else:
                what = f"its columns are not those of the table {item.table}: {_difference(part.schema_arrow, schema)}"
                report.add(item.path, what, field="schema")
    except StoreUnavailable:
        raise
    except MALFORMED as error:
        report.add(item.path, f"it cannot be read: {type(error).__name__}: {error}")
    if report.whole and report.rows != item.record.get("rows"):
        what = f"it has {report.rows} rows, the manifest says {item.record.get('rows')}"
        report.add(item.path, what, field="rows")
    return report


def _bytes(files: Files, item: ShardItem, report: ShardReport) -> bool:
    """Whether the file has the bytes that the manifest names."""
    path, record, digest = item.path, item.record, hashlib.sha256()
    try:
        with files.open(path) as source:
            while block := source.read(2**20):
                digest.update(block)
                report.read += len(block)
    except StoreUnavailable:
        raise
    except FileNotFoundError:
        report.add(path, "it is missing: publish the version again")
    except (StoreError, ValueError) as error:
        report.add(path, str(error))
    else:
        if report.read != record.get("size"):
            what = f"it has {report.read} bytes, the manifest says {record.get('size')}"
            report.add(path, what, field="size")
        elif digest.hexdigest() != record.get("sha256"):
            what = "its bytes have changed since it was published: restore it, or remove the folder and publish again"
            report.add(path, what, field="sha256")
    return not report.findings


def _each(part: pq.ParquetFile) -> Iterator[tuple[int, Row]]:
    """Every row with its number, a few in memory at a time."""
    number = 0
    for group in range(part.num_row_groups):
        for batch in part.iter_batches(batch_size=ROWS, row_groups=[group]):
            for row in batch.to_pylist():
                yield number, row
                number += 1


def _originals(part: pq.ParquetFile, path: str, report: ShardReport) -> None:
    for number, row in _each(part):
        image_id = str(row["image_id"])
        if sha256_of(row["image"]) != image_id:
            report.add(path, "its bytes are not those that its id names", number, "image")
        try:
            report.ids += packed(image_id, IMAGE)
        except ValueError as error:
            report.add(path, str(error), number, "image_id")
        report.rows += 1


def _rows(work: VersionWork, part: pq.ParquetFile, item: ShardItem, report: ShardReport) -> None:
    originals = _open_originals(work.files, item.originals)

    def original(image_id: str) -> bytes:
        assert originals is not None
        return originals.read(image_id)

    settings = work.replay if originals is not None else None
    with Replays(settings, original, work.unsafe, report) as replays:
        for number, row in _each(part):
            _row(work, item, number, row, originals, report)
            if item.table == "train" and (item.replays is None or number in item.replays):
                _replay(replays, item.path, number, row, originals, report)
            report.rows += 1


def _row(
    work: VersionWork, item: ShardItem, number: int, row: Row, originals: Originals | None, report: ShardReport
) -> None:
    table, problems = item.table, list(id_problems(row, work.inputs))
    if table != "failures" or row["kind"] == "episode":
        try:
            report.ids += packed(row["episode_id"])
        except ValueError as error:
            problems.append(("episode_id", str(error)))
    if table != "failures":
        problems += provenance_problems(row, work.inputs)
    if table == "train":
        problems += picture_problems(row)
        if originals is not None and row["image_id"] not in originals:
            problems.append(("image_id", "its original is not in the table originals"))
    for name, what in problems:
        report.add(item.path, what, number, name)


def _replay(
    replays: Replays, path: str, number: int, row: Row, originals: Originals | None, report: ShardReport
) -> None:
    if originals is None or row["image_id"] not in originals:
        return
    try:
        trajectory, regions = trajectory_of_row(row), regions_of_row(row)
    except MALFORMED as error:
        report.add(path, f"it is no trajectory: {error}", number, "steps")
        return
    replays.replay(path, number, row["image_id"], row["rung"], regions, trajectory)


def _open_originals(files: Files, paths: Sequence[str]) -> Originals | None:
    """None where a file of them cannot be read, which is a finding about that file."""
    try:
        return Originals(files, paths) if paths else None
    except StoreUnavailable:
        raise
    except MALFORMED:
        return None


def _difference(found: pa.Schema, wanted: pa.Schema) -> str:
    missing = [name for name in wanted.names if name not in found.names]
    other = [name for name in found.names if name not in wanted.names]
    changed = [name for name in wanted.names if name in found.names and found.field(name) != wanted.field(name)]
    said = (("missing", missing), ("not known", other), ("of another type", changed))
    return "; ".join(f"{what} {', '.join(names)}" for what, names in said if names) or "another order"
