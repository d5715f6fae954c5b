"""The plan: every episode of a build, cut into chunks, frozen in append-only segments.

A segment is made of uniquely named Parquet files and one small JSON file that names them. The JSON file is created
conditionally, and the segment exists from then on. Samples lie in the order of the source, a chunk is one row group,
and ids follow from content alone, so that planning again, here or elsewhere, gives the same plan.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lensmill.sample import Sample
from storage.builds.plan_counts import PlanCounts, counts_of
from storage.builds.plan_part import PlanPart, part_of
from storage.builds.plan_view import Place, PlanView
from storage.builds.planned import Codebook, PlannedSamples, RowsReader
from storage.builds.sample_ids import SampleIds
from storage.builds.schema import clean, sample_json, sample_of
from storage.builds.segment import (
    INDEX,
    KEYS,
    SAMPLES,
    Row,
    SegmentWriter,
    about_of,
    failure_key,
    paths_of,
    read_failures,
    read_rows,
    without,
)
from storage.builds.wanted import ALL, Wanted
from storage.files.store import Files, StoreError
from storage.sources.protocol import SourceFailure, duplicate

HELD_EPISODES = 1024
"""Maximum number of chunks that are held after reading."""

_to_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class PlannedEpisode:
    """One planned attempt: of one agent, at one sample, on one rung, with one seed."""

    episode_id: str
    sample_id: str
    rung: int
    agent: str
    seed: int


@dataclass(frozen=True, slots=True)
class PlannedSample:
    """A sample and its episodes, which stay together in one chunk."""

    sample: Sample
    episodes: tuple[PlannedEpisode, ...]

    def __post_init__(self) -> None:
        if not self.episodes:
            raise ValueError(f"sample {self.sample.sample_id} has no episodes: its ladder is empty")
        if any(episode.sample_id != self.sample.sample_id for episode in self.episodes):
            raise ValueError(f"sample {self.sample.sample_id} was given another sample's episodes")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A fixed slice of the plan, the unit of commit; `samples` holds every sample of its episodes by id."""

    chunk_id: str
    episodes: tuple[PlannedEpisode, ...]
    samples: Mapping[str, Sample]


def episode_id_of(fingerprint: str, sample_id: str, rung: int, agent: str, seed: int) -> str:
    """The id of an episode: a hash of everything that determines it."""
    content = _to_json([fingerprint, sample_id, rung, agent, seed])
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def plan_sample(
    fingerprint: str, sample: Sample, rungs: Sequence[int], agents: Sequence[str], seeds: Sequence[int]
) -> PlannedSample:
    """A sample's episodes: by rung, then agent, then seed, whatever the order in which rungs and seeds are given."""
    episodes = tuple(
        PlannedEpisode(
            episode_id_of(fingerprint, sample.sample_id, rung, agent, seed), sample.sample_id, rung, agent, seed
        )
        for rung in sorted(rungs)
        for agent in agents
        for seed in sorted(seeds)
    )
    return PlannedSample(sample, episodes)


def chunk_id_of(fingerprint: str, episode_ids: Iterable[str]) -> str:
    """The id of a chunk: a hash of its episodes in their order."""
    return hashlib.sha256("\n".join([fingerprint, *episode_ids]).encode()).hexdigest()[:32]


class Plan:
    """The plan of one recipe. Any number of threads and processes may read it and append to it at once.

    Args:
        files: the store.
        fingerprint: of the recipe; another recipe has another plan beside this one.
    """

    def __init__(self, files: Files, fingerprint: str) -> None:
        self._files = files
        self._fingerprint = fingerprint
        self._folder = f"builds/{fingerprint}/plan"
        self._view = PlanView.empty()
        self._kinds, self._keys = Codebook(), RowsReader()
        self._planned = PlannedSamples(self._keys.rows)
        self._known_failures: set[str] = set()
        self._known_segments = 0
        self._footers: OrderedDict[str, pq.FileMetaData] = OrderedDict()
        self._chunks: OrderedDict[str, Chunk] = OrderedDict()
        self._holding, self._reading = Lock(), Lock()

    def append(
        self,
        items: Iterable[PlannedSample | Row | SourceFailure | str],
        chunk_size: int | None = None,
        limit: int | None = None,
    ) -> PlanCounts:
        """Plan the episodes that are not planned yet, as a new segment. Return the counts of what was added; all are 0
        if all episodes were planned.

        Args:
            items: the source from its beginning, streamed: samples with their episodes (or `row_of` such a sample), or
                the id alone if all wanted episodes of the sample are planned, and rows that failed.
            chunk_size: episodes of a chunk, at most; a sample's episodes stay together, however many. None: as
                `storage.builds.segment.chunk_size_after` has it.
            limit: of samples, counted from the source's beginning whether known or new; a later, larger limit appends
                the rest.

        Raises:
            StoreError: the store cannot be written. Nothing was added; planning again gives the same plan.
        """
        while True:
            number = len(self._refresh().segments)
            writer = self._draft(items, chunk_size, limit)
            if writer is None:
                return PlanCounts()
            record = writer.finish(number)
            if self._files.create(self._segment_path(number), record):
                return counts_of(json.loads(record))
            # Another planner was first: the episodes that it has not planned become the next segment.
            items, limit = _read_segment(self._files, json.loads(record)), None

    def planned(self) -> PlannedSamples:
        """The planned attempts at each sample, now."""
        self._read_keys()
        return self._planned

    def _read_keys(self) -> PlanView:
        view = self._refresh()
        new = view.segments[self._known_segments :]
        for segment in new:
            for path in paths_of(segment, "keys"):
                self._keys.add(self._table(path, KEYS))
            self._known_failures.update(map(failure_key, read_failures(self._files, segment)))
            self._known_segments += 1
        if new:
            self._planned = PlannedSamples(self._keys.rows)
        return view

    def known(self) -> Set[str]:
        """The ids of all samples with a planned episode."""
        return self.planned().ids

    def chunk_ids(self) -> tuple[str, ...]:
        """Every chunk of the plan, in its order."""
        return self._refresh().chunk_ids()

    def runs(self, episodes: int) -> Iterator[tuple[str, ...]]:
        """See `PlanView.runs`."""
        return self._refresh().runs(episodes)

    def part(
        self,
        held: Set[str],
        others_too: bool = False,
        shown: int = 0,
        wanted: Wanted = ALL,
        beyond: Set[tuple[str, int]] = frozenset(),
    ) -> PlanPart:
        """The part of the plan that a run is about; see `part_of`. Reads the plan's keys and index only."""
        return part_of(self._read_keys(), self._keys.rows, SampleIds.of(held), others_too, shown, wanted, beyond)

    def rows(self, *columns: str) -> Iterator[dict[str, Any]]:
        """These columns of every sample's row (`SAMPLES`), in the plan's order; reads all its files."""
        return read_rows(self._files, self._refresh().paths, [*columns])

    def counts_in(self, chunk_ids: Iterable[str]) -> PlanCounts:
        """The counts of these chunks. Reads the plan's index only."""
        view = self._refresh()
        rows = view.rows(chunk_ids)
        samples = view.index.column("samples").to_numpy()[rows].sum()
        return PlanCounts(int(samples), view.episodes(rows), 0, len(rows))

    def episodes_in(self, chunk_ids: Iterable[str]) -> int:
        """The number of episodes of these chunks."""
        return sum(self.counts_in(chunk_ids).episodes.values())

    def read_chunk(self, chunk_id: str) -> Chunk:
        """One chunk, read alone.

        Raises:
            StoreError: the plan has no such chunk, or the file is damaged.
        """
        if (held := self._chunks.get(chunk_id)) is not None:
            return held
        place = self._view.place(chunk_id) or self._refresh().place(chunk_id)
        if place is None:
            raise StoreError(f"{self._files.locate(self._folder)}: the plan has no chunk {chunk_id}: plan it first")
        try:
            planned = tuple(self._read_row_group(place))
        except (pa.ArrowException, OSError, ValueError):
            planned = ()
        episodes = tuple(episode for entry in planned for episode in entry.episodes)
        if chunk_id_of(self._fingerprint, (episode.episode_id for episode in episodes)) != chunk_id:
            raise StoreError(
                f"{self._files.locate(place.path)}: row group {place.row_group} is not chunk {chunk_id}: the file is "
                "missing or damaged; restore it, or build into a new out="
            )
        chunk = Chunk(chunk_id, episodes, {entry.sample.sample_id: entry.sample for entry in planned})
        self._hold(chunk)
        return chunk

    def _hold(self, chunk: Chunk) -> None:
        """Hold a chunk: a worker asks for its chunk several times."""
        with self._holding:
            self._chunks[chunk.chunk_id] = chunk
            while len(self._chunks) > 1 and sum(len(held.episodes) for held in self._chunks.values()) > HELD_EPISODES:
                self._chunks.popitem(last=False)

    def counts(self) -> PlanCounts:
        """The counts of the whole plan. Reads only the segments' small records."""
        return sum((counts_of(segment) for segment in self._refresh().segments), PlanCounts())

    def chunk_sizes(self) -> frozenset[int | None]:
        """Every `chunk_size` setting that chunks were planned with."""
        return frozenset(segment["chunk_size"] for segment in self._refresh().segments)  # type: ignore[misc]

    def failures(self) -> Iterator[SourceFailure]:
        """Source rows that could not become samples, in the order of the source."""
        for segment in self._refresh().segments:
            yield from read_failures(self._files, segment)

    def _segment_path(self, number: int) -> str:
        return f"{self._folder}/segments/{number:06d}.json"

    def _draft(
        self, items: Iterable[PlannedSample | Row | SourceFailure | str], chunk_size: int | None, limit: int | None
    ) -> SegmentWriter | None:
        """Write everything new to uniquely named files; None if nothing is new."""
        if chunk_size is not None and chunk_size < 1:
            raise ValueError(f"chunk_size must be at least 1, got {chunk_size}")
        planned, before = self.planned(), sum(self.counts().episodes.values())
        seen, failed = set[str](), set[str]()
        with SegmentWriter(self._files, self._folder, chunk_size, before, self._chunk_id) as writer:
            stream = iter(items)
            while limit is None or len(seen) < limit:
                item = next(stream, None)
                if item is None:
                    break
                if isinstance(item, str):
                    seen.add(item)
                    continue
                if not isinstance(item, SourceFailure):
                    row = row_of(item) if isinstance(item, PlannedSample) else item
                    if row["sample_id"] not in seen:
                        seen.add(row["sample_id"])
                        if missing := without(row, planned.attempts(row["sample_id"])):
                            writer.add(missing)
                        continue
                    item = duplicate(json.loads(row["sample"])["origin"])
                key = failure_key(item)
                if key not in failed and key not in self._known_failures:
                    failed.add(key)
                    writer.fail(item)
        return None if writer.empty else writer

    def _chunk_id(self, episode_ids: Iterable[str]) -> str:
        return chunk_id_of(self._fingerprint, episode_ids)

    def _table(self, path: str, schema: pa.Schema) -> pa.Table:
        """One of the plan's small files."""
        try:
            with self._files.open(path) as source:
                return pq.read_table(source, schema=schema)
        except (pa.ArrowException, FileNotFoundError) as error:
            where = self._files.locate(path)
            raise StoreError(f"{where} is missing or damaged: restore it, or build into a new out=") from error

    def _refresh(self) -> PlanView:
        """Read segments that were appended since the last look. If several threads look at once, one of them reads."""
        with self._reading:
            view = self._view
            while self._files.exists(path := self._segment_path(len(view.segments))):
                segment = json.loads(self._files.read(path))
                if "keys" not in segment:
                    where = self._files.locate(path)
                    raise StoreError(f"{where} is of another version of lensmill: build into a new out=")
                tables = [self._table(name, INDEX) for name in paths_of(segment, "index")]
                view = self._view = view.grown(segment, tables, self._kinds)
            return view

    def _read_row_group(self, place: Place) -> Iterator[PlannedSample]:
        with self._files.open(place.path) as source:
            footer = self._footers.get(place.path)
            part = pq.ParquetFile(source, metadata=footer, page_checksum_verification=True)
            if footer is None:
                self._footers[place.path] = part.metadata
                if len(self._footers) > 8:
                    self._footers.popitem(last=False)
            rows = part.read_row_group(place.row_group).to_pylist()
        yield from map(_planned, rows)


def row_of(planned: PlannedSample) -> Row:
    """A sample and its episodes as the plan's tables hold them: SAMPLES, and KEYS but for what follows from it."""
    sample, episodes = planned.sample, planned.episodes
    return {
        "sample_id": sample.sample_id,
        "sample": sample_json(sample),
        "episode_id": [episode.episode_id for episode in episodes],
        "rung": [episode.rung for episode in episodes],
        "agent": [episode.agent for episode in episodes],
        "seed": [episode.seed for episode in episodes],
        "about": about_of(sample),
        "split": clean(sample.split),
        "subset": clean(sample.subset),
    }


def _planned(row: Mapping[str, object]) -> PlannedSample:
    sample = sample_of(str(row["sample"]))
    columns = (row["episode_id"], row["rung"], row["agent"], row["seed"])
    episodes = tuple(
        PlannedEpisode(episode_id, sample.sample_id, rung, agent, seed)
        for episode_id, rung, agent, seed in zip(*columns, strict=True)  # type: ignore[call-overload]
    )
    return PlannedSample(sample, episodes)


def _read_segment(files: Files, segment: Mapping[str, object]) -> Iterator[PlannedSample | SourceFailure]:
    """All that a segment's files hold, streamed."""
    yield from map(_planned, read_rows(files, paths_of(segment, "samples"), SAMPLES.names))
    yield from read_failures(files, segment)
