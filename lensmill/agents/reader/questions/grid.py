"""A chart's values as a grid of categories and series, with what the rules need to know of it."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from lensmill.agents.reader.questions.answers import NoAnswer
from lensmill.agents.reader.questions.times import Moment, moment_of_label
from lensmill.perception.chart import AxisLabel, Cell, ChartReading
from lensmill.sample import RegionKind

Dimension = Literal["category", "series"]
_TIME_SHARE = 0.8  # of the labels, to call a dimension a time axis: an "average" column may stand beside the years


@dataclass(frozen=True)
class Grid:
    """The cells of a reading by category and series.

    Names are those of the reading; `None` as a scope means "all of them". `manner` chooses among equal wordings of
    what was read (`phrasing`).
    """

    reading: ChartReading
    manner: int = 0

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """The distinct category labels, in reading order."""
        return tuple(dict.fromkeys(label.text for label in self.reading.categories))

    @cached_property
    def series(self) -> tuple[str, ...]:
        """The distinct names of series; ("",) for an unnamed single series."""
        return tuple(dict.fromkeys(series.name for series in self.reading.series)) or ("",)

    @property
    def single(self) -> bool:
        """Whether the chart has at most one series."""
        return len(self.reading.series) <= 1

    @cached_property
    def _cells(self) -> dict[tuple[str, str], list[Cell]]:
        cells: dict[tuple[str, str], list[Cell]] = {}
        for cell in self.reading.cells:
            cells.setdefault((cell.category, cell.series), []).append(cell)
        return cells

    @cached_property
    def doubled(self) -> frozenset[str]:
        """Category names that stand on the chart more than once."""
        counts = Counter(label.text for label in self.reading.categories)
        return frozenset(name for name, count in counts.items() if count > 1)

    @cached_property
    def _mostly_measured(self) -> bool:
        """Whether most values have no number in print: a few with one hint at stray text or another scale."""
        cells = self.reading.cells
        return 2 * sum(cell.measured for cell in cells) > len(cells)

    def cell(self, category: str, series: str) -> Cell:
        """One value.

        Raises:
            NoAnswer: it was not read for sure, or the category's name stands there twice.
        """
        if category in self.doubled:
            raise NoAnswer(f"the label {category!r} stands on the chart more than once")
        cells = self._cells.get((category, series), [])
        if len(cells) != 1:
            where = f"{category!r} of {series!r}" if series else repr(category)
            raise NoAnswer(f"{'several values were' if cells else 'no value was'} read for {where}")
        if not cells[0].measured and self._mostly_measured:
            raise NoAnswer(
                f"most values have no number in print, so that the one at {category!r} may be something else"
            )
        return cells[0]

    def cells(self, categories: tuple[str, ...] | None, series: tuple[str, ...] | None) -> tuple[Cell, ...]:
        """Every value of a scope, category by category.

        Raises:
            NoAnswer: one of them was not read, so that no statement about all of them is safe.
        """
        if categories is None and self.doubled:
            names = set(self.series if series is None else series)
            cells = tuple(cell for cell in self.reading.cells if cell.series in names)
            if len(cells) != len(self.reading.categories) * len(names):
                raise NoAnswer("some values of the chart were not read")
            return cells
        chosen = self.categories if categories is None else categories
        return tuple(self.cell(name, one) for name in chosen for one in (self.series if series is None else series))

    @cached_property
    def category_times(self) -> dict[str, Moment]:
        """The moments of the category labels where they are a time axis, else empty."""
        return _time_axis(self.categories)

    @cached_property
    def series_times(self) -> dict[str, Moment]:
        """Series name -> point in time, if the series are points in time."""
        return _time_axis(self.series)

    def times(self, dimension: Dimension) -> dict[str, Moment]:
        """Name -> point in time along a dimension; empty if the dimension has no times."""
        return self.category_times if dimension == "category" else self.series_times

    def names(self, dimension: Dimension) -> tuple[str, ...]:
        """The names along a dimension."""
        return self.categories if dimension == "category" else self.series

    @property
    def time_dimension(self) -> Dimension | None:
        """The dimension that is a time axis; None without one."""
        if self.category_times:
            return "category"
        return "series" if self.series_times else None

    def in_time_order(self, dimension: Dimension) -> tuple[str, ...]:
        """The names along a time axis from first to last, by what they say, not by where they stand."""
        times = self.times(dimension)
        return tuple(sorted(times, key=lambda name: _order(times[name])))

    def focus(self, cells: tuple[Cell, ...]) -> tuple[tuple[AxisLabel, ...], RegionKind]:
        """The axis labels whose bands hold these cells, and which kind of region they are."""
        wanted = {cell.category for cell in cells}
        labels = tuple(label for label in self.reading.categories if label.text in wanted)
        if self.reading.kind == "table":
            return labels, "rows"
        down = {label.text for label in self.reading.y_labels}
        across = {label.text for label in self.reading.x_labels}
        if all(label.text in across for label in labels):
            return labels, "x_values"
        if all(label.text in down for label in labels):
            return labels, "y_values"
        return (), "x_values"


def clean_label(text: str) -> str:
    """A label without its footnote marks, or what the reader makes of them behind Latin text (ideographs)."""
    if not re.search(r"[A-Za-z0-9]", text):
        return text.strip()
    cleaned = re.sub(r"(?:[*†‡®©^]|[\u2e80-\u9fff\uff00-\uffef])+$", "", text.strip()).strip() or text
    return re.sub(r"(?<=\w) (?=\+$)", "", cleaned)


def _time_axis(names: tuple[str, ...]) -> dict[str, Moment]:
    times = {name: moment for name in names if (moment := moment_of_label(clean_label(name))) is not None}
    enough = len(times) >= 1 if len(names) == 1 else len(times) >= max(2, _TIME_SHARE * len(names))
    return _distinct(times) if enough else {}


def _distinct(times: dict[str, Moment]) -> dict[str, Moment]:
    orders = [_order(moment) for moment in times.values()]
    return times if len(set(orders)) == len(orders) else {}


def _order(moment: Moment) -> tuple[int, ...]:
    part = moment.month or (moment.quarter or 0) * 3 or (moment.half or 0) * 6
    return (moment.year or 0, moment.until or 0, part, moment.day or 0)
