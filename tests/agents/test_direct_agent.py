"""The direct agent: one turn."""

import pytest

from lensmill.agents.direct.agent import DirectAgent
from lensmill.agents.direct.settings import DirectSettings
from lensmill.models.chat import ChatReply
from tests.agents.scripted import ScriptedModel, an_environment, text_of


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
