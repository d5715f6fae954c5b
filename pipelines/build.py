"""The main job: sources -> plan -> rollouts -> judging -> curation -> dataset version.

    python -m pipelines.build source=chartqa source.path=/data/ChartQA out=out/chartqa

Run it again and it does only what is missing.
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict

import ray
from ray.exceptions import RayError

from actors.cluster import ClusterError, connect
from actors.planning import PlanOutline, PlanSettings, RemotePlanner
from actors.pool import RolloutPool
from actors.publishing import PublishSettings, remote_publish, remote_tally
from actors.rollout import RolloutSettings
from monitoring.interrupt import Interrupt
from monitoring.progress import ProgressDisplay, clock_text, size_text
from monitoring.report import print_tallies
from pipelines.help import HELP, help_for
from pipelines.recipe import judge_fingerprint, recipe_of, record
from pipelines.settings import BuildSettings, SettingsError, compose_config, load_build
from storage.episodes import EpisodeStore
from storage.files import Files, StoreError
from storage.plan import Plan
from storage.sources.protocol import SourceError
from storage.verdicts import VerdictStore

PROBED_CHUNKS = 3


class Build:
    """One run of the job. Everything that must outlive it is in the store."""

    def __init__(self, settings: BuildSettings, display: ProgressDisplay) -> None:
        self._settings = settings
        self._display = display
        self._recipe = recipe_of(settings)
        self._fingerprint = self._recipe.fingerprint
        self._judge = judge_fingerprint(settings)
        self._files = Files(settings.out)
        self._episodes = EpisodeStore(self._files, self._fingerprint)
        self._verdicts = VerdictStore(self._files, self._fingerprint, self._judge)
        self._plan = Plan(self._files, self._fingerprint)
        self._interrupt = Interrupt(display.say)

    def run(self) -> int:
        """The whole way; returns the exit status: 0 done, 1 something is unfinished, 130 interrupted."""
        display, settings = self._display, self._settings
        first = record(self._files, self._recipe, settings)
        if first is not None:
            display.say(f"note: this build was first planned from {first}; samples of the new place are added to it")
        with self._interrupt:
            size = connect(settings.cluster)
            outline = self._make_plan()
            if self._interrupt.asked:
                return 130
            if settings.plan_only:
                self._estimate(outline, size)
                return 0
            unfinished = self._generate(sum(outline.episodes.values()), size)
            if unfinished:
                return self._give_up(len(unfinished))
            return self._publish()

    def _make_plan(self) -> PlanOutline:
        settings, display = self._settings, self._display
        planner = RemotePlanner.remote(
            PlanSettings(
                settings.out,
                self._fingerprint,
                settings.source,
                settings.agent,
                settings.ladder,
                settings.store.chunk_size,
                settings.limit,
            )
        )
        display.begin("reading the source", 0)
        planning = planner.plan.remote()
        while not ray.wait([planning], timeout=0.5)[0] and not self._interrupt.asked:
            display.planned(*ray.get(planner.progress.remote()))
        if self._interrupt.asked:
            display.say("stopped while reading the source; run the same command again to go on")
            return PlanOutline(0, 0, {}, {})
        ray.get(planning)
        outline: PlanOutline = ray.get(planner.outline.remote())
        ray.kill(planner)
        display.say(
            f"planned: {outline.samples} samples, {sum(outline.episodes.values())} episodes "
            f"on {len(outline.episodes)} rungs, {outline.failures} unreadable rows (in the failures table)"
        )
        if not outline.samples:
            raise SourceError(f"source {settings.source.name}: no sample could be read; see the failures above")
        return outline

    def _pool(self, size: int, done: int) -> RolloutPool:
        settings = RolloutSettings(
            self._settings.out,
            self._fingerprint,
            self._judge,
            self._settings.agent,
            self._settings.ladder,
            self._settings.judge,
            self._settings.cluster.in_flight,
        )
        return RolloutPool(
            settings, size, lambda counts: self._display.episodes(counts, done), lambda: self._interrupt.asked
        )

    def _generate(self, episodes: int, size: int) -> tuple[str, ...]:
        """Make what is missing and judge what is not judged; returns the chunks left unfinished."""
        chunk_ids = self._plan.chunk_ids()
        committed, judged = self._episodes.committed(), self._verdicts.committed()
        missing = [chunk_id for chunk_id in chunk_ids if chunk_id not in committed]
        unjudged = [chunk_id for chunk_id in chunk_ids if chunk_id in committed and chunk_id not in judged]
        if not missing and not unjudged:
            self._display.say("nothing is missing: no episode to start")
            return ()
        done = sum(len(self._plan.read_chunk(chunk_id).episodes) for chunk_id in chunk_ids if chunk_id in committed)
        self._display.begin("episodes", episodes)
        if done:
            self._display.say(f"{done} of {episodes} episodes are there already")
        pool = self._pool(min(size, len(missing) + len(unjudged)), done)
        try:
            return (*pool.judge(unjudged), *pool.run(missing))
        finally:
            pool.close()

    def _give_up(self, unfinished: int) -> int:
        if self._interrupt.asked:
            self._display.say(f"stopped; {unfinished} chunks are left: run the same command again to go on")
            return 130
        self._display.say(f"{unfinished} chunks could not be finished (their workers died): run the same command again")
        return 1

    def _publish(self) -> int:
        settings = PublishSettings(
            self._settings.out,
            self._fingerprint,
            self._judge,
            asdict(self._settings.curation),
            self._settings.version,
            f"Visual chains of thought: {self._settings.source.name}, {self._settings.agent.name}",
        )
        self._display.begin("publishing", 0)
        tallying = remote_tally.remote(settings)
        published = ray.get(remote_publish.remote(settings))
        self._display.close()
        print_tallies(ray.get(tallying), sys.stdout)
        print(
            f"\n{published.rows} accepted trajectories ({size_text(published.size)}) in {published.path}\n"
            f'look at them: datasets.load_dataset("{published.path}")'
        )
        return 0

    def _estimate(self, outline: PlanOutline, size: int) -> None:
        """Print what the build would be, with time and disk from a few real episodes."""
        chunk_ids = self._plan.chunk_ids()
        step = max(1, len(chunk_ids) // PROBED_CHUNKS)
        self._display.say("trying a few episodes for the estimate ...")
        pool = self._pool(min(size, PROBED_CHUNKS), 0)
        costs = pool.probe(chunk_ids[::step][:PROBED_CHUNKS])
        pool.close()
        self._display.close()
        seconds = sum(_mean([c.seconds for c in costs if c.rung == rung]) * n for rung, n in outline.episodes.items())
        disk = sum(_mean([c.size for c in costs if c.rung == rung]) * n for rung, n in outline.episodes.items())
        print(f"{outline.samples} samples, {outline.failures} unreadable rows")
        print(f"{'rung':>6} {'episodes':>10} {'image tokens of the views':>27}")
        for rung in outline.episodes:
            print(f"{rung:>6} {outline.episodes[rung]:>10,} {outline.tokens[rung]:>27,}")
        print(f"{'all':>6} {sum(outline.episodes.values()):>10,} {sum(outline.tokens.values()):>27,}")
        print(f"about {clock_text(seconds / size)} on {size} workers and {size_text(disk)} of pictures")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""
    if any(argument in ("-h", "--help") for argument in arguments):
        print(help_for("build", HELP))
        return 0
    try:
        if "--cfg" in arguments:
            from omegaconf import OmegaConf

            print(OmegaConf.to_yaml(compose_config("build", [a for a in arguments if a != "--cfg"])), end="")
            return 0
        settings = load_build(arguments)
        with ProgressDisplay() as display:
            return Build(settings, display).run()
    except (SettingsError, SourceError, StoreError, ClusterError) as error:
        print(f"error: {getattr(error, 'cause', error)}", file=sys.stderr)  # Ray wraps what its tasks raise
        return 2
    except RayError as error:
        print(f"error: Ray: {str(error).strip().splitlines()[0]}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped at once; what was committed is kept: run the same command again to go on", file=sys.stderr)
        return 130
    finally:
        if ray.is_initialized():
            ray.shutdown()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
