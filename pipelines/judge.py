"""Judging again: another judge's verdicts on what a build has made, beside those that are there.

    python -m pipelines.judge out=out/chartqa judge=rules judge.policy=relaxed

Episodes are only read. A judge's own errors are asked about again. Then a version of these verdicts is published, since
verdicts alone change nothing for whoever trains; `publish=false` leaves it at the verdicts.
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from actors.cluster.connection import connect
from actors.cluster.errors import Stopped
from actors.publishing.publishing import PublishSettings, check_version
from actors.rollouts.equipment import JUDGE
from actors.rollouts.judging import JudgingSettings, RemoteJudgeWorker
from actors.rollouts.pool import RolloutPool
from actors.rollouts.watching import WatchSettings
from lensmill.models.meter import Meter
from lensmill.models.settings import ModelSettings
from monitoring import logs, metrics
from monitoring.export import Exports
from monitoring.interrupt import Interrupt
from monitoring.progress import ProgressDisplay, count_text
from pipelines.asking import ModelsError, ModelWatch, advice_after, ask_models, questions, status_after
from pipelines.command import run_command
from pipelines.config import SettingsError, load
from pipelines.exclude import read_exclude, tell_lifted
from pipelines.exit_status import ExitStatus
from pipelines.help import JUDGE_HELP
from pipelines.models import Engines, judge_model
from pipelines.publication import publish_and_tell, tell_scope
from pipelines.recipe import find_build, judge_fingerprint, record_judge, title_of
from pipelines.settings import JudgeJobSettings
from pipelines.spend import Spend
from storage.builds.episodes import EpisodeStore
from storage.builds.plan import Plan
from storage.builds.scope import Selection, select
from storage.builds.source_state import SourceStates
from storage.files.probe import probe
from storage.files.store import StoreUnavailable
from storage.files.watch import StoreWatch

IN_FLIGHT = 64
"""Verdicts awaited in one worker at a time."""


class JudgeJob:
    """One run of the job. `worker`: the Ray actor class that judges."""

    def __init__(self, settings: JudgeJobSettings, display: ProgressDisplay, worker: Any = RemoteJudgeWorker) -> None:
        self._settings = settings
        self._textfile = settings.metrics.open_textfile()
        self._display = display
        self._worker = worker
        self._model = judge_model(settings.judge, settings.judge_model, settings.judge_engine, None)
        self._exclusion = read_exclude(settings.exclude, settings.store)
        self._files = settings.store.open(settings.out)
        self._interrupt = Interrupt(display.say)
        self._files.stop_waiting_if(self._stopping)
        self._watch = StoreWatch(self._files, display.say)
        probe(self._files, display.say)
        with self._watch:
            self._build = find_build(self._files, settings.build)
        self._judge = judge_fingerprint(settings.judge, self._model, settings.judge_engine)
        self._meter = Meter()
        self._spend = Spend(settings.spend, self._meter)
        self._endings: Mapping[str, str] = {}

    def _stopping(self) -> bool:
        return self._interrupt.asked

    def run(self) -> int:
        """Judge, then publish; returns the exit status."""
        with self._watch:
            return self._run()

    def _run(self) -> int:
        display, settings = self._display, self._settings
        fingerprint = self._build.fingerprint
        state = SourceStates(self._files, fingerprint).last()  # the source itself is not read
        found = select(Plan(self._files, fingerprint), state, self._exclusion)
        chunk_ids = self._finished(found)
        publishing = PublishSettings(
            self._files,
            fingerprint,
            self._judge,
            chunk_ids,
            None if state is None else state.failure_keys,
            settings.curation,
            settings.version,
            title_of(self._build.recipe),
            scope=found.scope,
            workers=settings.cluster.workers,
        )
        if settings.publish:
            check_version(publishing)
        record_judge(self._files, self._build.fingerprint, settings.judge, self._model, settings.judge_engine)
        logs.build.set(self._build.fingerprint)
        self._exports = Exports(settings.metrics.port, settings.cluster.address != "local", self._textfile)
        display.export_to(self._exports)
        names = (settings.version or "", self._build.fingerprint, "", "", "", (self._model and self._model.name) or "")
        display.tell(metrics.BUILD_INFO, 1, "judge", *names)
        with self._interrupt, self._exports:
            try:
                if self._exports.endpoint:
                    display.say(f"metrics: {self._exports.endpoint.url}", url=self._exports.endpoint.url)
                with self._exports.waiting_for_cluster(settings.cluster.address):
                    size = connect(settings.cluster, self._stopping, display.say)
                unfinished = self._give_verdicts(chunk_ids, size)
                if unfinished and not self._interrupt.asked:
                    return self._give_up(len(unfinished))
                if unfinished:
                    raise Stopped
                if settings.publish:
                    return publish_and_tell(publishing, display, self._stopping)
                display.say(
                    f"judged {count_text(len(chunk_ids), 'chunk')}, nothing is published; pipelines.agreement compares "
                    f"the verdicts of this judge, {self._judge}, with another's",
                    chunks=len(chunk_ids),
                    judge=self._judge,
                )
            except ModelsError as error:
                display.say(str(error), "error")
                return error.status
            except (Stopped, StoreUnavailable) as error:
                if isinstance(error, StoreUnavailable) and not self._stopping():
                    raise
                display.say("stopped; the verdicts given are kept: run the same command again to go on", "warning")
                return ExitStatus.STOPPED
        return ExitStatus.DONE

    def _give_up(self, unfinished: int) -> int:
        if self._spend.over:
            self._display.say(f"{self._spend.line()}; chunks left: {unfinished}", "error")
            return ExitStatus.SPENT
        status = status_after(self._endings)
        line = f"{count_text(unfinished, 'chunk')} could not be judged: {advice_after(status)}"
        self._display.say(line, "error", chunks=unfinished)
        return status

    def _finished(self, found: Selection) -> tuple[str, ...]:
        """The finished chunks with samples of the source as it was last read, in plan order."""
        fingerprint, planned = self._build.fingerprint, found.chunk_ids
        committed = EpisodeStore(self._files, fingerprint).committed()
        withdrawn = {sample_id: sample.origin for sample_id, sample in found.withdrawn.items()}
        tell_scope(self._display, found.scope, withdrawn, found.unknown_origins)
        tell_lifted(self._files, fingerprint, self._exclusion, self._display.say)
        finished = tuple(chunk_id for chunk_id in planned if chunk_id in committed)
        if not finished:
            raise SettingsError(f"out={self._settings.out}: build {fingerprint} has no finished chunk: build first")
        if left := len(planned) - len(finished):
            self._display.say(
                f"note: {left} chunks that are planned and not finished are left out", "warning", chunks=left
            )
        return finished

    def _give_verdicts(self, chunk_ids: tuple[str, ...], size: int) -> tuple[str, ...]:
        settings = self._settings
        self._display.begin("judging", len(chunk_ids), "verdicts of the judge")
        with Engines(None, settings.judge_engine, self._stopping, self._display.say) as engines:
            models = engines.start({JUDGE: self._model} if self._model else {})
            self._ask(models)
            watch = ModelWatch(self._display.say)

            def on_poll(counts: Counter[str]) -> None:
                if moves := engines.poll():
                    pool.engines_moved(moves)
                self._exports.outages.note("engine", engines.gone)
                self._exports.outages.note("store", self._watch.silent_s > 0)
                if self._spend.look(counts):
                    pool.halt_calls()
                watch.look(counts)
                self._exports.show(counts, engines.series())
                self._display.verdicts(Counter({**counts, **self._exports.outages.series()}))

            pool = RolloutPool(
                JudgingSettings(
                    self._files,
                    self._build.fingerprint,
                    self._judge,
                    settings.judge,
                    models.get(JUDGE),
                    settings.cluster.in_flight or IN_FLIGHT,
                    WatchSettings(bool(self._exports), settings.logging),
                    self._spend.left(),
                ),
                min(size, len(chunk_ids)),
                on_poll,
                lambda: self._stopping() or engines.gone or bool(self._spend.over),
                self._display.say,
                self._worker,
                most=settings.cluster.workers or len(chunk_ids),
                stop_s=settings.cluster.stop_s,
            )
            try:
                unfinished = pool.judge(chunk_ids)
            finally:
                pool.close()
        self._endings = pool.reasons | ({"no engine is left": "engine_unreachable"} if engines.gone else {})
        for reason, ending in sorted(pool.reasons.items()):
            if ending != "spend_cap":
                self._display.say(reason, "error")
        self._exports.rest()
        return unfinished

    def _ask(self, models: Mapping[str, ModelSettings]) -> None:
        """A seam for tests whose judge's model is no server."""
        asked = questions(models, None, self._settings.judge)
        ask_models(asked.values(), self._meter, self._display.say, self._stopping)


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""

    def judge(arguments: Sequence[str]) -> int:
        settings = load("judge_job", JudgeJobSettings, arguments)
        with ProgressDisplay(kind=settings.logging) as display:
            return JudgeJob(settings, display).run()

    return run_command("judge_job", JUDGE_HELP, arguments, judge)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
