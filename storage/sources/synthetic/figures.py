"""Figures of several panels: charts side by side with letters, as in papers."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from string import ascii_lowercase

import numpy as np

from lensmill.geometry import Box
from storage.sources.synthetic.canvas import FULL_SIDE, Canvas, Cramped
from storage.sources.synthetic.charts import draw_chart, grid_for, tables_in_turn
from storage.sources.synthetic.drawing import Area, ChartKind, DrawnPanel
from storage.sources.synthetic.facts import FactTable
from storage.sources.synthetic.illustration import Illustration
from storage.sources.synthetic.questions.charts import ask
from storage.sources.synthetic.questions.panels import ask_panels
from storage.sources.synthetic.questions.question import in_turn
from storage.sources.synthetic.questions.subject import Subject
from storage.sources.synthetic.style import Colour, Style, choose_style

KINDS: tuple[ChartKind, ...] = ("v_bar", "h_bar", "line", "pie", "grouped_v_bar")

LETTERS = ("({})", "({})", "{})", "{}", "")
"""How a panel's letter is written; empty for no letter."""

GRIDS = ((1, 2), (2, 1), (2, 2), (1, 3), (2, 3), (3, 2), (3, 1))
"""Rows and columns of panels, one after the other with the seed."""


SEEDS_APART = 1_000_003
"""Figures of different seeds draw from different numbers, unless a seed has more figures than this."""


def illustrate_figure(seed: int, index: int, questions: int, side: int) -> Illustration:
    """The figure with number `index` of a seed. The same arguments give the same figure.

    Args:
        seed: of the random choices.
        index: from 0.
        questions: maximum number of questions.
        side: longer side of the picture in pixels.
    """
    canvas, panels = draw_figure(seed * SEEDS_APART + index, side)
    rng = Random(f"{seed} questions of figure {index}")
    subjects = [Subject(panel.drawing, panel.style, _context(panel, rng), alone=False) for panel in panels]
    figures = ask(subjects, rng, questions - questions // 3)
    shapes = ask_panels(panels, rng, questions - len(figures))
    regions = tuple(panel.region for panel in panels)
    asked = tuple(in_turn(figures, shapes))
    return Illustration("figure", canvas.png(), canvas.width, canvas.height, regions, asked)


def _context(panel: DrawnPanel, rng: Random) -> str:
    if panel.letter and rng.random() < 0.5:
        return rng.choice(["In panel {}, ", "In subplot {}, "]).format(panel.letter)
    return f'In the chart "{panel.title}", '


def draw_figure(
    seed: int, side: int, canvas_of: Callable[[int, int, int, Colour], Canvas] = Canvas
) -> tuple[Canvas, list[DrawnPanel]]:
    """A figure of several panels, some with a title above all. The same seed gives the same figure.

    Args:
        seed: decides everything.
        side: longer side of the picture in pixels.
        canvas_of: makes the canvas from width and height of the design, side and background.

    Raises:
        Cramped: no arrangement was found in many attempts.
    """
    for attempt in range(20):
        rng = Random(f"figure {seed} {attempt}")
        down, across = grid = GRIDS[seed % len(GRIDS)]
        style = replace(choose_style(rng), text_size=44, title_size=56)
        style = replace(style, plot_background=style.background)
        height = FULL_SIDE * down / across * rng.uniform(0.6, 0.8)
        shrink = min(1.0, FULL_SIDE / height)
        canvas = canvas_of(round(FULL_SIDE * shrink), round(height * shrink), side, style.background)
        top = 0
        if rng.random() < 0.4:
            face = canvas.font(style.family, 70, bold=True)
            canvas.text(canvas.width // 2, canvas.px(80), "An overview of the figures", face, style.ink, "centre")
            top = canvas.px(140)
        area = Area(canvas.px(40), top + canvas.px(20), canvas.width - canvas.px(40), canvas.height - canvas.px(40))
        try:
            return canvas, draw_panels(canvas, area, grid, style, rng, seed)
        except Cramped:
            continue
    raise Cramped(f"no figure could be drawn with seed {seed}")


def draw_panels(
    canvas: Canvas, area: Area, grid: tuple[int, int], style: Style, rng: Random, turn: int
) -> list[DrawnPanel]:
    """Draw a chart in each place of a grid, row by row.

    Args:
        canvas: the picture.
        area: for all panels.
        grid: number of rows and of columns.
        style: the look of all panels.
        rng: random choices.
        turn: chooses the figures.

    Raises:
        Cramped: no chart fits into a panel.
    """
    down, across = grid
    gap = canvas.px(rng.uniform(40, 140))
    framed, written = rng.random() < 0.3, rng.choice(LETTERS)
    capital = rng.random() < 0.3
    width, height = (area.width - gap * (across - 1)) // across, (area.height - gap * (down - 1)) // down
    tables = tables_in_turn("figure", turn, turn)
    panels = []
    for place in range(down * across):
        row, column = divmod(place, across)
        left, top = area.x1 + column * (width + gap), area.y1 + row * (height + gap)
        spot = Area(left, top, left + width, top + height)
        letter = written.format(ascii_lowercase[place].upper() if capital else ascii_lowercase[place])
        panels.append(_draw_panel(canvas, spot, letter, style, rng, tables, framed))
    return panels


def _draw_panel(
    canvas: Canvas, spot: Area, letter: str, style: Style, rng: Random, tables: list[FactTable], framed: bool
) -> DrawnPanel:
    head = canvas.px(style.text_size * 1.2) if letter else 0
    for kind in rng.sample(KINDS, len(KINDS)):
        for table in list(tables):
            grid = grid_for(kind, table, rng, 5)
            if grid is None:
                continue
            canvas.rectangle(*spot, canvas.background, style.ink if framed else None)
            try:
                drawing = draw_chart(canvas, Area(spot.x1, spot.y1 + head, spot.x2, spot.y2), kind, grid, style, rng)
            except Cramped:
                break
            tables.remove(table)
            sign = None
            if letter:
                face = canvas.font(style.family, style.text_size, bold=True)
                at = (spot.x1 + canvas.px(30), spot.y1 + head // 2 + canvas.px(12))
                sign = canvas.text(*at, letter, face, style.ink)
            return DrawnPanel(letter, sign, drawing, style, spot.box if framed else _ink(canvas, spot))
    raise Cramped("no chart fits into the panel")


def _ink(canvas: Canvas, spot: Area) -> Box:
    """The box around everything drawn on the background."""
    pixels = np.asarray(canvas.image.crop(spot)).astype(np.int16)
    drawn = np.abs(pixels - np.asarray(canvas.background, dtype=np.int16)).max(axis=2) > 0
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    x1, y1 = spot.x1 + int(columns[0]), spot.y1 + int(rows[0])
    return Box(x1, y1, spot.x1 + int(columns[-1]) + 1, spot.y1 + int(rows[-1]) + 1)
