"""Judging again: another judge's verdicts on what a build has made, beside those that are there.

    python -m pipelines.judge out=out/chartqa judge=rules judge.policy=relaxed

Episodes are only read. A judge's own errors are asked about again. Then a version of these verdicts is published, since
verdicts alone change nothing for whoever trains; `publish=false` leaves it at the verdicts.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from actors.cluster import connect
from actors.equipment import JUDGE
from actors.errors import Stopped
from actors.judging import JudgingSettings, RemoteJudgeWorker
from actors.pool import RolloutPool
from actors.publishing import PublishSettings, check_version
from actors.watching import WatchSettings
from monitoring import logs
from monitoring.export import Exports
from monitoring.interrupt import Interrupt
from monitoring.progress import ProgressDisplay, count_text
from pipelines.command import run_command
from pipelines.door import SettingsError, load
from pipelines.exit_status import ExitStatus
from pipelines.help import JUDGE_HELP
from pipelines.models import Engines, judge_model
from pipelines.publication import publish_and_tell
from pipelines.recipe import find_build, judge_fingerprint, record_judge, title_of
from pipelines.settings import JudgeJobSettings
from storage.episodes import EpisodeStore
from storage.files import StoreUnavailable
from storage.plan import Plan
from storage.probe import probe
from storage.watch import StoreWatch

IN_FLIGHT = 64
"""Verdicts awaited in one worker at a time."""


class JudgeJob:
    """One run of the job. `worker`: the Ray actor class that judges."""

    def __init__(self, settings: JudgeJobSettings, display: ProgressDisplay, worker: Any = RemoteJudgeWorker) -> None:
        self._settings = settings
        self._display = display
        self._worker = worker
        self._model = judge_model(settings.judge, settings.judge_model, settings.judge_engine, None)
        self._files = settings.store.open(settings.out)
        self._interrupt = Interrupt(display.say)
        self._files.stop_waiting_if(self._stopping)
        self._watch = StoreWatch(self._files, display.say)
        probe(self._files, display.say)
        self._build = find_build(self._files, settings.build)
        self._judge = judge_fingerprint(settings.judge, self._model, settings.judge_engine)
        self._unavailable = False

    def _stopping(self) -> bool:
        return self._interrupt.asked

    def run(self) -> int:
        """Judge, then publish; returns the exit status."""
        display, settings = self._display, self._settings
        chunk_ids = self._finished()
        publishing = PublishSettings(
            self._files,
            self._build.fingerprint,
            self._judge,
            chunk_ids,
            None,
            asdict(settings.curation),
            settings.version,
            title_of(self._build.recipe),
        )
        if settings.publish:
            check_version(publishing)
        record_judge(self._files, self._build.fingerprint, settings.judge, self._model, settings.judge_engine)
        logs.build.set(self._build.fingerprint)
        self._exports = Exports(settings.metrics.port, ray=settings.cluster.address != "local")
        with self._interrupt, self._watch, self._exports:
            try:
                if self._exports.endpoint:
                    display.say(f"metrics: {self._exports.endpoint.url}")
                unfinished = self._give_verdicts(chunk_ids, connect(settings.cluster, self._stopping, display.say))
                if unfinished and not self._interrupt.asked:
                    display.say(
                        f"{count_text(len(unfinished), 'chunk')} could not be judged: run the same command again",
                        "error",
                    )
                    return ExitStatus.TRY_LATER if self._unavailable else ExitStatus.FAILED
                if unfinished:
                    raise Stopped
                if settings.publish:
                    return publish_and_tell(publishing, display, self._stopping)
                display.say(
                    f"judged {count_text(len(chunk_ids), 'chunk')}, nothing is published; pipelines.agreement compares "
                    f"the verdicts of this judge, {self._judge}, with another's"
                )
            except (Stopped, StoreUnavailable) as error:
                if isinstance(error, StoreUnavailable) and not self._stopping():
                    raise
                display.say("stopped; the verdicts given are kept: run the same command again to go on", "warning")
                return ExitStatus.STOPPED
        return ExitStatus.DONE

    def _finished(self) -> tuple[str, ...]:
        """The build's finished chunks, in plan order."""
        fingerprint = self._build.fingerprint
        planned = Plan(self._files, fingerprint).chunk_ids()
        committed = EpisodeStore(self._files, fingerprint).committed()
        finished = tuple(chunk_id for chunk_id in planned if chunk_id in committed)
        if not finished:
            raise SettingsError(f"out={self._settings.out}: build {fingerprint} has no finished chunk: build first")
        if left := len(planned) - len(finished):
            self._display.say(f"note: {left} chunks that are planned and not finished are left out")
        return finished

    def _give_verdicts(self, chunk_ids: tuple[str, ...], size: int) -> tuple[str, ...]:
        settings = self._settings
        self._display.begin("judging", len(chunk_ids))
        with Engines(None, settings.judge_engine, self._stopping, self._display.say) as engines:
            models = engines.start({JUDGE: self._model} if self._model else {})

            def on_poll(counts: Counter[str]) -> None:
                if moves := engines.poll():
                    pool.engines_moved(moves)
                self._exports.show(counts, engines.series())
                self._display.verdicts(counts)

            pool = RolloutPool(
                JudgingSettings(
                    self._files,
                    self._build.fingerprint,
                    self._judge,
                    settings.judge,
                    models.get(JUDGE),
                    settings.cluster.in_flight or IN_FLIGHT,
                    WatchSettings(bool(self._exports), settings.logging),
                ),
                min(size, len(chunk_ids)),
                on_poll,
                lambda: self._stopping() or engines.gone,
                self._display.say,
                self._worker,
                most=settings.cluster.workers or len(chunk_ids),
                stop_s=settings.cluster.stop_s,
            )
            try:
                unfinished = pool.judge(chunk_ids)
            finally:
                pool.close()
        for reason in sorted(pool.reasons):
            self._display.say(reason, "error")
        self._unavailable = bool(pool.reasons) or engines.gone
        return unfinished


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""

    def judge(arguments: Sequence[str]) -> int:
        settings = load("judge_job", JudgeJobSettings, arguments)
        with ProgressDisplay(kind=settings.logging) as display:
            return JudgeJob(settings, display).run()

    return run_command("judge_job", JUDGE_HELP, arguments, judge)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
