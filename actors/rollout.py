"""Rollout workers: plain async Ray actors that keep a fixed number of episodes in flight, with no barrier.

A worker takes chunks; episodes of different chunks share its slots, so a slow episode holds up nothing but its own
chunk's commit. What the worker knows is in the store, never in the actor: it may die at any moment.
"""

import asyncio
import traceback
from collections import Counter, OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import Literal

import ray

from lensmill.agents.protocol import Desk, Rollout, Task
from lensmill.agents.settings import AgentSettings, build_agent, tool_settings
from lensmill.decoding import ImageError, Original, load_original
from lensmill.judging.rules import judge_answer
from lensmill.judging.settings import JudgeSettings
from lensmill.picture import draw_view
from lensmill.resolution import Ladder
from lensmill.sample import Sample
from lensmill.verdict import Verdict
from storage.episodes import EpisodeRow, EpisodeStore, Failure
from storage.files import Files, StoreError
from storage.images import ImageStore
from storage.plan import Plan, PlannedEpisode
from storage.verdicts import VerdictRow, VerdictStore

EPISODE_TIMEOUT_S = 600.0
"""An episode of the reader takes seconds; one that takes this long hangs."""

ORIGINALS_HELD = 4
"""Decoded originals kept by a worker: rows of one picture come one after the other."""

DEADLY = 2
"""An episode during which, alone, this many workers died is to blame."""

_AFTER_DEATH = "look at the picture's size and the worker's memory limit, then build into a new out="

CPU_THREADS = 2
"""One thread reads while another encodes; more only compete, since workers scale by processes."""


@dataclass(frozen=True, slots=True)
class RolloutSettings:
    """What a worker needs to know to take part in a build."""

    out: str
    fingerprint: str
    judge_fingerprint: str
    agent: AgentSettings
    ladder: Ladder
    judge: JudgeSettings
    in_flight: int


@dataclass(frozen=True, slots=True)
class ChunkReport:
    """How a chunk ended here: `committed` (by us or, first, by another) or `handed_back` because we were stopped."""

    chunk_id: str
    state: Literal["committed", "handed_back"]


@dataclass(frozen=True, slots=True)
class EpisodeCost:
    """What one episode took: seconds of one worker, and bytes of its pictures."""

    rung: int
    seconds: float
    size: int


class RolloutWorker:
    """See the module; constructed with RolloutSettings."""

    def __init__(self, settings: RolloutSettings) -> None:
        self._settings = settings
        files = Files(settings.out)
        self._images = ImageStore(files)
        self._plan = Plan(files, settings.fingerprint)
        self._episodes = EpisodeStore(files, settings.fingerprint)
        self._verdicts = VerdictStore(files, settings.fingerprint, settings.judge_fingerprint)
        self._agent = build_agent(settings.agent)
        self._tools = tool_settings(settings.agent, settings.ladder.factor)
        self._slots = asyncio.Semaphore(settings.in_flight)
        self._stopping = False
        self._counts: Counter[str] = Counter()
        self._originals: OrderedDict[str, asyncio.Future[Original]] = OrderedDict()

    async def ready(self) -> bool:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(CPU_THREADS))
        return True

    async def counts(self) -> Mapping[str, int]:
        """Episodes that ended here so far, by outcome."""
        return dict(self._counts)

    async def stop(self) -> None:
        """Start no further episode; those in flight finish and their chunks are handed back."""
        self._stopping = True

    async def run_chunk(self, chunk_id: str, careful: bool = False) -> ChunkReport:
        """Make every episode of a chunk that is still missing, commit the chunk, and judge it.

        Args:
            careful: one episode at a time, noting in the store which one is at work. For a chunk whose worker died:
                the episode that is to blame costs itself and no other.

        Raises:
            StoreError: the store cannot be read or written.
        """
        chunk = await asyncio.to_thread(self._plan.read_chunk, chunk_id)
        done = {row.planned.episode_id: row for row in await asyncio.to_thread(self._episodes.handed_back, chunk_id)}
        missing = [planned for planned in chunk.episodes if planned.episode_id not in done]
        if careful:
            made = [await self._alone(chunk_id, planned, chunk.samples[planned.sample_id]) for planned in missing]
        else:
            made = await asyncio.gather(*(self._slot(planned, chunk.samples[planned.sample_id]) for planned in missing))
        fresh = {row.planned.episode_id: row for row in made if row is not None}
        if len(done) + len(fresh) < len(chunk.episodes):
            if not careful:
                await asyncio.to_thread(self._episodes.hand_back, chunk_id, list(fresh.values()))
            return ChunkReport(chunk_id, "handed_back")
        rows = [(done | fresh)[planned.episode_id] for planned in chunk.episodes]
        await asyncio.to_thread(self._episodes.commit, chunk_id, rows)
        await self.judge_chunk(chunk_id)
        return ChunkReport(chunk_id, "committed")

    async def _alone(self, chunk_id: str, planned: PlannedEpisode, sample: Sample) -> EpisodeRow | None:
        """One episode with no other beside it, kept as soon as it ends; one that ended its worker twice fails."""
        marks = await asyncio.to_thread(self._episodes.marks, chunk_id)
        if marks[planned.episode_id] >= DEADLY:
            failure = Failure("worker_died", f"{DEADLY} workers died of this episode", DEADLY, _AFTER_DEATH)
            row: EpisodeRow | None = EpisodeRow(planned, "failed", None, failure)
        else:
            await asyncio.to_thread(self._episodes.mark, chunk_id, planned.episode_id)
            row = await self._slot(planned, sample)
        if row is not None:
            await asyncio.to_thread(self._episodes.hand_back, chunk_id, [row])
        return row

    async def judge_chunk(self, chunk_id: str) -> None:
        """Judge a committed chunk; touches nothing of the rollouts."""
        await asyncio.to_thread(self._judge_chunk, chunk_id)

    def _judge_chunk(self, chunk_id: str) -> None:
        samples = self._plan.read_chunk(chunk_id).samples
        verdicts = [
            VerdictRow(row.planned.episode_id, self._verdict(row, samples[row.planned.sample_id]))
            for row in self._episodes.rows(chunk_id)
            if row.outcome == "done"
        ]
        self._verdicts.commit(chunk_id, verdicts)

    def _verdict(self, row: EpisodeRow, sample: Sample) -> Verdict:
        assert row.trajectory is not None
        return judge_answer(
            row.trajectory.answer,
            sample.answers,
            question=sample.question,
            choices=sample.choices,
            policy=self._settings.judge.policy,
        )

    async def _slot(self, planned: PlannedEpisode, sample: Sample) -> EpisodeRow | None:
        async with self._slots:
            if self._stopping:
                return None
            self._counts["started"] += 1
            row = await self._episode(planned, sample)
            self._counts[self._outcome(row, sample)] += 1
            return row

    def _outcome(self, row: EpisodeRow, sample: Sample) -> str:
        if row.trajectory is None:
            return "failed"
        return "accepted" if self._verdict(row, sample).outcome == "correct" else "rejected"

    async def _episode(self, planned: PlannedEpisode, sample: Sample) -> EpisodeRow:
        """One episode; whatever goes wrong in it becomes its row. Only the store's own faults go further."""
        start = monotonic()
        try:
            async with asyncio.timeout(EPISODE_TIMEOUT_S):
                rollout = await self._rollout(planned, sample)
            for image in rollout.images:
                await asyncio.to_thread(self._images.put, image.ref.image_id, image.data)
        except StoreError:
            raise
        except ImageError as error:
            failure = Failure(error.error_class, str(error), 1, "replace the picture at its source")
        except TimeoutError:
            message = f"the episode took over {EPISODE_TIMEOUT_S:.0f} s"
            failure = Failure("timeout", message, 1, "simplify or replace the picture at its source")
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            message = f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
            failure = Failure("agent_error", message[:2000], 1, "report it with this message")
        else:
            return EpisodeRow(planned, "done", rollout.trajectory, None, monotonic() - start)
        return EpisodeRow(planned, "failed", None, failure, monotonic() - start)

    async def _rollout(self, planned: PlannedEpisode, sample: Sample) -> Rollout:
        ladder = self._settings.ladder
        original = await self._original(sample.image_id)
        view = await asyncio.to_thread(draw_view, original.pixels, planned.rung, ladder.factor, ladder.upscale)
        task = Task(sample.question, planned.rung, planned.seed, sample.choices, sample.regions)
        desk = await asyncio.to_thread(Desk, task, original.pixels, view, self._tools, original.lossless)
        return await self._agent.run(desk)

    async def probe(self, chunk_id: str) -> tuple[EpisodeCost, ...]:
        """What one episode of each rung costs in this chunk; nothing is kept. Episodes that fail are left out."""
        chunk = await asyncio.to_thread(self._plan.read_chunk, chunk_id)
        costs: dict[int, EpisodeCost] = {}
        for planned in chunk.episodes:
            if planned.rung not in costs:
                start = monotonic()
                try:
                    rollout = await self._rollout(planned, chunk.samples[planned.sample_id])
                except (ImageError, ValueError, ArithmeticError, LookupError):
                    continue
                size = sum(len(image.data) for image in rollout.images)
                costs[planned.rung] = EpisodeCost(planned.rung, monotonic() - start, size)
        return tuple(costs.values())

    async def _original(self, image_id: str) -> Original:
        """The decoded original, decoded once while its episodes are near each other."""
        if image_id not in self._originals:
            self._originals[image_id] = asyncio.ensure_future(asyncio.to_thread(self._load, image_id))
            if len(self._originals) > ORIGINALS_HELD:
                self._originals.popitem(last=False)
        self._originals.move_to_end(image_id)
        return await asyncio.shield(self._originals[image_id])

    def _load(self, image_id: str) -> Original:
        return load_original(self._images.get(image_id))


RemoteRolloutWorker = ray.remote(num_cpus=1, max_restarts=0)(RolloutWorker)
"""The worker as an async Ray actor. The pool replaces one that dies, and knows which chunks it had."""
