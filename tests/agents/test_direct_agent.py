"""The direct agent: one turn."""

from typing import Any

import pytest

from lensmill.agents.direct.agent import DirectAgent
from lensmill.agents.direct.settings import DirectSettings
from lensmill.agents.environment import Given
from lensmill.curation.correct import rejection
from lensmill.models.chat import ChatReply
from lensmill.sample import Sample
from lensmill.tools import ZOOM
from lensmill.trajectory import Trajectory
from lensmill.verdict import Verdict
from tests.agents.scripted import ScriptedModel, an_environment, images_of, text_of, two_columns


async def test_a_thought_and_an_answer() -> None:
    model = ScriptedModel("<think>It is red.</think><answer>red</answer>")
    trajectory = (await DirectAgent(model).run(an_environment())).trajectory
    assert (trajectory.answer, trajectory.steps[0].thought, len(trajectory.steps)) == ("red", "It is red.", 1)
    assert len(model.requests) == 1


@pytest.mark.parametrize(("think", "asked"), [(True, True), (False, False)])
async def test_a_chain_of_thought_is_asked_for_or_not(think: bool, asked: bool) -> None:
    model = ScriptedModel("<answer>red</answer>")
    await DirectAgent(model, DirectSettings(think=think)).run(an_environment())
    assert ("<think>" in text_of(model.requests[0].messages[0])) == asked


async def test_options_are_shown_and_their_letters_allowed() -> None:
    model = ScriptedModel("<answer>B</answer>")
    trajectory = (await DirectAgent(model).run(an_environment(choices=("red", "{blue}")))).trajectory
    asked = text_of(trajectory.messages[0])
    assert "(B) {blue}" in asked
    assert "option's letter" in asked


async def test_a_reply_without_an_answer_says_what_was_wrong() -> None:
    trajectory = (await DirectAgent(ScriptedModel("Well.\nHard to say\nreally")).run(an_environment())).trajectory
    assert (trajectory.answer, trajectory.stop) == (None, "turn_limit")
    assert trajectory.steps[0].observation is not None
    assert trajectory.steps[0].observation.error


async def test_a_reply_that_was_cut_off_is_no_answer() -> None:
    model = ScriptedModel(ChatReply("<answer>the man with", finish_reason="length"))
    assert (await DirectAgent(model).run(an_environment())).trajectory.answer is None


async def test_abstaining_in_the_protocols_words() -> None:
    model = ScriptedModel("<answer>Cannot be determined</answer>")
    assert (await DirectAgent(model).run(an_environment())).trajectory.stop == "abstained"


async def shown(pictures: str, given: bool = True, **more: Any) -> tuple[Trajectory, ScriptedModel]:
    """The direct agent over the view and, from a given trajectory, a zoom and then an edit."""
    environment, model = an_environment(regions=two_columns()), ScriptedModel("<answer>red</answer>")
    environment.act("secret", ZOOM, {"bbox_2d": [0, 0, 100, 100], "label": "it"})
    environment.act("secret", "focus_on_x_values_with_draw", {"labels": ["2019"]})
    earlier = environment.hand_in("secret", "blue", ())
    fresh = an_environment(regions=two_columns())
    if given:
        fresh.begin_with(Given.of(earlier.trajectory, earlier.images))
    build = "f" * 16 if pictures in ("last", "all") else None
    settings = DirectSettings(pictures=pictures, trajectories=build, **more)  # type: ignore[arg-type]
    return (await DirectAgent(model, settings).run(fresh)).trajectory, model


@pytest.mark.parametrize(
    ("pictures", "given", "seen"),
    [("view", False, [0]), ("none", False, []), ("last", True, [2]), ("all", True, [0, 1, 2])],
)
async def test_the_model_sees_the_pictures_that_the_setting_names(pictures: str, given: bool, seen: list[int]) -> None:
    trajectory, model = await shown(pictures, given)
    assert images_of(model.requests[0].messages[0]) == seen
    assert trajectory.shown == tuple(trajectory.images[index] for index in seen)


@pytest.mark.parametrize("think", [True, False])
async def test_without_a_picture_the_model_is_told_so_and_asked_to_guess(think: bool) -> None:
    _, model = await shown("none", given=False, think=think)
    text = text_of(model.requests[0].messages[0])
    assert "a picture that you are not shown" in text
    assert ("<think>" in text) == think
    assert "cannot be determined" not in text


async def test_of_a_given_trajectory_the_model_sees_no_word() -> None:
    trajectory, model = await shown("all")
    text = "".join(map(text_of, model.requests[0].messages))
    assert "secret" not in text
    assert "blue" not in text
    assert [step.thought for step in trajectory.steps] == ["", "", ""]
    assert [step.action.tool for step in trajectory.steps[:2] if step.action] == [ZOOM, "focus_on_x_values_with_draw"]


@pytest.mark.parametrize(
    ("pictures", "reason"), [("view", None), ("none", "unseen_picture"), ("last", "unseen_picture")]
)
async def test_an_episode_whose_model_saw_less_than_its_record_is_never_trained_on(
    pictures: str, reason: str | None
) -> None:
    trajectory, _ = await shown(pictures, pictures == "last")
    sample = Sample("0" * 32, "1" * 64, 800, 600, "What is it?", ("red",), source="made")
    assert rejection(sample, trajectory, Verdict("correct", "text")) == reason


@pytest.mark.parametrize("settings", [{"pictures": "last"}, {"pictures": "none", "trajectories": "ab"}])
def test_given_trajectories_are_named_where_their_pictures_are_shown(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="trajectories"):
        DirectSettings(**settings)
