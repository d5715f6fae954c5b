"""Verifies a dataset version: its files and shards, in pieces of work that any process can do, and its episodes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lensmill.loading import MANIFEST
from lensmill.replay import ReplaySettings
from storage.checks.build import groups
from storage.checks.finding import MALFORMED, Report, Run, Take, json_object, told
from storage.checks.ids import Ids
from storage.checks.originals import OriginalsIndex, OriginalsShard
from storage.checks.places import COLUMNS, LedgerWork, Marks, check_ledger, compare_rows
from storage.checks.redrawing import RedrawItem, RedrawWork, redraw
from storage.checks.replays import ReplayChoice
from storage.checks.shards import ShardReport, VersionWork, check_shard
from storage.datasets.blocks import ShardRecord, read_block, record_path, shard_path
from storage.datasets.shards import TABLES
from storage.datasets.version import LEDGER
from storage.files.store import Files, StoreError, StoreUnavailable

GROUP_BLOCKS = 64

EPISODE_TABLES = ("train", "validation", "rejected")

Block = tuple[str, tuple[ShardRecord, ...]]
"""A block as a manifest names it: its key and its shards."""


@dataclass(slots=True)
class Version:
    """A version, as its manifest describes it.

    Attributes:
        own: the files of its folder; their paths are those of the store.
        blocks: that hold its rows.
        wanted: rows of each table.
        inputs: what it was made from.
        replay: how its pictures are drawn; None if the manifest does not say.
        whole: every table and the ledger could be read.
        episodes: of its ledger.
    """

    folder: str
    own: tuple[ShardRecord, ...]
    blocks: tuple[Block, ...]
    wanted: Mapping[str, int]
    inputs: Mapping[str, Any]
    replay: ReplaySettings | None
    whole: bool = True
    episodes: Ids = field(default_factory=Ids)

    @property
    def name(self) -> str:
        """The name of the version, which is that of its folder."""
        return self.folder.rpartition("/")[2]

    @property
    def path(self) -> str:
        """Of the manifest."""
        return f"{self.folder}/{MANIFEST}"

    @property
    def ledger(self) -> str:
        """Path of its ledger."""
        return f"{self.folder}/{LEDGER}"

    def shards(self, *tables: str) -> Iterator[ShardRecord]:
        """The shards of these tables, in the order of the blocks."""
        return (shard for _, shards in self.blocks for shard in shards if shard.table in tables)


def open_version(files: Files, folder: str, take: Take) -> Version | None:
    """A version by its manifest; None, with a finding, if the manifest cannot be read."""
    path = f"{folder}/{MANIFEST}"
    try:
        manifest: Mapping[str, Any] = json_object(files.read(path))
        inputs = manifest["inputs"]
        version = Version(
            folder,
            tuple(_own(folder, record) for record in manifest["files"]),
            tuple((str(block["key"]), tuple(map(_shard, block["files"]))) for block in manifest["blocks"]),
            {table: int(manifest["rows"][table]) for table in TABLES},
            inputs,
            _replay_of(inputs),
        )
        _ = inputs["recipe"], inputs["judge"]
    except StoreUnavailable:
        raise
    except MALFORMED as error:
        told(take, path, f"it cannot be read ({type(error).__name__}: {error}): publish the version again")
        return None
    if manifest.get("version") != version.name:
        told(take, path, f"it is of version {manifest.get('version')!r}", field="version")
    return version


def _own(folder: str, record: Mapping[str, Any]) -> ShardRecord:
    path = f"{folder}/{record['path']}"
    return ShardRecord(path, int(record["size"]), str(record["sha256"]), 0, "", None)


def _shard(record: Mapping[str, Any]) -> ShardRecord:
    """Raises ValueError, LookupError, TypeError: this is no record of a shard."""
    shard = ShardRecord(**record)
    numbers = (shard.size, shard.rows, *([] if shard.rung is None else [shard.rung]))
    if shard.table not in TABLES or not all(isinstance(number, int) and 0 <= number < 2**50 for number in numbers):
        raise ValueError(f"{shard.path} is described as {record}")
    return shard


def _replay_of(inputs: Mapping[str, Any]) -> ReplaySettings | None:
    try:
        return ReplaySettings.of_record(inputs["replay"])
    except (KeyError, ValueError):
        return None


def check_blocks(files: Files, blocks: Sequence[Block]) -> Report:
    """Compare the records of some blocks, and the names of their shards, with a manifest."""
    report = Report()
    for key, shards in blocks:
        path = record_path(key)
        try:
            record = read_block(files, key)
        except StoreUnavailable:
            raise
        except (StoreError, ValueError) as error:
            report.add(path, str(error))
            continue
        if record is None:
            what = "it is missing: restore it, or remove the version's folder and publish the version again"
            report.add(path, what)
        elif tuple(replace(shard, row_groups=()) for shard in record.files) != shards:
            report.add(path, "its files are not those that the version's manifest names: restore it")
        for shard in shards:
            if shard.path != shard_path(shard.table, shard.rung, key):
                report.add(path, f"{shard.path} is no name of a shard of this block", field="path")
    return report


class SeenShards:
    """The reports of the shards so far: versions share shards, and each shard is read once."""

    def __init__(self) -> None:
        self._reports: dict[tuple[ShardRecord, str], ShardReport] = {}

    def find(self, version: Version, shard: ShardRecord) -> ShardReport | None:
        """The report of a shard that this version names; None if the shard was not read."""
        return self._reports.get((shard, _provenance(version)))

    def add(self, version: Version, shard: ShardRecord, report: ShardReport) -> None:
        """Keep the report of a shard; its findings are told already."""
        self._reports[(shard, _provenance(version))] = replace(report, findings=[])


def _provenance(version: Version) -> str:
    """The inputs that a shard's rows were checked against."""
    return f"{version.inputs['recipe']} {version.inputs['judge']} {version.inputs.get('replay')}"


class VersionCheck:
    """Reads a version whole and reports what is wrong with it. The findings and their order do not depend on `run`.

    Args:
        choice: which rows are drawn again.
        take: receives the report of each piece of work.
        run: runs the pieces of work.
        seen: reports of shards that were read for another version; these shards are not read again.
        records: whether to compare the records of blocks with the manifest; a copied version has none.
    """

    def __init__(
        self,
        files: Files,
        version: Version,
        choice: ReplayChoice,
        take: Take,
        run: Run,
        seen: SeenShards,
        records: bool = True,
    ) -> None:
        self._files, self._version, self._choice = files, version, choice
        self._take, self._run, self._seen, self._records = take, run, seen, records

    def run(self) -> None:
        """Check every file and shard, the tables together, and the ledger."""
        version, choice = self._version, self._choice
        if choice.which != "none" and version.replay is None:
            told(self._take, version.path, "it does not say how to draw pictures", field="replay")
        self._strangers()
        work = VersionWork(self._files, version.inputs)
        whole = self._own_files(work)
        if self._records:
            for report in self._run(partial(check_blocks, self._files), groups(version.blocks, GROUP_BLOCKS)):
                self._take(report)
        self._shards(work, "originals")
        originals = self._originals()
        new = self._shards(work, *EPISODE_TABLES, "failures")
        self._counts()
        if whole:
            self._ledger(LedgerWork(self._files, version.ledger, originals))
        version.whole = version.whole and whole
        if version.replay is not None:
            redrawing = RedrawWork(self._files, version.replay, originals, choice.unsafe)
            for report in self._run(partial(redraw, redrawing), self._to_redraw(new)):
                self._take(report)

    def _own_files(self, work: VersionWork) -> bool:
        """Whether the ledger is what the manifest names."""
        own, ledger = self._version.own, False
        for record, report in zip(own, self._run(partial(check_shard, work), own), strict=True):
            self._take(report)
            ledger = ledger or (record.path == self._version.ledger and report.whole)
        return ledger

    def _shards(self, work: VersionWork, *tables: str) -> list[ShardRecord]:
        """Read the shards of these tables that were not read yet; return their reports."""
        named = self._version.shards(*tables)
        new = [*dict.fromkeys(shard for shard in named if self._seen.find(self._version, shard) is None)]
        for shard, report in zip(new, self._run(partial(check_shard, work), new), strict=True):
            self._take(report)
            self._seen.add(self._version, shard, report)
        return new

    def _found(self, *tables: str) -> Iterator[tuple[ShardRecord, ShardReport]]:
        for shard in self._version.shards(*tables):
            report = self._seen.find(self._version, shard)
            assert report is not None
            yield shard, report

    def _originals(self) -> OriginalsIndex:
        found = [*self._found("originals")]
        shards = [OriginalsShard(s.path, bytes(r.originals), r.row_groups) for s, r in found if r.whole]
        index = OriginalsIndex(shards, len(shards) == len(found))
        for repeated in index.repeated():
            what = f"original {repeated} is in the table originals more than once"
            told(self._take, self._version.path, what, field="image_id")
        return index

    def _to_redraw(self, new: Sequence[ShardRecord]) -> Iterator[RedrawItem]:
        """The rows to draw again, by row group. The choice follows from the seed and the numbers of rows.

        Args:
            new: the shards that no earlier version has; a sample is of their rows alone.
        """
        found = [(shard, self._seen.find(self._version, shard)) for shard in new if shard.table in EPISODE_TABLES]
        sizes = [(s.path, group, r.row_groups) for s, r in found if r and r.whole for group in range(len(r.row_groups))]
        total = sum(row_groups[group] for _, group, row_groups in sizes)
        count = {"all": total, "sample": min(self._choice.count, total)}.get(self._choice.which, 0)
        picked, before = sorted(Random(self._choice.seed).sample(range(total), count)) if count < total else None, 0
        for path, group, row_groups in sizes:
            first, rows = sum(row_groups[:group]), range(before, before + row_groups[group])
            chosen = None if picked is None else frozenset(first + row - before for row in picked if row in rows)
            if chosen is None or chosen:
                yield RedrawItem(path, group, first, chosen)
            before += row_groups[group]

    def _strangers(self) -> None:
        version = self._version
        named = {version.path, *(own.path for own in version.own)}
        for path in self._files.list(version.folder):
            if path not in named:
                told(self._take, path, "the manifest does not name it: remove it")

    def _counts(self) -> None:
        """The rows of each table against the manifest."""
        version, rows = self._version, dict.fromkeys(TABLES, 0)
        for shard, report in self._found(*TABLES):
            version.whole = version.whole and report.whole
            rows[shard.table] += report.rows
        for table, wanted in version.wanted.items():
            if version.whole and rows[table] != wanted:
                what = f"the table {table} has {rows[table]} rows, the manifest says {wanted}"
                told(self._take, version.path, what, field=f"rows.{table}")

    def _ledger(self, work: LedgerWork) -> None:
        """The ledger against the shards, and the episodes in it."""
        version = self._version
        try:
            with self._files.open(version.ledger) as source:
                part = pq.ParquetFile(source)
                count = part.num_row_groups
                if count and (missing := [name for name in COLUMNS if name not in part.schema_arrow.names]):
                    raise ValueError(f"it has no column {', '.join(missing)}")
        except (pa.ArrowException, OSError, ValueError) as error:
            told(self._take, version.ledger, f"it cannot be read: {error}")
            version.whole = False
            return
        marks, tables = dict[str, Marks](), dict[str, str]()
        for report in self._run(partial(check_ledger, work), range(count)):
            self._take(report)
            version.episodes.add(report.ids)
            for path, some in report.marks.items():
                marks.setdefault(path, Marks()).merge(some)
            tables |= report.tables
        for repeated in version.episodes.repeated():
            told(self._take, version.ledger, f"episode {repeated} is there more than once", field="episode_id")
        self._places(work, marks, tables)

    def _places(self, work: LedgerWork, marks: dict[str, Marks], tables: Mapping[str, str]) -> None:
        """Check that each shard's rows are the rows that the ledger names, in their places."""
        differing = []
        for shard, report in self._found(*EPISODE_TABLES, "failures"):
            said = marks.pop(shard.path, Marks())
            if said.rows and tables[shard.path] != shard.table:
                what = f"{shard.path} is of the table {shard.table}, the ledger says {tables[shard.path]}"
                told(self._take, self._version.ledger, what, field="table")
            if report.whole and said != report.marks:
                differing.append((shard.path, shard.table))
        for path in sorted(marks):
            told(self._take, self._version.ledger, f"it names {path}, and the manifest does not", field="file")
        for found in self._run(partial(compare_rows, work), differing):
            self._take(found)
