"""Charts of a chosen difficulty. The same number has the same figures at every setting, where a setting allows it."""

import math
from dataclasses import replace
from random import Random

import numpy as np

from storage.sources.synthetic.canvas import LEAST_TEXT, Canvas, Cramped
from storage.sources.synthetic.charts import draw_chart, grid_for, kind_of, tables_in_turn
from storage.sources.synthetic.difficulty import Difficulty
from storage.sources.synthetic.drawing import Area, ChartKind
from storage.sources.synthetic.facts import FactTable
from storage.sources.synthetic.grid import Grid, multi_grid, single_grid
from storage.sources.synthetic.illustration import Illustration
from storage.sources.synthetic.questions.charts import ask
from storage.sources.synthetic.questions.question import Question
from storage.sources.synthetic.questions.steps import in_steps
from storage.sources.synthetic.questions.subject import Subject
from storage.sources.synthetic.style import Style, choose_style

SIZE = (3840, 2880)

SINGLE: tuple[ChartKind, ...] = ("v_bar", "h_bar", "line")
SEVERAL: tuple[ChartKind, ...] = ("grouped_v_bar", "line", "grouped_h_bar", "stacked_v_bar")
BESIDE: tuple[ChartKind, ...] = ("v_bar", "h_bar", "line", "pie")
"""Kinds of charts with one series, with several, and of distractors."""

NOTES = ("note {}", "rev. {}", "see p. {}", "item {}", "ref. {}", "draft {}", "no. {}", "fig. {}", "step {}", "copy {}")


def illustrate_hard_chart(seed: int, index: int, questions: int, side: int, difficulty: Difficulty) -> Illustration:
    """The chart with number `index` of a seed, of this difficulty. The same arguments give the same chart.

    Args:
        seed: of the random choices.
        index: from 0.
        questions: maximum number of questions.
        side: longer side of the picture in pixels.
        difficulty: as chosen.
    """
    rng = Random(f"{seed} hard chart {index}")
    style = choose_style(rng)
    style = replace(style, labels="outside" if difficulty.steps else style.labels)
    small = difficulty.print_size * (0.75 if difficulty.distractors else 1.0)
    style = replace(style, text_size=round(style.text_size * small), title_size=round(style.title_size * small))
    kind, table_order = _kind(seed, index, difficulty), Random(f"{seed} order {index}")
    tables = tables_in_turn("hard", seed, index)
    for table in tables:
        grid = _grid(kind, table, Random(f"{seed} hard figures {index} {table.key}"), difficulty.series)
        if grid is None or (difficulty.steps and grid.unit == "year"):
            continue
        canvas = Canvas(*SIZE, side, style.background, LEAST_TEXT * small)
        areas = _areas(canvas, difficulty.distractors + 1)
        table_order.shuffle(areas)
        try:
            drawing = draw_chart(canvas, areas[0], kind, grid, style, Random(f"{seed} hard look {index}"))
            titles = _beside(canvas, areas[1:], style, [other for other in tables if other is not table], seed, index)
        except Cramped:
            continue
        if drawing.title in titles:
            continue
        _scatter(canvas, areas[0], style, Random(f"{seed} notes {index}"), difficulty.clutter)
        alone = not difficulty.distractors
        subject = Subject(drawing, style, "" if alone else f'In the chart "{drawing.title}", ', alone)
        asked = _ask(subject, Random(f"{seed} hard questions {index}"), questions, difficulty.steps)
        if asked:
            return Illustration(kind, canvas.png(), canvas.width, canvas.height, drawing.regions, tuple(asked))
    raise ValueError(f"no table of facts suits a chart of kind {kind!r} and {difficulty}")


def _kind(seed: int, index: int, difficulty: Difficulty) -> ChartKind:
    if difficulty.series == 1:
        return SINGLE[index % len(SINGLE)]
    if difficulty.series:
        return SEVERAL[index % len(SEVERAL)]
    kind, _ = kind_of(seed, index)
    return "v_bar" if kind == "table" or (difficulty.steps and kind.startswith("stacked")) else kind


def _grid(kind: ChartKind, table: FactTable, rng: Random, series: int) -> Grid | None:
    if series == 1:
        return single_grid(table, rng, 8) if kind != "line" or table.timeline else None
    if series:
        return multi_grid(table, rng, 6, series=series)
    return grid_for(kind, table, rng, {"v_bar": 9, "h_bar": 13}.get(kind, 7))


def _areas(canvas: Canvas, count: int) -> list[Area]:
    """The picture cut into at least `count` equal parts, in rows."""
    across = math.ceil(math.sqrt(count))
    down = math.ceil(count / across)
    width, height = canvas.width // across, canvas.height // down
    cells = [divmod(place, across) for place in range(count)]
    return [Area(x * width, y * height, (x + 1) * width, (y + 1) * height) for y, x in cells]


def _beside(
    canvas: Canvas, areas: list[Area], style: Style, tables: list[FactTable], seed: int, index: int
) -> list[str]:
    """Draw a chart of other figures into each area. Return their titles."""
    titles: list[str] = []
    for place, area in enumerate(areas):
        rng = Random(f"{seed} beside {index} {place}")
        look = replace(style, labels=rng.choice(["outside", "inside", "none"]), value_ticks=True)
        made = _another(canvas, area, look, tables, rng)
        titles.append(made)
    return titles


def _another(canvas: Canvas, area: Area, look: Style, tables: list[FactTable], rng: Random) -> str:
    for kind in rng.sample(BESIDE, len(BESIDE)):
        for table in list(tables):
            grid = grid_for(kind, table, rng, 5)
            if grid is None:
                continue
            canvas.rectangle(*area, look.background)
            try:
                drawing = draw_chart(canvas, area, kind, grid, look, rng)
            except Cramped:
                break
            tables.remove(table)
            return drawing.title
    raise Cramped("no other chart fits beside the chart")


def _scatter(canvas: Canvas, area: Area, style: Style, rng: Random, count: int) -> None:
    """Print notes on blank ground of a chart: where nothing but ground and gridlines was drawn."""
    pixels = np.asarray(canvas.image)
    ground = np.zeros(pixels.shape[:2], dtype=bool)
    for colour in (style.background, style.plot_background, style.faint):
        ground |= (pixels == np.asarray(colour, dtype=np.uint8)).all(axis=2)
    size = max(canvas.least_text, style.text_size * 0.8)
    face, rim = canvas.font(style.family, size), canvas.px(16)
    for _ in range(count):
        text = rng.choice(NOTES).format(rng.randint(2, 99))
        width, height = canvas.text_size(text, face)
        for _ in range(40):
            x = rng.randint(area.x1, max(area.x1, area.x2 - width - 2 * rim))
            y = rng.randint(area.y1, max(area.y1, area.y2 - height - 2 * rim))
            spot = np.s_[y : y + height + 2 * rim, x : x + width + 2 * rim]
            if ground[spot].all():
                ground[spot] = False
                canvas.rectangle(x + rim // 2, y + rim // 2, x + width + rim, y + height + rim, style.background)
                canvas.text(x + rim, y + rim + height // 2, text, face, rng.choice([style.ink, *style.palette[:3]]))
                break


def _ask(subject: Subject, rng: Random, questions: int, steps: int) -> list[Question]:
    if not steps:
        return ask([subject], rng, questions)
    asked: dict[str, Question] = {}
    for _ in range(questions * 12):
        made = in_steps(subject, rng, steps)
        if made is not None and len(asked) < questions:
            asked.setdefault(made.text, made)
    return list(asked.values())
