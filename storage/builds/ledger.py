"""The ledger: one flat row of facts for every judged episode of a build, in segments that are each made once.

A segment holds consecutive chunks of one segment of the plan. Its name is a hash of everything that decides its rows
(the measures, the chunks, their layers), so a segment never changes: new chunks and new layers make new segments, and a
segment that exists is not made again.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.dataset as ds

from lensmill.curation.correct import CURATION_VERSION
from lensmill.facts.measure import UNMEASURED, Column, Measure, measures_of
from storage.builds.judged import Layers
from storage.builds.plan import Plan
from storage.files.arrow import arrow_filesystem
from storage.files.store import Files, StoreError

LEDGER_VERSION = 1
"""Raised when the same measures get another layout."""

PLACE = (
    Column("chunk", "string", "id of the episode's chunk"),
    Column("position", "int32", "place of the episode in its chunk, from 0"),
)
"""Columns of the ledger that no measure fills."""

SEGMENT_EPISODES = 4096
"""Approximate number of episodes of a segment: the work of one task, and what a change makes again."""

TABLE_SEGMENTS = 16
"""Segments that are held at once as a table, at most: 64 MB where every column is read."""

_TYPES = {
    "bool": pa.bool_(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "string": pa.string(),
    "list<float32>": pa.list_(pa.float32()),
    "list<string>": pa.list_(pa.string()),
}


@dataclass(frozen=True, slots=True)
class LedgerSegment:
    """Some chunks whose rows lie in one file.

    Attributes:
        path: of the Parquet file in the store.
        chunk_ids: in plan order.
        layers: of these chunks.
    """

    path: str
    chunk_ids: tuple[str, ...]
    layers: Layers


def ledger_columns(measures: Sequence[Measure]) -> tuple[Column, ...]:
    """The columns of a ledger with these measures: PLACE, the columns of the measures in their order, `unmeasured`."""
    return (*PLACE, *(column for measure in measures for column in measure.columns), UNMEASURED)


def ledger_schema(measures: Sequence[Measure]) -> pa.Schema:
    """`ledger_columns` as an Arrow schema."""
    return pa.schema([(column.name, _TYPES[column.kind]) for column in ledger_columns(measures)])


class Ledger:
    """The ledger of some chunks of a build.

    Args:
        chunk_ids: in plan order; all of them are committed and judged.
        layers: see `JudgedBuild.layers`.
        measures: names of measures beside ours, as `module:NAME`.

    Attributes:
        segments: in plan order; a segment that `missing` names has no file yet.

    Raises:
        SpecError: see `measures_of`.
        StoreError: the plan lacks a chunk.
    """

    def __init__(
        self,
        files: Files,
        fingerprint: str,
        judge: str,
        chunk_ids: Sequence[str],
        layers: Layers,
        measures: Sequence[str] = (),
    ) -> None:
        self._files = files
        self._folder = f"builds/{fingerprint}/ledger/{judge}"
        self.measures = measures_of(measures)
        self.schema = ledger_schema(self.measures)
        self.segments = tuple(self._cut(Plan(files, fingerprint), chunk_ids, layers))

    @property
    def repeatable(self) -> tuple[str, ...]:
        """Columns whose values follow from the episodes alone; see `Column.varies`."""
        return tuple(column.name for column in ledger_columns(self.measures) if not column.varies)

    def _cut(self, plan: Plan, chunk_ids: Sequence[str], layers: Layers) -> Iterator[LedgerSegment]:
        """Cuts follow from the plan alone. Chunks that another version leaves out move no cut."""
        wanted, found = set(chunk_ids), 0
        for run in plan.runs(SEGMENT_EPISODES):
            some = tuple(chunk_id for chunk_id in run if chunk_id in wanted)
            if some:
                found += len(some)
                yield self._segment(some, {name: layers[name] for name in some if name in layers})
        if found < len(wanted):
            raise StoreError(
                f"{self._files.locate(self._folder)}: the build's plan lacks {len(wanted) - found} of the chunks that "
                "were asked for: restore the plan, or build into a new out="
            )

    def _segment(self, chunk_ids: tuple[str, ...], layers: Layers) -> LedgerSegment:
        schema = [(field.name, str(field.type)) for field in self.schema]
        versions = [(measure.name, measure.version) for measure in self.measures]
        content = [LEDGER_VERSION, CURATION_VERSION, versions, schema, chunk_ids, sorted(layers.items())]
        key = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]
        return LedgerSegment(f"{self._folder}/{key}.parquet", chunk_ids, layers)

    def missing(self) -> tuple[LedgerSegment, ...]:
        """The segments that have no file yet. Costs one listing."""
        there = set(self._files.list(self._folder))
        return tuple(segment for segment in self.segments if segment.path not in there)

    def dataset(self) -> ds.Dataset:
        """The rows of all segments, in plan order, with the columns of `schema`; No file is opened yet."""
        return self._dataset(self.segments)

    def _dataset(self, segments: Sequence[LedgerSegment]) -> ds.Dataset:
        filesystem, prefix = arrow_filesystem(self._files)
        paths = [f"{prefix}{segment.path}" for segment in segments]
        return ds.FileSystemDataset.from_paths(paths, self.schema, ds.ParquetFileFormat(), filesystem)

    def tables(self, columns: Sequence[str], chunks: int = 4096) -> Iterator[pa.Table]:
        """Columns of all rows, in plan order, as tables of about this many chunks, at most `TABLE_SEGMENTS` segments.

        Raises:
            StoreError: a segment is missing or damaged.
        """
        group: list[LedgerSegment] = []
        for segment in self.segments:
            group.append(segment)
            if len(group) == TABLE_SEGMENTS or sum(len(one.chunk_ids) for one in group) >= chunks:
                yield self._read(group, columns)
                group = []
        if group:
            yield self._read(group, columns)

    def _read(self, segments: Sequence[LedgerSegment], columns: Iterable[str]) -> pa.Table:
        try:
            return self._dataset(segments).to_table([*columns])
        except (pa.ArrowException, OSError) as error:
            where = self._files.locate(self._folder)
            why = " ".join(str(error).split())[:300]
            raise StoreError(f"{where}: the ledger is damaged ({why}): delete this folder and run again") from error
