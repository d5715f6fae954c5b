"""Replay: every picture again from the original and the record, and every difference named."""

import io
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PIL import Image

from lensmill.agents.protocol import Rollout
from lensmill.agents.refocus.agent import RefocusAgent
from lensmill.agents.refocus.settings import RefocusSettings
from lensmill.agents.settings import tool_settings
from lensmill.agents.zoom.settings import ZoomSettings
from lensmill.geometry import Box
from lensmill.models.families import ModelFamily, within
from lensmill.replay import Replayer, ReplayError, ReplaySettings
from lensmill.resolution import Ladder
from lensmill.sample import Region
from lensmill.sandbox.monty import MontySandbox
from lensmill.sandbox.programs import NoBoundary
from lensmill.sandbox.protocol import Limits, Sandbox
from lensmill.tools import ZOOM
from lensmill.trajectory import Action, Step, Trajectory
from tests.agents.scripted import ScriptedModel, a_picture, an_environment, two_columns

FIRST = {"bbox_2d": [100, 100, 200, 200], "label": "a \ud800 sign", "image": 0}
SECOND = {"labels": ["2019"], "image": 1}


def png(pixels: Image.Image) -> bytes:
    buffer = io.BytesIO()
    pixels.save(buffer, "PNG")
    return buffer.getvalue()


def looked(image_id: str) -> bytes:
    assert image_id == "original"
    return png(a_picture())


@pytest.fixture
def replayer() -> Iterator[Replayer]:
    with Replayer(ReplaySettings(), looked) as replayer:
        yield replayer


def an_episode(rung: int = 448) -> Rollout:
    """A zoom, a call that fails, and an edit of the zoomed picture."""
    environment = an_environment(rung=rung, regions=two_columns())
    environment.act("I zoom.", ZOOM, FIRST)
    environment.act("Too far.", ZOOM, {"bbox_2d": [9000, 9000, 9100, 9100]})
    environment.act("I mask.", "focus_on_x_values_with_mask", SECOND)
    return environment.hand_in("It is red.", "red", ())


def differences(replayer: Replayer, trajectory: Trajectory, rung: int = 448) -> list[str]:
    again = replayer.replay("original", rung, two_columns(), trajectory)
    return [difference.field for redrawn in again for difference in redrawn.differences]


def changed(trajectory: Trajectory, number: int, step: Step) -> Trajectory:
    return replace(trajectory, steps=(*trajectory.steps[:number], step, *trajectory.steps[number + 1 :]))


def test_every_picture_is_drawn_again_in_order(replayer: Replayer) -> None:
    rollout = an_episode()
    again = list(replayer.replay("original", 448, two_columns(), rollout.trajectory))
    assert [redrawn.index for redrawn in again] == [0, 1, 2]
    assert not any(redrawn.differences for redrawn in again)


def test_files_are_the_bytes_that_were_stored(replayer: Replayer) -> None:
    rollout = an_episode()
    assert list(replayer.files("original", 448, two_columns(), rollout.trajectory)) == list(rollout.images)


def test_an_episode_like_its_neighbour_is_not_drawn_again(replayer: Replayer) -> None:
    rollout = an_episode()
    first = list(replayer.files("original", 448, two_columns(), rollout.trajectory))
    again = list(replayer.files("elsewhere", 448, two_columns(), rollout.trajectory))  # `looked` has no such picture
    assert [file.data for file in again] == [file.data for file in first]


def test_a_changed_pixel_hash_is_named(replayer: Replayer) -> None:
    rollout = an_episode()
    view = replace(rollout.trajectory.images[0], pixel_hash="0" * 64)
    forged = replace(rollout.trajectory, images=(view, *rollout.trajectory.images[1:]))
    assert differences(replayer, forged) == ["images[0].pixel_hash"]
    with pytest.raises(ReplayError, match=r"images\[0\]"):
        list(replayer.files("original", 448, two_columns(), forged))


def test_a_changed_box_of_the_record_is_named(replayer: Replayer) -> None:
    trajectory = an_episode().trajectory
    step = trajectory.steps[0]
    assert step.action is not None
    forged = replace(step.action, boxes=((step.action.boxes[0][0], Box(0, 0, 9, 9)),))
    assert differences(replayer, changed(trajectory, 0, replace(step, action=forged))) == ["steps[0].boxes"]


def test_a_changed_argument_shows_in_its_pictures_and_in_those_drawn_from_them(replayer: Replayer) -> None:
    trajectory = an_episode().trajectory
    step = replace(trajectory.steps[0], action=Action(ZOOM, {**FIRST, "bbox_2d": [10, 10, 200, 200]}))
    found = differences(replayer, changed(trajectory, 0, step))
    assert {"steps[0].boxes", "images[1].pixel_hash", "images[2].pixel_hash"} <= set(found)


def test_a_call_that_failed_and_now_works_is_named(replayer: Replayer) -> None:
    trajectory = an_episode().trajectory
    step = replace(trajectory.steps[1], action=Action(ZOOM, FIRST))
    assert "steps[1]" in differences(replayer, changed(trajectory, 1, step))


def test_a_call_that_worked_and_now_fails_ends_the_replay(replayer: Replayer) -> None:
    trajectory = an_episode().trajectory
    step = replace(trajectory.steps[0], action=Action(ZOOM, {**FIRST, "bbox_2d": ["a"]}))
    assert differences(replayer, changed(trajectory, 0, step)) == ["steps[0]"]


def test_another_rung_is_another_view(replayer: Replayer) -> None:
    assert "images[0].pixel_hash" in differences(replayer, an_episode(rung=448).trajectory, rung=224)


def test_settings_of_a_recipe_are_those_of_the_agents_tools() -> None:
    family = ModelFamily(min_pixels=40_000, factor=32)
    agent = ZoomSettings(zoom_floor=448, zoom_source="view")
    model = {
        "convention": "pixels",
        "factor": 32,
        "min_pixels": 40_000,
        "max_pixels": family.max_pixels,
        "context_length": family.context_length,
        "tokens_per_image": None,
    }
    recipe = {
        "agent": {"name": "zoom", "zoom_floor": 448, "zoom_source": "view"},
        "ladder": {"rungs": [224], "factor": 32, "upscale": True, "min_pixels": 40_000, "max_pixels": 900_000},
        "models": {"agent": model},
    }
    settings = ReplaySettings.of_recipe(recipe)
    ladder = Ladder((224,), 32, True, 40_000, 900_000)
    assert settings == ReplaySettings(32, True, tool_settings(agent, ladder), family)
    assert settings.ladder(224) == ladder
    assert ReplaySettings.of_record(settings.record()) == settings


@pytest.mark.parametrize("record", [{}, {"tools": 3}, {**ReplaySettings().record(), "factor": 0}])
def test_a_record_that_is_no_record_is_refused(record: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"settings of a replay|factor"):
        ReplaySettings.of_record(record)


def test_a_record_of_an_older_drawing_is_refused() -> None:
    record = ReplaySettings().record()
    del record["tools"]["max_pixels"]
    with pytest.raises(ValueError, match="as an earlier lensmill did"):
        ReplaySettings.of_record(record)
    with pytest.raises(ValueError, match="as an earlier lensmill did"):
        ReplaySettings.of_recipe({"agent": {}, "ladder": {"rungs": [224], "factor": 28, "upscale": False}})


FAMILY = ModelFamily(min_pixels=40_000)
ENDLESS = "while True:\n    pass"


def reply(code: str) -> str:
    return f"THOUGHT: I look.\nACTION:\n```python\n{code}\n```"


async def coded(sandbox: Sandbox, *blocks: str, regions: tuple[Region, ...] = two_columns()) -> Trajectory:
    environment = an_environment(regions=regions)
    model = ScriptedModel(*map(reply, blocks), "FINAL ANSWER: 4. TERMINATE", family=FAMILY)
    return (await RefocusAgent(model, sandbox).run(environment)).trajectory


def a_code_replayer() -> Replayer:
    return Replayer(
        ReplaySettings(tools=tool_settings(RefocusSettings(), within(Ladder(), [FAMILY])), family=FAMILY), looked
    )


async def test_code_runs_again_and_shows_the_same(sandbox: Sandbox) -> None:
    trajectory = await coded(
        sandbox,
        'kept = focus_on_x_values_with_draw(image_1, ["2019"], x_values_bbox)\ndisplay(kept)',
        "display(kept.crop((0, 0, 150, 99)), kept)",
    )
    with a_code_replayer() as replayer:
        again = list(replayer.replay("original", 448, two_columns(), trajectory, files=True))
    assert [redrawn.index for redrawn in again] == [0, 1, 2, 3]
    assert not [redrawn.differences for redrawn in again if redrawn.differences]


async def test_code_that_ran_out_of_time_is_not_run_again() -> None:
    try:
        hasty = MontySandbox(Limits(seconds=0.5), programs=1)
    except NoBoundary as missing:
        pytest.skip(str(missing))
    try:
        trajectory = await coded(hasty, f"kept = 1\n{ENDLESS}", "display(image_1.crop((0, 0, 150, kept)))")
    finally:
        hasty.close()
    with a_code_replayer() as replayer:
        again = list(replayer.replay("original", 448, two_columns(), trajectory))
    assert not [redrawn.differences for redrawn in again if redrawn.differences]


async def test_changed_code_is_named(sandbox: Sandbox) -> None:
    trajectory = await coded(sandbox, "display(image_1.crop((0, 0, 150, 99)))")
    step = replace(trajectory.steps[0], action=Action("python", {"code": "display(image_1.crop((0, 0, 150, 90)))"}))
    with a_code_replayer() as replayer:
        again = list(replayer.replay("original", 448, two_columns(), changed(trajectory, 0, step)))
    assert "images[1].pixel_hash" in [difference.field for redrawn in again for difference in redrawn.differences]
