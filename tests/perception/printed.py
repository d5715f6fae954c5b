"""Drawn tables, charts and figures with their texts as an OCR without errors would read them."""

from dataclasses import dataclass, replace
from random import Random

from lensmill.geometry import Box, Frame
from lensmill.perception.text import TextLine
from lensmill.picture import Picture
from storage.sources.synthetic.canvas import Anchor, Canvas, Cramped
from storage.sources.synthetic.chart_parts import draw_title_and_source
from storage.sources.synthetic.charts import draw_chart, grid_for, tables_in_turn
from storage.sources.synthetic.drawing import Area, ChartKind, DrawnPanel
from storage.sources.synthetic.figures import draw_figure
from storage.sources.synthetic.style import Colour, Font, choose_style
from storage.sources.synthetic.table_look import TableLook
from storage.sources.synthetic.tables import DrawnSheet, choose_rows, draw_sheet, sheet_of


class Printed(Canvas):
    """A canvas that keeps every upright text that nothing was painted over."""

    kept: list[TextLine]

    def text(self, x: int, y: int, text: str, face: Font, fill: Colour, anchor: Anchor = "left") -> Box:
        """See `Canvas.text`."""
        box = super().text(x, y, text, face, fill, anchor)
        self.kept = [*getattr(self, "kept", []), TextLine(text, box.padded(3), 0.99)]
        return box

    def rectangle(self, x1: int, y1: int, x2: int, y2: int, fill: Colour | None, outline: Colour | None = None) -> Box:
        """See `Canvas.rectangle`."""
        box = super().rectangle(x1, y1, x2, y2, fill, outline)
        self.kept = [line for line in getattr(self, "kept", []) if not box.contains(line.box.padded(-3))]
        return box

    @property
    def picture(self) -> Picture:
        """The pixels, which are their own original."""
        return Picture(self.image, Frame.whole(self.image.size))


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """A drawn table and its canvas."""

    canvas: Printed
    drawn: DrawnSheet


def printed_table(seed: int, look: TableLook, spanning: bool = False, side: int = 1200) -> PrintedTable:
    """A table of this look with all else at random; `side` is the picture's width."""
    rng = Random(f"table {seed} {look}")
    tables = tables_in_turn("table", seed, seed)
    table = next(table for table in tables if not spanning or (table.comparable and len(table.columns) > 2))
    style = replace(choose_style(rng), text_size=rng.choice([60, 68, 76, 84]))
    rows = choose_rows(table, rng, rng.choice([6, 10, 16]))
    canvas = Printed(3840, min(3200, 500 + round(len(rows) * style.text_size * 2.8)), side, style.background)
    area = Area(0, 0, canvas.width, canvas.height)
    inner = draw_title_and_source(canvas, area, table.title, "", table.source, style).inner
    sheet = sheet_of(table, list(table.columns)[:6], rows, style, spanning)
    return PrintedTable(canvas, draw_sheet(canvas, inner, sheet, style, rng, look))


def printed_chart(seed: int, kind: ChartKind, side: int = 960) -> Printed:
    """A chart of this kind with all else at random."""
    rng = Random(f"chart {seed} {kind}")
    style = choose_style(rng)
    for table in tables_in_turn(kind, seed, seed):
        grid = grid_for(kind, table, rng, 7)
        if grid is None:
            continue
        canvas = Printed(3840, 2880, side, style.background)
        try:
            draw_chart(canvas, Area(0, 0, canvas.width, canvas.height), kind, grid, style, rng)
        except Cramped:
            continue
        return canvas
    raise AssertionError(f"no table suits {kind}")


def printed_figure(seed: int, side: int = 1200) -> tuple[Printed, list[DrawnPanel]]:
    """A figure of several panels with all else at random."""
    made: list[Printed] = []

    def printed(width: int, height: int, side: int, background: Colour) -> Canvas:
        made.append(Printed(width, height, side, background))
        return made[-1]

    _, panels = draw_figure(seed, side, printed)
    return made[-1], panels
