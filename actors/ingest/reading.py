"""Reads one slice of a source: the work of one task. The result holds no picture."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lensmill.agents.errors import EpisodeError
from lensmill.agents.fitting import check_fit
from lensmill.agents.protocol import Task
from lensmill.agents.settings import AgentSettings
from lensmill.agents.spec import AGENTS
from lensmill.models.families import ModelFamily
from lensmill.resolution import Ladder
from lensmill.sample import Sample
from storage.builds.images import ImageStore
from storage.builds.plan import plan_sample, row_of
from storage.builds.planned import PlannedSamples
from storage.builds.segment import Row, about_of
from storage.files.ahead import ahead
from storage.files.store import Files, StoreError
from storage.sources.protocol import Source, SourceError, SourceFailure


@dataclass(frozen=True, slots=True)
class SampleRead:
    """A sample of a source.

    Attributes:
        origin, image_id: of the sample.
        row: the sample's unplanned episodes, for the plan; None if all are planned.
        known: whether an episode of the sample was planned before.
        problems: failures for rungs on which the sample cannot be planned.
        beyond: planned rungs that the sample would not have in a fresh build, because a lower rung shows every pixel.
        changed: whether the source's values differ from those at the first planning.
    """

    sample_id: str
    image_id: str
    origin: str
    row: Row | None
    known: bool
    problems: tuple[SourceFailure, ...] = ()
    beyond: tuple[int, ...] = ()
    changed: bool = False

    @property
    def planned(self) -> bool:
        """Whether the sample has an episode now."""
        return self.known or self.row is not None


Read = SampleRead | SourceFailure

_Found = tuple[Read | SourceError, Mapping[str, bytes]]
"""A row, or the end of the reading, and the pictures to store before the row may be planned."""

STORING = 4
"""Rows whose pictures are stored while the next ones are decoded."""

HELD = 2**24
"""Bytes of pictures above which a row's pictures are stored at once, so that few large ones are held."""


@dataclass(frozen=True, slots=True)
class SliceRead:
    """The result of a task.

    Attributes:
        reads: in the source's order.
        error: the error that ended the reading, after `reads`.
        absent: the slice, if the task's node lacks the source's files.
    """

    reads: Sequence[Read] = ()
    error: SourceError | StoreError | None = None
    absent: Any = None


@dataclass(frozen=True, slots=True)
class SliceReader:
    """Reads slices. The picture of a sample without planned episodes is stored during the reading.

    Attributes:
        family: of the agent's model, if the agent has one.
        seeds: the seeds that the run asks for.
        known: the planned samples when the reading began.
        most: maximum samples of one slice.
    """

    files: Files
    fingerprint: str
    source: Source
    agent: AgentSettings
    family: ModelFamily | None
    ladder: Ladder
    seeds: tuple[int, ...]
    known: PlannedSamples
    most: int | None = None

    def __call__(self, part: Any) -> SliceRead:
        """Read a slice on any node."""
        if isinstance(part, SourceError):
            return SliceRead(error=part)
        if not self.source.is_here():
            return SliceRead(absent=part)
        reads: list[Read] = []
        try:
            reads.extend(self.read(part))
        except (SourceError, StoreError) as error:
            return SliceRead(reads, error)
        return SliceRead(reads)

    def read(self, part: Any) -> Iterator[Read]:
        """Every row of a slice. A `SourceError` in the place of a slice is raised.

        Raises:
            SourceError: the slice cannot be read.
            StoreError: a picture cannot be stored.
        """
        if isinstance(part, SourceError):
            raise part
        for read, _ in ahead(self._store, self._reads(part), STORING):
            if isinstance(read, SourceError):
                raise read
            yield read

    def _store(self, found: _Found) -> _Found:
        """Store the pictures of a read. Stores sync each file: the next pictures are decoded in the meantime."""
        images = ImageStore(self.files)
        for image_id, data in found[1].items():
            images.put(image_id, data)
        return found[0], {}

    def _reads(self, part: Any) -> Iterator[_Found]:
        """Every row of a slice with the pictures to store, and at the end the error that ends the reading, if any."""
        stored, samples = "", 0
        try:
            for item in self.source.read(part):
                if isinstance(item, SourceFailure):
                    yield item, {}
                    continue
                if self._recorded and (failure := self._unrecorded(item.sample)) is not None:
                    yield failure, {}
                    continue
                # another agent's plan must not hold the answer of a recording
                read = self._read(item.sample if self._recorded else replace(item.sample, recorded=None))
                pictures: dict[str, bytes] = {}
                # rows of one picture are adjacent
                if not read.known and item.sample.image_id != stored:
                    pictures[item.sample.image_id] = item.image
                    stored = item.sample.image_id
                if not read.known and self._recorded:
                    pictures.update(item.given)
                found: _Found = (read, pictures)
                yield self._store(found) if sum(map(len, pictures.values())) > HELD else found
                samples += 1
                if samples == self.most:
                    return
        except SourceError as error:
            yield error, {}

    def _read(self, sample: Sample) -> SampleRead:
        planned = self.known.find(sample.sample_id)
        attempts = frozenset() if planned is None else planned[0]
        size, problems = (sample.width, sample.height), list[SourceFailure]()
        own = self.ladder.own_rung(size) if self._recorded else None
        rungs = self.ladder.rungs_for(size) if own is None else (own,)
        fitting = []
        for rung in rungs:
            if (problem := self._problem(sample, rung)) is None:
                fitting.append(rung)
            else:
                message = f"{problem}; {problem.retry}"
                problems.append(SourceFailure(sample.origin, problem.error_class, message))
        row = None
        if any((rung, seed) not in attempts for rung in fitting for seed in self.seeds):
            row = row_of(plan_sample(self.fingerprint, sample, fitting, [self.agent.name], self.seeds))
        return SampleRead(
            sample.sample_id,
            sample.image_id,
            sample.origin,
            row,
            planned is not None,
            tuple(problems),
            tuple(sorted({rung for rung, _ in attempts} & {*self.ladder.rungs} - {*rungs})),
            planned is not None and planned[1] != about_of(sample),
        )

    @property
    def _recorded(self) -> bool:
        return "recording" in AGENTS.of(self.agent).needs

    def _unrecorded(self, sample: Sample) -> SourceFailure | None:
        """The reason why the trajectory that came with a sample cannot be handed in."""
        if sample.recorded is None:
            message = f"no trajectory came with the row, and agent={self.agent.name} hands in such: leave the row out"
            return SourceFailure(sample.origin, "no_recording", message)
        if self.ladder.own_rung((sample.width, sample.height)) is None:
            size = f"{sample.width}x{sample.height}"
            message = f"no rung shows its picture at its own size, {size}: add a rung to ladder.rungs, without upscale"
            return SourceFailure(sample.origin, "no_own_rung", message)
        return None

    def _problem(self, sample: Sample, rung: int) -> EpisodeError | None:
        """The reason why the agent's model cannot take the view of a sample on a rung. Found here, the problem costs no
        call."""
        if self.family is None:  # no view is too large without a model
            return None
        frame = self.ladder.frame((sample.width, sample.height), rung)
        try:
            check_fit(self.agent, self.family, Task(sample.question, rung, 0, sample.choices, sample.regions), frame)
        except EpisodeError as error:
            return error
        return None
