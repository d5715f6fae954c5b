"""Verifies some chunks of a build: plan, commits and verdicts, and the pictures of episodes, drawn again."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lensmill.replay import ReplaySettings, stored_pictures
from storage.builds.episodes import EpisodeRow, EpisodeStore, in_plan_order
from storage.builds.images import ImageStore
from storage.builds.plan import Chunk, Plan
from storage.builds.scope import Scope
from storage.builds.verdicts import VerdictStore
from storage.checks.finding import MALFORMED, Report
from storage.checks.ids import packed
from storage.checks.images import Need
from storage.checks.replays import ReplayChoice, Replays
from storage.files.store import Files, StoreError, StoreUnavailable


@dataclass(frozen=True, slots=True)
class ChunkItem:
    """One chunk of a build.

    Attributes:
        layers: over its commit; None if the chunk is not committed.
        judged: layers over its verdicts, by judge.
        replays: trajectories to draw again, at most; None draws all.
    """

    chunk_id: str
    layers: int | None = None
    judged: Mapping[str, int] = field(default_factory=dict)
    replays: int | None = 0


@dataclass(slots=True)
class ChunkReport(Report):
    """The content of some chunks.

    Attributes:
        ids: of the planned episodes, packed.
        samples, rungs: planned samples, and planned episodes by rung.
        needs: pictures that samples and episodes need.
    """

    ids: bytearray = field(default_factory=bytearray)
    samples: int = 0
    rungs: Counter[int] = field(default_factory=Counter)
    needs: list[Need] = field(default_factory=list)

    def need(self, image_ids: Iterable[str], by: str, place: str) -> None:
        """Note pictures that something at a place needs."""
        for image_id in image_ids:
            try:
                ImageStore.path(image_id)
            except ValueError as error:
                self.add(place, f"{by}: {error}")
            else:
                self.needs.append((image_id, by))


class BuildWork:
    """What every piece of work on one build shares. A process that receives it repeatedly keeps the plan's index.

    Args:
        replay: how the build's pictures are drawn.
        token: unique to one verification.
    """

    def __init__(
        self, files: Files, fingerprint: str, replay: ReplaySettings | None, choice: ReplayChoice, token: str
    ) -> None:
        self.files, self.fingerprint, self.replay, self.choice = files, fingerprint, replay, choice
        self._token = token
        self.folder = f"builds/{fingerprint}"
        self.plan = Plan(files, fingerprint)
        self.episodes = EpisodeStore(files, fingerprint)

    def __reduce__(self) -> tuple[Callable[..., "BuildWork"], tuple[Any, ...]]:
        return _unpickled, (self.files, self.fingerprint, self.replay, self.choice, self._token)


_held: dict[str, BuildWork] = {}


def _unpickled(files: Files, fingerprint: str, *rest: Any) -> BuildWork:
    key = f"{rest[-1]} {fingerprint}"
    if key not in _held:
        _held.clear()
        _held[key] = BuildWork(files, fingerprint, *rest)
    return _held[key]


def check_chunks(work: BuildWork, items: Sequence[ChunkItem]) -> ChunkReport:
    """Verify some chunks.

    Raises:
        StoreUnavailable: the store does not answer.
        NoBoundary: see `Replays.replay`.
    """
    report = ChunkReport()
    with Replays(work.replay, ImageStore(work.files).get, work.choice.unsafe, report) as replays:
        for item in items:
            try:
                chunk = work.plan.read_chunk(item.chunk_id)
            except StoreUnavailable:
                raise
            except StoreError as error:
                report.add(f"{work.folder}/plan", str(error))
                continue
            report.samples += len(chunk.samples)
            report.rungs.update(planned.rung for planned in chunk.episodes)
            report.ids += b"".join(packed(planned.episode_id) for planned in chunk.episodes)
            report.rows += len(chunk.episodes)
            for sample in chunk.samples.values():
                given = sorted(stored_pictures(sample.recorded)) if sample.recorded else []
                report.need([sample.image_id, *given], f"sample {sample.sample_id}", f"{work.folder}/plan")
            if item.layers is not None:
                _Commit(work, chunk, item, item.layers, report, replays).check()
    return report


def check_handed_back(work: BuildWork, chunk_ids: Sequence[str]) -> ChunkReport:
    """Check handed-back rows of chunks. Nothing else names the pictures that are stored for them."""
    report = ChunkReport()
    for chunk_id in chunk_ids:
        place = f"{work.folder}/episodes/open/{chunk_id}"
        try:
            for row in work.episodes.handed_back(chunk_id):
                report.need(_stored_of(row), f"episode {row.planned.episode_id}, which was handed back,", place)
        except StoreUnavailable:
            raise
        except MALFORMED as error:
            report.add(place, str(error))
    return report


def planned_ids(work: BuildWork, scope: Scope, chunk_ids: Sequence[str]) -> ChunkReport:
    """The episodes of these chunks that are in this scope."""
    report = ChunkReport()
    for chunk_id in chunk_ids:
        try:
            chunk = work.plan.read_chunk(chunk_id)
        except StoreUnavailable:
            raise
        except StoreError as error:
            report.add(f"{work.folder}/plan", str(error))
            continue
        held = (e for e in chunk.episodes if scope.holds(e, chunk.samples[e.sample_id].image_id))
        report.ids += b"".join(packed(planned.episode_id) for planned in held)
    return report


def _stored_of(row: EpisodeRow) -> list[str]:
    return sorted(stored_pictures(row.trajectory)) if row.trajectory else []


@dataclass(slots=True)
class _Commit:
    """One committed chunk."""

    work: BuildWork
    chunk: Chunk
    item: ChunkItem
    layers: int
    report: ChunkReport
    replays: Replays

    def check(self) -> None:
        chunk, report, chunk_id = self.chunk, self.report, self.chunk.chunk_id
        place = f"{self.work.folder}/episodes/commits/{chunk_id}.json"
        try:
            rows = self.work.episodes.rows(chunk_id, self.layers)
            ordered = in_plan_order(chunk, rows)
            ((_, said),) = self.work.episodes.failed({chunk_id: self.layers})
        except StoreUnavailable:
            raise
        except MALFORMED as error:
            report.add(place, str(error))
            return
        for number, (row, planned) in enumerate(zip(ordered, chunk.episodes, strict=True)):
            if row.planned != planned:
                report.add(place, f"it is {row.planned}, planned is {planned}", number, "episode_id")
        failed = Counter(row.failure.error_class for row in rows if row.failure is not None)
        if +said != failed:
            report.add(place, f"it counts {dict(+said)} failed, its rows are {dict(failed)}", field="failed")
        done = [(number, row) for number, row in enumerate(ordered) if row.trajectory is not None]
        for _, row in done:
            report.need(_stored_of(row), f"episode {row.planned.episode_id}", place)
        for judge, over in sorted(self.item.judged.items()):
            self._verdicts(judge, over)
        for number, row in self._chosen(done):
            assert row.trajectory is not None
            sample = chunk.samples[row.planned.sample_id]
            self.replays.replay(place, number, sample.image_id, row.planned.rung, sample.regions, row.trajectory)

    def _chosen(self, done: Sequence[tuple[int, EpisodeRow]]) -> Sequence[tuple[int, EpisodeRow]]:
        """The finished episodes to draw again; the choice follows from seed and chunk alone."""
        count = self.item.replays
        if count is None or count >= len(done):
            return done
        chosen = random.Random(f"{self.work.choice.seed} {self.chunk.chunk_id}").sample(range(len(done)), count)
        return [done[index] for index in sorted(chosen)]

    def _verdicts(self, judge: str, over: int) -> None:
        work, report, chunk_id = self.work, self.report, self.chunk.chunk_id
        place = f"{work.folder}/verdicts/{judge}/commits/{chunk_id}.json"
        store = VerdictStore(work.files, work.fingerprint, judge)
        try:
            verdicts = store.rows(chunk_id, over)
            ((_, said),) = store.failed({chunk_id: over})
            seen = store.judged_layers(chunk_id, over)
            if seen > self.layers:
                raise ValueError(f"it is of {seen} layers of episodes, and there are {self.layers}")
            rows = work.episodes.rows(chunk_id, seen)
        except StoreUnavailable:
            raise
        except MALFORMED as error:
            report.add(place, str(error))
            return
        failed = Counter(row.verdict.rule for row in verdicts if row.failed)
        if +said != failed:
            report.add(place, f"it counts {dict(+said)} judge_errors, its rows are {dict(failed)}", field="failed")
        given = {row.episode_id for row in verdicts}
        done = {row.planned.episode_id for row in rows if row.trajectory is not None}
        for episode_id in sorted(done - given):
            report.add(place, f"finished episode {episode_id} has no verdict", field="episode_id")
        for episode_id in sorted(given - done):
            what = f"episode {episode_id} has a verdict and no trajectory in this chunk"
            report.add(place, what, field="episode_id")
