"""One table on one picture: ruled, striped or without any rule, with or without a header over several columns."""

from dataclasses import replace
from random import Random

from storage.sources.synthetic.canvas import Canvas
from storage.sources.synthetic.chart_parts import draw_title_and_source
from storage.sources.synthetic.drawing import Area
from storage.sources.synthetic.facts import FactTable, all_tables
from storage.sources.synthetic.illustration import Illustration
from storage.sources.synthetic.questions.charts import ask
from storage.sources.synthetic.questions.subject import Subject
from storage.sources.synthetic.style import Style, choose_style
from storage.sources.synthetic.table_look import TABLE_LOOKS, TableLook
from storage.sources.synthetic.tables import choose_rows, column_drawings, draw_sheet, sheet_of

SPANNING_EVERY = 3
"""Every so many tables one shows figures of one measure, with a header over its columns."""


def illustrate_table(seed: int, index: int, questions: int, side: int) -> Illustration:
    """The table with number `index` of a seed. The same arguments give the same table.

    Args:
        seed: of the random choices.
        index: from 0; tables of successive numbers differ in their figures and in their rules.
        questions: maximum number of questions.
        side: longer side of the picture in pixels.
    """
    rng = Random(f"{seed} table {index}")
    spanning = index % SPANNING_EVERY == SPANNING_EVERY - 1
    tables = [table for table in all_tables() if not spanning or (table.comparable and len(table.columns) > 2)]
    Random(f"{seed} sheets {spanning}").shuffle(tables)
    look = TABLE_LOOKS[index % len(TABLE_LOOKS)]
    return illustrate_sheet(tables[index % len(tables)], choose_style(rng), rng, questions, side, look, spanning)


def illustrate_sheet(
    table: FactTable,
    style: Style,
    rng: Random,
    questions: int,
    side: int,
    look: TableLook | None = None,
    spanning: bool | None = None,
) -> Illustration:
    """A picture of some rows of a table of facts.

    Args:
        table: the facts.
        style: colours, typefaces and number format.
        rng: random choices.
        questions: maximum number of questions.
        side: longer side of the picture in pixels.
        look: rules and fills; a random one if None.
        spanning: print the common measure over the columns; at random if None.
    """
    rows = choose_rows(table, rng, 20)
    columns = list(table.columns)[:6]
    style = replace(style, text_size=rng.choice([60, 68, 76, 84]))
    height = min(3200, max(2160, 400 + round(len(rows) * style.text_size * rng.uniform(2.2, 3.0))))
    canvas = Canvas(3840, height, side, style.background)
    area = Area(0, 0, canvas.width, canvas.height)
    parts = draw_title_and_source(canvas, area, table.title, "", table.source, style)
    above = rng.random() < 0.4 if spanning is None else spanning
    drawn = draw_sheet(canvas, parts.inner, sheet_of(table, columns, rows, style, above), style, rng, look)
    drawings = column_drawings(table, columns, rows, drawn, table.title)
    asked = ask([Subject(drawing, style) for drawing in drawings], rng, questions)
    return Illustration("table", canvas.png(), canvas.width, canvas.height, drawn.regions, tuple(asked))
