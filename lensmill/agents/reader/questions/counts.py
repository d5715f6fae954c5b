"""Questions that count: bars, categories, colours, values above a limit."""

import re
import statistics
from itertools import pairwise

from lensmill.agents.reader.questions.answers import NoAnswer
from lensmill.agents.reader.questions.numerals import numbers_in, threshold_in
from lensmill.agents.reader.questions.phrasing import listed
from lensmill.agents.reader.questions.scope import scope_of
from lensmill.agents.reader.questions.template import Template
from lensmill.agents.reader.questions.values import Value
from lensmill.perception.chart import ChartReading

_THINGS = (
    "bar|categor(?:y|ie)|countr(?:y|ie)|year|month|quarter|group|region|cit(?:y|ie)|compan(?:y|ie)|item"
    "|product|option|sector|segment|line|colou?r|value|data ?point|data|point|type|kind|state|brand|label|row"
    "|column|place|reason|stack|platform|team|club|player|part(?:y|ie)|factor|source|slice|food|district"
    "|continent|program|statement|league|race|mode|area|field|division|occupation|industr(?:y|ie)|movie|sport"
)
_HOW_MANY = re.compile(
    rf"\b(?:how many|number of|count of)(?: of)?(?: the)?(?: different| various| total| distinct)?"
    rf" (?:\w+ ){{0,2}}?(?P<thing>{_THINGS})s?\b"
    r"|\bhow many (?:\w+ ){0,2}?(?P<any>\w+) in (?:the|this) (?:chart|graph)\b"
)
_ALL_SHOWN = re.compile(
    r"\b(?:chart|graph|diagram|figure|plot|picture|image|shown?|displayed|represented|depicted|listed|included|given|compared"
    r"|considered|used|there|mentioned|taken|legend|drawn|presented|analy[sz]ed)\b"
)


def counts(template: Template) -> bool:
    """Whether the question asks to count what stands on the chart."""
    match = _HOW_MANY.search(template.text)
    if match is None:
        return False
    limit = threshold_in(template.text, (cell.value for cell in template.grid.reading.cells))
    return limit is not None or bool(match.group("any") or _ALL_SHOWN.search(template.text[match.end() :]))


def count_of(template: Template) -> Value:
    """How many there are.

    Raises:
        NoAnswer: what is to be counted is not clear, or was not read in full.
    """
    grid = template.grid
    match = _HOW_MANY.search(template.text)
    if match is None or template.unclear_colour:
        raise NoAnswer("it is unclear what is to be counted")
    thing = match.group("thing") or match.group("any")
    limit = threshold_in(template.text, (cell.value for cell in grid.reading.cells))
    if limit is not None:
        scope = scope_of(template)
        values = thing in ("bar", "value", "data point", "datapoint", "point", "data")
        if (
            not grid.single
            and (scope.series is None or len(scope.series) != 1)
            and not values
            and scope.categories is None
        ):
            raise NoAnswer("the question does not say which series to compare with the limit")
        if grid.single and len(scope.categories or ()) == 1:
            raise NoAnswer("the question names one category and counts")
        cells = scope.cells(grid)
        kept = tuple(cell for cell in cells if limit.holds(cell.value))
        if any(cell.measured and abs(cell.value - limit.number) < 0.05 * abs(limit.number) for cell in cells):
            raise NoAnswer("a measured value lies too close to the limit")
        shown = listed(grid, kept) if kept else "No value does."
        return Value(len(kept), kept, "count", f"I look for values {limit.said}. {shown} That makes {len(kept)}.")
    return _whole(template, thing)


def _check_spacing(reading: ChartReading) -> None:
    """Labels stand at even distances: a gap of two or three of them is a label that was not read."""
    for axis in (0, 1):
        centres = sorted(label.text_box.centre[axis] for label in reading.categories)
        gaps = [after - before for before, after in pairwise(centres)]
        if len(gaps) < 2 or min(gaps) <= 0:
            continue
        widest = max(gaps) / statistics.median(gaps)
        if widest > 1.5 and abs(widest - round(widest)) < 0.1:
            raise NoAnswer("a label seems to be missing along the axis")


def _whole(template: Template, thing: str) -> Value:
    """All bars, categories or series of the chart."""
    grid = template.grid
    reading = grid.reading
    if template.marks("CSETP"):
        raise NoAnswer("the question counts something narrower than the whole chart")
    number = len(reading.categories)
    _check_spacing(reading)
    if thing in ("color", "colour", "line"):
        if grid.single and (thing != "line" or reading.kind != "line"):
            raise NoAnswer("the colours of single bars are not read")
        number = len(grid.series)
        return Value(number, (), "count", f"The legend has {number} entries: {', '.join(grid.series)}.")
    if not grid.single and thing in ("bar", "value", "point", "data point", "datapoint", "data", "stack", "label"):
        raise NoAnswer("with several series it is unclear what counts as one")
    if any(len(numbers_in(label.text, ())) > 2 for label in reading.categories):
        raise NoAnswer("several labels of the axis were read as one")
    cells = grid.cells(None, None) if grid.single else ()
    names = ", ".join(label.text for label in reading.categories)
    return Value(number, cells, "count", f"The labels along the axis are {names}. That makes {number}.")
