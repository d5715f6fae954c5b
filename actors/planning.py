"""Planning beside the driver: reading a source decodes pictures, and the driver's memory stays flat."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import ray

from lensmill.agents.settings import AgentSettings
from lensmill.resolution import Ladder, image_tokens
from storage.files import Files
from storage.images import ImageStore
from storage.plan import Plan, PlannedSample, plan_sample
from storage.sources.protocol import Source, SourceFailure
from storage.sources.settings import SourceSettings, build_source

SEEDS = (0,)


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """What a planner needs to know."""

    out: str
    fingerprint: str
    source: SourceSettings
    agent: AgentSettings
    ladder: Ladder
    chunk_size: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class PlanOutline:
    """What of a plan this run is about: the chunks that hold the samples it asked for, and their numbers.

    Attributes:
        chunk_ids: in the plan's order. An earlier run that asked for more has planned others, which are left alone.
        planned_chunks: of the whole plan.
        failures: rows of the source that could not be read, by error class.
        first_failure: origin and message of the first of them.
        episodes: rung -> episodes.
        tokens: rung -> image tokens of their views.
        originals_size: bytes of the pictures' files.
    """

    chunk_ids: tuple[str, ...]
    planned_chunks: int
    samples: int
    failures: dict[str, int]
    first_failure: str
    episodes: dict[int, int]
    tokens: dict[int, int]
    originals_size: int


class Planner:
    """Reads a source once and appends to the plan what is new."""

    def __init__(self, settings: PlanSettings) -> None:
        self._settings = settings
        self._failures = 0
        self._asked: set[str] = set()

    def plan(self) -> None:
        """Plan what the source has and the plan has not.

        Raises:
            SourceError: the source as a whole cannot be read.
            StoreError: the store cannot be written.
        """
        settings = self._settings
        files = Files(settings.out)
        plan = Plan(files, settings.fingerprint)
        items = self._items(build_source(settings.source), ImageStore(files))
        plan.append(items, settings.chunk_size, settings.limit)

    def progress(self) -> tuple[int, int]:
        """Samples and unreadable rows so far."""
        return (len(self._asked), self._failures)

    def outline(self) -> PlanOutline:
        """What this run is about, once `plan` is done; reads the plan chunk by chunk."""
        files = Files(self._settings.out)
        plan, images = Plan(files, self._settings.fingerprint), ImageStore(files)
        chunk_ids = plan.chunks_of(self._asked)
        episodes, tokens = Counter[int](), Counter[int]()
        samples = size = 0
        measured = ""
        for chunk_id in chunk_ids:
            chunk = plan.read_chunk(chunk_id)
            samples += len(chunk.samples)
            for sample in chunk.samples.values():
                if sample.image_id != measured:  # rows of one picture come one after the other
                    measured = sample.image_id
                    size += images.size(measured)
            for episode in chunk.episodes:
                sample = chunk.samples[episode.sample_id]
                frame = self._settings.ladder.frame((sample.width, sample.height), episode.rung)
                episodes[episode.rung] += 1
                tokens[episode.rung] += image_tokens(frame.width, frame.height, self._settings.ladder.factor)
        failures, first = Counter[str](), ""
        for failure in plan.failures():
            failures[failure.error_class] += 1
            first = first or f"{failure.origin}: {failure.message}"
        return PlanOutline(
            chunk_ids,
            plan.counts().chunks,
            samples,
            dict(failures),
            first,
            dict(sorted(episodes.items())),
            dict(tokens),
            size,
        )

    def _items(self, source: Source, images: ImageStore) -> Iterator[PlannedSample | SourceFailure]:
        settings, stored = self._settings, ""
        for item in source.read():
            if isinstance(item, SourceFailure):
                self._failures += 1
                yield item
                continue
            sample = item.sample
            self._asked.add(sample.sample_id)
            if sample.image_id != stored:  # rows of one picture come one after the other
                images.put(sample.image_id, item.image)
                stored = sample.image_id
            rungs = settings.ladder.rungs_for((sample.width, sample.height))
            yield plan_sample(settings.fingerprint, sample, rungs, [settings.agent.name], SEEDS)


RemotePlanner = ray.remote(num_cpus=0, max_concurrency=2)(Planner)
"""The planner as a Ray actor; its second thread answers `progress` while the first plans."""
