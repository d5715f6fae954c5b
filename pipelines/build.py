"""The main job: sources -> plan -> rollouts -> judging -> curation -> dataset version.

    python -m pipelines.build source=chartqa source.path=/data/ChartQA out=out/chartqa

A second run does only what is missing.
"""

import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace

from actors.ingest.outline import PlanOutline
from actors.ingest.planning import PlanSettings
from actors.publishing.publishing import PublishSettings, check_version
from actors.rollouts.failures import RETRYABLE
from actors.rollouts.pool import RolloutPool, chunks_for
from actors.rollouts.runtime import JUDGE
from actors.rollouts.worker import Retry, RolloutSettings
from actors.rollouts.worker_metrics import WatchSettings
from lensmill.agents.spec import AGENT
from lensmill.models.families import within
from lensmill.models.settings import ModelSettings
from monitoring import metrics
from monitoring.progress import ProgressDisplay, count_text
from pipelines.command import run_command
from pipelines.config import SettingsError, load_build
from pipelines.estimate import tell_estimate
from pipelines.exit_status import ExitStatus
from pipelines.help import HELP
from pipelines.job import Job
from pipelines.model_checks import advice_after, questions, status_after
from pipelines.models import Engines, agent_models, judge_model
from pipelines.planning import plan_source
from pipelines.publishing import publish_and_tell
from pipelines.recipe import find_given, judge_fingerprint, recipe_of, record, record_judge, title_of, what_changed
from pipelines.settings import BuildSettings
from storage.builds.episodes import EpisodeStore
from storage.builds.plan import Plan
from storage.builds.verdicts import VerdictStore
from storage.sources.spec import SOURCES

PROBED_CHUNKS = 3

CPU_IN_FLIGHT = 2
"""Episodes in flight of an agent without a model: such an agent keeps its worker's core busy, and two hide its
waiting."""

MODEL_IN_FLIGHT = 64
"""Episodes in flight of an agent with a model, which waits for the model nearly all the time."""


class Build(Job):
    """One run of the job.

    Args:
        publish: publishes the finished build, with the arguments of `publish_and_tell`.
    """

    def __init__(
        self,
        settings: BuildSettings,
        display: ProgressDisplay,
        publish: Callable[[PublishSettings, ProgressDisplay, Callable[[], bool]], int] = publish_and_tell,
    ) -> None:
        given = None
        if settings.agent.given is not None:
            given = find_given(settings.store.open(settings.out), settings)
            assert given is not None
            settings = replace(settings, agent=settings.agent.with_given(given.fingerprint))
        self._settings = settings
        self._publish = publish
        self._models = agent_models(
            settings.agent, settings.model, settings.roles, settings.engine, settings.ladder.factor
        )
        self._ladder = within(settings.ladder, (model.family for model in self._models.values()))
        self._judge_model = judge_model(
            settings.judge, settings.judge_model, settings.judge_engine, self._models.get(AGENT)
        )
        self._judge_engine = settings.judge_engine or (None if settings.judge_model.name else settings.engine)
        self._judge = judge_fingerprint(settings.judge, self._judge_model, self._judge_engine)
        self._recipe = recipe_of(settings, self._models, self._judge, given)
        self._fingerprint = self._recipe.fingerprint
        self._source_waits = SOURCES.of(settings.source).look_for(settings.source)  # before anything is written
        super().__init__(settings, display)
        self._episodes = EpisodeStore(self.files, self._fingerprint)
        self._verdicts = VerdictStore(self.files, self._fingerprint, self._judge)
        self._plan = Plan(self.files, self._fingerprint)
        self._retried = frozenset[str]()

    def _ask_models(self, models: Mapping[str, ModelSettings]) -> None:
        """Ask the models whose servers are not started by the job."""
        there = {role: model for role, model in models.items() if model.urls}
        self.ask(questions(there, self._settings.agent, self._settings.judge))

    def _all_models(self) -> dict[str, ModelSettings]:
        return {**self._models, **({JUDGE: self._judge_model} if self._judge_model is not None else {})}

    def start(self) -> int:
        """Run the job; return its exit status."""
        settings = self._settings
        model, judge = ((found and found.name) or "" for found in (self._models.get(AGENT), self._judge_model))
        command = type(settings).__name__.removesuffix("Settings").lower()  # build, or nightly
        names = (settings.version or "", self._fingerprint, settings.source.name, settings.agent.name, model, judge)
        return self.run(self._work, self._fingerprint, command, *names)

    def _work(self) -> int:
        display, settings = self.display, self._settings
        if changed := what_changed(self.files, self._recipe):
            display.say(changed, "warning")
        if self._source_waits:
            display.say(self._source_waits)
        if not self._episodes.committed():  # otherwise nothing may be missing
            self._ask_models(self._all_models())
        size = self.connect()
        outline = self._make_plan()
        first = record(self.files, self._recipe, settings)
        record_judge(self.files, self._fingerprint, settings.judge, self._judge_model, self._judge_engine)
        if first is not None:
            display.say(f"note: this build was first planned from {first}; what it has is not made again", "warning")
        if settings.plan_only:
            return self._estimate(outline, size)
        committed = self._episodes.committed()
        retry = self._retry(outline, committed)
        check_version(self._publishing(outline), bool(retry))
        unfinished = self._generate(outline, committed, retry, size)
        if unfinished:
            return self.give_up(len(unfinished), "finished")
        return self._publish(self._publishing(outline), display, self.stopping)

    def _make_plan(self) -> PlanOutline:
        settings = self._settings
        return plan_source(
            PlanSettings(
                self.files,
                self._fingerprint,
                settings.source,
                settings.agent,
                self._models[AGENT].family if self._models else None,
                self._ladder,
                settings.chunk_size,
                settings.limit,
                self.exclusion,
                trial=settings.plan_only,
            ),
            settings.plan_only,
            self.display,
            self.stopping,
            settings.cluster.workers,
        )

    def _retry(self, outline: PlanOutline, committed: Mapping[str, int]) -> dict[str, Retry]:
        """The failed episodes that this run tries again: by chunk, those of the classes in `retry=`.

        Raises:
            SettingsError: no episode failed of a named class.
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
            self.display.say(f"nothing to try again of {', '.join(names)}; failures of this build: {there}")
        return found

    @contextmanager
    def _pool(
        self, outline: PlanOutline, size: int, done: int, engines: Engines, most: int | None = None
    ) -> Iterator[RolloutPool]:
        settings = self._settings
        models = engines.start(self._all_models())
        self._ask_models(models)
        chunk_size = sum(outline.episodes.values()) // max(1, len(outline.chunk_ids))
        in_flight = settings.cluster.in_flight or (MODEL_IN_FLIGHT if self._models else CPU_IN_FLIGHT)

        def make(on_poll: Callable[[Counter[str]], None], stopping: Callable[[], bool]) -> RolloutPool:
            return RolloutPool(
                RolloutSettings(
                    self.files,
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
                    WatchSettings(bool(self.exports), settings.logging),
                    self.spend.left(),
                ),
                size,
                on_poll,
                stopping,
                self.display.say,
                chunks_each=chunks_for(in_flight, chunk_size),
                most=most,
                stop_s=settings.cluster.stop_s,
            )

        with self.pool_of(engines, make, lambda counts: self.display.episodes(counts, done)) as pool:
            yield pool

    def _generate(
        self, outline: PlanOutline, committed: Mapping[str, int], retry: Mapping[str, Retry], size: int
    ) -> tuple[str, ...]:
        """Make and judge what is missing or must be tried again. Return the chunks that are left unfinished."""
        settings, chunk_ids, episodes = self._settings, outline.chunk_ids, sum(outline.episodes.values())
        missing = [chunk_id for chunk_id in chunk_ids if chunk_id not in committed]
        unjudged = self._judge_failed(chunk_ids) | self._unjudged(chunk_ids, committed) - retry.keys()
        if not missing and not unjudged and not retry:
            self.display.say("nothing is missing: no episode to start", episodes=episodes)
            self.display.tell(metrics.EPISODES_PLANNED, episodes)
            self.display.tell(metrics.EPISODES_REMAINING, 0)
            return ()
        again = sum(chunk.episodes for chunk in retry.values())
        done = self._plan.episodes_in(chunk_id for chunk_id in chunk_ids if chunk_id in committed) - again
        model = self._models[AGENT].name if AGENT in self._models else None
        self.display.begin("episodes", episodes, f"a reply of {model}" if model else "an episode of the agent to end")
        if done:
            self.display.say(f"{done} of {episodes} episodes are there already", episodes_done=done, episodes=episodes)
        if again:
            self.display.say(f"tried again: {count_text(again, 'failed episode')}", episodes=again)
        with Engines(settings.engine, settings.judge_engine, self.stopping, self.display.say) as engines:
            chunks = len(missing) + len(unjudged) + len(retry)
            with self._pool(outline, min(size, chunks), done, engines, settings.cluster.workers or chunks) as pool:
                unfinished = {*pool.judge(_in_order(chunk_ids, unjudged)), *pool.run(missing, retry)}
                # another run may have made chunks and ended before it judged them
                behind = self._unjudged(chunk_ids, self._episodes.committed()) - unfinished
                unfinished.update(pool.judge(_in_order(chunk_ids, behind)))
        return _in_order(chunk_ids, unfinished)

    def _unjudged(self, chunk_ids: Iterable[str], committed: Mapping[str, int]) -> set[str]:
        """The chunks with episodes that the judge has not judged, or not since they were tried again."""
        judged = self._verdicts.committed()

        def seen(chunk_id: str, layers: int) -> bool:
            verdicts = judged.get(chunk_id)
            return verdicts is not None and (not layers or self._verdicts.judged_layers(chunk_id, verdicts) >= layers)

        mine = ((chunk_id, committed[chunk_id]) for chunk_id in chunk_ids if chunk_id in committed)
        return {chunk_id for chunk_id, layers in mine if not seen(chunk_id, layers)}

    def _judge_failed(self, chunk_ids: Iterable[str]) -> set[str]:
        """The chunks in which a judge that asks a model failed on an answer: the judge is asked again. A
        failure of rules is final."""
        if self._judge_model is None:
            return set()
        judged = self._verdicts.committed()
        mine = {chunk_id: judged[chunk_id] for chunk_id in chunk_ids if chunk_id in judged}
        return {chunk_id for chunk_id, counts in self._verdicts.failed(mine) if counts.total()}

    def _publishing(self, outline: PlanOutline) -> PublishSettings:
        return PublishSettings(
            self.files,
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
        """Print an estimate of the build, with time and disk from a few real episodes; return the exit status."""
        chunk_ids = outline.chunk_ids
        step = max(1, len(chunk_ids) // PROBED_CHUNKS)
        self.display.say("trying a few episodes for the estimate ...")
        with (
            Engines(self._settings.engine, self._settings.judge_engine, self.stopping, self.display.say) as engines,
            self._pool(outline, min(size, PROBED_CHUNKS), 0, engines) as pool,
        ):
            costs = pool.probe(chunk_ids[::step][:PROBED_CHUNKS])
        if self.endings:
            status = status_after(self.endings)
            line = f"there is no estimate: {'; '.join(sorted(self.endings))}: {advice_after(status)}"
            self.display.say(line, "error")
            return status
        self.display.close()
        tell_estimate(outline, costs, size, self.display)
        return ExitStatus.DONE


def _in_order(chunk_ids: Iterable[str], some: Set[str]) -> tuple[str, ...]:
    return tuple(chunk_id for chunk_id in chunk_ids if chunk_id in some)


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""

    def build(arguments: Sequence[str]) -> int:
        settings = load_build(arguments)
        with ProgressDisplay(kind=settings.logging) as display:
            return Build(settings, display).start()

    return run_command("build", HELP, arguments, build)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
