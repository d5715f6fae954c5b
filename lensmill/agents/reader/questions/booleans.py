"""Questions answered by Yes or No: comparisons of two values, and whether a series rises or falls."""

import re
from dataclasses import dataclass

from lensmill.agents.reader.questions.answers import NoAnswer, Operation
from lensmill.agents.reader.questions.numerals import numbers_in, printed_scale, written
from lensmill.agents.reader.questions.phrasing import listed, reads
from lensmill.agents.reader.questions.scope import named_cells
from lensmill.agents.reader.questions.template import Template
from lensmill.agents.reader.questions.trends import direction_in, steps
from lensmill.agents.reader.questions.values import Value, value_of
from lensmill.perception.chart import Cell

_STARTS = re.compile(r"^(?:is|are|was|were|does|do|did|has|have|had)\b|, (?:is|are|does|do) (?:the|it|this)\b")
_MORE = r"more|greater|higher|larger|bigger|longer|taller"
_LESS = r"less|lesser|smaller|lower|fewer|shorter"
_COMPARED = re.compile(
    rf"\b(?:(?P<more>{_MORE})|(?P<less>{_LESS}))\b(?P<gap>.{{0,40}}?)\b(?:than|then|to)\b|\b(?P<exceeds>exceeds?)\b"
    rf"|\b(?P<above>above|over)\b(?= \d)|\b(?P<below>below|under)\b(?= \d)"
    rf"|\b(?P<same>equal(?:s| to)?|(?:the )?same as)\b"
)
_CALCULATED = re.compile(r"\b(?:sum|average|total|mean|median|difference|product|ratio|add\w*)\b")
_NOT_PLAIN = re.compile(r"\b(?:twice|double|half|triple|times|always|multipl\w+|almost|nearly|not)\b|n't\b")


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision on a yes-or-no question.

    Attributes:
        holds: the answer is yes.
        cells: the values that were compared.
        operation: the kind of comparison.
        said: the reason, as a sentence.
    """

    holds: bool
    cells: tuple[Cell, ...]
    operation: Operation
    said: str


def asks_yes_or_no(template: Template) -> bool:
    """Whether a question is answered by yes or no."""
    return bool(_STARTS.search(template.text))


def decide(template: Template) -> Decision:
    """Whether what the question says holds.

    Raises:
        NoAnswer: its two sides cannot both be read for sure.
    """
    if template.unclear_colour:
        raise NoAnswer("the colour named fits no series, or several")
    if _NOT_PLAIN.search(template.text):
        raise NoAnswer("the comparison is not a plain one")
    match = _COMPARED.search(template.text)
    if match is None:
        return _trend(template)
    left, right = template.text[: match.start()], template.text[match.end() :]
    one, other = _sides(template, left, right, match.group("gap") or "")
    if len({printed_scale(cell.text) for cell in one.cells + other.cells}) > 1:
        raise NoAnswer("the values are printed in different units")
    measured = any(cell.measured for cell in one.cells + other.cells)
    if measured and abs(one.number - other.number) < 0.05 * max(abs(one.number), abs(other.number)):
        raise NoAnswer("measured values lie too close to each other to compare them")
    if match.group("more") or match.group("exceeds") or match.group("above"):
        holds, relation = one.number > other.number, "greater than"
    elif match.group("less") or match.group("below"):
        holds, relation = one.number < other.number, "less than"
    else:
        holds, relation = abs(one.number - other.number) < 1e-6, "equal to"
    verb = "is" if holds else "is not"
    seen = " ".join(side.said for side in (one, other) if side.said)
    said = f"{seen} {written(one.number)} {verb} {relation} {written(other.number)}."
    return Decision(holds, one.cells + other.cells, "compare", said)


def _sides(template: Template, left: str, right: str, gap: str) -> tuple[Value, Value]:
    near = tuple(cell.value for cell in template.grid.reading.cells)
    constants = numbers_in(right, near)
    if constants and not template.marks("CSEP", right[: constants[0][1]]):
        scope = " ".join(template.marks("CS", right))
        number = numbers_in(right, ())[0][0] if "sum" in left or "product" in left else constants[0][0]
        return value_of(template, f"{left} in {scope}"), Value(number, (), "lookup", "")
    if template.marks("E") or _CALCULATED.search(left + right):
        return value_of(template, left), value_of(template, right)
    cells = named_cells(template, f"{left} {gap} {right}")
    if len(cells) != 2:
        raise NoAnswer(f"a comparison needs two values, the question names {len(cells)}")
    one, other = (Value(cell.value, (cell,), "lookup", reads(template.grid, cell)) for cell in cells)
    return one, other


def _trend(template: Template) -> Decision:
    direction = direction_in(template.text)
    grid = template.grid
    series = grid.series if grid.single else template.series()
    if direction is None or len(series) != 1 or not grid.category_times or template.marks("EP"):
        raise NoAnswer("the question compares nothing that the rules know")
    named = template.categories()
    order = grid.in_time_order("category")
    if len(named) == 2:
        first, last = sorted(order.index(name) for name in named)
        order = (order[first], order[last]) if last - first == 1 else order[first : last + 1]
    elif named:
        raise NoAnswer("it is unclear over which time the trend is meant")
    cells = tuple(grid.cell(name, series[0]) for name in order)
    wanted = steps(cells, direction)
    if all(step > 0 for step in wanted):
        holds = True
    elif sum(wanted) <= 0 or sum(step < 0 for step in wanted) > len(wanted) / 3:
        holds = False
    else:
        raise NoAnswer("the values go both ways")
    way = "rise" if direction > 0 else "fall"
    verb = f"{way} at every step" if holds else f"do not {way} steadily"
    return Decision(holds, cells, "trend", f"{listed(grid, cells)} They {verb}.")
