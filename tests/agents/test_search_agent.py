"""The search agent: instruments, a verifier that sends it back, a summary that is true to the search."""

import json

import pytest

from lensmill.agents.errors import BadSummary
from lensmill.agents.protocol import Review
from lensmill.agents.search.settings import SearchSettings
from lensmill.agents.spec import build_agent
from lensmill.geometry import Box, Convention
from lensmill.models.families import ModelFamily
from lensmill.tools import ZOOM, Toolbox
from tests.agents.scripted import ScriptedModel, an_environment, images_of, text_of
from tests.agents.search_script import (
    ADJUST,
    ANSWER,
    ASK,
    FOUND,
    LOCATE,
    SUMMARY,
    WRONG,
    models,
    search,
    tool,
    zoom,
)


class ScriptedVerifier:
    """Knows that the answer is red."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def review(self, answer: str) -> Review:
        self.asked.append(answer)
        return Review(answer == "red", "" if answer == "red" else "Look at the left.")


async def test_a_search_becomes_zooms_that_were_really_run() -> None:
    environment = an_environment()
    rollout = await search(ScriptedModel(LOCATE, ASK, ANSWER), environment=environment)
    trajectory = rollout.trajectory
    look, end = trajectory.steps
    assert look.action is not None
    assert (look.action.tool, look.thought) == (ZOOM, "The sign should be here.")
    assert look.action.arguments == {"bbox_2d": [100, 100, 200, 200], "label": "sign", "image": 0}
    assert (end.thought, trajectory.answer) == ("The crop shows a red sign.", "red")
    toolbox = Toolbox(environment.original, environment.view, environment.task.rung, settings=environment.settings)
    result = toolbox.call(look.action.tool, look.action.arguments)
    assert result.picture.frame == trajectory.images[1].frame
    assert len(trajectory.images) == len(rollout.images) == 2


async def test_the_messages_are_the_zoom_protocols() -> None:
    messages = (await search(ScriptedModel(LOCATE, ASK, ANSWER))).trajectory.messages
    assert [m.role for m in messages] == ["system", "user", "assistant", "user", "assistant"]
    assert [images_of(m) for m in messages] == [[], [0], [], [1], []]
    call = json.loads(text_of(messages[2]).split("<tool_call>\n")[1].split("\n</tool_call>")[0])
    assert call["name"] == ZOOM
    assert text_of(messages[-1]) == "<think>The crop shows a red sign.</think>\n<answer>red</answer>"
    assert not any(word in text_of(m) for m in messages for word in ("locate", "vlm", "verif"))


async def test_every_call_is_recorded_in_order_with_its_role() -> None:
    environment = an_environment(verifier=ScriptedVerifier())
    await search(ScriptedModel(LOCATE, ASK, ADJUST, WRONG, ANSWER), environment=environment)
    searching = ["agent", "locate", "agent", "vlm", "agent", "adjust_box"]
    assert [call.role for call in environment.calls] == [*searching, "agent", "agent", "summariser"]


async def test_instruments_ask_their_own_models_about_the_view_or_a_crop() -> None:
    agent, roles = ScriptedModel(LOCATE, ASK, ADJUST, ANSWER), models()
    await search(agent, roles)
    assert "the sign" in text_of(roles["locate"].requests[0].messages[0])
    view = roles["locate"].requests[0].images[0]
    crop = roles["vlm"].requests[0].images[0]
    assert view.ref == roles["adjust_box"].requests[0].images[0].ref
    assert crop.ref.frame.region != view.ref.frame.region
    assert "Which colour?" in text_of(roles["vlm"].requests[0].messages[0])
    told = [text_of(message) for message in agent.requests[-1].messages if message.role == "user"]
    assert "locate found 1: [100, 100, 200, 200]." in told[1]
    assert "The sign is red." in told[2]
    assert "changed [100, 100, 200, 200] to [150, 100, 250, 200]" in told[3]


async def test_roles_without_a_model_of_their_own_use_the_agents() -> None:
    agent = ScriptedModel(LOCATE, FOUND, ANSWER, SUMMARY)
    rollout = await build_agent(SearchSettings(), {"agent": agent}).run(an_environment())
    assert rollout.trajectory.answer == "red"
    assert len(agent.requests) == 4


async def test_boxes_pass_between_conventions() -> None:
    thousand = ModelFamily(convention=Convention.THOUSAND, factor=32)
    roles = models()
    roles["locate"] = ScriptedModel('[{"bbox_2d": [250, 250, 500, 500]}]', family=thousand)
    agent = ScriptedModel(LOCATE, ANSWER)
    environment = an_environment()
    width, height = environment.view.pixels.size
    box = [width // 4, height // 4, width // 2, height // 2]
    roles["summariser"] = ScriptedModel(SUMMARY.replace("[100, 100, 200, 200]", str(box)))
    action = (await search(agent, roles, environment)).trajectory.steps[0].action
    assert action is not None
    assert action.boxes[0][1].iou(Box(200, 150, 400, 300)) > 0.98


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (tool("rotate", "{}"), "the tools are locate, vlm, adjust_box"),
        (tool("vlm", '{"bbox_2d": [9000, 9000, 9100, 9100], "question": "a"}'), "beyond the picture"),
        (tool("vlm", '{"bbox_2d": [1, 1, 3, 3], "question": "a"}'), "too small"),
        ("I am not sure.", "neither"),
    ],
)
async def test_a_wrong_call_comes_back_as_an_observation(call: str, told: str) -> None:
    agent = ScriptedModel(call, LOCATE, ANSWER)
    assert (await search(agent)).trajectory.answer == "red"
    assert told in text_of(agent.requests[1].messages[-1])


async def test_an_instrument_that_cannot_be_understood_comes_back() -> None:
    agent = ScriptedModel(LOCATE, ASK, ANSWER)
    await search(agent, models(locate=("It is at about 12 and 40.",)))
    assert "locate: " in text_of(agent.requests[1].messages[-1])


async def test_a_wrong_answer_is_sent_back_with_advice() -> None:
    verifier = ScriptedVerifier()
    agent = ScriptedModel(LOCATE, WRONG, ASK, ANSWER)
    trajectory = (await search(agent, environment=an_environment(verifier=verifier))).trajectory
    assert verifier.asked == ["blue", "red"]
    assert "Look at the left." in text_of(agent.requests[2].messages[-1])
    assert (trajectory.answer, trajectory.rounds) == ("red", 2)


async def test_rounds_are_limited_and_nothing_is_answered_then() -> None:
    agent = ScriptedModel(LOCATE, WRONG)
    environment = an_environment(verifier=ScriptedVerifier())
    trajectory = (await search(agent, environment=environment, max_rounds=2)).trajectory
    assert (trajectory.answer, trajectory.stop, trajectory.rounds) == (None, "turn_limit", 2)
    assert trajectory.messages[-1].role in ("assistant", "user")
    assert [step.action.tool for step in trajectory.steps if step.action] == ["locate"]


async def test_turns_are_limited_over_all_rounds() -> None:
    agent = ScriptedModel(LOCATE)
    trajectory = (await search(agent, max_turns=4)).trajectory
    assert len(agent.requests) == 4
    assert trajectory.stop == "turn_limit"


async def test_the_first_answer_stands_without_a_verifier() -> None:
    trajectory = (await search(ScriptedModel(LOCATE, ANSWER))).trajectory
    assert (trajectory.answer, trajectory.rounds) == ("red", 0)


@pytest.mark.parametrize(
    ("summary", "problem"),
    [
        (SUMMARY.replace("[100, 100, 200, 200]", "[100, 100, 220, 200]"), "not in the notes"),
        (SUMMARY.replace("<answer>red", "<answer>blue"), "its answer is 'blue'"),
        (SUMMARY.partition("<answer>")[0], "no <answer>"),
        ("<think>It is red.</think><answer>red</answer>", "zooms nowhere"),
        (zoom("[100, 100, 200, 200]") + SUMMARY, "same box twice"),
        (SUMMARY.replace("<think>The crop shows a red sign.</think>", ""), "think"),
        (SUMMARY.replace('"image": 0', '"image": 1'), "could not be read"),
    ],
)
async def test_a_summary_that_differs_from_the_search_is_written_again(summary: str, problem: str) -> None:
    roles = models(summariser=(summary, SUMMARY))
    trajectory = (await search(ScriptedModel(LOCATE, ANSWER), roles)).trajectory
    assert trajectory.answer == "red"
    assert problem in text_of(roles["summariser"].requests[1].messages[-1])


async def test_a_summary_of_a_box_that_no_zoom_can_show_is_written_again() -> None:
    tiny = SUMMARY.replace("[100, 100, 200, 200]", "[300, 300, 303, 303]")
    found = '[{"bbox_2d": [100, 100, 200, 200]}, {"bbox_2d": [300, 300, 303, 303]}]'
    roles = models(locate=(found,), summariser=(tiny, SUMMARY))
    environment = an_environment()
    await search(ScriptedModel(LOCATE, ANSWER), roles, environment)
    assert "take [100, 100, 200, 200]" in text_of(roles["summariser"].requests[1].messages[-1])
    assert [step.observation.error for step in environment.steps if step.observation] == [False]


async def test_an_episode_without_a_true_summary_fails_by_name() -> None:
    roles = models(summariser=("It was red.",))
    with pytest.raises(BadSummary, match="none of 2 summaries") as caught:
        await search(ScriptedModel(LOCATE, ANSWER), roles, summary_tries=2)
    assert caught.value.error_class == "bad_summary"
    assert len(roles["summariser"].requests) == 2


async def test_a_box_that_was_copied_one_off_is_the_searchs() -> None:
    roles = models(summariser=(SUMMARY.replace("[100, 100, 200, 200]", "[101, 100, 199, 200]"),))
    action = (await search(ScriptedModel(LOCATE, ANSWER), roles)).trajectory.steps[0].action
    assert action is not None
    assert action.arguments["bbox_2d"] == [100, 100, 200, 200]


async def test_the_same_script_gives_the_same_rollout() -> None:
    lines = (LOCATE, ASK, ADJUST, WRONG, ANSWER)
    first = await search(ScriptedModel(*lines), environment=an_environment(verifier=ScriptedVerifier()))
    second = await search(ScriptedModel(*lines), environment=an_environment(verifier=ScriptedVerifier()))
    assert first == second
