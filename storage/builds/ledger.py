"""The ledger: of every judged episode of a build one flat row of facts, in segments that are each made once.

A segment holds consecutive chunks of one segment of the plan. Its name is a hash of everything that decides its rows
(the measures, the chunks, their layers), so a segment never changes: new chunks and new layers make new segments, and
a segment that exists is not made again.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from lensmill.curation.correct import CURATION_VERSION
from lensmill.facts.measure import UNMEASURED, Column, Making, Measure, facts_of, measures_of
from storage.builds.judged import JudgedBuild, Layers
from storage.builds.schema import COMPRESSION, clean
from storage.files.ahead import READERS, ahead
from storage.files.arrow import arrow_filesystem
from storage.files.store import Files, StoreError

LEDGER_VERSION = 1
"""Raised when the same measures are laid out otherwise."""

PLACE = (
    Column("chunk", "string", "id of the episode's chunk"),
    Column("position", "int32", "place of the episode in its chunk, from 0"),
)
"""Columns of the ledger that no measure fills."""

SEGMENT_EPISODES = 4096
"""Episodes of a segment, about: the unit of work of a task and of what a change makes anew."""

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
    """The columns of a ledger with these measures: PLACE, those of the measures in their order, `unmeasured`."""
    return (*PLACE, *(column for measure in measures for column in measure.columns), UNMEASURED)


def ledger_schema(measures: Sequence[Measure]) -> pa.Schema:
    """`ledger_columns` as Arrow has them."""
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
        self._fingerprint = fingerprint
        self._judge = judge
        self._folder = f"builds/{fingerprint}/ledger/{judge}"
        self._build = JudgedBuild(files, fingerprint, judge)
        self.measures = measures_of(measures)
        self.schema = ledger_schema(self.measures)
        self.segments = tuple(self._cut(chunk_ids, layers))

    def _cut(self, chunk_ids: Sequence[str], layers: Layers) -> Iterator[LedgerSegment]:
        """Places of cuts follow from the plan alone, so that chunks which another version leaves out move none."""
        wanted, found = set(chunk_ids), 0
        for size, ids in self._build.plan.segments():
            step = max(1, SEGMENT_EPISODES // size)
            for start in range(0, len(ids), step):
                some = tuple(chunk_id for chunk_id in ids[start : start + step] if chunk_id in wanted)
                if some:
                    found += len(some)
                    yield self._segment(some, {name: layers[name] for name in some if name in layers})
        if found < len(wanted):
            raise StoreError(
                f"{self._files.locate(f'builds/{self._fingerprint}/plan')}: the plan lacks {len(wanted) - found} of "
                "the chunks that were asked for: restore the plan, or build into a new out="
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

    def write(self, segment: LedgerSegment) -> int:
        """Read the chunks of a segment, measure their episodes and create its file, unless it exists; returns the
        number of episodes. Idempotent: the same segment has the same bytes, whoever writes it.

        Raises:
            StoreError: a chunk is not judged or damaged, or the store cannot be written.
        """
        making = Making(self._recipe(), self._fingerprint, self._judge)
        columns: dict[str, list[Any]] = {name: [] for name in self.schema.names}
        chunks = ahead(lambda chunk_id: self._build.read(chunk_id, segment.layers), segment.chunk_ids, READERS)
        for chunk_id, episodes in zip(segment.chunk_ids, chunks, strict=True):
            for position, episode in enumerate(episodes):
                place = {"chunk": chunk_id, "position": position}
                self._add(columns, {**place, **facts_of(episode, making, self.measures)})
        sink = pa.BufferOutputStream()
        options = {**COMPRESSION, "write_page_index": True, "write_page_checksum": True}
        pq.write_table(self._table(columns), sink, row_group_size=SEGMENT_EPISODES, **options)
        self._files.create(segment.path, sink.getvalue().to_pybytes())
        return len(columns["position"])

    def _add(self, columns: dict[str, list[Any]], row: dict[str, Any]) -> None:
        for name, values in columns.items():
            value = row[name]
            values.append(clean(value) if isinstance(value, str) else value)

    def _table(self, columns: dict[str, list[Any]]) -> pa.Table:
        arrays = []
        for field in self.schema:
            try:
                arrays.append(pa.array(columns[field.name], field.type))
            except (pa.ArrowException, TypeError, ValueError) as error:
                (owner,) = (m.name for m in self.measures if field.name in {column.name for column in m.columns})
                raise StoreError(
                    f"measure {owner}: a value of {field.name} is no {field.type}: {' '.join(str(error).split())[:200]}"
                ) from error
        return pa.Table.from_arrays(arrays, schema=self.schema)

    def _recipe(self) -> dict[str, Any]:
        path = f"builds/{self._fingerprint}/recipe.json"
        try:
            recipe: dict[str, Any] = json.loads(self._files.read(path))
        except (FileNotFoundError, ValueError) as error:
            where = self._files.locate(path)
            raise StoreError(
                f"{where} is missing or damaged ({error}): restore it, or build into a new out="
            ) from error
        return recipe

    def dataset(self) -> ds.Dataset:
        """The rows of all segments, in plan order, with the columns of `schema`; opens no file yet."""
        return self._dataset(self.segments)

    def _dataset(self, segments: Sequence[LedgerSegment]) -> ds.Dataset:
        filesystem, prefix = arrow_filesystem(self._files)
        paths = [f"{prefix}{segment.path}" for segment in segments]
        return ds.FileSystemDataset.from_paths(paths, self.schema, ds.ParquetFileFormat(), filesystem)

    def tables(self, columns: Sequence[str], chunks: int = 4096) -> Iterator[pa.Table]:
        """These columns of all rows, in plan order, a table for about so many chunks.

        Raises:
            StoreError: a segment is missing or damaged.
        """
        group: list[LedgerSegment] = []
        for segment in self.segments:
            group.append(segment)
            if sum(len(one.chunk_ids) for one in group) >= chunks:
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
