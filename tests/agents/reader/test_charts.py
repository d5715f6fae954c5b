import pytest
from PIL import Image, ImageDraw

from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout, Task
from lensmill.agents.reader.agent import ReaderAgent
from lensmill.facts.looks import shown_by, zooms_of
from lensmill.geometry import Box
from lensmill.picture import draw_view
from lensmill.sample import Region
from lensmill.tools import ZOOM, ToolSettings
from tests.agents.reader.printed_world import PrintedWorld

NAMES = ("Norway", "Sweden", "Iceland", "Denmark")
VALUES = (70, 40, 90, 20)
SIZE = (800, 560)
BOTH = "What is the difference between Iceland and Denmark?"
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


async def test_a_view_that_is_too_small_is_read_after_one_zoom() -> None:
    assert tools_of(await ask("What is the value of Iceland?", 224)) == [ZOOM]


async def test_one_value_that_the_view_shows_legibly_is_answered_at_once() -> None:
    assert tools_of(await ask("What is the value of Iceland?", 672)) == []


async def test_a_zoom_shows_the_marks_of_the_answer_and_not_the_title() -> None:
    rollout = await ask("What is the value of Iceland?", 224)
    (zoom,) = zooms_of(rollout.trajectory)
    assert shown_by(zoom).contains(bar(2))
    assert shown_by(zoom).y1 > 0


async def test_a_crop_is_named_by_what_it_shows() -> None:
    rollout = await ask("What is the value of Iceland?", 224)
    (zoom,) = zooms_of(rollout.trajectory)
    assert zoom.action is not None
    assert zoom.action.arguments["label"] in ("bars with their labels", "plot with its labels")


async def test_the_edit_marks_the_columns_of_an_answer_from_several() -> None:
    rollout = await ask(BOTH, 672)
    (edit,) = [step.action for step in rollout.trajectory.steps if step.action and step.action.tool != ZOOM]
    assert [label for label, _ in edit.boxes] == ["Iceland", "Denmark"]
    assert all(box.iou(column(number)) > 0.5 for number, (_, box) in enumerate(edit.boxes, 2))


async def test_the_same_chart_reads_differently_on_each_rung_and_alike_when_asked_again() -> None:
    thoughts = {rung: (await ask(BOTH, rung)).trajectory.steps for rung in (672, 896, 1344, 1792)}
    assert len({tuple(step.thought for step in steps) for steps in thoughts.values()}) >= 3
    assert (await ask(BOTH, 672)).trajectory.steps == thoughts[672]


async def test_parts_that_came_with_the_picture_are_used_by_name() -> None:
    regions = tuple(Region("x_values", name, column(number)) for number, name in enumerate(NAMES))
    rollout = await ask(BOTH, 672, regions)
    (edit,) = [step.action for step in rollout.trajectory.steps if step.action and step.action.tool != ZOOM]
    assert "boxes" not in edit.arguments
    assert edit.boxes == (("Iceland", column(2)), ("Denmark", column(3)))


async def test_a_question_about_something_else_is_not_answered() -> None:
    trajectory = (await ask("Who painted this picture?", 672)).trajectory
    assert trajectory.stop == "abstained"


async def test_every_call_of_the_messages_is_a_step() -> None:
    rollout = await ask("What is the value of Iceland?", 224)
    calls = [m for m in rollout.trajectory.messages if any("<tool_call>" in part.text for part in m.parts)]
    assert len([m for m in calls if m.role == "assistant"]) == len(rollout.trajectory.steps) - 1
