"""The skeleton of the jobs that make or judge episodes: store, metrics, interruption, spending, exit status."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from actors.cluster.connection import connect
from actors.cluster.errors import Stopped
from actors.cluster.plugins import require_on_nodes
from actors.rollouts.pool import RolloutPool
from lensmill.models.meter import Meter
from lensmill.models.preflight import Question
from monitoring import logs, metrics
from monitoring.export import Exports
from monitoring.interrupt import Interrupt
from monitoring.progress import ProgressDisplay, count_text
from pipelines.config import references_in
from pipelines.exclude import read_exclude
from pipelines.exit_status import ExitStatus
from pipelines.model_checks import ModelsError, ModelWatch, advice_after, ask_models, status_after
from pipelines.models import Engines
from pipelines.settings import BuildSettings, JudgeJobSettings
from pipelines.spend import Spend
from storage.files.probe import probe
from storage.files.store import StoreUnavailable
from storage.files.watch import StoreWatch


class Job:
    """One run of a job. Everything that must outlive the run is in the store.

    Attributes:
        files: the store of `out=`, probed.
        exclusion: what `exclude=` takes down.
        watch: reports a store that does not answer; `run` enters it.
    """

    def __init__(self, settings: BuildSettings | JudgeJobSettings, display: ProgressDisplay) -> None:
        self.display = display
        self.cluster = settings.cluster
        self._metrics = settings.metrics
        self._textfile = settings.metrics.open_textfile()
        self._outside = references_in(settings)
        self.exclusion = read_exclude(settings.exclude, settings.store)
        self.files = settings.store.open(settings.out)
        self._interrupt = Interrupt(display.say)
        self.files.stop_waiting_if(self.stopping)
        self.watch = StoreWatch(self.files, display.say)
        probe(self.files, display.say)
        self.meter = Meter()
        self.spend = Spend(settings.spend, self.meter)
        self._endings: Mapping[str, str] = {}
        self._asked: set[str] = set()

    def stopping(self) -> bool:
        """Whether the job was asked to stop."""
        return self._interrupt.asked

    def run(self, work: Callable[[], int], fingerprint: str, command: str, *names: str) -> int:
        """Do the work with metrics, and with Ctrl-C as a gentle stop; return the exit status.

        Args:
            work: returns an exit status; may raise ModelsError, Stopped and StoreUnavailable.
            fingerprint: of the build, for log lines.
            command, names: values of the labels of `metrics.BUILD_INFO`.
        """
        logs.build.set(fingerprint)
        self.exports = Exports(self._metrics.port, self.cluster.address != "local", self._textfile)
        self.display.export_to(self.exports)
        self.display.tell(metrics.BUILD_INFO, 1, command, *names)
        with self._interrupt, self.watch, self.exports:
            try:
                if endpoint := self.exports.endpoint:
                    self.display.say(f"metrics: {endpoint.url}", url=endpoint.url)
                return work()
            except ModelsError as error:
                self.display.say(str(error), "error")
                return error.status
            except (Stopped, StoreUnavailable) as error:
                if isinstance(error, StoreUnavailable) and not self.stopping():
                    raise
                self.display.say("stopped; finished work is kept: run the same command again to go on", "warning")
                return ExitStatus.STOPPED

    def connect(self) -> int:
        """Start or join Ray; return the number of workers that the job may have.

        Raises:
            ClusterError: a node cannot import a plug-in from outside.
        """
        with self.exports.waiting_for_cluster(self.cluster.address):
            size = connect(self.cluster, self.stopping, self.display.say)
        require_on_nodes(self._outside)
        return size

    def ask(self, questions: Mapping[str, Question]) -> None:
        """Ask the models that were not asked yet.

        Args:
            questions: by the place of each model's settings.

        Raises:
            ModelsError: a model refuses, or none of its servers answers.
        """
        asked = [questions[place] for place in questions if place not in self._asked]
        ask_models(asked, self.meter, self.display.say, self.stopping)
        self._asked |= questions.keys()

    @contextmanager
    def pool_of(
        self,
        engines: Engines,
        make: Callable[[Callable[[Counter[str]], None], Callable[[], bool]], RolloutPool],
        show: Callable[[Counter[str]], None],
    ) -> Iterator[RolloutPool]:
        """A pool of workers that checks engines, store, models and spending at each poll. It is closed at the end.

        Args:
            make: makes the pool from a function to call at each poll and a function that says whether to stop.
            show: shows the workers' counts.
        """
        told = ModelWatch(self.display.say)

        def on_poll(counts: Counter[str]) -> None:
            if moves := engines.poll():
                pool.engines_moved(moves)
            outages = self.exports.outages
            outages.note("engine", engines.gone)
            outages.note("store", self.watch.silent_s > 0)
            if self.spend.look(counts):
                pool.halt_calls()
            told.look(counts)
            self.exports.show(counts, engines.series())
            show(Counter({**counts, **outages.series()}))

        pool = make(on_poll, lambda: self.stopping() or engines.gone or bool(self.spend.over))
        try:
            yield pool
        finally:
            pool.close()
            self._endings = pool.reasons | ({"no engine is left": "engine_unreachable"} if engines.gone else {})
            self.exports.rest()

    def give_up(self, unfinished: int, done: str) -> int:
        """Say why chunks are left; return the exit status.

        Args:
            done: the verb for the message, e.g. "finished".
        """
        if self.stopping():
            raise Stopped
        if self.spend.over:
            self.display.say(f"{self.spend.line()}; chunks left: {unfinished}", "error")
            return ExitStatus.SPENT
        for reason, ending in sorted(self._endings.items()):
            if ending != "spend_cap":
                self.display.say(reason, "error")
        status = status_after(self._endings)
        line = f"{count_text(unfinished, 'chunk')} could not be {done}: {advice_after(status)}"
        self.display.say(line, "error", chunks=unfinished)
        return status

    @property
    def endings(self) -> Mapping[str, str]:
        """Why workers of the last pool had to stop: reason -> class of the model's error."""
        return self._endings
