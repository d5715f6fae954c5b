"""What a drawn chart is made of, and where everything stands. All boxes are in pixels of the picture."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from lensmill.geometry import Box
from lensmill.sample import Region
from storage.sources.synthetic.grid import Grid

ChartKind = Literal[
    "v_bar", "h_bar", "grouped_v_bar", "grouped_h_bar", "stacked_v_bar", "stacked_h_bar", "line", "pie", "table"
]


class Area(NamedTuple):
    """A rectangle of whole pixels to draw in."""

    x1: int
    y1: int
    x2: int
    y2: int

    @property
    def width(self) -> int:
        return self.x2 - self.x1

    @property
    def height(self) -> int:
        return self.y2 - self.y1

    @property
    def box(self) -> Box:
        return Box(*self)

    def inset(self, pixels: int) -> "Area":
        return Area(self.x1 + pixels, self.y1 + pixels, self.x2 - pixels, self.y2 - pixels)


@dataclass(frozen=True, slots=True)
class Mark:
    """One figure as drawn.

    Attributes:
        text: its data label as printed; empty where none is.
        box: the bar, segment, point, slice or cell.
        text_box: the ink of the data label, None where none is printed.
        share: how much of the value axis the mark spans, 0 to 1; a mark of a tiny share cannot be measured.
    """

    category: str
    series: str
    value: Decimal
    text: str
    box: Box
    text_box: Box | None
    share: float = 1.0

    @property
    def evidence(self) -> Box:
        """The mark with its label."""
        return self.box if self.text_box is None else self.box.union(self.text_box)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart as drawn.

    Attributes:
        area: everything that belongs to the chart, title and source line included.
        plot: the area between the axes (of a table: the whole table).
        title: as printed.
        category_boxes, series_boxes: the ink of each name on the axis and in the legend (or table header).
        regions: axis values, rows and columns as agents may name them.
    """

    kind: ChartKind
    grid: Grid
    area: Box
    plot: Box
    title: str
    title_box: Box | None
    marks: tuple[Mark, ...]
    category_boxes: dict[str, Box]
    series_boxes: dict[str, Box]
    regions: tuple[Region, ...]

    @property
    def labelled(self) -> bool:
        """Every figure is printed beside its mark."""
        return all(mark.text for mark in self.marks)

    def mark(self, category: str, series: str = "") -> Mark:
        for mark in self.marks:
            if (mark.category, mark.series) == (category, series):
                return mark
        raise KeyError(f"no mark for {category!r}, {series!r}")
