"""One chart on one picture: which figures, which kind, which look, which questions."""

from dataclasses import dataclass
from random import Random

from lensmill.sample import Region
from storage.sources.synthetic.bars import draw_bars
from storage.sources.synthetic.canvas import Canvas
from storage.sources.synthetic.drawing import Area, ChartKind, Drawing
from storage.sources.synthetic.facts import all_tables
from storage.sources.synthetic.grid import Grid, multi_grid, single_grid
from storage.sources.synthetic.questions.charts import Subject, ask, extreme, lookup
from storage.sources.synthetic.questions.question import Question
from storage.sources.synthetic.style import Style, choose_style

CYCLE: tuple[ChartKind, ...] = ("v_bar", "h_bar", "grouped_v_bar", "grouped_h_bar", "stacked_v_bar", "stacked_h_bar")
"""Every run of this many charts has each kind once."""


@dataclass(frozen=True, slots=True)
class Illustration:
    """A finished picture.

    Attributes:
        kind: of its chart, or "poster".
        png: the file.
        regions: parts that agents may name.
        questions: with boxes in pixels of the picture.
    """

    kind: str
    png: bytes
    width: int
    height: int
    regions: tuple[Region, ...]
    questions: tuple[Question, ...]


def draw_chart(canvas: Canvas, area: Area, kind: ChartKind, grid: Grid, style: Style, rng: Random) -> Drawing:
    return draw_bars(canvas, area, grid, style, rng, "v_bar" in kind, "stacked" in kind)


def choose_grid(kind: ChartKind, rng: Random, seed: int, turn: int, most: int | None = None) -> Grid:
    """Figures for a chart: the turn's table of those that suit its kind, in the seed's own order."""
    tables = list(all_tables())
    Random(f"{seed} {kind} tables").shuffle(tables)
    for place in range(len(tables)):
        table = tables[(turn + place) % len(tables)]
        if kind.startswith(("grouped", "stacked")):
            grid = multi_grid(table, rng, most or 6, kind.startswith("stacked"))
        else:
            grid = single_grid(table, rng, most or (9 if kind == "v_bar" else 13))
        if grid is not None:
            return grid
    raise ValueError(f"no table of facts suits a chart of kind {kind!r}")


def kind_of(seed: int, index: int) -> ChartKind:
    order = list(CYCLE)
    Random(f"{seed} kinds {index // len(CYCLE)}").shuffle(order)
    return order[index % len(CYCLE)]


def illustrate_chart(seed: int, index: int, questions: int, side: int) -> Illustration:
    """The chart number `index` of a seed: always the same."""
    rng = Random(f"{seed} chart {index}")
    kind = kind_of(seed, index)
    grid = choose_grid(kind, rng, seed, index // len(CYCLE))
    style = choose_style(rng)
    width, height = rng.choice([(3840, 2160), (3840, 2400), (3840, 2560), (3840, 2880)])
    if "h_bar" in kind:
        width, height = rng.choice([(3840, 2560), (3840, 2880), (3840, 3200), (3200, 3840), (2880, 3840)])
    canvas = Canvas(width, height, side, style.background)
    drawing = draw_chart(canvas, Area(0, 0, canvas.width, canvas.height), kind, grid, style, rng)
    asked = ask(Subject(drawing, style), rng, questions, (lookup, extreme))
    return Illustration(kind, canvas.png(), canvas.width, canvas.height, drawing.regions, tuple(asked))
