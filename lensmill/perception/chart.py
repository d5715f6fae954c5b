"""What a chart says, as read from its picture. All boxes are in pixels of the original."""

from dataclasses import dataclass
from typing import Literal

from lensmill.geometry import Box
from lensmill.perception.text import TextLine

ChartKind = Literal["v_bar", "h_bar", "line", "pie", "table", "unknown"]


@dataclass(frozen=True, slots=True)
class AxisLabel:
    """A label on an axis.

    Attributes:
        text: as printed, wrapped lines joined by a space.
        text_box: where the label itself stands.
        value_box: the band of the plot that belongs to it: a column's strip for an x value, a row's strip
            (label included) for a y value, as ReFocus draws its axis boxes.
    """

    text: str
    text_box: Box
    value_box: Box


@dataclass(frozen=True, slots=True)
class Series:
    """One legend entry: name and colour (RGB); an unnamed single series has an empty name."""

    name: str
    colour: tuple[int, int, int] | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of the chart.

    Attributes:
        category, series: names as in ChartReading.categories and .series.
        value: the number.
        text: the data label as printed; empty where the value was measured from the mark.
        box: where the data label or mark stands.
        measured: true when the value comes from a mark's length and the axis' scale, not from a printed number.
    """

    category: str
    series: str
    value: float
    text: str
    box: Box
    measured: bool = False


@dataclass(frozen=True, slots=True)
class ChartReading:
    """A chart as understood. Empty tuples mean "not found", never "none there".

    Attributes:
        figure_box: the plot area.
        x_labels, y_labels: every axis label with its band, categories and ticks alike.
        categories: the category labels in reading order (also table rows, pie slices).
        doubts: reasons not to trust the reading, for an agent that prefers abstaining to guessing.
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
