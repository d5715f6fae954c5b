"""One value by the labels that the question names."""

import re

from lensmill.agents.reader.questions.answers import NoAnswer, Operation
from lensmill.agents.reader.questions.grid import Dimension, Grid
from lensmill.agents.reader.questions.mentions import unplaced_moments
from lensmill.agents.reader.questions.numerals import numbers_in
from lensmill.agents.reader.questions.phrasing import reads
from lensmill.agents.reader.questions.scope import has_range, named_cells, scope_of
from lensmill.agents.reader.questions.template import Template
from lensmill.agents.reader.questions.words import STOP_WORDS, plain, stem, tokens
from lensmill.perception.chart import Cell

_BEFORE = re.compile(
    r"\b(?:previous|prior|preceding|last) (?:\w+ )?(?:year|quarter|month|season)"
    r"|\b(?:year|quarter|month) (?:earlier|before)\b"
)
_ASKING = re.compile(r"\b(?:what|how|find|calculate|tell|give)\b|what's")
_TOTAL = re.compile(r"^(?:total|overall|all)\b(?! other)", re.IGNORECASE)
_NARROWED = re.compile(r"\b(?:aged?|years old|older|younger|between|under|over|more than|less than)\b")
_CALCULATES = re.compile(
    r"\b(?:sum|total|add|average|mean|median|difference|ratio|gap|more|less|fewer|combined?|between|divided?|product|together"
    r"|altogether|than|both|mode|minus|plus|subtract\w*|multipl\w+)\b"
)
_NEGATED = re.compile(r"\b(?:not|never|no)\b|n't\b")


def looked_up(template: Template, text: str) -> tuple[Cell, str, Operation]:
    """The one cell that a text names, with a sentence that says so.

    Raises:
        NoAnswer: none or several fit.
    """
    grid = template.grid
    if template.unclear_colour:
        raise NoAnswer("the colour named fits no series, or several")
    if template.marks("P", text):
        cell = _by_position(template, text)
        return cell, reads(grid, cell), "position"
    categories, series = template.categories(text), template.series(text)
    if grid.single:
        series = grid.series
    latest = ""
    if has_range(template):
        categories, series = _end_of_range(template, text, categories, series)
    if len(categories) == 0:
        categories, latest = _unsaid(template, text, "category")
    if len(series) == 0:
        series, latest = _unsaid(template, text, "series")
    if len(categories) != 1 or len(series) != 1:
        raise NoAnswer("the question does not say which one of the chart's values is meant")
    cell = grid.cell(categories[0], series[0])
    return cell, latest + reads(grid, cell), "latest" if "latest" in latest else "lookup"


def several_values(template: Template) -> tuple[Cell, ...]:
    """The cells of a question for the values of two or three labels ("in C0 and C1"); empty for any other one."""
    joined = re.search(r"\b([CS])\d+,? (?:\1\d+,? )?and (?:\w+ )?\1\d+\b", template.text)
    if joined is None or _CALCULATES.search(template.text) or template.marks("EP") or has_range(template):
        return ()
    if not re.match(r"(?:what|find) (?:are|were|the)\b", template.text):
        return ()  # "the share of A and B" may as well mean their sum
    try:
        cells = named_cells(template, template.text)
    except NoAnswer:
        return ()
    return cells if 2 <= len(cells) <= 3 else ()


def _by_position(template: Template, text: str) -> Cell:
    grid = template.grid
    marks = template.marks("P", text)
    series = grid.series if grid.single else template.series(text)
    categories = template.categories(text)
    if len(marks) == 1 and len(categories) == 1 and not grid.single and not series:
        return _by_place(grid.cells(categories, None), template.positions[marks[0]])
    if len(marks) != 1 or len(series) != 1 or categories:
        raise NoAnswer("it is unclear which bar is meant")
    index = template.positions[marks[0]]
    if index is None:
        index, odd = divmod(len(grid.categories), 2)
        if not odd:
            raise NoAnswer("no category stands right in the middle")
    if not -len(grid.categories) <= index < len(grid.categories):
        raise NoAnswer(f"there is no category number {index + 1}")
    return grid.cell(grid.categories[index], series[0])


def _by_place(cells: tuple[Cell, ...], index: int | None) -> Cell:
    """One of a category's bars by where it stands from left to right."""
    ranked = sorted(cells, key=lambda cell: cell.box.centre[0])
    centres = {round(cell.box.centre[0]) for cell in ranked}
    if index is None or len(centres) != len(ranked) or not -len(ranked) <= index < len(ranked):
        raise NoAnswer("it is unclear which bar is meant")
    return ranked[index]


def _end_of_range(
    template: Template, text: str, categories: tuple[str, ...], series: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A question about one value of a whole span ("from 2012 to 2019") means where it ends."""
    grid = template.grid
    scope = scope_of(template, text)
    dimension = grid.time_dimension
    stretch = scope.categories if dimension == "category" else scope.series
    if dimension is None or stretch is None or stretch != grid.in_time_order(dimension):
        raise NoAnswer("the question names a span of time and not one value")
    last = (stretch[-1],)
    return (last, series) if dimension == "category" else (categories, last)


def _unsaid(template: Template, text: str, dimension: Dimension) -> tuple[tuple[str, ...], str]:
    """The one label that is meant without being named, with a sentence that says why."""
    grid = template.grid
    names = grid.names(dimension)
    if len(names) == 1:
        if dimension == "category" and (grid.reading.doubts or unplaced_moments(template.question, grid)):
            raise NoAnswer("one label was read, and the question may mean another")
        return names, ""
    if grid.times(dimension):
        return _by_time(template, text, dimension), "The question names no time, so the latest one is meant. "
    polar = _yes_or_no(grid, text, dimension)
    if polar:
        return (polar,), ""
    stranger = re.search(r"(?<=[a-z] )[A-Z][a-z]{3,}", template.question)
    known = {word.stem for line in grid.reading.texts for word in tokens(plain(line.text))}
    if stranger and stem(stranger.group().lower()) not in known:
        raise NoAnswer(f"{stranger.group()!r} may name a part that the chart does not show")
    words = [word for word in tokens(text) if word.text not in STOP_WORDS]
    others = {word.stem for name in names if not _TOTAL.match(name) for word in tokens(plain(name))}
    if any(word.stem in others and not word.text[0].isdigit() for word in words):
        raise NoAnswer("the question seems to name a part that was not found")
    totals = [name for name in names if _TOTAL.match(name)]
    if len(totals) == 1 and (grid.single or dimension == "category") and not _NARROWED.search(text):
        return (totals[0],), "The question names no part, so the total is meant. "
    raise NoAnswer(f"the question names none of the chart's {'categories' if dimension == 'category' else 'series'}")


def _by_time(template: Template, text: str, dimension: Dimension) -> tuple[str, ...]:
    """The latest time where the question names none, or the one before where it says so."""
    if not _ASKING.search(text):
        raise NoAnswer("the text does not ask for a value")
    if numbers_in(text, ()):
        raise NoAnswer("the question's numbers say something that the rules do not know")
    if unplaced_moments(template.question, template.grid):
        raise NoAnswer("the question's time is not on the chart")
    order = template.grid.in_time_order(dimension)
    if _BEFORE.search(text):
        return (order[-2],)
    return (order[-1],)


def _yes_or_no(grid: Grid, text: str, dimension: Dimension) -> str | None:
    """Of categories "Yes" and "No", the one that the question's own wording stands for."""
    by_word = {name.strip().lower(): name for name in grid.names(dimension)}
    if not {"yes", "no"} <= set(by_word):
        return None
    return by_word["no"] if _NEGATED.search(text) else by_word["yes"]
