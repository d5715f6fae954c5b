"""Questions whose answer is a label: of an extreme, of a value, of a colour, of a place."""

import re
from dataclasses import dataclass

from lensmill.agents.reader.questions.answers import NoAnswer, Operation
from lensmill.agents.reader.questions.colours import name_of
from lensmill.agents.reader.questions.grid import Dimension, clean_label
from lensmill.agents.reader.questions.lookup import looked_up
from lensmill.agents.reader.questions.numerals import numbers_in, threshold_in, written
from lensmill.agents.reader.questions.phrasing import called, listed, place, reads, shown
from lensmill.agents.reader.questions.scope import (
    Scope,
    extreme_cells,
    has_range,
    scope_of,
    scope_of_extreme,
    too_close,
)
from lensmill.agents.reader.questions.template import Extreme, Template
from lensmill.agents.reader.questions.trends import direction_in, steady_label
from lensmill.perception.chart import Cell

_LEGEND = re.compile(
    r"\b(?:represent\w*|indicat\w*|denot\w*|stands? for|depict\w*|signif\w*|mean|shown (?:by|in|with)|refer\w*)\b"
)
_TIME_NOUN = re.compile(
    r"\b(?:which|what|in what|in which|name of the) (?:\w+ )?(?:year|month|quarter|season|date|day)s?\b|^when\b"
)
_BETWEEN = re.compile(r"\bdifferen\w+|\bgap\b")
_EVERY = re.compile(r"\b(?:all|both|every|two|three|four)\b")
_CLOSE = re.compile(r"\bclose(?:r|st)? to\b|\bnearest\b")
_SAME = re.compile(r"\b(?:same|equal|identical)\b")


@dataclass(frozen=True, slots=True)
class Label:
    """A label with what it rests on, and how it was found in words."""

    text: str
    cells: tuple[Cell, ...]
    operation: Operation
    said: str


def label_of(template: Template) -> Label:
    """The category or series that the question asks for.

    Raises:
        NoAnswer: none or several fit.
    """
    if template.unclear_colour:
        raise NoAnswer("the colour named fits no series, or several")
    marks = template.marks("S")
    if len(marks) == 1 and set(marks) <= template.coloured and _LEGEND.search(template.text):
        name = template.names[marks[0]]
        return Label(clean_label(name), (), "legend", f"In the legend, that colour stands for '{clean_label(name)}'.")
    if _BETWEEN.search(template.text) or _SAME.search(template.text):
        return _by_difference(template)
    if template.marks("E"):
        return _of_extreme(template)
    if template.marks("P"):
        cell, _, operation = looked_up(template, template.text)
        return Label(clean_label(cell.category), (cell,), operation, f"It stands at {place(template.grid, cell)}.")
    return _of_value(template)


def colour_of(template: Template) -> Label:
    """The colour of the series that the question names."""
    grid = template.grid
    names = template.series()
    if grid.single and not template.marks("CE"):
        names = grid.series
    marks = template.marks("E")
    cells: tuple[Cell, ...] = ()
    if len(marks) == 1 and not names:
        cells = extreme_cells(grid, scope_of_extreme(template, marks[0], template.text), template.extremes[marks[0]])
        names = tuple(dict.fromkeys(cell.series for cell in cells))
    if len(names) != 1:
        raise NoAnswer("it is unclear whose colour is asked for")
    colour = next((series.colour for series in grid.reading.series if series.name == names[0]), None)
    others = [series.colour for series in grid.reading.series if series.name != names[0]]
    name = name_of(colour, others) if colour else None
    if name is None:
        raise NoAnswer("people would not agree on the name of that colour")
    whose = f"'{names[0]}'" if names[0] else "every bar"
    return Label(name, cells, "colour", f"The colour of {whose} is {name}.")


def asked_dimension(template: Template, scope: Scope) -> Dimension | None:
    """Whether categories or series are asked for; None where it cannot be told."""
    grid = template.grid
    if grid.single:
        return "category"
    time = grid.time_dimension
    if _TIME_NOUN.search(template.text):
        return time
    if scope.series is not None and len(scope.series) == 1:
        return "category"
    if scope.categories is not None and len(scope.categories) == 1:
        return "series"
    if time is not None:
        return "series" if time == "category" else "category"
    return None if scope.series is None else "category"


def _of_extreme(template: Template) -> Label:
    grid = template.grid
    marks = template.marks("E")
    if len(marks) != 1:
        raise NoAnswer("the question names several extremes")
    extreme = template.extremes[marks[0]]
    scope = scope_of_extreme(template, marks[0], template.text)
    cells = extreme_cells(grid, scope, extreme)
    rest = [cell for cell in scope.cells(grid) if cell not in cells]
    dimension = asked_dimension(template, scope) or "category"
    name = _name(cells[0], dimension)
    if len(cells) != 1:
        raise NoAnswer("the question asks for several labels")
    if any(cell.value == cells[0].value and _name(cell, dimension) != name for cell in rest):
        raise NoAnswer("two labels share that value")
    if not grid.single and (scope.series is None or len(scope.series) != 1) and scope.categories is None:
        _check_unanimous(template, extreme, dimension, name)
    said = f"Comparing the values, the {called(extreme)} is {reads(grid, cells[0], noun_only=True)}"
    return Label(clean_label(name), cells, "extreme_label", said)


def _check_unanimous(template: Template, extreme: Extreme, dimension: Dimension, name: str) -> None:
    """Where no series is named, the same label must win by its total too."""
    grid = template.grid
    totals: dict[str, float] = {}
    for cell in grid.cells(None, None):
        key = _name(cell, dimension)
        totals[key] = totals.get(key, 0.0) + cell.value
    ranked = sorted(totals, key=lambda key: totals[key], reverse=extreme.kind == "high")
    if ranked[extreme.rank - 1] != name:
        raise NoAnswer("the question names no series, and the series disagree")


def _name(cell: Cell, dimension: Dimension) -> str:
    return cell.category if dimension == "category" else cell.series


def _of_value(template: Template) -> Label:
    """The label whose value the question gives."""
    grid = template.grid
    scope = Scope(None, grid.series) if grid.single else scope_of(template)
    if grid.single and template.categories() and not has_range(template):
        raise NoAnswer("the question names a category and asks for one")
    near = tuple(cell.value for cell in grid.reading.cells)
    direction = direction_in(template.text)
    if direction is not None and not numbers_in(template.text, ()):
        name, cells = steady_label(template, direction)
        way = "rise" if direction > 0 else "fall"
        return Label(clean_label(name), cells, "trend", f"{listed(grid, cells)} They {way} at every step.")
    if re.search(r"\bratio\b|\btimes\b|\bsum\b|\baverage\b|\bincreas|\bdecreas", template.text):
        raise NoAnswer("the value given is not one that stands on the chart")
    limit = threshold_in(template.text, near)
    numbers = {number for number, _, _ in numbers_in(template.text, near)}
    if limit is not None:
        cells = tuple(cell for cell in scope.cells(grid) if limit.holds(cell.value))
    elif len(numbers) == 1 and _CLOSE.search(template.text):
        cells = _closest(scope.cells(grid), *numbers)
    elif len(numbers) > 1 and not grid.single:
        cells = _row_with(template, numbers)
    elif len(numbers) == 1:
        cells = tuple(cell for cell in scope.cells(grid) if not cell.measured and cell.value in numbers)
    else:
        raise NoAnswer("the question gives no value to look for")
    if limit is not None and scope.series is None and _EVERY.search(template.text):
        cells = tuple(cell for cell in cells if all(map(limit.holds, _row_values(template, cell))))
    dimension = asked_dimension(template, scope) or "category"
    names = tuple(dict.fromkeys(_name(cell, dimension) for cell in cells))
    if len(names) != 1:
        raise NoAnswer(f"{len(names)} labels have the value that the question gives")
    said = f"The value {shown(cells[0])} stands at {place(grid, cells[0])}."
    return Label(clean_label(names[0]), cells, "label_of_value", said)


def _row_values(template: Template, cell: Cell) -> list[float]:
    return [one.value for one in template.grid.cells((cell.category,), None)]


def _closest(cells: tuple[Cell, ...], number: float) -> tuple[Cell, ...]:
    ranked = sorted(cells, key=lambda cell: abs(cell.value - number))
    if len(ranked) > 1 and too_close(ranked[0], ranked[1]):
        raise NoAnswer("measured values lie too close to each other to rank them")
    least = abs(ranked[0].value - number)
    return tuple(cell for cell in ranked if abs(cell.value - number) == least)


def _row_with(template: Template, numbers: set[float]) -> tuple[Cell, ...]:
    """The cells of the one category that holds all of several values."""
    grid = template.grid
    rows = [grid.cells((category,), None) for category in grid.categories]
    fits = [row for row in rows if numbers <= {cell.value for cell in row}]
    if len(fits) != 1:
        raise NoAnswer(f"{len(fits)} categories hold the values that the question gives")
    return tuple(cell for cell in fits[0] if cell.value in numbers)


def _sharing_a_value(template: Template) -> Label:
    """The two categories of a single series that have the same value."""
    grid = template.grid
    cells = grid.cells(None, None)
    pairs = [
        (one, other)
        for place, one in enumerate(cells)
        for other in cells[place + 1 :]
        if one.value == other.value and not one.measured and not other.measured
    ]
    if len(pairs) != 1:
        raise NoAnswer(f"{len(pairs)} pairs of values are equal")
    names = ", ".join(clean_label(cell.category) for cell in pairs[0])
    return Label(f"[{names}]", pairs[0], "list", f"{listed(grid, pairs[0])} They are the same.")


def _by_difference(template: Template) -> Label:
    """The category where two series differ most, least, by a given number, or not at all."""
    grid = template.grid
    if grid.single and _SAME.search(template.text) and not template.categories():
        return _sharing_a_value(template)
    names = template.series() if len(template.series()) == 2 else grid.series
    if len(names) != 2 or template.categories():
        raise NoAnswer("it is unclear which two series are compared")
    pairs = [(grid.cell(category, names[0]), grid.cell(category, names[1])) for category in grid.categories]
    gaps = [abs(one.value - other.value) for one, other in pairs]
    if any(cell.measured for pair in pairs for cell in pair):
        raise NoAnswer("differences of measured values are too rough")
    marks = template.marks("E")
    given = {number for number, _, _ in numbers_in(template.text, gaps)}
    if len(marks) == 1:
        extreme = template.extremes[marks[0]]
        target = sorted(gaps, reverse=extreme.kind == "high")[extreme.rank - 1]
    elif not marks and len(given) == 1:
        target = next(iter(given))
    elif not marks and not given and _SAME.search(template.text):
        target = 0.0
    else:
        raise NoAnswer("it is unclear which difference is asked for")
    fits = [index for index, gap in enumerate(gaps) if abs(gap - target) < 1e-9]
    if len(fits) != 1:
        raise NoAnswer(f"{len(fits)} categories have that difference")
    cells = pairs[fits[0]]
    said = f"{listed(grid, cells)} Their difference is {written(gaps[fits[0]])}, the one asked for."
    return Label(clean_label(cells[0].category), cells, "extreme_label" if marks else "label_of_value", said)
