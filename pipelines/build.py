"""The main job: sources -> plan -> rollouts -> judging -> curation -> dataset version.

    python -m pipelines.build source=chartqa source.path=/data/ChartQA out=out/chartqa

Run it again and it does only what is missing.
"""

import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set

from actors.cluster.connection import connect
from actors.cluster.errors import Stopped
from actors.ingest.planning import PlanOutline, PlanSettings
from actors.publishing.publishing import PublishSettings, check_version
from actors.rollouts.equipment import AGENT, JUDGE
from actors.rollouts.failing import RETRYABLE
from actors.rollouts.pool import RolloutPool, chunks_for
from actors.rollouts.watching import WatchSettings
from actors.rollouts.worker import Retry, RolloutSettings
from lensmill.agents.settings import ReaderSettings
from lensmill.models.families import within
from lensmill.models.meter import Meter
from lensmill.models.settings import ModelSettings
from monitoring import logs, metrics
from monitoring.export import Exports
from monitoring.interrupt import Interrupt
from monitoring.progress import ProgressDisplay, count_text
from pipelines.asking import ModelsError, ModelWatch, advice_after, ask_models, questions, status_after
from pipelines.command import run_command
from pipelines.config import SettingsError, load_build
from pipelines.estimate import tell_estimate
from pipelines.exclude import read_exclude
from pipelines.exit_status import ExitStatus
from pipelines.help import HELP
from pipelines.models import Engines, agent_models, judge_model
from pipelines.planning import plan_source
from pipelines.publication import publish_and_tell
from pipelines.recipe import judge_fingerprint, recipe_of, record, record_judge, title_of, what_changed
from pipelines.settings import BuildSettings
from pipelines.spend import Spend
from storage.builds.episodes import EpisodeStore
from storage.builds.plan import Plan
from storage.builds.verdicts import VerdictStore
from storage.files.probe import probe
from storage.files.store import StoreUnavailable
from storage.files.watch import StoreWatch
from storage.sources.settings import look_for

PROBED_CHUNKS = 3

READER_IN_FLIGHT = 2
"""The reader keeps its worker's core busy; two hide what it waits for."""

MODEL_IN_FLIGHT = 64
"""Agents with a model wait for it nearly all the time."""


class Build:
    """One run of the job. Everything that must outlive it is in the store.

    Args:
        publish: what becomes of the finished build; given what to publish and called as `publish_and_tell` is.
    """

    def __init__(
        self,
        settings: BuildSettings,
        display: ProgressDisplay,
        publish: Callable[[PublishSettings, ProgressDisplay, Callable[[], bool]], int] = publish_and_tell,
    ) -> None:
        self._settings = settings
        self._textfile = settings.metrics.open_textfile()
        self._publish = publish
        self._display = display
        self._models = agent_models(
            settings.agent, settings.model, settings.roles, settings.engine, settings.ladder.factor
        )
        self._ladder = within(settings.ladder, (model.family for model in self._models.values()))
        judging = judge_model(settings.judge, settings.judge_model, settings.judge_engine, self._models.get(AGENT))
        self._judge_engine = settings.judge_engine or (None if settings.judge_model.name else settings.engine)
        self._judge = judge_fingerprint(settings.judge, judging, self._judge_engine)
        self._recipe = recipe_of(settings, self._models, self._judge)
        self._fingerprint = self._recipe.fingerprint
        self._judge_model = judging
        self._exclusion = read_exclude(settings.exclude, settings.store)
        self._files = settings.store.open(settings.out)
        self._interrupt = Interrupt(display.say)
        self._files.stop_waiting_if(self._stopping)
        self._watch = StoreWatch(self._files, display.say)
        probe(self._files, display.say)
        self._episodes = EpisodeStore(self._files, self._fingerprint)
        self._verdicts = VerdictStore(self._files, self._fingerprint, self._judge)
        self._plan = Plan(self._files, self._fingerprint)
        self._retried = frozenset[str]()
        self._meter = Meter()
        self._spend = Spend(settings.spend, self._meter)
        self._asked: set[str] = set()
        self._endings: Mapping[str, str] = {}

    def _stopping(self) -> bool:
        return self._interrupt.asked

    def _ask(self, models: Mapping[str, ModelSettings]) -> None:
        """Ask those models that run and were not asked yet."""
        there = {role: model for role, model in models.items() if model.urls}
        asked = questions(there, self._settings.agent, self._settings.judge)
        ask_models([asked[place] for place in asked if place not in self._asked], self._meter, self._display.say,
                   self._stopping)  # fmt: skip
        self._asked |= asked.keys()

    def _all_models(self) -> dict[str, ModelSettings]:
        return {**self._models, **({JUDGE: self._judge_model} if self._judge_model is not None else {})}

    def run(self) -> int:
        """The whole way; returns the exit status."""
        display, settings = self._display, self._settings
        logs.build.set(self._fingerprint)
        self._exports = Exports(settings.metrics.port, settings.cluster.address != "local", self._textfile)
        display.export_to(self._exports)
        self._tell_what_this_is()
        with self._interrupt, self._watch, self._exports:
            try:
                if self._exports.endpoint:
                    display.say(f"metrics: {self._exports.endpoint.url}", url=self._exports.endpoint.url)
                if changed := what_changed(self._files, self._recipe):
                    display.say(changed, "warning")
                if line := look_for(settings.source):
                    display.say(line)
                if not self._episodes.committed():  # else perhaps nothing is missing
                    self._ask(self._all_models())
                with self._exports.waiting_for_cluster(settings.cluster.address):
                    size = connect(settings.cluster, self._stopping, display.say)
                outline = self._make_plan()
                first = record(self._files, self._recipe, settings)
                record_judge(self._files, self._fingerprint, settings.judge, self._judge_model, self._judge_engine)
                if first is not None:
                    display.say(
                        f"note: this build was first planned from {first}; what it has is not made again", "warning"
                    )
                if settings.plan_only:
                    return self._estimate(outline, size)
                committed = self._episodes.committed()
                retry = self._retry(outline, committed)
                check_version(self._publishing(outline), bool(retry))
                unfinished = self._generate(outline, committed, retry, size)
                if unfinished:
                    return self._give_up(len(unfinished))
                return self._publish(self._publishing(outline), display, self._stopping)
            except ModelsError as error:
                display.say(str(error), "error")
                return error.status
            except (Stopped, StoreUnavailable) as error:
                if isinstance(error, StoreUnavailable) and not self._stopping():
                    raise
                display.say("stopped; what is done is kept: run the same command again to go on", "warning")
                return ExitStatus.STOPPED

    def _tell_what_this_is(self) -> None:
        settings = self._settings
        model, judge = (found.name if found else "" for found in (self._models.get(AGENT), self._judge_model))
        names = (settings.version or "", self._fingerprint, settings.source.name, settings.agent.name)
        command = type(settings).__name__.removesuffix("Settings").lower()  # build, or nightly
        self._display.tell(metrics.BUILD_INFO, 1, command, *names, model or "", judge or "")

    def _make_plan(self) -> PlanOutline:
        settings = self._settings
        return plan_source(
            PlanSettings(
                self._files,
                self._fingerprint,
                settings.source,
                settings.agent,
                self._models[AGENT].family if self._models else None,
                self._ladder,
                settings.chunk_size,
                settings.limit,
                self._exclusion,
                trial=settings.plan_only,
            ),
            settings.plan_only,
            self._display,
            self._stopping,
        )

    def _retry(self, outline: PlanOutline, committed: Mapping[str, int]) -> dict[str, Retry]:
        """What this run makes again: by chunk, what failed of the classes that it was told.

        Raises:
            SettingsError: no episode ever failed of a class.
        """
        names = self._settings.retry
        if not names:
            return {}
        every, classes, found = "all" in names, Counter[str](), {}
        mine = {chunk_id: committed[chunk_id] for chunk_id in outline.chunk_ids if chunk_id in committed}
        for chunk_id, counts in self._episodes.failed(mine):
            classes.update(counts)
            if again := sum(count for name, count in counts.items() if every or name in names):
                found[chunk_id] = Retry(mine[chunk_id], again)
        there = ", ".join(f"{name} ({count})" for name, count in classes.most_common() if count) or "none"
        for name in names:
            if not every and name not in classes and name not in RETRYABLE:
                raise SettingsError(f"retry={name}: no episode of this build failed so; its failures: {there}")
        self._retried = frozenset(classes if every else names)
        if not found:
            self._display.say(f"nothing to try again of {', '.join(names)}; failures of this build: {there}")
        return found

    def _pool(self, size: int, done: int, engines: Engines, most: int | None = None) -> RolloutPool:
        settings = self._settings
        models = engines.start(self._all_models())
        self._ask(models)
        watch = ModelWatch(self._display.say)
        reads = isinstance(settings.agent, ReaderSettings)
        in_flight = settings.cluster.in_flight or (READER_IN_FLIGHT if reads else MODEL_IN_FLIGHT)

        def on_poll(counts: Counter[str]) -> None:
            if moves := engines.poll():
                pool.engines_moved(moves)
            self._exports.outages.note("engine", engines.gone)
            self._exports.outages.note("store", self._watch.silent_s > 0)
            if self._spend.look(counts):
                pool.halt_calls()
            watch.look(counts)
            self._exports.show(counts, engines.series())
            self._display.episodes(Counter({**counts, **self._exports.outages.series()}), done)

        pool = RolloutPool(
            RolloutSettings(
                self._files,
                self._fingerprint,
                self._judge,
                settings.agent,
                self._ladder,
                settings.judge,
                models,
                settings.sandbox,
                in_flight,
                uuid.uuid4().hex[:12],
                self._retried,
                WatchSettings(bool(self._exports), settings.logging),
                self._spend.left(),
            ),
            size,
            on_poll,
            lambda: self._stopping() or engines.gone or bool(self._spend.over),
            self._display.say,
            chunks_each=chunks_for(in_flight, settings.chunk_size),
            most=most,
            stop_s=settings.cluster.stop_s,
        )
        return pool

    def _generate(
        self, outline: PlanOutline, committed: Mapping[str, int], retry: Mapping[str, Retry], size: int
    ) -> tuple[str, ...]:
        """Make what is missing or to be tried again, and judge it; returns the chunks left unfinished."""
        settings, chunk_ids, episodes = self._settings, outline.chunk_ids, sum(outline.episodes.values())
        missing = [chunk_id for chunk_id in chunk_ids if chunk_id not in committed]
        unjudged = self._judge_failed(chunk_ids) | self._unjudged(chunk_ids, committed) - retry.keys()
        if not missing and not unjudged and not retry:
            self._display.say("nothing is missing: no episode to start", episodes=episodes)
            self._display.tell(metrics.EPISODES_PLANNED, episodes)
            self._display.tell(metrics.EPISODES_REMAINING, 0)
            return ()
        again = sum(chunk.episodes for chunk in retry.values())
        done = self._plan.episodes_in(chunk_id for chunk_id in chunk_ids if chunk_id in committed) - again
        model = self._models[AGENT].name if AGENT in self._models else None
        self._display.begin("episodes", episodes, f"a reply of {model}" if model else "an episode of the agent to end")
        if done:
            self._display.say(f"{done} of {episodes} episodes are there already", episodes_done=done, episodes=episodes)
        if again:
            self._display.say(f"tried again: {count_text(again, 'failed episode')}", episodes=again)
        with Engines(settings.engine, settings.judge_engine, self._stopping, self._display.say) as engines:
            chunks = len(missing) + len(unjudged) + len(retry)
            pool = self._pool(min(size, chunks), done, engines, settings.cluster.workers or chunks)
            try:
                unfinished = {*pool.judge(_in_order(chunk_ids, unjudged)), *pool.run(missing, retry)}
                # another run may have made chunks, and have ended before it judged them
                behind = self._unjudged(chunk_ids, self._episodes.committed()) - unfinished
                unfinished.update(pool.judge(_in_order(chunk_ids, behind)))
            finally:
                pool.close()
        self._endings = pool.reasons | ({"no engine is left": "engine_unreachable"} if engines.gone else {})
        for reason, ending in sorted(pool.reasons.items()):
            if ending != "spend_cap":
                self._display.say(reason, "error")
        self._exports.rest()
        return _in_order(chunk_ids, unfinished)

    def _unjudged(self, chunk_ids: Iterable[str], committed: Mapping[str, int]) -> set[str]:
        """The chunks with episodes that the judge has not seen, or not since they were tried again."""
        judged = self._verdicts.committed()

        def seen(chunk_id: str, layers: int) -> bool:
            verdicts = judged.get(chunk_id)
            return verdicts is not None and (not layers or self._verdicts.judged_layers(chunk_id, verdicts) >= layers)

        mine = ((chunk_id, committed[chunk_id]) for chunk_id in chunk_ids if chunk_id in committed)
        return {chunk_id for chunk_id, layers in mine if not seen(chunk_id, layers)}

    def _judge_failed(self, chunk_ids: Iterable[str]) -> set[str]:
        """The chunks in which a judge that asks a model failed at some answer: it is asked again. Rules never fail for
        a while."""
        if self._judge_model is None:
            return set()
        judged = self._verdicts.committed()
        mine = {chunk_id: judged[chunk_id] for chunk_id in chunk_ids if chunk_id in judged}
        return {chunk_id for chunk_id, counts in self._verdicts.failed(mine) if counts.total()}

    def _give_up(self, unfinished: int) -> int:
        if self._interrupt.asked:
            self._display.say(
                f"stopped; chunks left: {unfinished}; run the same command again to go on", "warning", chunks=unfinished
            )
            return ExitStatus.STOPPED
        if self._spend.over:
            self._display.say(f"{self._spend.line()}; chunks left: {unfinished}", "error")
            return ExitStatus.SPENT
        status = status_after(self._endings)
        line = f"{count_text(unfinished, 'chunk')} could not be finished: {advice_after(status)}"
        self._display.say(line, "error", chunks=unfinished)
        return status

    def _publishing(self, outline: PlanOutline) -> PublishSettings:
        return PublishSettings(
            self._files,
            self._fingerprint,
            self._judge,
            outline.chunk_ids,
            outline.failure_keys,
            self._settings.curation,
            self._settings.version,
            title_of(self._recipe.content),
            scope=outline.scope,
            workers=self._settings.cluster.workers,
        )

    def _estimate(self, outline: PlanOutline, size: int) -> int:
        """Print what the build would be, with time and disk from a few real episodes; returns the exit status."""
        chunk_ids = outline.chunk_ids
        step = max(1, len(chunk_ids) // PROBED_CHUNKS)
        self._display.say("trying a few episodes for the estimate ...")
        with Engines(self._settings.engine, self._settings.judge_engine, self._stopping, self._display.say) as engines:
            pool = self._pool(min(size, PROBED_CHUNKS), 0, engines)
            try:
                costs = pool.probe(chunk_ids[::step][:PROBED_CHUNKS])
            finally:
                pool.close()
        if pool.reasons:
            status = status_after(pool.reasons)
            line = f"there is no estimate: {'; '.join(sorted(pool.reasons))}: {advice_after(status)}"
            self._display.say(line, "error")
            return status
        self._display.close()
        tell_estimate(outline, costs, size, self._display)
        return ExitStatus.DONE


def _in_order(chunk_ids: Iterable[str], some: Set[str]) -> tuple[str, ...]:
    return tuple(chunk_id for chunk_id in chunk_ids if chunk_id in some)


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""

    def build(arguments: Sequence[str]) -> int:
        settings = load_build(arguments)
        with ProgressDisplay(kind=settings.logging) as display:
            return Build(settings, display).run()

    return run_command("build", HELP, arguments, build)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
