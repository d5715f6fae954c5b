"""Answering a question from a chart's reading by simple rules, without a language model.

The question becomes a template whose marks stand for the chart's own labels (`template`); its shape says which rule
applies; the rule evaluates over the chart's values and says how. Whatever is unclear ends in an `Abstention`:
data made from guesses is worse than no data.
"""

import re

from lensmill.agents.reader.questions.answers import Abstention, ChartAnswer, NoAnswer, Operation
from lensmill.agents.reader.questions.booleans import asks_yes_or_no, decide
from lensmill.agents.reader.questions.counts import count_of, counts
from lensmill.agents.reader.questions.exclusions import without_excluded
from lensmill.agents.reader.questions.grid import Grid
from lensmill.agents.reader.questions.labels import colour_of, label_of
from lensmill.agents.reader.questions.lookup import several_values
from lensmill.agents.reader.questions.numerals import written
from lensmill.agents.reader.questions.phrasing import listed
from lensmill.agents.reader.questions.plainly import plainly
from lensmill.agents.reader.questions.qualifiers import require_all_heard
from lensmill.agents.reader.questions.shape import asks_for_colour, asks_for_label, asks_for_title
from lensmill.agents.reader.questions.template import Template, template_of
from lensmill.agents.reader.questions.values import value_of
from lensmill.perception.chart import Cell, ChartReading

__all__ = ["Abstention", "ChartAnswer", "Operation", "answer_from_chart"]

_LONGEST = 600  # characters of a question; more is not one


def answer_from_chart(question: str, chart: ChartReading, manner: int = 0) -> ChartAnswer | Abstention:
    """The answer to a question about a chart, with its evidence, or why there is none.

    Args:
        manner: which of several wordings the thought has; any number from 0.
    """
    if len(question) > _LONGEST or not re.search(r"\w", question):
        return Abstention("the text is not a question about a chart")
    grid = Grid(chart, manner)
    try:
        answer, operation, cells, thought = _answer(plainly(question), grid)
    except NoAnswer as reason:
        return Abstention(str(reason))
    focus, kind = grid.focus(cells)
    return ChartAnswer(answer, operation, cells, focus, kind, thought)


def _answer(question: str, grid: Grid) -> tuple[str, Operation, tuple[Cell, ...], str]:
    if asks_for_title(question):
        if not grid.reading.title:
            raise NoAnswer("no title was read")
        return grid.reading.title, "title", (), f"The title reads '{grid.reading.title}'."
    if not grid.reading.cells:
        raise NoAnswer("no values were read from the chart")
    template, without = without_excluded(template_of(question, grid))
    answer, operation, cells, thought = _by_rule(template)
    require_all_heard(template, operation, cells)
    return answer, operation, cells, without + thought


def _by_rule(template: Template) -> tuple[str, Operation, tuple[Cell, ...], str]:
    if asks_yes_or_no(template):
        decision = decide(template)
        return "Yes" if decision.holds else "No", decision.operation, decision.cells, decision.said
    if asks_for_colour(template):
        colour = colour_of(template)
        return colour.text, colour.operation, colour.cells, colour.said
    if counts(template):
        count = count_of(template)
        return written(count.number), count.operation, count.cells, count.said
    if asks_for_label(template):
        label = label_of(template)
        return label.text, label.operation, label.cells, label.said
    if template.unclear_colour:
        raise NoAnswer("the colour named fits no series, or several")
    several = several_values(template)
    if several:
        numbers = ", ".join(written(cell.value) for cell in several)
        return f"[{numbers}]", "list", several, listed(template.grid, several)
    value = value_of(template)
    return written(value.number), value.operation, value.cells, value.said
