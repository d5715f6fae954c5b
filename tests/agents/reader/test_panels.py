"""Of several charts in a picture, only the one that the question names is read."""

import asyncio
import re

import pytest
from PIL import Image, ImageDraw

from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout, Task
from lensmill.agents.reader.agent import ReaderAgent
from lensmill.agents.reader.questions.plainly import LETTER
from lensmill.geometry import Box
from lensmill.picture import draw_view
from lensmill.tools import ToolSettings
from tests.agents.reader.printed_world import PrintedWorld

NAMES = ("Norway", "Sweden", "Iceland", "Denmark")
CHARTS = {"Rainy days": (70, 40, 90, 20), "Snowy weeks": (15, 85, 30, 60)}
WIDTH, HEIGHT, BASE, STEP = 1600, 560, 460, 150


def bar(place: int, number: int, value: int) -> Box:
    x = 100 + 800 * place + STEP * number
    return Box(x + 30, BASE - 4 * value, x + 110, BASE)


def centred(text: str, x: float, y: float) -> tuple[str, Box]:
    return text, Box(x - 5 * len(text), y - 8, x + 5 * len(text), y + 8)


def ask(question: str) -> Rollout:
    original, lines = Image.new("RGB", (WIDTH, HEIGHT), "white"), []
    pen = ImageDraw.Draw(original)
    for place, (title, values) in enumerate(CHARTS.items()):
        left = 100 + 800 * place
        pen.line((left, BASE, left + 4 * STEP, BASE), fill=(90, 90, 90))
        pen.line((left, 60, left, BASE), fill=(90, 90, 90))
        lines += [centred(title, left + 300, 24), centred(f"({'ab'[place]})", left + 20, 24)]
        for number, (name, value) in enumerate(zip(NAMES, values, strict=True)):
            box = bar(place, number, value)
            x1, y1, x2, y2 = box.rounded()
            pen.rectangle((x1, y1, x2 - 1, y2 - 1), fill=(40, 110, 180))
            lines += [centred(name, box.centre[0], BASE + 18), centred(str(value), box.centre[0], box.y1 - 12)]
    for text, box in lines:
        pen.text(box.centre, text, fill="black", anchor="mm", font_size=16)
    task = Task(question, 1344)
    environment = Environment(task, original, draw_view(original, 1344), ToolSettings())
    return asyncio.run(ReaderAgent(reader=PrintedWorld(lines)).run(environment))


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ('In the chart "Rainy days", which country has the highest value?', "Iceland"),
        ('In the chart "Snowy weeks", which country has the highest value?', "Sweden"),
        ('In the chart "Snowy weeks", what is the value of Denmark?', "60"),
        ("In subplot (a), what is the value of Denmark?", "20"),
        ("In panel B, what is the value of Denmark?", "60"),
    ],
)
def test_the_named_chart_is_looked_at_and_answers(question: str, answer: str) -> None:
    trajectory = ask(question).trajectory
    assert trajectory.answer == answer
    assert trajectory.steps[0].action is not None
    left, *_ = trajectory.steps[0].action.arguments["bbox_2d"]
    assert (left < WIDTH / 2) == (answer in ("Iceland", "20"))


@pytest.mark.parametrize(
    "question",
    [
        "Which country has the highest value?",
        "What is the value of Denmark?",
        "In panel c, what is the value of Denmark?",
    ],
)
def test_a_question_that_names_no_chart_is_not_answered(question: str) -> None:
    trajectory = ask(question).trajectory
    assert trajectory.answer is None
    assert "2 charts" in trajectory.steps[-1].thought


@pytest.mark.parametrize(
    ("question", "letter"),
    [
        ("In panel (B), what is highest?", "B"),
        ("Which title is printed above subplot c)?", "c"),
        ("In subplot a, what is highest?", "a"),
        ("What title does subplot A have?", "A"),
        ("In the chart a company drew, what is highest?", None),
        ("Is the graph in 2010 higher?", None),
    ],
)
def test_a_letter_is_a_panels_name_and_no_article(question: str, letter: str | None) -> None:
    found = re.search(LETTER, question, re.IGNORECASE)
    assert (found and found["letter"]) == letter
