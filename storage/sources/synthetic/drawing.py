"""The parts of a drawn chart and their boxes, in pixels of the picture."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from lensmill.geometry import Box
from lensmill.sample import Region
from storage.sources.synthetic.grid import Grid
from storage.sources.synthetic.style import Style

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
        """Right edge minus left edge."""
        return self.x2 - self.x1

    @property
    def height(self) -> int:
        """Bottom edge minus top edge."""
        return self.y2 - self.y1

    @property
    def box(self) -> Box:
        """The area as a box."""
        return Box(*self)

    def inset(self, pixels: int) -> "Area":
        """The area without a margin of `pixels` on every side."""
        return Area(self.x1 + pixels, self.y1 + pixels, self.x2 - pixels, self.y2 - pixels)


@dataclass(frozen=True, slots=True)
class Mark:
    """One figure as drawn.

    Attributes:
        text: its data label as printed; empty without one.
        box: the bar, segment, point, slice or cell.
        text_box: the ink of the data label; None without one.
        share: the share of the value axis that the mark spans, 0 to 1. A mark with a tiny share cannot be measured.
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
        """The box of the mark with its label."""
        return self.box if self.text_box is None else self.box.union(self.text_box)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart as drawn.

    Attributes:
        area: everything that belongs to the chart, with title and source line.
        plot: the area between the axes (for a table: the whole table).
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
        """Whether every figure is printed next to its mark."""
        return all(mark.text for mark in self.marks)

    def mark(self, category: str, series: str = "") -> Mark:
        """The mark of a category and a series.

        Raises:
            KeyError: there is none.
        """
        for mark in self.marks:
            if (mark.category, mark.series) == (category, series):
                return mark
        raise KeyError(f"no mark for {category!r}, {series!r}")


@dataclass(frozen=True, slots=True)
class DrawnPanel:
    """A panel as drawn. `box` holds its ink (of a framed panel: the frame), in pixels of the picture."""

    letter: str
    letter_box: Box | None
    drawing: Drawing
    style: Style
    box: Box

    @property
    def title(self) -> str:
        """The title of its chart, as printed."""
        return self.drawing.title

    @property
    def region(self) -> Region:
        """The panel as agents may name it."""
        return Region("subplots", " ".join(filter(None, (self.letter, self.title))), self.box)

    @property
    def heading(self) -> tuple[Box, ...]:
        """The ink of its letter and of its title."""
        return tuple(box for box in (self.letter_box, self.drawing.title_box) if box is not None)
