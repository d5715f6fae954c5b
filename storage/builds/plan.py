"""The plan: every episode of a build, cut into chunks, frozen in append-only segments.

A segment is made of uniquely named Parquet files and one small JSON file, created conditionally, that names them;
before that it does not exist. Samples lie in the order of the source, a chunk is one row group, and ids follow from
content alone, so that planning again, here or elsewhere, gives the same plan.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lensmill.sample import Sample
from storage.builds.plan_view import Place, PlanView
from storage.builds.schema import sample_json, sample_of
from storage.builds.segment import INDEX, SegmentWriter, failure_key, paths_of, read_failures, read_rows
from storage.files.store import Files, StoreError
from storage.sources.protocol import SourceFailure, duplicate

HELD_EPISODES = 1024
"""Of the chunks that were read last."""

_to_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class PlannedEpisode:
    """One attempt to be made: of one agent, at one sample, on one rung, with one seed."""

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


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """How much is planned. `episodes` counts by rung; `failures` are source rows that could not become samples."""

    samples: int = 0
    episodes: Mapping[int, int] = field(default_factory=dict)
    failures: int = 0
    chunks: int = 0

    def __add__(self, other: "PlanCounts") -> "PlanCounts":
        rungs = sorted({*self.episodes, *other.episodes})
        return PlanCounts(
            self.samples + other.samples,
            {rung: self.episodes.get(rung, 0) + other.episodes.get(rung, 0) for rung in rungs},
            self.failures + other.failures,
            self.chunks + other.chunks,
        )


@dataclass(frozen=True, slots=True)
class PlanPart:
    """Some samples of a plan.

    Attributes:
        chunk_ids: the chunks that hold at least one of them, in the plan's order.
        samples: how many there are.
        left_out: ids of the other samples in these chunks.
        others: how many samples of the whole plan are others.
        first: id -> sample of the first others, in the plan's order.
    """

    chunk_ids: tuple[str, ...]
    samples: int
    left_out: frozenset[str]
    others: int
    first: Mapping[str, Sample]


def episode_id_of(fingerprint: str, sample_id: str, rung: int, agent: str, seed: int) -> str:
    """The id of an episode: a hash of everything that determines it."""
    content = _to_json([fingerprint, sample_id, rung, agent, seed])
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def plan_sample(
    fingerprint: str, sample: Sample, rungs: Sequence[int], agents: Sequence[str], seeds: Sequence[int]
) -> PlannedSample:
    """A sample's episodes: rungs x agents x seeds, in this order."""
    episodes = tuple(
        PlannedEpisode(
            episode_id_of(fingerprint, sample.sample_id, rung, agent, seed), sample.sample_id, rung, agent, seed
        )
        for rung in rungs
        for agent in agents
        for seed in seeds
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
        self._view = PlanView((), (), INDEX.empty_table())
        self._known_samples: set[str] = set()
        self._known_failures: set[str] = set()
        self._known_segments = 0
        self._footers: OrderedDict[str, pq.FileMetaData] = OrderedDict()
        self._chunks: OrderedDict[str, Chunk] = OrderedDict()
        self._holding, self._reading = Lock(), Lock()

    def append(
        self, items: Iterable[PlannedSample | SourceFailure | str], chunk_size: int = 64, limit: int | None = None
    ) -> PlanCounts:
        """Plan what is not planned yet, as a new segment; returns what was added (nothing, if all was known).

        Args:
            items: the source from its beginning, streamed: samples with their episodes, or only the id of a sample
                that is `known`, and rows that failed.
            chunk_size: episodes of a chunk, at most; a sample's episodes stay together, however many.
            limit: of samples, counted from the source's beginning whether known or new; a later, larger limit
                appends the rest.

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
            # Another planner was first: what it has not planned of ours becomes the next segment.
            items, limit = _read_segment(self._files, json.loads(record)), None

    def known(self) -> Set[str]:
        """The ids of all samples that are planned. It grows with the plan."""
        for segment in self._refresh().segments[self._known_segments :]:
            for path in paths_of(segment, "samples"):
                self._known_samples.update(self._sample_ids(path))
            self._known_failures.update(map(failure_key, read_failures(self._files, segment)))
            self._known_segments += 1
        return self._known_samples

    def chunk_ids(self) -> tuple[str, ...]:
        """Every chunk of the plan, in its order."""
        return self._refresh().chunk_ids()

    def segments(self) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """See `PlanView.chunks_by_segment`."""
        return self._refresh().chunks_by_segment()

    def select(self, held: Set[str], others_too: bool = False, shown: int = 0) -> "PlanPart":
        """The part of the plan that holds these samples, and which of its samples are others.

        Args:
            others_too: take in the samples that are not `held`, as well.
            shown: how many of the others to return.
        """
        view = self._refresh()
        chunk_ids = view.chunk_ids()
        if (known := self.known()) <= held:  # of an unchanged source no file is read again
            return PlanPart(chunk_ids, len(known), frozenset(), 0, {})
        found, left_out, first, samples, others, opened = [], set[str](), dict[str, Sample](), 0, 0, -1
        ids: Iterator[str] = iter(())
        columns = (view.index.column(name).to_pylist() for name in ("part", "samples"))
        for chunk_id, part, count in zip(chunk_ids, *columns, strict=True):  # chunks lie in the order of their files
            if part != opened:
                opened, ids = part, iter(self._sample_ids(view.paths[part]))
            absent = [sample_id for sample_id in islice(ids, count) if sample_id not in held]
            for sample_id in absent[: shown - len(first)]:
                first[sample_id] = self.read_chunk(chunk_id).samples[sample_id]
            others += len(absent)
            if others_too or len(absent) < count:
                found.append(chunk_id)
                samples += count if others_too else count - len(absent)
                left_out.update(() if others_too else absent)
        return PlanPart(tuple(found), samples, frozenset(left_out), others, first)

    def rows(self, *columns: str) -> Iterator[dict[str, Any]]:
        """These columns of every sample's row (`SAMPLES`), in the plan's order; reads all its files."""
        return read_rows(self._files, self._refresh().paths, [*columns])

    def counts_in(self, chunk_ids: Iterable[str]) -> PlanCounts:
        """How much these chunks of the plan hold; reads the plan's index only."""
        view = self._refresh()
        some = view.index.take(pa.array(view.rows(chunk_ids)))
        rungs = pa.chunked_array(some.column("rungs")).combine_chunks().flatten()
        episodes: dict[int, int] = {}
        for rung in pc.unique(rungs.field("rung")).to_pylist():
            mask = pc.equal(rungs.field("rung"), rung)
            episodes[rung] = pc.sum(rungs.field("episodes").filter(mask)).as_py()
        return PlanCounts(pc.sum(some.column("samples")).as_py() or 0, dict(sorted(episodes.items())), 0, len(some))

    def episodes_in(self, chunk_ids: Iterable[str]) -> int:
        """How many episodes these chunks have."""
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
        """Whoever works on a chunk asks for it several times."""
        with self._holding:
            self._chunks[chunk.chunk_id] = chunk
            while len(self._chunks) > 1 and sum(len(held.episodes) for held in self._chunks.values()) > HELD_EPISODES:
                self._chunks.popitem(last=False)

    def counts(self) -> PlanCounts:
        """How much is planned; reads only the segments' small records."""
        return sum((counts_of(segment) for segment in self._refresh().segments), PlanCounts())

    def chunk_sizes(self) -> frozenset[int]:
        """Every `chunk_size` that chunks were planned with."""
        segments = self._refresh().segments
        return frozenset(segment["chunk_size"] for segment in segments if "chunk_size" in segment)  # type: ignore[misc]

    def failures(self) -> Iterator[SourceFailure]:
        """Source rows that could not become samples, in the order of the source."""
        for segment in self._refresh().segments:
            yield from read_failures(self._files, segment)

    def _segment_path(self, number: int) -> str:
        return f"{self._folder}/segments/{number:06d}.json"

    def _draft(
        self, items: Iterable[PlannedSample | SourceFailure | str], chunk_size: int, limit: int | None
    ) -> SegmentWriter | None:
        """Write all that is new to uniquely named files; None if nothing is."""
        if chunk_size < 1:
            raise ValueError(f"chunk_size must be at least 1, got {chunk_size}")
        known = self.known()
        seen, failed = set[str](), set[str]()
        with SegmentWriter(self._files, self._folder, chunk_size, self._chunk_id) as writer:
            stream = iter(items)
            while limit is None or len(seen) < limit:
                item = next(stream, None)
                if item is None:
                    break
                if isinstance(item, str):
                    seen.add(item)
                    continue
                if isinstance(item, PlannedSample):
                    sample = item.sample
                    if sample.sample_id not in seen:
                        seen.add(sample.sample_id)
                        if sample.sample_id not in known:
                            writer.add(_row(item))
                        continue
                    item = duplicate(sample)
                key = failure_key(item)
                if key not in failed and key not in self._known_failures:
                    failed.add(key)
                    writer.fail(item)
        return None if writer.empty else writer

    def _chunk_id(self, episode_ids: Iterable[str]) -> str:
        return chunk_id_of(self._fingerprint, episode_ids)

    def _sample_ids(self, path: str) -> list[str]:
        """The samples of one of the plan's files, in its order."""
        try:
            with self._files.open(path) as source:
                ids: list[str] = pq.read_table(source, columns=["sample_id"]).column(0).to_pylist()
        except (pa.ArrowException, FileNotFoundError) as error:
            where = self._files.locate(path)
            raise StoreError(f"{where} is missing or damaged: restore it, or build into a new out=") from error
        return ids

    def _refresh(self) -> PlanView:
        """Take in segments that were appended since the last look; of threads that do so at once one reads them."""
        with self._reading:
            view = self._view
            while self._files.exists(path := self._segment_path(len(view.segments))):
                segment = json.loads(self._files.read(path))
                index, parts = view.index, len(view.paths)
                for name in paths_of(segment, "index"):
                    with self._files.open(name) as source:
                        table = pq.read_table(source, schema=INDEX)
                    table = table.set_column(1, "part", pc.cast(pc.add(table.column("part"), parts), pa.int32()))
                    index = pa.concat_tables([index, table])
                paths = (*view.paths, *paths_of(segment, "samples"))
                view = self._view = PlanView((*view.segments, segment), paths, index.combine_chunks())
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


def _row(planned: PlannedSample) -> dict[str, object]:
    """A sample and its episodes as a SAMPLES row."""
    episodes = planned.episodes
    return {
        "sample_id": planned.sample.sample_id,
        "sample": sample_json(planned.sample),
        "episode_id": [episode.episode_id for episode in episodes],
        "rung": [episode.rung for episode in episodes],
        "agent": [episode.agent for episode in episodes],
        "seed": [episode.seed for episode in episodes],
    }


def _planned(row: Mapping[str, object]) -> PlannedSample:
    sample = sample_of(str(row["sample"]))
    columns = (row["episode_id"], row["rung"], row["agent"], row["seed"])
    episodes = tuple(
        PlannedEpisode(episode_id, sample.sample_id, rung, agent, seed)
        for episode_id, rung, agent, seed in zip(*columns, strict=True)  # type: ignore[call-overload]
    )
    return PlannedSample(sample, episodes)


def counts_of(segment: Mapping[str, object]) -> PlanCounts:
    """What a segment's record says is in it."""
    counts = segment["counts"]
    assert isinstance(counts, dict)
    rungs = {int(rung): count for rung, count in counts["episodes"].items()}
    return PlanCounts(counts["samples"], rungs, counts["failures"], counts["chunks"])


def _read_segment(files: Files, segment: Mapping[str, object]) -> Iterator[PlannedSample | SourceFailure]:
    """All that a segment's files hold, streamed."""
    for path in paths_of(segment, "samples"):
        with files.open(path) as source:
            for batch in pq.ParquetFile(source).iter_batches(batch_size=256):
                yield from map(_planned, batch.to_pylist())
    yield from read_failures(files, segment)
