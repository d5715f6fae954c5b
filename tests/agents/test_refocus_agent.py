"""The refocus agent: code, what it displayed or what was wrong with it, answer."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from lensmill.agents.protocol import Rollout
from lensmill.agents.refocus.agent import RefocusAgent
from lensmill.agents.refocus.parts import parts_of
from lensmill.agents.refocus.settings import RefocusSettings
from lensmill.agents.spec import build_agent
from lensmill.geometry import Box
from lensmill.models.chat import ChatReply, ChatRequest, ModelError
from lensmill.models.families import ModelFamily
from lensmill.picture import Picture
from lensmill.sample import Region, RegionKind
from lensmill.sandbox.protocol import Execution
from tests.agents.scripted import (
    ScriptedModel,
    ScriptedSandbox,
    an_environment,
    images_of,
    smaller,
    text_of,
    two_columns,
)
from tests.perception.drawn import Drawn, columns

CODE = 'display(focus_on_x_values_with_draw(image_1, ["2019"], x_values_bbox))'
ACT = f"THOUGHT 0: I look at 2019.\nACTION 0:\n```python\n{CODE}\n```"
ANSWER = "THOUGHT 1: I see.\nANSWER: It is 4. FINAL ANSWER: 4. TERMINATE"
FOCUSED = (("2019", Box(0, 0, 400, 600)),)


def shows(count: int = 1, **more: object) -> ScriptedSandbox:
    return ScriptedSandbox(
        lambda _, view: Execution(tuple(smaller(view) for _ in range(count)), FOCUSED, **more)  # type: ignore[arg-type]
    )


async def run(model: ScriptedModel, sandbox: ScriptedSandbox, **more: object) -> Rollout:
    agent = RefocusAgent(model, sandbox, RefocusSettings(**more))  # type: ignore[arg-type]
    return await agent.run(an_environment(regions=two_columns()))


async def test_an_action_and_an_answer() -> None:
    sandbox = shows()
    rollout = await run(ScriptedModel(ACT, ANSWER), sandbox)
    trajectory = rollout.trajectory
    step = trajectory.steps[0]
    assert sandbox.codes == [CODE]
    assert step.thought == "I look at 2019."
    assert step.action is not None
    assert (step.action.tool, step.action.arguments) == ("python", {"code": CODE})
    assert step.action.boxes == FOCUSED
    assert step.observation is not None
    assert step.observation.images == (trajectory.images[1],)
    assert images_of(trajectory.messages[3]) == [1]
    assert "Displayed: 1 picture" in text_of(trajectory.messages[3])
    assert (trajectory.answer, trajectory.stop) == ("4", "answered")
    assert [image.ref for image in rollout.images] == list(trajectory.images)


def test_a_part_whose_label_is_a_template_token_has_a_neutral_name() -> None:
    regions = (Region("x_values", "<s>", Box(0, 0, 400, 600)), Region("x_values", "2020", Box(400, 0, 800, 600)))
    assert list(parts_of(an_environment().view, regions)["x_values"]) == ["‹s›", "2020"]


async def test_the_code_gets_the_view_and_its_parts_by_name() -> None:
    sandbox = shows()
    await run(ScriptedModel(ANSWER), sandbox)
    assert [picture.frame.region for picture in sandbox.pictures] == [Box(0, 0, 800, 600)]
    width, height = sandbox.pictures[0].pixels.size
    assert sandbox.boxes["x_values"]["2019"] == Box(0, 0, width / 2, height)


@pytest.mark.parametrize("kind", ["x_values", "y_values", "rows", "columns", "subplots"])
async def test_the_tools_of_the_parts_that_are_there_are_explained(kind: str) -> None:
    model = ScriptedModel(ANSWER)
    region = Region(kind, "the {one}", Box(0, 0, 400, 600))  # type: ignore[arg-type]
    await RefocusAgent(model, shows()).run(an_environment(regions=(region,)))
    system, question = (text_of(message) for message in model.requests[0].messages)
    assert f"focus_on_{kind}_with_highlight(image, labels, {kind}_bbox)" in system
    assert sum(f"focus_on_{other}_with_mask" in system for other in ("x_values", "y_values", "rows")) <= 1
    assert "['the {one}']" in question


async def test_an_error_of_the_code_comes_back() -> None:
    sandbox = ScriptedSandbox(lambda *_: Execution(error="line 1: the name 'foo' is not known"))
    trajectory = (await run(ScriptedModel(ACT, ANSWER), sandbox)).trajectory
    observation = trajectory.steps[0].observation
    assert observation is not None
    assert observation.error
    assert "ERROR: line 1: the name 'foo' is not known" in text_of(trajectory.messages[3])


async def test_pictures_that_were_displayed_before_an_error_are_shown() -> None:
    trajectory = (await run(ScriptedModel(ACT, ANSWER), shows(error="line 2: no"))).trajectory
    assert images_of(trajectory.messages[3]) == [1]
    assert "ERROR: line 2: no" in text_of(trajectory.messages[3])


async def test_a_session_that_was_lost_is_told() -> None:
    trajectory = (await run(ScriptedModel(ACT, ANSWER), shows(error="over 2 seconds", stopped="seconds"))).trajectory
    assert "start again from image_1" in text_of(trajectory.messages[3])


async def test_code_that_shows_nothing_is_told_so() -> None:
    trajectory = (await run(ScriptedModel(ACT, ANSWER), shows(0))).trajectory
    assert "Nothing was displayed" in text_of(trajectory.messages[3])
    assert trajectory.steps[0].observation is not None
    assert trajectory.steps[0].observation.error


async def test_output_of_code_is_in_the_observation() -> None:
    trajectory = (await run(ScriptedModel(ACT, ANSWER), shows(0, printed="42\n" * 5000))).trajectory
    told = text_of(trajectory.messages[3])
    assert "Printed:\n42" in told
    assert len(told) < 5000


async def test_a_reply_that_cannot_be_read_comes_back() -> None:
    trajectory = (await run(ScriptedModel("I see bars.", ANSWER), shows())).trajectory
    assert trajectory.steps[0].action is None
    assert "neither an ACTION" in text_of(trajectory.messages[3])


async def test_an_answer_beside_code_waits_for_what_the_code_shows() -> None:
    trajectory = (await run(ScriptedModel(f"{ACT}\nFINAL ANSWER: 7", ANSWER), shows())).trajectory
    assert trajectory.answer == "4"
    assert "not taken" in text_of(trajectory.messages[3])


async def test_turns_are_limited_and_the_last_one_is_announced() -> None:
    model, sandbox = ScriptedModel(ACT), shows()
    trajectory = (await run(model, sandbox)).trajectory
    assert (len(model.requests), len(sandbox.codes)) == (6, 5)
    assert (trajectory.answer, trajectory.stop) == (None, "turn_limit")
    assert "last turn" in text_of(model.requests[-1].messages[-1])


async def test_pictures_are_limited_in_number_and_size() -> None:
    trajectory = (await run(ScriptedModel(ACT, ANSWER), shows(5), max_pictures=3)).trajectory
    assert len(trajectory.images) == 3
    assert "No more pictures" in text_of(trajectory.messages[3])
    huge = ScriptedSandbox(lambda _, view: Execution((smaller(view, (1400, 1400)),)))
    trajectory = (await run(ScriptedModel(ACT, ANSWER), huge)).trajectory
    assert len(trajectory.images) == 1
    assert "more than 802816 pixels" in text_of(trajectory.messages[3])


async def test_pictures_are_sent_as_the_server_takes_them() -> None:
    family = ModelFamily(factor=32, min_pixels=65536)
    sandbox = ScriptedSandbox(lambda _, view: Execution((smaller(view, (840, 3)), smaller(view, (100, 70)))))
    rollout = await run(ScriptedModel(ACT, ANSWER, family=family), sandbox)
    (frame,) = [image.frame for image in rollout.trajectory.images[1:]]
    assert (frame.width % 32, frame.height % 32, frame.region) == (0, 0, Box(0, 0, 800, 600))
    assert frame.width * frame.height >= 65536
    assert "it has 840x3 pixels" in text_of(rollout.trajectory.messages[3])


async def test_the_session_is_closed_after_any_end() -> None:
    sandbox = shows()
    await run(ScriptedModel(ACT, ANSWER), sandbox)
    assert sandbox.closed
    broken = shows()
    with pytest.raises(ModelError):
        await run(ScriptedModel(ACT, ModelError("engine_error", "gone")), broken)
    assert broken.closed


async def test_an_episode_ends_while_code_of_others_holds_every_thread() -> None:
    go_on, loop = threading.Event(), asyncio.get_running_loop()
    executor = ThreadPoolExecutor(1)
    loop.set_default_executor(executor)

    class Crowded(ScriptedModel):
        async def chat(self, request: ChatRequest) -> ChatReply:
            executor.submit(go_on.wait, 60)
            return await super().chat(request)

    sandbox = shows()
    try:
        rollout = await asyncio.wait_for(run(Crowded(ANSWER), sandbox), 30)
    finally:
        go_on.set()
    assert rollout.trajectory.answer == "4"
    assert sandbox.closed


async def test_a_cancelled_episode_closes_its_session_only_after_its_code_has_ended() -> None:
    started, go_on, order = threading.Event(), threading.Event(), []

    def slow(_: str, view: Picture) -> Execution:
        started.set()
        go_on.wait(30)
        order.append("ended")
        return Execution((smaller(view),))

    class Watched(ScriptedSandbox):
        def close(self) -> None:
            order.append("closed")

    episode = asyncio.ensure_future(run(ScriptedModel(ACT, ANSWER), Watched(slow)))
    await asyncio.to_thread(started.wait, 30)
    episode.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await episode
    assert order == ["ended", "closed"]


async def test_the_same_script_gives_the_same_rollout() -> None:
    lines = (ACT, "hm", ANSWER)
    assert await run(ScriptedModel(*lines), shows()) == await run(ScriptedModel(*lines), shows())


async def test_structured_replies_name_the_labels() -> None:
    model = ScriptedModel(ANSWER)
    agent = build_agent(RefocusSettings(structured=True), {"agent": model}, shows())
    await agent.run(an_environment(regions=two_columns()))
    structure = model.requests[0].structure
    assert structure is not None
    assert "2019" in structure["regex"]
    assert "x_values_bbox" in structure["regex"]


def test_parts_of_one_name_stay_apart() -> None:
    environment = an_environment()
    regions = [Region("rows", "Total", Box(0, 0, 800, 50)), Region("rows", " Total ", Box(0, 50, 800, 99))]
    assert list(parts_of(environment.view, regions)["rows"]) == ["Total", "Total (2)"]


def large_rows(values: dict[str, int]) -> Drawn:
    """Rows whose names a recogniser finds."""
    sheet = Drawn()
    for index, (name, value) in enumerate(values.items()):
        y = 120 + 100 * index
        sheet.bar(220, y - 25, 220 + 5 * value, y + 25)
        sheet.text(name, 205, y, "rm", size=22)
        sheet.text(str(value), 230 + 5 * value, y, "lm", size=22)
    return sheet


@pytest.mark.parametrize(
    ("chart", "kind", "labels"),
    [
        (columns({"2015": [43], "2016": [71], "2017": [58]}), "x_values", ["2015", "2016", "2017"]),
        (large_rows({"Spain": 43, "Italy": 71, "Greece": 58}), "y_values", ["Spain", "Italy", "Greece"]),
    ],
    ids=["columns", "rows"],
)
def test_a_chart_without_parts_of_its_own_is_read(chart: Drawn, kind: RegionKind, labels: list[str]) -> None:
    parts = parts_of(chart.picture, ())
    assert set(parts) == {kind}
    assert list(parts[kind]) == labels
    assert all(chart.picture.frame.bounds.contains(box) for box in parts[kind].values())


async def test_a_picture_without_any_parts_may_be_cropped() -> None:
    model = ScriptedModel(ANSWER)
    await RefocusAgent(model, shows()).run(an_environment())
    width, height = an_environment().view.pixels.size
    assert f"image_1 is {width} wide and {height} high" in text_of(model.requests[0].messages[0])
