"""Metrics and log lines of a worker."""

import functools
import logging
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Protocol, TypeVar

from lensmill.models.chat import ChatModel
from lensmill.sample import Sample
from lensmill.tools import uses_of
from monitoring import logs, metrics
from monitoring.outages import Outages
from monitoring.recorder import Recorder, series_name
from monitoring.requests import WatchedModel
from storage.builds.episodes import EpisodeRow
from storage.files.store import Files

log = logging.getLogger("lensmill.worker")

_STORE = {
    "bytes_written": metrics.STORE_WRITTEN,
    "bytes_read": metrics.STORE_READ,
    "retries": metrics.STORE_RETRIES,
}
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """The monitoring of a worker. `metrics`: whether any exporter takes metrics. `logging`: the form of log lines; None
    for none."""

    metrics: bool = False
    logging: logs.Logging | None = None


NOT_WATCHED = WatchSettings()


class Watch:
    """The monitoring of one worker.

    Args:
        build: its fingerprint.
        files: the store, which counts what it does.
        rungs: of the build.
    """

    def __init__(self, settings: WatchSettings, build: str, files: Files, rungs: Iterable[int] = ()) -> None:
        self.build = build
        self._files = files
        self._recorder = Recorder(rungs) if settings.metrics else None
        self._ended: Counter[str] = Counter()
        self._asked: Mapping[str, ChatModel] = {}
        self.outages = Outages()
        if settings.logging is not None:
            logs.log_to(settings.logging)

    def models(self, models: Mapping[str, ChatModel], sharing: Iterable[str] = ()) -> Mapping[str, ChatModel]:
        """The models by role, each counting its requests. Roles that share the agent's model get a counter of their
        own."""
        self._asked = models
        if self._recorder is None:
            return models
        shared = {role: models["agent"] for role in sharing if role not in models}
        return {role: WatchedModel(model, role, self._recorder) for role, model in {**models, **shared}.items()}

    def episode(self, row: EpisodeRow, sample: Sample, outcome: str) -> None:
        """An episode ended as `accepted`, `rejected` or `failed`."""
        self._ended[logs.chunk.get()] += 1
        if row.failure is not None:
            with logs.about(episode=row.planned.episode_id):
                log.warning("the episode failed: %s: %s", row.failure.error_class, row.failure.message)
        if self._recorder is None:
            return
        value, planned = self._recorder.value, row.planned
        value(metrics.EPISODES, outcome, sample.source, planned.rung, planned.agent).add()
        if row.failure is not None:
            value(metrics.EPISODE_FAILURES, row.failure.error_class).add()
        if row.trajectory is None:
            return
        self._recorder.histogram(metrics.EPISODE_SECONDS, planned.agent).observe(row.seconds)
        uses = uses_of(row.trajectory)
        value(metrics.STEPS).add(uses.steps)
        value(metrics.ZOOMS).add(uses.zooms)
        value(metrics.EDITS).add(uses.edits)
        for step in row.trajectory.steps:
            if step.action is not None:
                value(metrics.TOOL_CALLS, step.action.tool).add()
                if step.observation is not None and step.observation.error:
                    value(metrics.TOOL_ERRORS, step.action.tool).add()

    def chunk(self, state: str, why: str, seconds: float) -> None:
        """Count the end of a chunk; see `ChunkReport` for the states, besides which there is "failed"."""
        chunk_id = logs.chunk.get()
        episodes = self._ended.pop(chunk_id, 0)
        level = logging.INFO if state in ("committed", "found", "overtaken") else logging.WARNING
        because = f": {why}" if why else ""
        with logs.about(episode=""):
            log.log(level, "the chunk is %s (%d episodes, %.1f s)%s", state, episodes, seconds, because)
        if self._recorder is not None:
            self._recorder.value(metrics.CHUNKS, state).add()

    def report(self, verdicts: Mapping[str, int]) -> Mapping[str, float]:
        """Every series of this worker; without an exporter, only the series that say what the worker waits for.

        Args:
            verdicts: of this worker, by outcome.
        """
        away = {role for role, model in self._asked.items() if getattr(model, "out_of_reach", False)}
        self.outages.note("judge", "judge" in away)
        self.outages.note("model", bool(away - {"judge"}))
        if self._recorder is None:
            return self.outages.series()
        found = self._recorder.report() | self.outages.series()
        outcomes = metrics.VERDICTS.labels["outcome"]
        found |= {series_name(metrics.VERDICTS, name): verdicts[name] for name in outcomes if name in verdicts}
        found |= {_STORE[name].name: count for name, count in self._files.counts.items() if name in _STORE}
        return found | {metrics.WORKERS.name: 1, metrics.WORKER_MEMORY.name: _resident()}


class _Report(Protocol):
    """A ChunkReport."""

    @property
    def state(self) -> str: ...

    @property
    def why(self) -> str: ...


class _Worker(Protocol):
    @property
    def watch(self) -> Watch: ...


R = TypeVar("R", bound=_Report)


def watched(method: Callable[..., Awaitable[R]]) -> Callable[..., Awaitable[R]]:
    """Decorate a worker's method that takes a chunk: count the end, and name build and chunk in log lines."""

    @functools.wraps(method)
    async def run(self: _Worker, chunk_id: str, *args: Any, **kwargs: Any) -> R:
        start = monotonic()
        with logs.about(build=self.watch.build, chunk=chunk_id):
            try:
                report = await method(self, chunk_id, *args, **kwargs)
            except Exception as error:
                self.watch.chunk("failed", f"{type(error).__name__}: {error}", monotonic() - start)
                raise
            self.watch.chunk(report.state, report.why, monotonic() - start)
            return report

    return run


def _resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
