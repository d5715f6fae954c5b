"""Questions whose answer is a number: looked up, the extreme of some, or computed from several."""

import re
import statistics
from collections import Counter
from dataclasses import dataclass, replace

from lensmill.agents.reader.questions.answers import NoAnswer, Operation
from lensmill.agents.reader.questions.lookup import looked_up
from lensmill.agents.reader.questions.numerals import numbers_in, printed_scale, threshold_in, written
from lensmill.agents.reader.questions.phrasing import called, listed, reads
from lensmill.agents.reader.questions.scope import (
    extreme_cells,
    has_range,
    named_cells,
    scope_of,
    scope_of_extreme,
    separate_pieces,
)
from lensmill.agents.reader.questions.template import Template
from lensmill.agents.reader.questions.trends import direction_in
from lensmill.perception.chart import Cell

_OPERATIONS: tuple[tuple[Operation, re.Pattern[str]], ...] = (
    (
        "difference",
        re.compile(
            r"\bdifferen\w+|\bgap\b|\bminus\b|\bsubtract|\bhow (?:many|much) (?!times)(?:\w+ ){0,3}?"
            r"(?:more|less|fewer|higher|lower|greater|larger|bigger)\b"
        ),
    ),
    (
        "ratio",
        re.compile(
            r"\bratio\b|\bdivided? by\b|\bhow many times (?:as|more|less|larger|bigger|higher|greater|smaller|lower)\b"
        ),
    ),
    ("product", re.compile(r"\bproduct of\b|\bmultipl\w+")),
    ("median", re.compile(r"\bmedian\b")),
    ("average", re.compile(r"\baverage\b|\bavg\b|\bmean (?:value|of)\b|\bmean\b$")),
    ("mode", re.compile(r"\bmode\b|\b(?:shown|appears?|occurs?|repeat\w*|seen) (?:twice|two times|the most)\b")),
    (
        "sum",
        re.compile(
            r"\bsum\b|\btotal\b|\badd(?:ed|ing|s)?\b|\badd-?up\b|\bcombined?\b|\btogether\b|\baltogether\b|\bcombining\b"
        ),
    ),
)
_CHANGED = re.compile(r"\bchang(?:e|es|ed)\b")
_AMOUNT = re.compile(
    r"\bhow (?:much|many)\b"
    r"|\bwhat (?:is|was) the (?:\w+ )?(?:drop|increase|decrease|decline|growth|rise|fall|change|gain)\b"
)
_RELATIVE = re.compile(r"\bpercent\b(?! points?)|\bpercentage\b(?! points?)|%|\brate\b|\btimes\b")
_OF_ALL = re.compile(
    r"\b(?:all|both|every|each|entire|whole)\b|\bbars?\b|\bvalues\b|\bchart\b|\bgraph\b|\bdata points\b|\bcategories\b"
    r"|\bover the (?:\w+ )?(?:years|period|time)\b|\bthroughout\b"
    r"|\bby (?:type|country|gender|age|region|sector|industry|category|year)\b"
)
_AVERAGE_OF = re.compile(r"\b(?:average|mean|median|sum|mode) (?:value )?(?:of|for)\b|\b(?:median|mode)\b")
_SOME = re.compile(
    r"\b(?P<end>first|last|next|previous|other|rest|remaining|left\w*|right\w*)\b"
    r"(?: (?P<count>two|three|four|five|six))?"
)
_SOME_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_LIST = re.compile(r"\b[CS]\d+,? and\b|\band (?:the )?[CS]\d+|, (?:the )?[CS]\d+,|[CS]\d+, (?!in |by |of |at |for )")
_WHAT_IS_OF = re.compile(r"\b(?:sum|average|median|total|add\w*|mean)(?: value| number)? of\b")


@dataclass(frozen=True, slots=True)
class Value:
    """A number with what it rests on, and how it came about in words."""

    number: float
    cells: tuple[Cell, ...]
    operation: Operation
    said: str


def value_of(template: Template, text: str | None = None) -> Value:
    """The number that a text asks for, or stands for as one side of a comparison.

    Raises:
        NoAnswer: it cannot be told for sure which values are meant.
    """
    text = template.text if text is None else text
    operation = _operation(text)
    if operation is None and (direction := _change_asked(template, text)) is not None:
        return _change(template, text, direction)
    if operation is None:
        return _as_printed(_plain_value(template, text))
    if operation in ("difference", "ratio"):
        return _of_two(template, text, operation)
    cells = _operands(template, text)
    if len(cells) == 1:
        if _WHAT_IS_OF.search(text) or _LIST.search(text):
            raise NoAnswer(f"only one value was found for the {operation}")
        return _as_printed(Value(cells[0].value, cells, "lookup", reads(template.grid, cells[0])))
    return _aggregate(template, operation, cells)


def _change_asked(template: Template, text: str) -> int | None:
    """The direction of a change between two times, where the text asks how large it is: 1 up, -1 down, 0 unsaid."""
    times = [name for name in (*template.categories(text), *template.series(text)) if name in _all_times(template)]
    if len(times) != 2 or not _AMOUNT.search(text):
        return None
    return direction_in(text) or (0 if _CHANGED.search(text) else None)


def _all_times(template: Template) -> frozenset[str]:
    grid = template.grid
    return frozenset(grid.category_times) | frozenset(grid.series_times)


def _change(template: Template, text: str, direction: int) -> Value:
    """The change from an earlier to a later value.

    Raises:
        NoAnswer: it goes the other way, or is asked for in percent of the earlier value.
    """
    if _RELATIVE.search(text):
        raise NoAnswer("the question asks for a change in percent, and does not say of which value")
    grid = template.grid
    value = _of_two(template, text, "difference")
    order = {name: place for axis in ("category", "series") for place, name in enumerate(grid.in_time_order(axis))}
    earlier, later = sorted(value.cells, key=lambda cell: order.get(cell.category, order.get(cell.series, 0)))
    if direction * (later.value - earlier.value) < 0:
        raise NoAnswer("the values go the other way than the question says")
    return value


def _as_printed(value: Value) -> Value:
    """A single value in the unit it is printed in: 5.25 where the chart says "5.25 trillion"."""
    (cell,) = value.cells
    return replace(value, number=cell.value / printed_scale(cell.text))


def _numbers(cells: tuple[Cell, ...]) -> list[float]:
    """The values in the unit that all of them are printed in."""
    scales = {printed_scale(cell.text) for cell in cells}
    if len(scales) != 1:
        raise NoAnswer("the values are printed in different units")
    return [cell.value / scale for cell in cells for scale in scales]


def _operation(text: str) -> Operation | None:
    found = [name for name, pattern in _OPERATIONS if pattern.search(text)]
    if not found:
        return None
    nested = {"product", "ratio", "median", "mode", "difference"} & set(found[1:])
    if nested or (
        found[0] in ("difference", "ratio", "product", "median") and _WHAT_IS_OF.search(text) and len(found) > 1
    ):
        raise NoAnswer("the question nests one calculation in another")
    return found[0]


def _plain_value(template: Template, text: str) -> Value:
    extremes = template.marks("E", text)
    if len(extremes) > 1:
        raise NoAnswer("the question names several extremes without saying what to do with them")
    if not extremes:
        cell, said, operation = looked_up(template, text)
        return Value(cell.value, (cell,), operation, said)
    extreme = template.extremes[extremes[0]]
    if extreme.count > 1:
        raise NoAnswer("the question asks for several values at once")
    scope = scope_of_extreme(template, extremes[0], text)
    if template.grid.single and len(template.categories(text)) == 1 and not has_range(template):
        cell = named_cells(template, text)[0]  # "the highest share in France" where France has one value
        return Value(cell.value, (cell,), "lookup", reads(template.grid, cell))
    (cell,) = extreme_cells(template.grid, scope, extreme)
    said = (
        f"The {called(extreme)} of the values{_within(template, text)} is {reads(template.grid, cell, noun_only=True)}"
    )
    return Value(cell.value, (cell,), "extreme_value", said)


def _within(template: Template, text: str) -> str:
    series = template.series(text)
    return f" of {series[0]}" if len(series) == 1 and series[0] else ""


def _of_two(template: Template, text: str, operation: Operation) -> Value:
    if len(template.marks("E", text)) == 1 and len(template.categories(text)) > 1:
        raise NoAnswer(f"the question names more than the two values of a {operation}")
    cells = _operands(template, text, pair=True)
    if len(cells) != 2:
        raise NoAnswer(f"a {operation} needs two values, the question names {len(cells)}")
    one, other = cells
    if one is other:
        raise NoAnswer("both sides of the calculation are the same value")
    first, second = _numbers(cells)
    grid = template.grid
    seen = f"{reads(grid, one)} {reads(grid, other)}"
    if operation == "ratio":
        if second == 0:
            raise NoAnswer("a ratio to zero has no value")
        number = first / second
        if "times" in text.split() and number < 1:
            raise NoAnswer("the first value is the smaller one")
        said = f"{seen} The ratio is {written(first)} / {written(second)} = {written(number)}."
        return Value(number, cells, "ratio", said)
    if not re.search(r"\bminus\b", text):
        first, second = max(first, second), min(first, second)
    number = round(first - second, 9)
    said = f"{seen} The difference is {written(first)} - {written(second)} = {written(number)}."
    return Value(number, cells, "difference", said)


def _operands(template: Template, text: str, pair: bool = False) -> tuple[Cell, ...]:
    """The values that a calculation takes in."""
    grid = template.grid
    extremes = template.marks("E", text)
    if extremes:
        return _with_extremes(template, text, extremes)
    limit = threshold_in(text, (cell.value for cell in grid.reading.cells))
    if limit is not None:
        if pair:
            raise NoAnswer("a limit does not name two values")
        return tuple(cell for cell in scope_of(template, text).cells(grid) if limit.holds(cell.value))
    categories, series = template.categories(text), template.series(text)
    if has_range(template) and not pair:
        scope = scope_of(template, text)
        if grid.single or (scope.series is not None and len(scope.series) == 1) or len(scope.categories or ()) == 1:
            return scope.cells(grid)
    if (len(categories) == 0 or (len(categories) == 1 and not grid.single and len(series) == 0)) and not (
        len(grid.categories) == 1 and len(series) >= 2
    ):
        return _unnamed(template, text, categories, series, pair)
    return named_cells(template, text)


def _unnamed(
    template: Template, text: str, categories: tuple[str, ...], series: tuple[str, ...], pair: bool
) -> tuple[Cell, ...]:
    """All values of the chart, of one series or of one category, where the question asks for all."""
    grid = template.grid
    narrowed = bool(categories or (series and not grid.single))
    all_said = _OF_ALL.search(text) or (_AVERAGE_OF.search(text) and (narrowed or "T0" not in text))
    if len(series) > 1 or (not grid.single and not narrowed):
        raise NoAnswer("it is unclear which of the chart's values are meant")
    if numbers_in(text, ()):
        raise NoAnswer("the question's numbers say which values are meant in a way that the rules do not know")
    if not all_said:
        raise NoAnswer("the question names none of the chart's labels")
    cells = _end_of_axis(text, grid.cells(categories or None, series or None))
    if "both" in text.split() and len(cells) != 2:
        raise NoAnswer(f'the question says "both" of {len(cells)} values')
    if pair and len(cells) != 2:
        raise NoAnswer("the question does not name two values")
    return cells


def _end_of_axis(text: str, cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """The first or last few of the values where the text says so."""
    match = _SOME.search(text)
    if match is None:
        return cells
    count = _SOME_COUNTS.get(match.group("count") or "")
    if count is None or count >= len(cells):
        raise NoAnswer("it is unclear which of the values are meant")
    return cells[:count] if match.group("end") == "first" else cells[-count:]


def _with_extremes(template: Template, text: str, extremes: tuple[str, ...]) -> tuple[Cell, ...]:
    grid = template.grid
    cells: list[Cell] = []
    for mark in template.marks("EC", text):
        if mark in extremes:
            scope = scope_of_extreme(template, mark, text)
            cells += extreme_cells(grid, scope, template.extremes[mark])
        elif grid.single and not has_range(template) and all(separate_pieces(text, mark, other) for other in extremes):
            cells.append(grid.cell(template.names[mark], grid.series[0]))
    return tuple(cells)


def _aggregate(template: Template, operation: Operation, cells: tuple[Cell, ...]) -> Value:
    if not cells:
        raise NoAnswer("no value of the chart is meant")
    numbers = _numbers(cells)
    shown = listed(template.grid, cells)
    terms = [written(number) for number in numbers]
    if operation == "median":
        number = statistics.median(numbers)
        return Value(number, cells, operation, f"{shown} Sorted, their median is {written(number)}.")
    if operation == "mode":
        (number, times), *others = Counter(numbers).most_common(2)
        if times < 2 or (others and others[0][1] == times):
            raise NoAnswer("no value is more frequent than every other")
        return Value(
            number, cells, operation, f"{shown} The value {written(number)} occurs {times} times, more than any other."
        )
    if operation == "product":
        number = 1.0
        for factor in numbers:
            number *= factor
        return Value(number, cells, operation, f"{shown} Their product is {' x '.join(terms)} = {written(number)}.")
    number = round(sum(numbers), 9)
    if operation == "sum":
        return Value(number, cells, operation, f"{shown} Their sum is {' + '.join(terms)} = {written(number)}.")
    number /= len(numbers)
    said = f"{shown} Their average is ({' + '.join(terms)}) / {len(terms)} = {written(number)}."
    return Value(number, cells, operation, said)
