"""One chart on one picture: chooses the figures, the kind, the look and the questions."""

import functools
from random import Random

from storage.sources.synthetic.bars import draw_bars
from storage.sources.synthetic.canvas import Canvas, Cramped
from storage.sources.synthetic.drawing import Area, ChartKind, Drawing
from storage.sources.synthetic.facts import FactTable, all_tables
from storage.sources.synthetic.grid import Grid, multi_grid, pie_grid, single_grid
from storage.sources.synthetic.illustration import Illustration
from storage.sources.synthetic.lines import draw_lines
from storage.sources.synthetic.pies import draw_pie
from storage.sources.synthetic.questions.charts import ask
from storage.sources.synthetic.questions.subject import Subject
from storage.sources.synthetic.style import Style, choose_style
from storage.sources.synthetic.table_pictures import illustrate_sheet

CYCLE: tuple[ChartKind, ...] = (
    "v_bar",
    "h_bar",
    "grouped_v_bar",
    "line",
    "table",
    "h_bar",
    "pie",
    "stacked_v_bar",
    "v_bar",
    "grouped_h_bar",
    "table",
    "stacked_h_bar",
)
"""Each cycle of this many charts has these kinds, in an order that depends on the seed."""


def draw_chart(canvas: Canvas, area: Area, kind: ChartKind, grid: Grid, style: Style, rng: Random) -> Drawing:
    """Draw a chart of any kind except a table."""
    match kind:
        case "line":
            return draw_lines(canvas, area, grid, style, rng)
        case "pie":
            return draw_pie(canvas, area, grid, style, rng)
    return draw_bars(canvas, area, kind, grid, style, rng)


def grid_for(kind: ChartKind, table: FactTable, rng: Random, most: int) -> Grid | None:
    """Figures of a table that suit a chart of this kind; None if the table has none."""
    match kind:
        case "pie":
            return pie_grid(table, rng)
        case "line":
            if not table.timeline:
                return None
            several = multi_grid(table, rng, most + 2) if rng.random() < 0.7 else None
            return several or single_grid(table, rng, most + 2)
        case "v_bar" | "h_bar":
            return single_grid(table, rng, most)
    return multi_grid(table, rng, min(most, 6), kind.startswith("stacked"))


def tables_in_turn(purpose: str, seed: int, turn: int) -> list[FactTable]:
    """All tables in an order that depends on the seed and the purpose, starting with the table of this turn."""
    tables = [table for table in all_tables() if purpose not in CYCLE or purpose == "table" or _suits(purpose, table)]
    Random(f"{seed} tables for {purpose}").shuffle(tables)
    start = turn % len(tables)
    return tables[start:] + tables[:start]


@functools.cache
def _suits(kind: ChartKind, table: FactTable) -> bool:
    return any(grid_for(kind, table, Random(attempt), 7) is not None for attempt in range(3))


def kind_of(seed: int, index: int) -> tuple[ChartKind, int]:
    """The kind of a chart, and the number of earlier charts of that kind."""
    order = list(CYCLE)
    cycle, place = divmod(index, len(CYCLE))
    Random(f"{seed} kinds {cycle}").shuffle(order)
    return order[place], cycle * CYCLE.count(order[place]) + order[:place].count(order[place])


def illustrate_chart(seed: int, index: int, questions: int, side: int) -> Illustration:
    """The chart with number `index` of a seed. The same arguments give the same chart.

    Args:
        seed: of the random choices.
        index: from 0.
        questions: maximum number of questions.
        side: longer side of the picture in pixels.
    """
    rng = Random(f"{seed} chart {index}")
    kind, turn = kind_of(seed, index)
    style = choose_style(rng)
    sizes = [(3840, 2160), (3840, 2400), (3840, 2560), (3840, 2880)]
    if kind.endswith("h_bar"):
        sizes = [(3840, 2560), (3840, 2880), (3840, 3200), (3200, 3840), (2880, 3840)]
    size = rng.choice(sizes)
    for table in tables_in_turn(kind, seed, turn):
        if kind == "table":
            return illustrate_sheet(table, style, rng, questions, side)
        grid = grid_for(kind, table, rng, {"v_bar": 9, "h_bar": 13}.get(kind, 7))
        if grid is None:
            continue
        canvas = Canvas(*size, side, style.background)
        try:
            drawing = draw_chart(canvas, Area(0, 0, canvas.width, canvas.height), kind, grid, style, rng)
        except Cramped:
            continue
        asked = ask([Subject(drawing, style)], rng, questions)
        return Illustration(kind, canvas.png(), canvas.width, canvas.height, drawing.regions, tuple(asked))
    raise ValueError(f"no table of facts suits a chart of kind {kind!r}")
