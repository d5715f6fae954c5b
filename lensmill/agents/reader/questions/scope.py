"""From marks to cells: which values of the chart a stretch of the question talks of."""

import re
from dataclasses import dataclass

from lensmill.agents.reader.questions.answers import NoAnswer
from lensmill.agents.reader.questions.grid import Dimension, Grid
from lensmill.agents.reader.questions.template import Extreme, Template
from lensmill.perception.chart import Cell

_JOINTS = re.compile(r",|\b(?:and|to|than|then|minus|plus|from|versus|vs|by|with)\b|&|\+")
_RANGE = re.compile(
    r"\b(?:from|between|during) (?:\w+ ){0,2}?([CS]\d+) (?:to|and|until|till|through|-) (?:\w+ ){0,2}?([CS]\d+)"
    r"|([CS]\d+)\s?-\s?([CS]\d+)"
)


_AMONG = re.compile(r"\b(?:among|amongst|between|out of|of)\b (?:the )?C\d+,? (?:and |or )?(?:the )?C\d+")


@dataclass(frozen=True, slots=True)
class Scope:
    """Categories and series, None for all."""

    categories: tuple[str, ...] | None = None
    series: tuple[str, ...] | None = None

    def cells(self, grid: Grid) -> tuple[Cell, ...]:
        """The cells of a grid within the scope."""
        return grid.cells(self.categories, self.series)


def scope_of(template: Template, text: str | None = None) -> Scope:
    """Everything the text names; a stretch of time ("from C0 to C4") counts as all that lies in it."""
    grid = template.grid
    text = template.text if text is None else text
    spans: dict[Dimension, tuple[str, ...]] = {}
    for match in _RANGE.finditer(text):
        first, last = (mark for mark in match.groups() if mark)
        stretch = _stretch(template, first, last)
        if stretch is not None:
            spans["category" if first[0] == "C" else "series"] = stretch
    categories = spans.get("category") or template.categories(text) or None
    series = spans.get("series") or template.series(text) or None
    return Scope(categories, grid.series if grid.single else series)


def has_range(template: Template) -> bool:
    """Whether a question names a range of categories or series."""
    return any(
        _stretch(template, *(mark for mark in match.groups() if mark)) is not None
        for match in _RANGE.finditer(template.text)
    )


def _stretch(template: Template, first: str, last: str) -> tuple[str, ...] | None:
    dimension: Dimension = "category" if first[0] == "C" else "series"
    if first[0] != last[0] or not template.grid.times(dimension):
        return None
    order = template.grid.in_time_order(dimension)
    start, end = order.index(template.names[first]), order.index(template.names[last])
    return order[start : end + 1] if start < end else None


def extreme_cells(grid: Grid, scope: Scope, extreme: Extreme) -> tuple[Cell, ...]:
    """The cells of an extreme.

    Raises:
        NoAnswer: a tie makes the rank unclear, or measured values are too close to tell.
    """
    cells = scope.cells(grid)
    ranked = sorted(cells, key=lambda cell: cell.value, reverse=extreme.kind == "high")
    first, last = extreme.rank - 1, extreme.rank - 1 + extreme.count
    if last > len(ranked) or len(ranked) < 2:
        raise NoAnswer("there are too few values to rank")
    if extreme.rank > 1 and len({cell.value for cell in ranked[: first + 1]}) <= first:
        raise NoAnswer("values are tied, so that the rank is unclear")
    for one, other in zip(ranked[max(0, first - 1) : last], ranked[first if first else 1 : last + 1], strict=False):
        if too_close(one, other):
            raise NoAnswer("measured values lie too close to each other to rank them")
    return tuple(ranked[first:last])


def too_close(one: Cell, other: Cell) -> bool:
    """Whether a measured value is too near another one to say which is larger."""
    span = max(abs(one.value), abs(other.value))
    return (one.measured or other.measured) and abs(one.value - other.value) < 0.03 * span


def scope_of_extreme(template: Template, mark: str, text: str) -> Scope:
    """What one extreme ranges over: what its own piece of the text names, else what the others do."""
    pieces = _pieces(text)
    own = next(index for index, piece in enumerate(pieces) if re.search(rf"\b{mark}\b", piece))
    whole = scope_of(template, text)
    categories = template.categories(pieces[own]) or None
    series = template.series(pieces[own]) or None
    others = [piece for index, piece in enumerate(pieces) if index != own]
    if has_range(template):
        return Scope(whole.categories, series or whole.series)
    several = template.categories(text)
    if template.grid.single and _AMONG.search(text):
        return Scope(several, template.grid.series)
    if series is None:
        named = template.series(" ".join(others))
        series = named if len(named) == 1 else None
        if len(named) > 1:
            raise NoAnswer("it is unclear which series the extreme is sought in")
    if categories is None:
        named = template.categories(" ".join(others))
        if len(named) > 1 and not template.grid.single:
            raise NoAnswer("it is unclear which categories the extreme is sought in")
        categories = named if len(named) == 1 and not template.grid.single else None
    grid = template.grid
    if grid.single:
        return Scope(None if categories is None or len(categories) < 2 else categories, grid.series)
    return Scope(categories, series)


def _pieces(text: str) -> list[str]:
    return [piece for piece in _JOINTS.split(text) if piece.strip()]


def separate_pieces(text: str, one: str, other: str) -> bool:
    """Whether two marks stand in different pieces of a text."""
    return not any(re.search(rf"\b{one}\b", piece) and re.search(rf"\b{other}\b", piece) for piece in _pieces(text))


def named_cells(template: Template, text: str) -> tuple[Cell, ...]:
    """The cells that the text names one by one, in its order.

    Raises:
        NoAnswer: a category or series is missing to pin each value down.
    """
    grid = template.grid
    categories, series = template.categories(text), template.series(text)
    if grid.single:
        series = grid.series
    if not categories and len(grid.categories) == 1:
        categories = grid.categories
    if len(categories) >= 2 and len(series) == len(categories):
        pairs = _in_pairs(template, text)
        if pairs is not None:
            return tuple(grid.cell(category, one) for category, one in pairs)
    if len(categories) >= 1 and len(series) == 1:
        return tuple(grid.cell(category, series[0]) for category in categories)
    if len(categories) == 1 and len(series) >= 2:
        return tuple(grid.cell(categories[0], one) for one in series)
    raise NoAnswer("the question does not name each value by its category and series")


def _in_pairs(template: Template, text: str) -> tuple[tuple[str, str], ...] | None:
    """Category and series by turns ("men in 2015 and women in 2016"), or None where they stand otherwise."""
    marks = template.marks("CS", text)
    pairs = []
    for one, other in zip(marks[::2], marks[1::2], strict=False):
        if {one[0], other[0]} != {"C", "S"}:
            return None
        category, series = (one, other) if one[0] == "C" else (other, one)
        pairs.append((template.names[category], template.names[series]))
    return tuple(pairs) if len(marks) % 2 == 0 else None
