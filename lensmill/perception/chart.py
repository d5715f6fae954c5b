"""The reading of a chart from its picture. All boxes are in pixels of the original."""

from dataclasses import dataclass
from typing import Literal

from lensmill.geometry import Box
from lensmill.perception.text import TextLine

ChartKind = Literal["v_bar", "h_bar", "line", "pie", "table", "unknown"]


@dataclass(frozen=True, slots=True)
class AxisLabel:
    """A label on an axis.

    Attributes:
        text: as printed; wrapped lines are joined by a space.
        text_box: the box of the label itself.
        value_box: the band of the plot that belongs to the label: a column's band for an x value, a row's band (with
            the label) for a y value, as ReFocus draws its axis boxes.
    """

    text: str
    text_box: Box
    value_box: Box


@dataclass(frozen=True, slots=True)
class Series:
    """One legend entry: name and colour (RGB). An unnamed single series has an empty name."""

    name: str
    colour: tuple[int, int, int] | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of the chart.

    Attributes:
        category, series: names as in ChartReading.categories and .series.
        value: the number.
        text: the data label as printed; empty if the value was measured from the mark.
        box: the box of the data label or mark.
        measured: True if the value comes from the mark's length and the axis' scale, not from a printed number.
    """

    category: str
    series: str
    value: float
    text: str
    box: Box
    measured: bool = False


@dataclass(frozen=True, slots=True)
class ChartReading:
    """The reading of a chart. An empty tuple means "not found", never "the chart has none".

    Attributes:
        figure_box: the plot area.
        x_labels, y_labels: every axis label with its band; both categories and ticks.
        categories: the category labels in reading order (also table rows, pie slices).
        doubts: reasons not to trust the reading, for an agent that abstains rather than guesses.
    """

    kind: ChartKind
    figure_box: Box | None
    title: str
    x_labels: tuple[AxisLabel, ...]
    y_labels: tuple[AxisLabel, ...]
    categories: tuple[AxisLabel, ...]
    series: tuple[Series, ...]
    cells: tuple[Cell, ...]
    texts: tuple[TextLine, ...]
    doubts: tuple[str, ...] = ()
