"""An episode during which engines died: workers share engines, so it is blamed only if it was the only one at work."""

from pathlib import Path

from actors.rollouts.worker import RolloutSettings, RolloutWorker
from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout
from lensmill.models.chat import ModelError
from storage.builds.episodes import EpisodeStore
from tests.actors.rollouts.test_pool import planned


class SuspectAgent:
    """Engines die during question 1, as long as `deadly`."""

    name = "reader"

    def __init__(self) -> None:
        self.deadly = True

    async def run(self, environment: Environment) -> Rollout:
        if self.deadly and environment.task.question == "What is bar 1?":
            raise ModelError("engine_killer", "two engines died of this call")
        return environment.hand_in("I see it.", "5", ())


def worker(settings: RolloutSettings) -> tuple[RolloutWorker, SuspectAgent]:
    made, agent = RolloutWorker(settings), SuspectAgent()
    made._agent = agent
    return made, agent


def failed(settings: RolloutSettings, chunk_id: str) -> list[str]:
    rows = EpisodeStore(settings.files, settings.fingerprint).rows(chunk_id)
    return [row.failure.error_class for row in rows if row.failure is not None]


async def test_an_episode_beside_others_is_only_suspected_and_the_rest_is_kept(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 3)
    (chunk_id,) = plan.chunk_ids()
    assert (await worker(settings)[0].run_chunk(chunk_id)).state == "suspect"
    store = EpisodeStore(settings.files, settings.fingerprint)
    assert len(store.handed_back(chunk_id)) == 2
    assert not store.is_committed(chunk_id)


async def test_an_innocent_suspect_finishes_in_its_trial(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 3)
    (chunk_id,) = plan.chunk_ids()
    made, agent = worker(settings)
    await made.run_chunk(chunk_id)
    agent.deadly = False
    assert (await made.run_chunk(chunk_id, "trial")).state == "committed"
    assert failed(settings, chunk_id) == []


async def test_an_episode_that_kills_engines_in_its_trial_fails_alone(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 3)
    (chunk_id,) = plan.chunk_ids()
    made, _ = worker(settings)
    await made.run_chunk(chunk_id)
    assert (await made.run_chunk(chunk_id, "trial")).state == "committed"
    assert failed(settings, chunk_id) == ["engine_killer"]


async def test_a_careful_run_blames_nobody_for_engines(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 3)
    (chunk_id,) = plan.chunk_ids()
    assert (await worker(settings)[0].run_chunk(chunk_id, "careful")).state == "suspect"
