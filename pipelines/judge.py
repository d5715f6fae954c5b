"""Judges a build again: the verdicts of another judge beside the present ones.

    python -m pipelines.judge out=out/chartqa judge=rules judge.policy=relaxed

Episodes are only read. A judge's own errors are judged again. Then a version with these verdicts is published.
`publish=false` gives verdicts without a version.
"""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from actors.publishing.publishing import PublishSettings, check_version
from actors.rollouts.judging import JudgingSettings, RemoteJudgeWorker
from actors.rollouts.pool import RolloutPool
from actors.rollouts.runtime import JUDGE
from actors.rollouts.worker_metrics import WatchSettings
from monitoring.progress import ProgressDisplay, count_text
from pipelines.command import run_command
from pipelines.config import SettingsError, load
from pipelines.exclude import tell_lifted
from pipelines.exit_status import ExitStatus
from pipelines.help import JUDGE_HELP
from pipelines.job import Job
from pipelines.model_checks import questions
from pipelines.models import Engines, judge_model
from pipelines.publishing import publish_and_tell, tell_scope
from pipelines.recipe import find_build, judge_fingerprint, record_judge, title_of
from pipelines.settings import JudgeJobSettings
from storage.builds.episodes import EpisodeStore
from storage.builds.plan import Plan
from storage.builds.scope import RunScope, run_scope
from storage.builds.source_state import SourceStates

IN_FLIGHT = 64
"""Verdicts that one worker awaits at the same time."""


class JudgeJob(Job):
    """One run of the job. `worker`: the Ray actor class that judges."""

    def __init__(self, settings: JudgeJobSettings, display: ProgressDisplay, worker: Any = RemoteJudgeWorker) -> None:
        self._settings = settings
        self._worker = worker
        self._model = judge_model(settings.judge, settings.judge_model, settings.judge_engine, None)
        super().__init__(settings, display)
        with self.watch:
            self._build = find_build(self.files, settings.build)
        self._judge = judge_fingerprint(settings.judge, self._model, settings.judge_engine)

    def start(self) -> int:
        """Judge, then publish; return the exit status."""
        names = (
            self._settings.version or "",
            self._build.fingerprint,
            "",
            "",
            "",
            (self._model.name or "") if self._model else "",
        )
        return self.run(self._work, self._build.fingerprint, "judge", *names)

    def _work(self) -> int:
        settings, fingerprint = self._settings, self._build.fingerprint
        state = SourceStates(self.files, fingerprint).last()  # the source itself is not read
        found = run_scope(Plan(self.files, fingerprint), state, self.exclusion)
        chunk_ids = self._finished(found)
        publishing = PublishSettings(
            self.files,
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
        record_judge(self.files, fingerprint, settings.judge, self._model, settings.judge_engine)
        unfinished = self._give_verdicts(chunk_ids, self.connect())
        if unfinished:
            return self.give_up(len(unfinished), "judged")
        if settings.publish:
            return publish_and_tell(publishing, self.display, self.stopping)
        self.display.say(
            f"judged {count_text(len(chunk_ids), 'chunk')}, nothing is published; pipelines.agreement compares "
            f"the verdicts of this judge, {self._judge}, with another's",
            chunks=len(chunk_ids),
            judge=self._judge,
        )
        return ExitStatus.DONE

    def _finished(self, found: RunScope) -> tuple[str, ...]:
        """The finished chunks with samples of the source's last state, in plan order."""
        fingerprint, planned = self._build.fingerprint, found.chunk_ids
        committed = EpisodeStore(self.files, fingerprint).committed()
        withdrawn = {sample_id: sample.origin for sample_id, sample in found.withdrawn.items()}
        tell_scope(self.display, found.scope, withdrawn, found.unknown_origins)
        tell_lifted(self.files, fingerprint, self.exclusion, self.display.say)
        finished = tuple(chunk_id for chunk_id in planned if chunk_id in committed)
        if not finished:
            raise SettingsError(f"out={self._settings.out}: build {fingerprint} has no finished chunk: build first")
        if left := len(planned) - len(finished):
            self.display.say(
                f"note: {left} chunks that are planned and not finished are left out", "warning", chunks=left
            )
        return finished

    def _give_verdicts(self, chunk_ids: tuple[str, ...], size: int) -> tuple[str, ...]:
        settings = self._settings
        self.display.begin("judging", len(chunk_ids), "verdicts of the judge")
        with Engines(None, settings.judge_engine, self.stopping, self.display.say) as engines:
            models = engines.start({JUDGE: self._model} if self._model else {})
            self.ask(questions(models, None, settings.judge))

            def make(on_poll: Callable[[Counter[str]], None], stopping: Callable[[], bool]) -> RolloutPool:
                return RolloutPool(
                    JudgingSettings(
                        self.files,
                        self._build.fingerprint,
                        self._judge,
                        settings.judge,
                        models.get(JUDGE),
                        settings.cluster.in_flight or IN_FLIGHT,
                        WatchSettings(bool(self.exports), settings.logging),
                        self.spend.left(),
                    ),
                    min(size, len(chunk_ids)),
                    on_poll,
                    stopping,
                    self.display.say,
                    self._worker,
                    most=settings.cluster.workers or len(chunk_ids),
                    stop_s=settings.cluster.stop_s,
                )

            with self.pool_of(engines, make, self.display.verdicts) as pool:
                return pool.judge(chunk_ids)


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""

    def judge(arguments: Sequence[str]) -> int:
        settings = load("judge_job", JudgeJobSettings, arguments)
        with ProgressDisplay(kind=settings.logging) as display:
            return JudgeJob(settings, display).start()

    return run_command("judge_job", JUDGE_HELP, arguments, judge)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
