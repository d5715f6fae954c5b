"""Planning beside the driver: reading a source decodes pictures, and the driver's memory stays flat."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field

import ray

from lensmill.agents.errors import EpisodeError
from lensmill.agents.fitting import check_fit
from lensmill.agents.protocol import Task
from lensmill.agents.settings import AgentSettings
from lensmill.models.families import ModelFamily
from lensmill.resolution import Ladder, image_tokens
from lensmill.sample import Sample
from storage.builds.exclusion import Exclusion
from storage.builds.images import ImageStore
from storage.builds.plan import Plan, PlannedSample, plan_sample
from storage.builds.scope import Scope, select
from storage.builds.segment import failure_key
from storage.builds.source_state import SourceState, SourceStates, entry
from storage.files.store import Files
from storage.sources.protocol import Source, SourceFailure, duplicate
from storage.sources.spec import SourceSettings, build_source

KEPT_ROWS = frozenset({"duplicate", "annotation_unreadable"})
"""Classes of failures whose row's sample is planned all the same."""


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """What a planner needs to know. `family` is that of the agent's model, if it has one; `exclusion` what was taken
    down by name; a `trial` leaves what the source was last found to hold as it is recorded."""

    files: Files
    fingerprint: str
    source: SourceSettings
    agent: AgentSettings
    family: ModelFamily | None
    ladder: Ladder
    chunk_size: int
    limit: int | None
    exclusion: Exclusion = field(default_factory=Exclusion)
    trial: bool = False


@dataclass(frozen=True, slots=True)
class PlanOutline:
    """What of a plan this run is about: the chunks that hold the samples it asked for, and their numbers.

    Attributes:
        chunk_ids: in the plan's order. An earlier run that asked for more has planned others, which are left alone.
        planned_chunks: of the whole plan.
        samples: that were asked for, with `asked` episodes; `episodes` are of whole chunks, the others in them among
            them.
        scope: which rows of these chunks are to be published.
        withdrawn: origin by id of the first samples that the source holds no more.
        unknown_origins: that are to be taken down and that no row has.
        chunk_sizes: the settings that these chunks were planned with, where they are known.
        failures: rows of the source of which something could not be planned, by error class; not of `KEPT_ROWS`.
        failure_keys: of these rows (`storage.builds.segment.failure_key`), whenever they were first met.
        first_failure: origin and message of the first of them.
        episodes: rung -> episodes.
        tokens: rung -> image tokens of their views.
        originals_size: bytes of the pictures' files; 0 where they were not to be measured.
    """

    chunk_ids: tuple[str, ...]
    planned_chunks: int
    samples: int
    asked: int
    failures: dict[str, int]
    failure_keys: frozenset[str]
    first_failure: str
    episodes: dict[int, int]
    tokens: dict[int, int]
    originals_size: int
    scope: Scope
    withdrawn: Mapping[str, str]
    unknown_origins: tuple[str, ...]
    chunk_sizes: frozenset[int]


class Planner:
    """Reads a source once and appends to the plan what is new."""

    def __init__(self, settings: PlanSettings) -> None:
        self._settings = settings
        self._plan = Plan(settings.files, settings.fingerprint)
        self._failed: set[str] = set()
        self._asked: set[str] = set()
        self._pictures: set[str] = set()
        self._at = ""
        self._unplanned: set[str] = set()
        self._entries = bytearray()
        self._unreadable = 0
        self._whole = False
        self._may_not_fit = settings.family is not None

    def plan(self) -> None:
        """Plan what the source has and the plan has not, and record what the source held; not so of a trial.

        Raises:
            SourceError: the source as a whole cannot be read.
            StoreError: the store cannot be written.
        """
        settings = self._settings
        items = self._items(self._source(), self._plan.known(), ImageStore(settings.files))
        self._plan.append(items, settings.chunk_size, settings.limit)
        state = self._source_state()
        if state.held and not settings.trial:  # where nothing is held the job ends with an error, nothing was withdrawn
            SourceStates(settings.files, settings.fingerprint).record(state)

    def _source_state(self) -> SourceState:
        held, keep = self._asked - self._unplanned if self._unplanned else self._asked, self._settings.source.withdrawn
        keys = frozenset(self._failed)
        return SourceState(held, bytes(self._entries), keys, self._unreadable, self._whole, keep == "keep")

    def _source(self) -> Source:
        return build_source(self._settings.source)

    def progress(self) -> tuple[int, int, int, str]:
        """Samples, unreadable rows and pictures so far, and the row that was read last."""
        return (len(self._asked), self._unreadable, len(self._pictures), self._at)

    def outline(self, measure: bool) -> PlanOutline:
        """What this run is about, once `plan` is done. With `measure` it reads the plan chunk by chunk, for the image
        tokens, and looks how large every original is."""
        found = select(self._plan, self._source_state(), self._settings.exclusion)
        chunk_ids = found.chunk_ids
        counts = self._plan.counts_in(chunk_ids)
        tokens, size = self._measured(chunk_ids) if measure else ({}, 0)
        failures, first = dict[str, set[str]](), ""
        for failure in self._plan.failures():
            if failure_key(failure) not in self._failed or failure.error_class in KEPT_ROWS:
                continue
            failures.setdefault(failure.error_class, set()).add(failure.origin)  # a row fails once for each rung
            first = first or f"{failure.origin}: {failure.message}"
        return PlanOutline(
            chunk_ids,
            self._plan.counts().chunks,
            found.samples,
            sum(counts.episodes.values()) - self._episodes_of(found.scope.left_out - found.scope.by_origin),
            {name: len(origins) for name, origins in failures.items()},
            frozenset(self._failed),
            first,
            dict(counts.episodes),
            tokens,
            size,
            found.scope,
            {sample_id: sample.origin for sample_id, sample in found.withdrawn.items()},
            found.unknown_origins,
            self._plan.chunk_sizes(),
        )

    def _episodes_of(self, sample_ids: Set[str]) -> int:
        """How many episodes of the plan are of these samples."""
        if not sample_ids:
            return 0
        return sum(len(row["rung"]) for row in self._plan.rows("sample_id", "rung") if row["sample_id"] in sample_ids)

    def _measured(self, chunk_ids: Iterable[str]) -> tuple[dict[int, int], int]:
        """Image tokens of the views by rung, and bytes of the originals."""
        ladder, images = self._settings.ladder, ImageStore(self._settings.files)
        tokens, size, measured = Counter[int](), 0, ""
        for chunk_id in chunk_ids:
            chunk = self._plan.read_chunk(chunk_id)
            for sample in chunk.samples.values():
                if sample.image_id != measured:  # rows of one picture come one after the other
                    measured = sample.image_id
                    size += images.size(measured)
            for episode in chunk.episodes:
                sample = chunk.samples[episode.sample_id]
                frame = ladder.frame((sample.width, sample.height), episode.rung)
                tokens[episode.rung] += image_tokens(frame.width, frame.height, ladder.factor)
        return dict(tokens), size

    def _items(
        self, source: Source, known: Set[str], images: ImageStore
    ) -> Iterator[PlannedSample | SourceFailure | str]:
        """What the source has: of samples that are planned already no more than their ids, and those failures of
        which this run has to tell."""
        settings, stored = self._settings, ""
        for item in source.read():
            if isinstance(item, SourceFailure):
                self._unreadable += item.error_class not in KEPT_ROWS
                yield self._failure(item)
                continue
            sample = item.sample
            self._at = sample.origin
            self._pictures.add(sample.image_id)
            if sample.sample_id in self._asked:
                if sample.sample_id not in self._unplanned:
                    self._entries += entry(sample.sample_id, sample.origin)
                yield self._failure(duplicate(sample))
                continue
            self._asked.add(sample.sample_id)
            there = sample.sample_id in known
            if there and not self._may_not_fit:
                self._entries += entry(sample.sample_id, sample.origin)
                yield sample.sample_id
                continue
            if not there and sample.image_id != stored:  # rows of one picture come one after the other
                images.put(sample.image_id, item.image)
                stored = sample.image_id
            rungs = []
            for rung in settings.ladder.rungs_for((sample.width, sample.height)):
                problem = self._problem(sample, rung)
                if problem is None:
                    rungs.append(rung)
                else:
                    yield self._failure(
                        SourceFailure(sample.origin, problem.error_class, f"{problem}; {problem.retry}")
                    )
            if there or rungs:
                self._entries += entry(sample.sample_id, sample.origin)
            else:
                self._unplanned.add(sample.sample_id)
                self._unreadable += 1
            if there:
                yield sample.sample_id
            elif rungs:
                yield plan_sample(settings.fingerprint, sample, rungs, [settings.agent.name], settings.agent.seeds)
        self._whole = True

    def _failure(self, failure: SourceFailure) -> SourceFailure:
        self._at = failure.origin
        self._failed.add(failure_key(failure))
        return failure

    def _problem(self, sample: Sample, rung: int) -> EpisodeError | None:
        """Why the agent's model cannot take the view of a sample on a rung; seen here, it costs no call."""
        agent, family = self._settings.agent, self._settings.family
        if family is None:  # without a model no view is too large
            return None
        frame = self._settings.ladder.frame((sample.width, sample.height), rung)
        try:
            check_fit(agent, family, Task(sample.question, rung, 0, sample.choices, sample.regions), frame)
        except EpisodeError as error:
            return error
        return None


RemotePlanner = ray.remote(num_cpus=0, max_concurrency=2)(Planner)
"""The planner as a Ray actor; its second thread answers `progress` while the first plans."""
