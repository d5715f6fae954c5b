"""Rollout workers: plain async Ray actors that keep a fixed number of episodes in flight, with no barrier.

A worker takes chunks. Episodes of different chunks share its slots, so a slow episode delays only its own chunk's
commit. All state is in the store, never in the actor, which may die at any moment.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from time import monotonic
from typing import Literal

import ray

from actors.cluster.connection import this_node
from actors.rollouts.failures import failure_of
from actors.rollouts.given import GivenTrajectories
from actors.rollouts.judging import ChunkJudge, ChunkReport
from actors.rollouts.pictures import Pictures
from actors.rollouts.runtime import Runtime
from actors.rollouts.work import Attempt, EpisodeCost, Mode, Probed, Threads, Work
from actors.rollouts.worker_metrics import NOT_WATCHED, Watch, WatchSettings, watched
from lensmill.agents.protocol import Rollout
from lensmill.agents.settings import AgentSettings
from lensmill.agents.spec import AGENT
from lensmill.curation.correct import rejection
from lensmill.judging.judge import JudgeSettings
from lensmill.models.chat import STOPPING, ModelError
from lensmill.models.meter import NO_CAPS, Caps
from lensmill.models.settings import ModelSettings
from lensmill.replay import stored_pictures
from lensmill.resolution import Ladder
from lensmill.sample import Sample
from lensmill.sandbox.settings import SandboxSettings
from lensmill.verdict import Verdict
from monitoring import logs
from monitoring.requests import meter_series
from storage.builds.episodes import EpisodeRow, EpisodeStore, Failure
from storage.builds.images import ImageStore
from storage.builds.plan import Plan, PlannedEpisode
from storage.files.store import Files, StoreError

EPISODE_TIMEOUT_S = 600.0
"""Maximum seconds of an episode without a model. Such an episode takes seconds; a longer one hangs."""

MODEL_TIMEOUT_S = 7200.0
"""Maximum seconds of an episode that asks models: each call has its own limit, and a busy engine has a long queue."""

GRACE_S = 30.0
"""Seconds that a thread may run after the end of its episode's time before it counts as hanging."""

DEADLY = 2
"""Deaths of workers, with an episode running alone, that blame the episode."""

_AFTER_DEATH = "look at the picture's size and the worker's memory limit, then run again with retry=worker_died"

KEPT_AFTER_S = 15.0
"""Seconds between savings of a long chunk's finished rows, so that a death costs little more than that."""

AHEAD = 8
"""Slots for one additional episode that waits with its pictures drawn, so that no slot waits for pictures."""


@dataclass(frozen=True, slots=True)
class RolloutSettings:
    """The settings of a rollout worker.

    Attributes:
        models: by role: "agent", "judge", and the roles of `search`. Empty if neither agent nor judge has a model.
        in_flight: episodes that run at the same time.
        run: the id of this run of the job.
        retry: error classes of the failed episodes that this run tries again.
        watching: the monitoring of workers besides their counts.
        caps: spending limits of the whole job; no single worker exceeds them.
    """

    files: Files
    fingerprint: str
    judge_fingerprint: str
    agent: AgentSettings
    ladder: Ladder
    judge: JudgeSettings
    models: Mapping[str, ModelSettings]
    sandbox: SandboxSettings
    in_flight: int
    run: str
    retry: frozenset[str] = frozenset()
    watching: WatchSettings = NOT_WATCHED
    caps: Caps = NO_CAPS

    def moved(self, moves: Mapping[str, str]) -> "RolloutSettings":
        """The settings after engines have moved: base URL -> new base URL."""
        return replace(self, models={role: model.moved(moves) for role, model in self.models.items()})


@dataclass(frozen=True, slots=True)
class Retry:
    """The failed episodes of a committed chunk that a run tries again: their number, and the number of layers over the
    chunk."""

    layers: int
    episodes: int


class RolloutWorker:
    """A rollout worker (see the module); constructed with RolloutSettings."""

    grace_s = GRACE_S

    def __init__(self, settings: RolloutSettings) -> None:
        self._settings = settings
        self.timeout_s = MODEL_TIMEOUT_S if AGENT in settings.models else EPISODE_TIMEOUT_S
        files = settings.files
        self.watch = Watch(settings.watching, settings.fingerprint, files, settings.ladder.rungs)
        self._images = ImageStore(files)
        self._pictures = Pictures(self._images, settings.ladder)
        self._plan = Plan(files, settings.fingerprint)
        self._episodes = EpisodeStore(files, settings.fingerprint)
        self._runtime = Runtime(
            settings.agent,
            settings.judge,
            settings.models,
            settings.sandbox,
            settings.ladder,
            self.watch,
            settings.caps,
        )
        given = settings.agent.given
        self._given = GivenTrajectories(files, given) if given is not None else None
        self._agent = self._runtime.agent
        self._slots = asyncio.Semaphore(settings.in_flight)
        self._judging = asyncio.Semaphore(settings.in_flight)
        self._places = asyncio.Semaphore(settings.in_flight + max(1, settings.in_flight // AHEAD))
        self._judge = ChunkJudge(
            files, settings.fingerprint, settings.judge_fingerprint, self._runtime.judge, self._judging
        )
        self._stopping = False
        self._leave_at: float | None = None
        self._outage: tuple[str, str] | None = None
        self._counts: Counter[str] = Counter()
        self._threads = Threads()
        self._unfinished: dict[str, Work] = {}

    async def ready(self) -> str:
        """The worker's node; see `actors.cluster.connection.this_node`."""
        asyncio.get_running_loop().set_default_executor(self._threads)
        return this_node()

    async def engines_moved(self, moves: Mapping[str, str]) -> None:  # base URL -> the new one
        """Use new addresses of engines.

        Args:
            moves: old base URL -> new base URL.
        """
        self._runtime.engines_moved(moves)

    async def close(self) -> None:
        """Close models and sandbox. A killed worker takes its sandbox with it."""
        await self._runtime.close()

    async def counts(self) -> Mapping[str, float]:
        """Finished episodes of this worker so far, by outcome, and the series of its metrics."""
        return {**self._counts, **self.watch.report(self._judge.counts), **meter_series(self._runtime.meter)}

    async def halt_calls(self) -> None:
        """Send no further request to any model: a spending cap is reached. Pending replies are awaited."""
        self._runtime.meter.close()

    async def stop(self, within_s: float | None = None) -> None:
        """Start no further episode. Running episodes finish, and their chunks are handed back.

        Args:
            within_s: seconds after which running episodes are abandoned.
        """
        self._stopping = True
        if within_s is not None:
            self._leave_at = asyncio.get_running_loop().time() + within_s
            for work in self._unfinished.values():
                if work.limit is not None:
                    work.limit.reschedule(self._leave_at)

    @watched
    async def run_chunk(self, chunk_id: str, mode: Mode = "", retry: Retry | None = None) -> ChunkReport:
        """Make every missing episode of a chunk, commit the chunk, and judge it.

        Args:
            mode: with one episode at a time, a bad episode costs no other episode.
            retry: try failed episodes of a committed chunk again, unless another run has tried them since.

        Raises:
            StoreError: the store cannot be read or written.
        """
        tried = await asyncio.to_thread(self._wanted, chunk_id, retry)
        if not tried:  # committed by another driver, or just before a death
            return await self._found(chunk_id)
        chunk = await asyncio.to_thread(self._plan.read_chunk, chunk_id)
        handed_back = await asyncio.to_thread(self._episodes.handed_back, chunk_id)
        done = {row.planned.episode_id: row for row in handed_back if row.planned.episode_id in tried}
        self._counts["earlier"] += len(done)
        work = self._unfinished[chunk_id] = Work(tried, mode=mode)
        if self._places.locked() and not mode:
            work.look = lambda: not self._wanted(chunk_id, retry)
        wanted = tried.keys() - done.keys()
        missing = [planned for planned in chunk.episodes if planned.episode_id in wanted]
        try:
            async with asyncio.timeout_at(self._leave_at) as limit:
                work.limit = limit
                if mode:
                    for planned in missing:
                        await self._alone(chunk_id, planned, chunk.samples[planned.sample_id])
                else:
                    await asyncio.gather(*(self._slot(chunk_id, p, chunk.samples[p.sample_id]) for p in missing))
        except TimeoutError:
            if not limit.expired():
                raise
        del self._unfinished[chunk_id]
        if work.made is not None and not work.made.cancelled() and work.made.result():
            self._counts["earlier"] -= len(done)
            return await self._found(chunk_id)
        if len(done) + len(work.rows) < len(tried):
            if limit.expired():  # not in a thread: the threads are busy with abandoned calls
                self._episodes.hand_back(chunk_id, work.unkept())
            else:
                await asyncio.to_thread(self._episodes.hand_back, chunk_id, work.unkept())
            if work.again and not self._stopping:
                self._counts["earlier"] -= len(done) + len(work.rows)  # the store has all of these files already
                return ChunkReport(chunk_id, work.again)
            return ChunkReport(chunk_id, "handed_back", *(self._outage or ()))
        rows = list((done | work.rows).values())
        counted = await asyncio.to_thread(self._commit, chunk_id, rows, retry)
        if done or mode or work.kept:
            await asyncio.to_thread(self._episodes.tidy, chunk_id)
        # verdicts belong to committed rows: the rows of another attempt may differ from these
        known = {episode_id: verdict for episode_id, verdict in work.verdicts.items() if episode_id in counted}
        fresh = rows if counted and retry is None else ()
        return await self._judged(chunk_id, known, "committed" if counted else "overtaken", fresh)

    async def _found(self, chunk_id: str) -> ChunkReport:
        """What remains to do for a chunk that another run has made."""
        await asyncio.to_thread(self._episodes.tidy, chunk_id)
        return await self._judged(chunk_id, {}, "found")

    async def _judged(
        self,
        chunk_id: str,
        known: Mapping[str, Verdict],
        state: Literal["committed", "found", "overtaken"],
        committed: Sequence[EpisodeRow] = (),
    ) -> ChunkReport:
        """Judge a chunk that was committed by this worker."""
        report = await self._judge.judge_chunk(chunk_id, known, committed)
        return report if report.state == "handed_back" else ChunkReport(chunk_id, state)

    def _wanted(self, chunk_id: str, retry: Retry | None) -> Mapping[str, int]:
        """The episodes of a chunk to make, each with its number of attempts; empty if another run made them."""
        if retry is not None:
            return self._episodes.to_retry(chunk_id, retry.layers, self._settings.retry)
        if self._episodes.is_committed(chunk_id):
            return {}
        return {planned.episode_id: 0 for planned in self._plan.read_chunk(chunk_id).episodes}

    def _commit(self, chunk_id: str, rows: Sequence[EpisodeRow], retry: Retry | None) -> Set[str]:
        """Commit the rows of a chunk. Return the ids of the episodes whose row here counts."""
        if retry is not None:
            return self._episodes.retry(chunk_id, rows)
        return {row.planned.episode_id for row in rows} if self._episodes.commit(chunk_id, rows) else frozenset()

    async def _alone(self, chunk_id: str, planned: PlannedEpisode, sample: Sample) -> None:
        """Run one episode alone, and keep its row at once. An episode that ended its worker twice fails."""
        marks = await asyncio.to_thread(self._episodes.marks, chunk_id, self._settings.run)
        if marks[planned.episode_id] >= DEADLY:
            failure = Failure("worker_died", f"{DEADLY} workers died of this episode", DEADLY, _AFTER_DEATH)
            await self._keep(chunk_id, EpisodeRow(planned, "failed", None, failure), sample)
        else:
            await self._slot(chunk_id, planned, sample)
        await asyncio.to_thread(self._episodes.hand_back, chunk_id, self._unfinished[chunk_id].unkept())

    @watched
    async def judge_chunk(self, chunk_id: str) -> ChunkReport:
        """Judge a committed chunk. Rollouts are not touched."""
        return await self._judge.judge_chunk(chunk_id)

    async def _slot(self, chunk_id: str, planned: PlannedEpisode, sample: Sample) -> None:
        work = self._unfinished[chunk_id]
        async with self._places:
            if self._stopping or await work.made_meanwhile():
                return
            if work.mode:
                await asyncio.to_thread(self._episodes.mark, chunk_id, planned.episode_id, self._settings.run)
            logs.episode.set(planned.episode_id)
            row = await self._episode(planned, sample)
            if row is None:
                return
            if row.failure is not None and row.failure.error_class == "timeout":
                await self._leave_if_hanging(chunk_id, row if work.mode else None)
                if not work.mode:  # the episode may have waited for the others
                    work.again = "late"
                    return
            killer = row.failure is not None and row.failure.error_class == "engine_killer"
            if killer and work.mode != "trial":
                work.again = "suspect"  # another worker's call may have been the killer
                return
        await self._keep(chunk_id, row, sample)

    async def _keep(self, chunk_id: str, row: EpisodeRow, sample: Sample) -> None:
        """Record a finished episode, then judge and count it: a slow judge endangers no row."""
        work, outcome = self._unfinished[chunk_id], "failed"
        work.take(row)
        if row.trajectory is not None:
            async with self._judging:
                verdict = work.verdicts[row.planned.episode_id] = await self._judge.verdict(row, sample)
            reason = await asyncio.to_thread(rejection, sample, row.trajectory, verdict)
            outcome = "accepted" if reason is None else "rejected"
        if unkept := work.unkept(KEPT_AFTER_S):
            await asyncio.to_thread(self._episodes.hand_back, chunk_id, unkept)
        self._counts[outcome] += 1
        self.watch.episode(row, sample, outcome)

    async def _leave_if_hanging(self, chunk_id: str, timed_out: EpisodeRow | None) -> None:
        """End this process if one of its threads hangs: a hanging thread delays every other episode."""
        if not await self._threads.hang(self.grace_s):
            return
        if timed_out is not None:
            self._unfinished[chunk_id].take(timed_out)
        for name, work in self._unfinished.items():
            self._episodes.hand_back(name, work.unkept())  # here, not in a thread: there may be none left
        os._exit(1)

    async def _episode(self, planned: PlannedEpisode, sample: Sample) -> EpisodeRow | None:
        """Run one episode. Any error becomes its row; only errors of the store are raised.

        None if every further call would fail too, e.g. if no engine can be reached: this worker then stops.
        """
        start, attempt = monotonic(), Attempt()
        try:
            rollout = await self._rollout(planned, sample, attempt)
            if rollout is None:
                return None
            kept = stored_pictures(rollout.trajectory)
            for image in rollout.images:
                if image.ref.image_id in kept:
                    await asyncio.to_thread(self._images.put, image.ref.image_id, image.data)
        except StoreError:
            raise
        except Exception as error:
            if isinstance(error, ModelError) and error.error_class in STOPPING:
                self._stopping = True
                self._outage = self._outage or (f"{error} {error.where}".strip(), error.error_class)
                return None
            failure = failure_of(error, self.timeout_s)
        else:
            seconds = monotonic() - start - attempt.waited
            return EpisodeRow(planned, "done", rollout.trajectory, None, seconds, tuple(attempt.calls))
        seconds = monotonic() - start - attempt.waited
        return EpisodeRow(planned, "failed", None, failure, seconds, tuple(attempt.calls))

    async def _rollout(self, planned: PlannedEpisode, sample: Sample, attempt: Attempt) -> Rollout | None:
        """Run the agent. None if asked to stop while waiting for a slot; the wait does not count as the episode's
        time."""
        async with asyncio.timeout(self.timeout_s):
            original = await self._pictures.original(sample.image_id)
            view = await self._pictures.view(sample.image_id, planned.rung)
            recorded = await self._pictures.recorded(sample) if self._runtime.needs_recording else None
            given = None if self._given is None else await self._given.of(planned, sample)
        waiting = monotonic()
        async with self._slots, asyncio.timeout(self.timeout_s):
            attempt.waited = monotonic() - waiting
            if self._stopping:
                return None
            environment = self._runtime.environment(planned, sample, original, view, attempt.calls, recorded)
            if given is not None:
                environment.begin_with(given)
            return await self._agent.run(environment)

    async def probe(self, chunk_id: str) -> Probed:
        """The cost of one episode of each rung in this chunk. Nothing is kept, and failed episodes are left out."""
        chunk = await asyncio.to_thread(self._plan.read_chunk, chunk_id)
        costs: dict[int, EpisodeCost] = {}
        for planned in chunk.episodes:
            if planned.rung not in costs:
                start = monotonic()
                try:
                    rollout = await self._rollout(planned, chunk.samples[planned.sample_id], Attempt())
                except StoreError:
                    raise
                except Exception as error:
                    if isinstance(error, ModelError) and error.error_class in STOPPING:
                        return Probed(tuple(costs.values()), f"{error} {error.where}".strip(), error.error_class)
                    continue
                if rollout is None:
                    break
                size = sum(len(image.data) for image in rollout.images)
                costs[planned.rung] = EpisodeCost(planned.rung, monotonic() - start, size)
        return Probed(tuple(costs.values()))


RemoteRolloutWorker = ray.remote(num_cpus=1, max_restarts=0)(RolloutWorker)
"""The worker as an async Ray actor. The pool replaces a dead worker, and knows the worker's chunks."""
