"""Planning beside the driver: reading a source decodes pictures, and the driver's memory stays flat."""

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
    """A plan in numbers: rung -> episodes, and rung -> image tokens of their views."""

    samples: int
    failures: int
    episodes: dict[int, int]
    tokens: dict[int, int]


class Planner:
    """Reads a source once and appends to the plan what is new."""

    def __init__(self, settings: PlanSettings) -> None:
        self._settings = settings
        self._samples = 0
        self._failures = 0

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
        return (self._samples, self._failures)

    def outline(self) -> PlanOutline:
        """What is planned, in numbers; reads the plan chunk by chunk."""
        plan = Plan(Files(self._settings.out), self._settings.fingerprint)
        counts = plan.counts()
        tokens = dict.fromkeys(counts.episodes, 0)
        for chunk_id in plan.chunk_ids():
            chunk = plan.read_chunk(chunk_id)
            for episode in chunk.episodes:
                sample = chunk.samples[episode.sample_id]
                frame = self._settings.ladder.frame((sample.width, sample.height), episode.rung)
                tokens[episode.rung] += image_tokens(frame.width, frame.height, self._settings.ladder.factor)
        return PlanOutline(counts.samples, counts.failures, dict(counts.episodes), tokens)

    def _items(self, source: Source, images: ImageStore) -> Iterator[PlannedSample | SourceFailure]:
        settings, stored = self._settings, ""
        for item in source.read():
            if isinstance(item, SourceFailure):
                self._failures += 1
                yield item
                continue
            self._samples += 1
            sample = item.sample
            if sample.image_id != stored:  # rows of one picture come one after the other
                images.put(sample.image_id, item.image)
                stored = sample.image_id
            rungs = settings.ladder.rungs_for((sample.width, sample.height))
            yield plan_sample(settings.fingerprint, sample, rungs, [settings.agent.name], SEEDS)


RemotePlanner = ray.remote(num_cpus=0, max_concurrency=2)(Planner)
"""The planner as a Ray actor; its second thread answers `progress` while the first plans."""
