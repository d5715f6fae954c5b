"""Given trajectories: the pictures of an earlier build's episode, drawn again from its record."""

import io
import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from actors.rollouts.given import GivenTrajectories
from lensmill.agents.environment import Environment
from lensmill.agents.errors import NoTrajectory
from lensmill.agents.protocol import Rollout, Task
from lensmill.picture import draw_view
from lensmill.resolution import MAX_PIXELS, MIN_PIXELS
from lensmill.sample import Sample
from lensmill.tools import ZOOM
from storage.builds.episodes import EpisodeRow, EpisodeStore, Failure
from storage.builds.images import ImageStore
from storage.builds.plan import Plan, PlannedEpisode, plan_sample
from storage.files.store import Files
from tests.agents.scripted import a_picture
from tests.storage.made import FINGERPRINT

RECIPE = {
    "agent": {"name": "zoom", "zoom_source": "original", "zoom_floor": 896},
    "ladder": {"factor": 28, "upscale": False, "min_pixels": MIN_PIXELS, "max_pixels": MAX_PIXELS},
}


def zoomed(planned: PlannedEpisode) -> Rollout:
    """An episode with one zoom, at a place that depends on its seed."""
    original = a_picture()
    environment = Environment(
        Task("What is it?", planned.rung, planned.seed), original, draw_view(original, planned.rung)
    )
    left = 20 * planned.seed
    environment.act("my thought", ZOOM, {"bbox_2d": [left, 0, left + 100, 100], "label": "it"})
    return environment.hand_in("my answer", "7", ())


@pytest.fixture
def sample() -> Sample:
    buffer = io.BytesIO()
    a_picture().save(buffer, "PNG")
    return Sample("5" * 32, sha256(buffer.getvalue()).hexdigest(), 800, 600, "What is it?", ("7",), source="made")


@pytest.fixture
def files(tmp_path: Path, sample: Sample) -> Files:
    """A store with the build of two seeds on rung 448; on rung 672 every episode failed."""
    files, buffer = Files(str(tmp_path)), io.BytesIO()
    a_picture().save(buffer, "PNG")
    ImageStore(files).put(sample.image_id, buffer.getvalue())
    files.create(f"builds/{FINGERPRINT}/recipe.json", json.dumps(RECIPE).encode())
    plan, episodes = Plan(files, FINGERPRINT), EpisodeStore(files, FINGERPRINT)
    plan.append([plan_sample(FINGERPRINT, sample, (448, 672), ("zoom",), (0, 1))])
    for chunk_id in plan.chunk_ids():
        rows = [
            EpisodeRow(planned, "done", zoomed(planned).trajectory)
            if planned.rung == 448
            else EpisodeRow(planned, "failed", failure=Failure("timeout", "took too long", 1))
            for planned in plan.read_chunk(chunk_id).episodes
        ]
        episodes.commit(chunk_id, rows)
    return files


def wanted(sample: Sample, rung: int = 448, seed: int = 0) -> PlannedEpisode:
    return PlannedEpisode("e" * 32, sample.sample_id, rung, "direct", seed)


@pytest.mark.parametrize(("seed", "taken"), [(0, 0), (1, 1), (7, 0)])
async def test_the_pictures_are_those_of_the_same_seed_or_of_the_first(
    seed: int, taken: int, files: Files, sample: Sample
) -> None:
    given = await GivenTrajectories(files, FINGERPRINT).of(wanted(sample, seed=seed), sample)
    made = zoomed(wanted(sample, seed=taken))
    assert [(image.ref, image.data, image.format) for image in given.images] == [
        (image.ref, image.data, image.format) for image in made.images
    ]


async def test_thoughts_and_the_answer_stay_behind(files: Files, sample: Sample) -> None:
    given = await GivenTrajectories(files, FINGERPRINT).of(wanted(sample), sample)
    (step,) = given.steps
    assert step.thought == ""
    assert step.action is not None
    assert step.action.tool == ZOOM


@pytest.mark.parametrize("change", [{"rung": 672}, {"rung": 224}])
async def test_a_question_without_a_trajectory_on_the_rung_has_no_pictures(
    change: dict[str, int], files: Files, sample: Sample
) -> None:
    with pytest.raises(NoTrajectory, match="no trajectory of this question on rung"):
        await GivenTrajectories(files, FINGERPRINT).of(wanted(sample, **change), sample)


async def test_a_question_that_the_build_never_had_has_no_pictures(files: Files, sample: Sample) -> None:
    other = replace(sample, sample_id="6" * 32)
    with pytest.raises(NoTrajectory):
        await GivenTrajectories(files, FINGERPRINT).of(wanted(other), other)


async def test_pictures_that_come_out_differently_fail_their_episode_alone(files: Files, sample: Sample) -> None:
    agent = {"name": "zoom", "zoom_source": "view", "zoom_floor": 896}
    files.remove(f"builds/{FINGERPRINT}/recipe.json")
    files.create(f"builds/{FINGERPRINT}/recipe.json", json.dumps({**RECIPE, "agent": agent}).encode())
    with pytest.raises(NoTrajectory, match="do not come out as recorded"):
        await GivenTrajectories(files, FINGERPRINT).of(wanted(sample), sample)
