"""A worker that is told to leave within some time: what has ended is handed back, what has not is given up."""

import asyncio
from pathlib import Path

from actors.rollouts.worker import RolloutSettings, RolloutWorker
from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout
from storage.builds.episodes import EpisodeStore
from tests.actors.rollouts.test_pool import planned


class HalfDoneAgent:
    """Answers the first question at once, and the others only after `go`."""

    name = "reader"

    def __init__(self) -> None:
        self.asked = 0
        self.half = asyncio.Event()
        self.go = asyncio.Event()

    async def run(self, environment: Environment) -> Rollout:
        self.asked += 1
        if self.asked == 3:
            self.half.set()
        if self.asked > 1:
            await self.go.wait()
        return environment.hand_in("I see it.", "5", ())


class HalfDoneWorker(RolloutWorker):
    def __init__(self, settings: RolloutSettings) -> None:
        super().__init__(settings)
        self._agent = self.agent = HalfDoneAgent()


async def half_done(settings: RolloutSettings, chunk_id: str) -> "tuple[HalfDoneWorker, asyncio.Task[str]]":
    """A worker at a chunk of which one episode has ended and two are at work."""
    worker = HalfDoneWorker(settings)

    async def run() -> str:
        return (await worker.run_chunk(chunk_id)).state

    running = asyncio.create_task(run())
    await worker.agent.half.wait()
    return worker, running


async def test_finished_episodes_are_handed_back_in_time(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 3)
    (chunk_id,) = plan.chunk_ids()
    worker, running = await half_done(settings, chunk_id)
    await worker.stop(0.1)
    assert await running == "handed_back"
    kept = EpisodeStore(settings.files, settings.fingerprint).handed_back(chunk_id)
    assert len(list(kept)) == 1


async def test_another_worker_makes_only_the_rest(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 3)
    (chunk_id,) = plan.chunk_ids()
    worker, running = await half_done(settings, chunk_id)
    await worker.stop(0.0)
    await running
    other = HalfDoneWorker(settings)
    other.agent.go.set()
    assert (await other.run_chunk(chunk_id)).state == "committed"
    assert other.agent.asked == 2


async def test_running_episodes_finish_in_the_time_left(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 3)
    (chunk_id,) = plan.chunk_ids()
    worker, running = await half_done(settings, chunk_id)
    await worker.stop()
    worker.agent.go.set()
    assert await running == "committed"


async def test_a_chunk_that_comes_after_the_notice_is_handed_back(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 3)
    (chunk_id,) = plan.chunk_ids()
    worker = HalfDoneWorker(settings)
    await worker.stop(0.0)
    assert (await worker.run_chunk(chunk_id)).state == "handed_back"
