"""Judges committed chunks: in the worker that made the chunk, or later in workers that only judge."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import ray

from actors.cluster.connection import this_node
from actors.rollouts.worker_metrics import NOT_WATCHED, Watch, WatchSettings, watched
from lensmill.judging.judge import Judge, JudgeSettings, build_judge
from lensmill.models.building import build_model
from lensmill.models.chat import STOPPING
from lensmill.models.meter import NO_CAPS, Caps, Meter
from lensmill.models.routing import RoutedModel
from lensmill.models.settings import ModelSettings
from lensmill.redaction import redact
from lensmill.sample import Sample
from lensmill.verdict import Verdict
from monitoring.requests import meter_series
from storage.builds.episodes import EpisodeRow, EpisodeStore, in_plan_order
from storage.builds.plan import Plan
from storage.builds.schema import clean
from storage.builds.verdicts import VerdictRow, VerdictStore
from storage.files.store import Files

VERDICT_TIMEOUT_S = 600.0
"""Maximum seconds for a verdict. Rules take microseconds and a model seconds."""

_NONE_KNOWN: Mapping[str, Verdict] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ChunkReport:
    """The result of a chunk in a worker.

    Attributes:
        state: `committed`: by this worker. `found`: another run had committed the chunk, and nothing was left to do.
            `overtaken`: another run committed the chunk meanwhile. `handed_back`: the worker was stopped, or had to
            stop. `late`: an episode took too long; the chunk must run again carefully, and the time counts against
            the episode only if it ran alone. `suspect`: an episode may have killed engines; the chunk must run again
            carefully, without another such chunk beside it.
        why: the reason for handing back.
        ending: the class of the model's error, if a model's error was the reason.
    """

    chunk_id: str
    state: Literal["committed", "found", "overtaken", "handed_back", "late", "suspect"]
    why: str = ""
    ending: str = ""


class ChunkJudge:
    """One judge at work on one build's chunks. Rollouts are not touched.

    Args:
        slots: bounds the verdicts that are awaited at the same time.
    """

    timeout_s = VERDICT_TIMEOUT_S

    def __init__(
        self, files: Files, fingerprint: str, judge_fingerprint: str, judge: Judge, slots: asyncio.Semaphore
    ) -> None:
        self._plan = Plan(files, fingerprint)
        self._episodes = EpisodeStore(files, fingerprint)
        self._verdicts = VerdictStore(files, fingerprint, judge_fingerprint)
        self._judge = judge
        self._slots = slots
        self.counts: Counter[str] = Counter()

    async def verdict(self, row: EpisodeRow, sample: Sample) -> Verdict:
        """The judge's verdict on a done episode. A judge that fails gives `judge_error`: the episode is neither lost
        nor wrong."""
        assert row.trajectory is not None
        answer = row.trajectory.answer
        if answer is not None:
            answer = clean(answer)  # as the store has it, so that later judging gives the same verdict
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._judge.judge(
                    sample.question, sample.answers, sample.choices, answer, row.planned.episode_id
                )
        except TimeoutError:
            return Verdict("judge_error", "timeout", None, f"no verdict came within {self.timeout_s:.0f} s")
        except Exception as error:
            return Verdict("judge_error", type(error).__name__, None, redact(str(error))[:500])

    async def judge_chunk(
        self, chunk_id: str, known: Mapping[str, Verdict] = _NONE_KNOWN, committed: Sequence[EpisodeRow] = ()
    ) -> ChunkReport:
        """Judge a committed chunk. If the chunk is judged already, judge only its judge_errors and the episodes that
        were not done then.

        If the judge's engine cannot be reached, nothing is committed, and another run judges these answers.

        Args:
            known: verdicts by episode id, given when the episodes ended, for committed rows.
            committed: the chunk's rows, if the caller has just committed them; None reads them.

        Raises:
            StoreError: the store cannot be read or written.
        """
        opened = await asyncio.to_thread(self._open, chunk_id, committed)
        if opened is None:
            self.counts["chunks"] += 1
            return ChunkReport(chunk_id, "found")
        open_rows, samples, layers, again = opened

        async def judged(row: EpisodeRow) -> VerdictRow:
            async with self._slots:
                verdict = known.get(row.planned.episode_id) or await self.verdict(row, samples[row.planned.sample_id])
            self.counts[verdict.outcome] += 1
            return VerdictRow(row.planned.episode_id, verdict)

        verdicts = await asyncio.gather(*map(judged, open_rows))
        for row in verdicts:
            if row.failed and row.verdict.rule in STOPPING:
                return ChunkReport(chunk_id, "handed_back", f"judge: {row.verdict.reason}", row.verdict.rule)
        kept = not again and await asyncio.to_thread(self._verdicts.commit, chunk_id, verdicts, layers)
        if not kept:  # another run may have judged the chunk meanwhile, with fewer episodes
            await asyncio.to_thread(self._verdicts.retry, chunk_id, verdicts, layers)
        self.counts["chunks"] += 1
        return ChunkReport(chunk_id, "committed")

    def _open(
        self, chunk_id: str, committed: Sequence[EpisodeRow]
    ) -> tuple[list[EpisodeRow], Mapping[str, Sample], int, bool] | None:
        """The episodes that need a verdict, the chunk's samples, the number of layers of these episodes, and whether
        the chunk was judged before; None if no episode needs a verdict."""
        layers = self._episodes.layers(chunk_id)
        again = self._verdicts.is_committed(chunk_id)
        settled: set[str] = set()
        if again:
            number = self._verdicts.layers(chunk_id)
            verdicts = self._verdicts.rows(chunk_id, number)
            if self._verdicts.judged_layers(chunk_id, number) >= layers and not any(row.failed for row in verdicts):
                return None
            settled = {row.episode_id for row in verdicts if not row.failed}
        chunk = self._plan.read_chunk(chunk_id)
        fresh = bool(committed) and layers == 0
        rows = in_plan_order(chunk, committed) if fresh else self._episodes.rows(chunk_id, layers)
        wanted = [row for row in rows if row.outcome == "done" and row.planned.episode_id not in settled]
        return wanted, chunk.samples, layers, again


@dataclass(frozen=True, slots=True)
class JudgingSettings:
    """The settings of a judge worker. `model`: the judge's, if the judge asks one. `in_flight`: verdicts that one
    worker awaits at the same time. `caps`: spending limits of the whole job."""

    files: Files
    fingerprint: str
    judge_fingerprint: str
    judge: JudgeSettings
    model: ModelSettings | None
    in_flight: int
    watching: WatchSettings = NOT_WATCHED
    caps: Caps = NO_CAPS

    def moved(self, moves: Mapping[str, str]) -> "JudgingSettings":
        """The settings after engines have moved: base URL -> new base URL."""
        return replace(self, model=self.model and self.model.moved(moves))


class JudgeWorker:
    """A worker that judges committed chunks, for `actors.rollouts.pool`; constructed with JudgingSettings."""

    def __init__(self, settings: JudgingSettings) -> None:
        self.watch = Watch(settings.watching, settings.fingerprint, settings.files)
        self._built: dict[str, RoutedModel] = {}
        self._meter = Meter(settings.caps)
        self._chunks = ChunkJudge(
            settings.files,
            settings.fingerprint,
            settings.judge_fingerprint,
            self.judge(settings),
            asyncio.Semaphore(settings.in_flight),
        )

    def judge(self, settings: JudgingSettings) -> Judge:
        """Build the judge that these settings describe."""
        self._built = {"judge": build_model(settings.model, self._meter)} if settings.model else {}
        return build_judge(settings.judge, self.watch.models(self._built).get("judge"))

    async def engines_moved(self, moves: Mapping[str, str]) -> None:
        """Use new addresses of engines: base URL -> new base URL."""
        for model in self._built.values():
            model.moved(moves)

    async def ready(self) -> str:
        """The worker's node; see `actors.cluster.connection.this_node`."""
        return this_node()

    async def counts(self) -> Mapping[str, float]:
        """Verdicts of this worker so far, by outcome, number of chunks, and the series of its metrics."""
        return {**self._chunks.counts, **self.watch.report(self._chunks.counts), **meter_series(self._meter)}

    async def halt_calls(self) -> None:
        """Send no further request to the model: a spending cap is reached."""
        self._meter.close()

    async def stop(self, within_s: float | None = None) -> None:
        """Do nothing: running chunks are small and finish, and the pool hands out no more."""

    @watched
    async def judge_chunk(self, chunk_id: str) -> ChunkReport:
        """See `ChunkJudge.judge_chunk`."""
        return await self._chunks.judge_chunk(chunk_id)


RemoteJudgeWorker = ray.remote(num_cpus=1, max_restarts=0)(JudgeWorker)
"""The worker as an async Ray actor. The pool replaces a dead worker, and knows the worker's chunks."""
