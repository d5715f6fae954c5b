"""Whether values rise or fall along the time axis."""

import re
from itertools import pairwise

from lensmill.agents.reader.questions.answers import NoAnswer
from lensmill.agents.reader.questions.grid import Dimension, Grid
from lensmill.agents.reader.questions.template import Template
from lensmill.perception.chart import Cell

_UP = r"increas\w*|ris(?:e|es|en|ing)|rose|grow\w*|grew|climb\w*|gain\w*|jump\w*|going up|upward\w*|ascending"
_DOWN = r"decreas\w*|declin\w*|fall\w*|fell|drop|drops|dropp\w*|shr[aiu]nk\w*|going down|downward\w*|descending"
_TREND = re.compile(rf"\b(?:(?P<up>{_UP})|(?P<down>{_DOWN}))\b")


def direction_in(text: str) -> int | None:
    """1 for words of rising, -1 for words of falling, None where a text has neither."""
    match = _TREND.search(text)
    if match is None:
        return None
    return 1 if match.group("up") else -1


def steps(cells: tuple[Cell, ...], direction: int) -> list[float]:
    """The changes from each value to the next, positive where they go the given way."""
    return [direction * (later.value - earlier.value) for earlier, later in pairwise(cells)]


def steady_label(template: Template, direction: int) -> tuple[str, tuple[Cell, ...]]:
    """The one series (or category) whose values go one way at every step of the time axis.

    Raises:
        NoAnswer: there is no time axis, or none or several do.
    """
    grid = template.grid
    time = grid.time_dimension
    if time is None or grid.single or template.marks("CSEP"):
        raise NoAnswer("there is no time axis to follow several series along")
    order = grid.in_time_order(time)
    other: Dimension = "series" if time == "category" else "category"
    found = []
    for name in grid.names(other):
        cells = tuple(_cell(grid, time, moment, name) for moment in order)
        if len(cells) > 2 and min(steps(cells, direction)) > 0:
            found.append((name, cells))
    if len(found) != 1:
        raise NoAnswer(f"{len(found)} series go that way at every step")
    return found[0]


def _cell(grid: Grid, time: Dimension, moment: str, name: str) -> Cell:
    return grid.cell(moment, name) if time == "category" else grid.cell(name, moment)
