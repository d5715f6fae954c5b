"""The zoom agent: looks, is told what came of it, answers."""

import pytest

from lensmill.agents.protocol import Rollout
from lensmill.agents.settings import tool_settings
from lensmill.agents.spec import build_agent
from lensmill.agents.zoom.agent import ZoomAgent
from lensmill.agents.zoom.settings import ZoomSettings
from lensmill.geometry import Box, Convention
from lensmill.models.chat import ChatReply, ModelError
from lensmill.resolution import Ladder
from lensmill.tools import ZOOM, Toolbox, uses_of
from tests.agents.scripted import ScriptedModel, an_environment, images_of, text_of


def zoom(box: list[float], image: int = 0, thought: str = "I look closer.") -> str:
    call = f'{{"name": "image_zoom_in_tool", "arguments": {{"bbox_2d": {box}, "label": "it", "image": {image}}}}}'
    return f"<think>{thought}</think>\n<tool_call>\n{call}\n</tool_call>"


ANSWER = "<think>It is red.</think>\n<answer>red</answer>"


async def run(model: ScriptedModel, **environment: object) -> Rollout:
    return await ZoomAgent(model).run(an_environment(**environment))  # type: ignore[arg-type]


async def test_an_answer_at_once() -> None:
    model = ScriptedModel(ANSWER)
    trajectory = (await run(model)).trajectory
    assert (trajectory.answer, trajectory.stop) == ("red", "answered")
    assert [step.thought for step in trajectory.steps] == ["It is red."]
    assert [m.role for m in trajectory.messages] == ["system", "user", "assistant"]


async def test_a_zoom_and_an_answer() -> None:
    environment = an_environment()
    rollout = await ZoomAgent(ScriptedModel(zoom([100, 100, 200, 200]), ANSWER)).run(environment)
    trajectory = rollout.trajectory
    look = trajectory.steps[0]
    assert look.action is not None
    assert look.action.tool == ZOOM
    assert look.action.arguments == {"bbox_2d": [100, 100, 200, 200], "label": "it", "image": 0}
    assert look.observation is not None
    assert look.observation.images == (trajectory.images[1],)
    assert images_of(trajectory.messages[3]) == [1]
    assert [image.ref for image in rollout.images] == list(trajectory.images)
    assert [call.role for call in environment.calls] == ["agent", "agent"]


async def test_boxes_are_read_in_the_convention_of_the_model() -> None:
    model = ScriptedModel(zoom([250, 250, 500, 500]), ANSWER)
    trajectory = (await run(model, convention=Convention.THOUSAND)).trajectory
    action = trajectory.steps[0].action
    assert action is not None
    assert action.boxes == (("it", Box(200, 150, 400, 300)),)
    assert "from 0 to 1000" in text_of(trajectory.messages[0])


async def test_several_calls_in_one_reply_are_each_a_step() -> None:
    both = zoom([100, 100, 200, 200]) + zoom([200, 100, 300, 200])
    trajectory = (await run(ScriptedModel(both, ANSWER))).trajectory
    assert len(trajectory.images) == 3
    assert images_of(trajectory.messages[3]) == [1, 2]
    assert "Picture 2" in text_of(trajectory.messages[3])


async def test_a_call_on_an_earlier_crop() -> None:
    model = ScriptedModel(zoom([100, 100, 200, 200]), zoom([100, 100, 200, 200], image=1), ANSWER)
    trajectory = (await run(model)).trajectory
    first, second = trajectory.images[1].frame.region, trajectory.images[2].frame.region
    assert first.contains(second)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (zoom([0, 0, 2, 2]), "too small"),
        (zoom([5000, 5000, 6000, 6000]), "beyond the picture"),
        (zoom([100, 100, 200, 200], image=4), "from 0 to 0"),
        ("I do not know what to do.", "neither"),
        ("<answer>red</answer> no, <answer>blue</answer>", "2 different answers"),
    ],
)
async def test_a_wrong_reply_comes_back_as_an_observation(reply: str, told: str) -> None:
    trajectory = (await run(ScriptedModel(reply, ANSWER))).trajectory
    observation = trajectory.steps[0].observation
    assert observation is not None
    assert observation.error
    assert told in observation.text
    assert told in text_of(trajectory.messages[3])
    assert trajectory.answer == "red"


async def test_the_reply_is_stored_as_it_was_written() -> None:
    sloppy = "<think>hm\\_ \r\n <tool\\_call>{'name': 'zoom', bbox_2d: '[100, 100, 200, 200]',}"
    trajectory = (await run(ScriptedModel(sloppy, ANSWER))).trajectory
    assert text_of(trajectory.messages[2]) == sloppy
    assert len(trajectory.images) == 2


async def test_an_answer_beside_a_call_waits_for_what_the_call_shows() -> None:
    trajectory = (await run(ScriptedModel(zoom([100, 100, 200, 200]) + "<answer>blue</answer>", ANSWER))).trajectory
    assert trajectory.answer == "red"
    assert "not taken" in text_of(trajectory.messages[3])


async def test_turns_are_limited_and_the_last_one_is_announced() -> None:
    model = ScriptedModel(zoom([100, 100, 200, 200]))
    trajectory = (await run(model)).trajectory
    assert len(model.requests) == 6
    assert (trajectory.answer, trajectory.stop) == (None, "turn_limit")
    assert len(trajectory.images) == 6
    last = [text_of(request.messages[-1]) for request in model.requests]
    assert ["last turn" in text for text in last] == [False] * 5 + [True]


async def test_pictures_are_limited() -> None:
    model = ScriptedModel(zoom([100, 100, 200, 200]) + zoom([200, 100, 300, 200]), ANSWER)
    rollout = await ZoomAgent(model, ZoomSettings(max_pictures=2)).run(an_environment())
    assert len(rollout.images) == 2
    assert "No more pictures" in text_of(rollout.trajectory.messages[3])


async def test_only_the_protocols_words_abstain() -> None:
    gives_up = "<think>Too blurred.</think><answer>cannot be determined</answer>"
    trajectory = (await run(ScriptedModel(gives_up))).trajectory
    assert (trajectory.answer, trajectory.stop) == (None, "abstained")
    trajectory = (await run(ScriptedModel("<answer>not visible</answer>"))).trajectory
    assert (trajectory.answer, trajectory.stop) == ("not visible", "answered")
    options = ("Yes", "Cannot be determined")
    trajectory = (await run(ScriptedModel(gives_up), choices=options)).trajectory
    assert trajectory.answer == "cannot be determined"


async def test_crops_come_from_the_original_or_from_the_view() -> None:
    pixels = {}
    for source in ("original", "view"):
        settings = ZoomSettings(zoom_source=source)
        environment = an_environment()
        environment.settings = tool_settings(settings, Ladder())
        environment.__post_init__()
        rollout = await ZoomAgent(ScriptedModel(zoom([100, 100, 200, 200]), ANSWER)).run(environment)
        pixels[source] = rollout.images[1].ref.pixel_hash
    assert pixels["original"] != pixels["view"]


async def test_a_thought_that_the_server_set_apart_is_kept() -> None:
    trajectory = (await run(ScriptedModel(ChatReply("<answer>red</answer>", reasoning="It is red.")))).trajectory
    assert trajectory.steps[-1].thought == "It is red."


async def test_an_episode_replays_from_its_record() -> None:
    model = ScriptedModel(zoom([100, 100, 200, 200]), zoom([100, 100, 200, 200], image=1), ANSWER)
    environment = an_environment()
    trajectory = (await ZoomAgent(model).run(environment)).trajectory
    toolbox = Toolbox(environment.original, environment.view, environment.task.rung, settings=environment.settings)
    for step, image in zip(trajectory.steps, trajectory.images[1:], strict=False):
        assert step.action is not None
        toolbox.call(step.action.tool, step.action.arguments)
        assert toolbox.pictures[-1].frame == image.frame


async def test_the_same_script_gives_the_same_rollout() -> None:
    lines = (zoom([100, 100, 200, 200]), "hm", ANSWER)
    first, second = await run(ScriptedModel(*lines)), await run(ScriptedModel(*lines))
    assert first == second


async def test_each_call_has_its_own_seed_and_the_episodes_id() -> None:
    lines = (zoom([100, 100, 200, 200]), ANSWER)
    one, other = ScriptedModel(*lines), ScriptedModel(*lines)
    await run(one)
    await run(other, seed=1)
    seeds = [request.seed for request in (*one.requests, *other.requests)]
    assert len(set(seeds)) == 4
    assert {request.episode for request in one.requests} == {"episode-1"}


async def test_a_model_that_cannot_be_reached_fails_the_episode() -> None:
    with pytest.raises(ModelError):
        await run(ScriptedModel(ModelError("engine_error", "gone")))


async def test_structured_replies_are_asked_for_by_pattern() -> None:
    model = ScriptedModel(zoom([100, 100, 200, 200]), ANSWER)
    agent = build_agent(ZoomSettings(max_turns=2, structured=True), {"agent": model})
    await agent.run(an_environment())
    patterns = [request.structure["regex"] for request in model.requests if request.structure]
    assert "tool_call" in patterns[0]
    assert "tool_call" not in patterns[1]


async def test_a_tool_from_outside_is_offered_and_run_beside_the_zoom() -> None:
    settings = ZoomSettings(tools=("tests.pipelines.outside.my_tool:SPEC",))
    environment = an_environment()
    environment.settings = tool_settings(settings, Ladder())
    environment.__post_init__()
    inverts = '<think>Too dark.</think>\n<tool_call>\n{"name": "invert", "arguments": {"image": 0}}\n</tool_call>'
    model = ScriptedModel(inverts, zoom([100, 100, 200, 200], image=1), ANSWER)
    trajectory = (await ZoomAgent(model, settings).run(environment)).trajectory
    assert '"name": "invert"' in text_of(trajectory.messages[0])
    assert [step.action.tool for step in trajectory.steps if step.action] == ["invert", ZOOM]
    assert trajectory.images[1].frame == trajectory.view.frame
    assert (uses_of(trajectory).edits, uses_of(trajectory).zooms) == (1, 1)


async def test_a_tool_that_is_not_offered_is_told_as_unknown() -> None:
    unknown = '<think>Too dark.</think>\n<tool_call>\n{"name": "invert", "arguments": {"image": 0}}\n</tool_call>'
    trajectory = (await run(ScriptedModel(unknown, ANSWER))).trajectory
    assert trajectory.steps[0].observation is not None
    assert f"the tool is {ZOOM}" in trajectory.steps[0].observation.text


def test_structured_replies_leave_no_room_for_other_tools() -> None:
    with pytest.raises(ValueError, match="leave tools or structured out"):
        ZoomSettings(tools=("tests.pipelines.outside.my_tool:SPEC",), structured=True)
