"""The reader's record is what the zoom agent would have sent and got, had a model said the reader's turns."""

import pytest

from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout, Task
from lensmill.agents.reader.agent import ReaderAgent
from lensmill.agents.reader.settings import EDITS, ReaderSettings
from lensmill.agents.zoom.agent import ZoomAgent
from lensmill.agents.zoom.settings import ZoomSettings
from lensmill.picture import draw_view
from lensmill.sample import Region
from lensmill.tools import ZOOM, ToolSettings
from tests.agents.reader.printed_world import PrintedWorld
from tests.agents.reader.test_charts import BOTH, column, drawn, print_of_chart
from tests.agents.scripted import ScriptedModel, text_of

QUESTION = "What is the value of Iceland?"
NAMED = (Region("x_values", "Iceland", column(2)), Region("x_values", "Denmark", column(3)))


def environment(task: Task) -> Environment:
    original = drawn()
    return Environment(task, original, draw_view(original, task.rung), ToolSettings(zoom_floor=448))


async def read(task: Task, max_turns: int) -> Rollout:
    agent = ReaderAgent(ReaderSettings(max_turns=max_turns), PrintedWorld(print_of_chart()))
    return await agent.run(environment(task))


@pytest.mark.parametrize(
    ("task", "max_turns"),
    [
        (Task(QUESTION, 672), 11),  # answers at once
        (Task(BOTH, 224), 11),  # a zoom, then an edit
        (Task(BOTH, 224), 6),
        (Task(BOTH, 672), 2),  # an edit is all that turns allow
        (Task(BOTH, 672, regions=NAMED), 11),  # an edit that names no boxes
        (Task("How long is the coast?", 224), 11),  # abstains
        (Task("What name is printed?", 224, choices=("Norway", "Finland")), 11),
    ],
)
async def test_a_model_that_says_the_readers_turns_is_sent_the_readers_messages(task: Task, max_turns: int) -> None:
    rollout = await read(task, max_turns)
    wanted = rollout.trajectory
    model = ScriptedModel(*(text_of(message) for message in wanted.messages if message.role == "assistant"))
    settings = ZoomSettings(max_turns=max_turns, tools=EDITS)
    said = await ZoomAgent(model, settings).run(environment(task))
    assert len(model.requests) == len(wanted.steps)
    for number, request in enumerate(model.requests):
        assert request.messages == wanted.messages[: 2 + 2 * number]
        assert [image.data for image in request.images] == [i.data for i in rollout.images[: len(request.images)]]
    assert said.trajectory == wanted


async def test_every_call_is_of_a_tool_that_the_system_message_lists() -> None:
    trajectory = (await read(Task(BOTH, 224), 11)).trajectory
    calls = {step.action.tool for step in trajectory.steps if step.action}
    assert ZOOM in calls
    assert calls & set(EDITS)
    assert all(f'"name": "{tool}"' in text_of(trajectory.messages[0]) for tool in calls)
