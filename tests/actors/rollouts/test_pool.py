"""The pool, on a real Ray: an episode that kills its workers, or hangs, costs itself and nothing else."""

import asyncio
import io
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import ray
from PIL import Image

from actors.cluster.connection import ClusterSettings, connect
from actors.cluster.errors import ClusterError
from actors.rollouts.judging import ChunkReport
from actors.rollouts.pool import RolloutPool
from actors.rollouts.work import Mode
from actors.rollouts.worker import Retry, RolloutSettings, RolloutWorker
from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout
from lensmill.agents.reader.settings import ReaderSettings
from lensmill.judging.rule_judge import RuleSettings
from lensmill.resolution import Ladder
from lensmill.sandbox.settings import SandboxSettings
from storage.builds.episodes import EpisodeStore
from storage.builds.images import ImageStore
from storage.builds.plan import Plan, plan_sample
from storage.files.store import Files
from tests.said_lines import Said
from tests.storage.made import a_sample

SETTINGS = RolloutSettings(
    *(Files("unused"), "f" * 16, "j" * 16, ReaderSettings(), Ladder((224,)), RuleSettings(), {}),
    *(SandboxSettings(), 2, "r1"),
)


def uncounted(_: Counter[str]) -> None:
    """For pools whose counts are of no interest."""


class DeadlyAgent:
    """Answers at once, except that question 2 ends the process."""

    name = "reader"

    async def run(self, environment: Environment) -> Rollout:
        if environment.task.question == "What is bar 2?":
            os._exit(1)
        return environment.hand_in("I see it.", environment.task.question.removeprefix("What is bar ").rstrip("?"), ())


class DeadlyWorker(RolloutWorker):
    def __init__(self, settings: RolloutSettings) -> None:
        super().__init__(settings)
        self._agent = DeadlyAgent()


class HangingAgent:
    """Answers at once, except that question 2 never comes back from its thread."""

    name = "reader"

    async def run(self, environment: Environment) -> Rollout:
        if environment.task.question == "What is bar 2?":
            await asyncio.to_thread(threading.Event().wait)
        return environment.hand_in("I see it.", environment.task.question.removeprefix("What is bar ").rstrip("?"), ())


class HangingWorker(RolloutWorker):
    grace_s = 0.1

    def __init__(self, settings: RolloutSettings) -> None:
        super().__init__(settings)
        self.timeout_s = 5.0
        self._agent = HangingAgent()


class SlowTogetherAgent:
    """Answers at once when alone, and else never: as episodes do that wait for each other's threads."""

    name = "reader"

    def __init__(self) -> None:
        self.here = 0

    async def run(self, environment: Environment) -> Rollout:
        self.here += 1
        try:
            await asyncio.sleep(0)
            if self.here > 1:
                await asyncio.Event().wait()
            return environment.hand_in("I see it.", "5", ())
        finally:
            self.here -= 1


class SlowTogetherWorker(RolloutWorker):
    def __init__(self, settings: RolloutSettings) -> None:
        super().__init__(settings)
        self.timeout_s = 0.2
        self._agent = SlowTogetherAgent()


class UnbornWorker(RolloutWorker):
    def __init__(self, _: RolloutSettings) -> None:
        os._exit(1)


@pytest.fixture(scope="module")
def cluster() -> Iterator[int]:
    yield connect(ClusterSettings())
    ray.shutdown()


def planned(out: Path, samples: int) -> tuple[RolloutSettings, Plan]:
    files = Files(str(out))
    plan = Plan(files, SETTINGS.fingerprint)
    items = []
    for number in range(samples):
        buffer = io.BytesIO()
        Image.new("RGB", (300, 200), (number, 0, 0)).save(buffer, "PNG")
        sample = a_sample(number, buffer.getvalue())
        ImageStore(files).put(sample.image_id, buffer.getvalue())
        items.append(plan_sample(SETTINGS.fingerprint, sample, (224,), ("reader",), (0,)))
    plan.append(items, chunk_size=3)
    settings = RolloutSettings(files, *(getattr(SETTINGS, name) for name in RolloutSettings.__slots__[1:]))
    return settings, plan


@pytest.mark.usefixtures("cluster")
def test_an_episode_that_kills_its_workers_fails_alone(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 7)
    told: list[Counter[str]] = []
    worker = ray.remote(num_cpus=1, max_restarts=0)(DeadlyWorker)
    pool = RolloutPool(settings, 2, told.append, lambda: False, Said(), worker)
    assert pool.run(plan.chunk_ids()) == ()
    pool.close()
    store = EpisodeStore(Files(str(tmp_path)), settings.fingerprint)
    rows = [row for chunk_id in plan.chunk_ids() for row in store.rows(chunk_id)]
    assert len(rows) == 7
    (failed,) = [row for row in rows if row.outcome == "failed"]
    assert failed.planned.sample_id == plan.read_chunk(plan.chunk_ids()[0]).episodes[2].sample_id
    assert failed.failure is not None
    assert failed.failure.error_class == "worker_died"


@pytest.mark.usefixtures("cluster")
def test_an_episode_that_hangs_fails_alone_and_its_worker_is_replaced(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 7)
    pool = RolloutPool(settings, 2, uncounted, lambda: False, Said(), ray.remote(num_cpus=1)(HangingWorker))
    assert pool.run(plan.chunk_ids()) == ()
    pool.close()
    store = EpisodeStore(Files(str(tmp_path)), settings.fingerprint)
    rows = [row for chunk_id in plan.chunk_ids() for row in store.rows(chunk_id)]
    assert len(rows) == 7
    assert [row.failure.error_class for row in rows if row.failure] == ["timeout"]


@pytest.mark.usefixtures("cluster")
def test_a_timeout_is_not_held_against_an_episode_that_was_not_alone(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 6)
    pool = RolloutPool(settings, 1, uncounted, lambda: False, Said(), ray.remote(num_cpus=1)(SlowTogetherWorker))
    assert pool.run(plan.chunk_ids()) == ()
    pool.close()
    store = EpisodeStore(Files(str(tmp_path)), settings.fingerprint)
    assert {row.outcome for chunk_id in plan.chunk_ids() for row in store.rows(chunk_id)} == {"done"}


async def test_a_chunk_that_is_committed_is_not_made_again(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 2)
    (chunk_id,) = plan.chunk_ids()
    await RolloutWorker(settings).run_chunk(chunk_id)
    again = DeadlyWorker(settings)  # it would end this process
    report = await again.run_chunk(chunk_id)
    assert report.state == "found"
    assert await again.counts() == {}


@pytest.mark.usefixtures("cluster")
def test_workers_that_have_no_room_are_not_waited_for(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 4)
    greedy = ray.remote(num_cpus=ray.cluster_resources()["CPU"])(RolloutWorker)
    pool = RolloutPool(settings, 3, uncounted, lambda: False, Said(), greedy)
    assert pool.run(plan.chunk_ids()) == ()
    pool.close()


@pytest.mark.usefixtures("cluster")
def test_a_pool_without_any_room_can_be_stopped(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 2)
    stop = iter([False, True])
    pool = RolloutPool(
        settings, 1, uncounted, lambda: next(stop, True), Said(), ray.remote(num_cpus=999)(RolloutWorker)
    )
    assert pool.run(plan.chunk_ids()) == plan.chunk_ids()
    pool.close()


@pytest.mark.usefixtures("cluster")
def test_workers_that_all_die_while_starting_end_the_job(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 2)
    pool = RolloutPool(settings, 1, uncounted, lambda: False, Said(), ray.remote(num_cpus=1)(UnbornWorker))
    with pytest.raises(ClusterError, match="died while starting"):
        pool.run(plan.chunk_ids())
    pool.close()


@pytest.mark.usefixtures("cluster")
def test_a_pool_that_is_told_to_stop_leaves_the_rest_unfinished(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 2)
    pool = RolloutPool(settings, 1, uncounted, lambda: True, Said())
    assert pool.run(plan.chunk_ids()) == plan.chunk_ids()
    pool.close()


class StrandedWorker(RolloutWorker):
    """The first of them reaches no engine; the others are well."""

    async def run_chunk(self, chunk_id: str, mode: Mode = "", retry: Retry | None = None) -> ChunkReport:
        mark = Path(self._settings.files.root) / "stranded"
        with suppress(FileExistsError):
            mark.touch(exist_ok=False)
            self._outage = ("no server answers", "")
        if self._outage:
            return ChunkReport(chunk_id, "handed_back", *self._outage)
        return await super().run_chunk(chunk_id, mode, retry)


@pytest.mark.usefixtures("cluster")
def test_a_worker_without_an_engine_is_given_no_more_and_others_go_on(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 12)
    pool = RolloutPool(settings, 2, uncounted, lambda: False, Said(), ray.remote(num_cpus=1)(StrandedWorker))
    assert pool.run(plan.chunk_ids()) == ()
    assert set(pool.reasons) == {"no server answers"}
    pool.close()


class ComplainingWorker(RolloutWorker):
    def __init__(self, _: RolloutSettings) -> None:
        raise ValueError("set the environment variable MY_KEY")


@pytest.mark.usefixtures("cluster")
def test_a_worker_that_says_why_it_cannot_start_is_heard(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 2)
    pool = RolloutPool(settings, 1, uncounted, lambda: False, Said(), ray.remote(num_cpus=1)(ComplainingWorker))
    with pytest.raises(ClusterError, match="set the environment variable MY_KEY"):
        pool.run(plan.chunk_ids())
    pool.close()
