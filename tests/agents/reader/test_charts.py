import pytest
from PIL import Image, ImageDraw

from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout, Task
from lensmill.agents.reader.agent import ReaderAgent
from lensmill.geometry import Box
from lensmill.picture import draw_view
from lensmill.sample import Region
from lensmill.tools import ZOOM, ToolSettings
from tests.agents.reader.printed_world import PrintedWorld

NAMES = ("Norway", "Sweden", "Iceland", "Denmark")
VALUES = (70, 40, 90, 20)
SIZE = (800, 560)
BASE, TOP, LEFT, STEP = 460, 60, 120, 160


def bar(number: int) -> Box:
    x = LEFT + number * STEP
    return Box(x + 40, BASE - VALUES[number] * 4, x + 120, BASE)


def column(number: int) -> Box:
    return Box(LEFT + number * STEP, TOP, LEFT + (number + 1) * STEP, BASE + 30)


def centred(text: str, x: float, y: float) -> tuple[str, Box]:
    return text, Box(x - 5 * len(text), y - 8, x + 5 * len(text), y + 8)


def print_of_chart() -> list[tuple[str, Box]]:
    lines = [centred("Rainy days in 2020", 400, 24)]
    for number, (name, value) in enumerate(zip(NAMES, VALUES, strict=True)):
        x = bar(number).centre[0]
        lines += [centred(name, x, BASE + 18), centred(str(value), x, bar(number).y1 - 12)]
    return lines


def drawn() -> Image.Image:
    picture = Image.new("RGB", SIZE, "white")
    pen = ImageDraw.Draw(picture)
    pen.line((LEFT, BASE, LEFT + 4 * STEP, BASE), fill=(90, 90, 90))
    for number in range(len(NAMES)):
        x1, y1, x2, y2 = bar(number).rounded()
        pen.rectangle((x1, y1, x2 - 1, y2 - 1), fill=(40, 110, 180))
    return picture


async def ask(question: str, rung: int, regions: tuple[Region, ...] = ()) -> Rollout:
    original = drawn()
    environment = Environment(
        Task(question, rung, regions=regions), original, draw_view(original, rung), ToolSettings(zoom_floor=896)
    )
    return await ReaderAgent(reader=PrintedWorld(print_of_chart())).run(environment)


def tools_of(rollout: Rollout) -> list[str]:
    return [step.action.tool for step in rollout.trajectory.steps if step.action]


@pytest.mark.parametrize("rung", [224, 448, 672])
async def test_a_printed_value_is_read_on_every_rung(rung: int) -> None:
    assert (await ask("What is the value of Iceland?", rung)).trajectory.answer == "90"


async def test_a_small_view_is_searched_by_zooming_first() -> None:
    tools = tools_of(await ask("What is the value of Iceland?", 224))
    assert tools[:2] == [ZOOM, ZOOM]


async def test_a_legible_view_needs_no_zoom_to_be_read() -> None:
    tools = tools_of(await ask("What is the value of Iceland?", 672))
    assert tools[0].startswith("focus_on_x_values")


async def test_the_edit_marks_the_column_of_the_answer() -> None:
    rollout = await ask("What is the value of Iceland?", 672)
    (edit,) = [step.action for step in rollout.trajectory.steps if step.action and step.action.tool != ZOOM]
    ((label, box),) = edit.boxes
    assert label == "Iceland"
    assert box.iou(column(2)) > 0.5


async def test_parts_that_came_with_the_picture_are_used_by_name() -> None:
    regions = tuple(Region("x_values", name, column(number)) for number, name in enumerate(NAMES))
    rollout = await ask("What is the value of Iceland?", 672, regions)
    (edit,) = [step.action for step in rollout.trajectory.steps if step.action and step.action.tool != ZOOM]
    assert "boxes" not in edit.arguments
    assert edit.boxes == (("Iceland", column(2)),)


async def test_a_question_about_something_else_is_not_answered() -> None:
    trajectory = (await ask("Who painted this picture?", 672)).trajectory
    assert trajectory.stop == "abstained"


async def test_every_call_of_the_messages_is_a_step() -> None:
    rollout = await ask("What is the value of Iceland?", 224)
    calls = [m for m in rollout.trajectory.messages if any("<tool_call>" in part.text for part in m.parts)]
    assert len([m for m in calls if m.role == "assistant"]) == len(rollout.trajectory.steps) - 1
