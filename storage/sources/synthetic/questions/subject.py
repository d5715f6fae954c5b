"""The subject of a question: a chart or a column of a table, and the words for it."""

from dataclasses import dataclass
from decimal import Decimal

from lensmill.geometry import Box
from storage.sources.synthetic.drawing import Drawing, Mark
from storage.sources.synthetic.grid import Grid
from storage.sources.synthetic.style import Style

MEASURABLE = 0.15
"""A mark without a data label is asked for by value only if it spans at least this share of the axis."""

CLEAR = Decimal("1.08")
"""Marks that are compared by eye differ by at least this factor."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A chart, and the words with which a question says which chart of a poster is meant.

    Attributes:
        context: e.g. 'In the table "The oceans", '; empty if the figures are unambiguous.
        alone: the picture shows nothing else.
    """

    drawing: Drawing
    style: Style
    context: str = ""
    alone: bool = True

    @property
    def grid(self) -> Grid:
        """The figures of the chart."""
        return self.drawing.grid

    @property
    def exact(self) -> bool:
        """Whether every figure is printed."""
        return self.drawing.labelled

    def printed(self, value: Decimal) -> str:
        """A figure in the chart's number format."""
        return self.style.number(value, self.grid.unit)

    def evidence(self, *marks: Mark) -> tuple[Box, ...]:
        """The boxes of the marks and of the names that identify them."""
        boxes: list[Box] = []
        for mark in marks:
            found = [mark.evidence, self.drawing.category_boxes.get(mark.category)]
            found.append(self.drawing.series_boxes.get(mark.series))
            boxes += [box for box in found if box is not None and box not in boxes]
        return tuple(boxes)

    def column(self, series: str) -> list[Mark]:
        """The marks of a series."""
        return [mark for mark in self.drawing.marks if mark.series == series]

    def row(self, category: str) -> list[Mark]:
        """The marks of a category."""
        return [mark for mark in self.drawing.marks if mark.category == category]

    def apart(self, first: Decimal, second: Decimal) -> bool:
        """Whether two figures can be distinguished: printed ones if they differ, measured ones if they differ by a
        clear factor."""
        low, high = sorted((first, second))
        return low != high if self.exact else high >= low * CLEAR
