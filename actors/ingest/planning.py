"""Planning: a source is read slice by slice on every node, and one process beside the driver appends to the plan.

The process takes the slices in the source's order, so the plan does not depend on which node reads a slice, or how
often. The driver's memory stays flat.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import ray

from actors.ingest.outline import KEPT_ROWS, Notes, PlanOutline, outline_of
from actors.ingest.reading import Read, SliceRead, SliceReader
from lensmill.agents.settings import AgentSettings
from lensmill.models.families import ModelFamily
from lensmill.resolution import Ladder
from storage.builds.exclusion import Exclusion
from storage.builds.plan import Plan
from storage.builds.segment import Row, failure_key
from storage.builds.source_state import SourceState, SourceStates, entry, held_in
from storage.builds.wanted import Wanted
from storage.files.store import Files
from storage.sources.protocol import Source, SourceError, SourceFailure, duplicate
from storage.sources.spec import SourceSettings, build_source

OverSlices = Callable[[SliceReader, Iterable[Any]], Generator[SliceRead]]
"""Runs a reader over slices and gives the results in the order of the slices, like `actors.cluster.tasks.in_order`."""


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """The settings of a planner. `family` is that of the agent's model, if the agent has one. `exclusion` has the names
    to take down. A `trial` does not record what the source holds."""

    files: Files
    fingerprint: str
    source: SourceSettings
    agent: AgentSettings
    family: ModelFamily | None
    ladder: Ladder
    chunk_size: int | None
    limit: int | None
    exclusion: Exclusion = field(default_factory=Exclusion)
    trial: bool = False


class Planner:
    """Reads a source once and appends the new episodes to the plan.

    Args:
        over_slices: how slices are read; by default one after the other, in this process. A source of one slice is
            always read in this process.
    """

    def __init__(self, settings: PlanSettings, over_slices: OverSlices | None = None) -> None:
        self._settings = settings
        self._over_slices = over_slices
        self._plan = Plan(settings.files, settings.fingerprint)
        self._wanted = Wanted()
        self._failed: set[str] = set()
        self._asked: set[str] = set()
        self._pictures: set[bytes] = set()
        self._at = ""
        self._unplanned: set[str] = set()
        self._beyond: set[tuple[str, int]] = set()
        self._entries = bytearray()
        self._unreadable = 0
        self._whole = False
        self._notes = Notes()

    def plan(self) -> None:
        """Plan what the plan lacks, and record what the source holds (a trial does not record).

        Raises:
            SourceError: the source as a whole cannot be read.
            StoreError: the store cannot be read or written.
        """
        settings, source = self._settings, self._source()
        seeds = tuple(sorted(settings.agent.seeds))
        self._wanted = Wanted(tuple(sorted({*settings.ladder.rungs})), seeds, source.splits, source.subsets)
        reader = SliceReader(
            settings.files,
            settings.fingerprint,
            source,
            settings.agent,
            settings.family,
            settings.ladder,
            seeds,
            self._plan.planned(),
            settings.limit,
        )
        with closing(self._items(reader)) as items:
            self._plan.append(items, settings.chunk_size, settings.limit)
        state = self._source_state()
        if state.held and not settings.trial:  # a source without samples is an error, no withdrawal
            SourceStates(settings.files, settings.fingerprint).record(state)

    def _source_state(self) -> SourceState:
        return SourceState(
            held_in(self._entries),
            bytes(self._entries),
            frozenset(self._failed),
            self._unreadable,
            self._whole,
            self._settings.source.withdrawn == "keep",
            wanted=self._wanted,
            beyond=frozenset(self._beyond),
        )

    def _source(self) -> Source:
        return build_source(self._settings.source)

    def progress(self) -> tuple[int, int, int, str]:
        """Samples, unreadable rows and pictures so far, and the row that was read last."""
        return (len(self._asked), self._unreadable, len(self._pictures), self._at)

    def outline(self, measure: bool) -> PlanOutline:
        """The outline of this run, once `plan` is done. `measure` also counts image tokens and bytes, which takes
        long."""
        settings = self._settings
        ladder = settings.ladder if measure else None
        return outline_of(self._plan, settings.files, self._source_state(), settings.exclusion, self._notes, ladder)

    def _items(self, reader: SliceReader) -> Generator[Row | SourceFailure | str]:
        """The content of the source for the plan: rows with new episodes, only the ids of other samples, and the
        failures that this run reports."""
        with closing(self._reads(reader)) as reads:
            for read in reads:
                if isinstance(read, SourceFailure):
                    self._unreadable += read.error_class not in KEPT_ROWS
                    yield self._failure(read)
                    continue
                self._at = read.origin
                self._pictures.add(bytes.fromhex(read.image_id[:32]))
                if read.sample_id in self._asked:
                    if read.sample_id not in self._unplanned:
                        self._entries += entry(read.sample_id, read.origin)
                    yield self._failure(duplicate(read.origin))
                    continue
                self._asked.add(read.sample_id)
                for problem in read.problems:
                    yield self._failure(problem)
                if not read.planned:
                    self._unplanned.add(read.sample_id)
                    self._unreadable += 1
                    continue
                self._entries += entry(read.sample_id, read.origin)
                self._beyond.update((read.sample_id, rung) for rung in read.beyond)
                if read.changed:
                    self._notes.changed += 1
                    self._notes.first_changed = self._notes.first_changed or read.origin
                yield read.sample_id if read.row is None else read.row
        self._whole = True

    def _failure(self, failure: SourceFailure) -> SourceFailure:
        self._at = failure.origin
        self._failed.add(failure_key(failure))
        return failure

    def _reads(self, reader: SliceReader) -> Generator[Read]:
        """Every row of the source, in the source's order."""
        listed = _listed(reader.source)
        first = list(islice(listed, 2))
        slices = chain(first, listed)
        if self._over_slices is None or len(first) < 2:
            for part in slices:
                yield from reader.read(part)
            return
        limit = self._settings.limit
        batches: Iterable[Iterable[Any]] = [slices]
        if limit is not None:
            batches = iter(lambda: _enough(slices, limit - len(self._asked) + len(self._unplanned)), [])
        for some in batches:
            with closing(self._over_slices(reader, some)) as results:
                for found in results:
                    if found.absent is not None:
                        self._notes.absent += 1
                        yield from reader.read(found.absent)
                    yield from found.reads
                    if found.error is not None:
                        raise found.error


def _listed(source: Source) -> Iterator[Any]:
    """The slices of a source. If the listing fails, the error takes the place of the next slice, so the error ends the
    reading only if the reading comes that far."""
    try:
        yield from source.slices()
    except SourceError as error:
        yield error


def _enough(slices: Iterator[Any], samples: int) -> list[Any]:
    """The next slices, with up to this many samples, so that a run with a limit reads no more. Empty if there are no
    more slices."""
    found, rows = list[Any](), 0
    while rows < max(1, samples) and (part := next(slices, None)) is not None:
        found.append(part)
        rows += samples if isinstance(part, SourceError) or part.rows is None else part.rows
    return found


RemotePlanner = ray.remote(num_cpus=0, max_concurrency=2)(Planner)
"""The planner as a Ray actor; its second thread answers `progress` while the first plans."""
