"""Drawn charts and tables as a reader without errors would read them."""

from random import Random

from lensmill.agents.reader.questions import ChartAnswer, answer_from_chart
from lensmill.agents.reader.questions.answers import NoAnswer
from lensmill.agents.reader.tables.questions import answer_from_table
from lensmill.agents.reader.tables.statements import is_statement, judge_statement
from lensmill.perception.chart import AxisLabel, Cell, ChartKind, ChartReading, Series
from lensmill.perception.tables.table import Column, Row, TableCell, TableReading
from lensmill.perception.text import TextLine
from storage.sources.synthetic.canvas import Canvas, Cramped
from storage.sources.synthetic.charts import draw_chart, grid_for, tables_in_turn
from storage.sources.synthetic.drawing import Area
from storage.sources.synthetic.drawing import ChartKind as DrawnKind
from storage.sources.synthetic.questions.subject import Subject
from storage.sources.synthetic.style import choose_style
from storage.sources.synthetic.tables import DrawnSheet, choose_rows, column_drawings, draw_sheet, sheet_of

_KINDS: dict[str, ChartKind] = {"line": "line", "pie": "pie"}


def subject_of(kind: DrawnKind, seed: int) -> Subject:
    """A chart of this kind with all else at random, 960 px wide."""
    rng = Random(f"{kind} {seed}")
    style = choose_style(rng)
    for table in tables_in_turn(kind, seed, seed):
        grid = grid_for(kind, table, rng, 7)
        if grid is not None:
            canvas = Canvas(3840, 2880, 960, style.background)
            try:
                return Subject(draw_chart(canvas, Area(0, 0, 960, 720), kind, grid, style, rng), style)
            except Cramped:
                continue
    raise AssertionError(kind)


def table_of(seed: int) -> tuple[list[Subject], DrawnSheet]:
    """The columns of a table as subjects, and the table."""
    rng = Random(f"table {seed}")
    style = choose_style(rng)
    table = tables_in_turn("table", seed, seed)[0]
    rows, columns = choose_rows(table, rng, 12), list(table.columns)[:4]
    canvas = Canvas(3840, 2880, 1280, style.background)
    drawn = draw_sheet(canvas, Area(20, 60, 1260, 940), sheet_of(table, columns, rows, style), style, rng)
    drawings = column_drawings(table, columns, rows, drawn, table.title)
    return [Subject(drawing, style) for drawing in drawings], drawn


def chart_reading(subject: Subject) -> ChartReading:
    """The reading of a chart: every label, and every figure with a data label as printed."""
    drawing, grid = subject.drawing, subject.grid
    labels = tuple(AxisLabel(name, box, box) for name, box in drawing.category_boxes.items())
    colours = dict(zip(grid.series, subject.style.palette, strict=False))
    series = tuple(Series(name, colours[name], drawing.series_boxes.get(name)) for name in grid.series)
    cells = tuple(
        Cell(mark.category, mark.series, float(mark.value), mark.text, mark.text_box or mark.box, not mark.text)
        for mark in drawing.marks
    )
    kind = _KINDS.get(drawing.kind, "h_bar" if drawing.kind.endswith("h_bar") else "v_bar")
    lying = kind == "h_bar"
    texts = tuple(TextLine(label.text, label.text_box, 1.0) for label in labels)
    return ChartReading(
        kind,
        drawing.plot,
        drawing.title,
        () if lying else labels,
        labels if lying else (),
        labels,
        series,
        cells,
        texts,
    )


def table_reading(drawn: DrawnSheet) -> TableReading:
    """The reading of a table, cell by cell."""
    sheet = drawn.sheet
    below = [column[-1] for column in zip(*drawn.cells, strict=True)]
    heads = zip(sheet.headers, drawn.headers, below, strict=True)
    return TableReading(
        title="",
        box=drawn.box,
        columns=tuple(Column(name, "", box.union(last)) for name, box, last in heads),
        rows=tuple(Row(row[0], boxes[0].union(boxes[-1])) for row, boxes in zip(sheet.rows, drawn.cells, strict=True)),
        cells=tuple(
            tuple(TableCell(*cell) for cell in zip(row, boxes, inks, strict=True))
            for row, boxes, inks in zip(sheet.rows, drawn.cells, drawn.inks, strict=True)
        ),
        naming=0,
        columns_from="rules",
        rows_from="rules",
    )


def answer_over_chart(question: str, chart: ChartReading) -> str | None:
    """The reader's answer; None if the reader abstains."""
    found = answer_from_chart(question, chart)
    return found.answer if isinstance(found, ChartAnswer) else None


def answer_over_table(question: str, table: TableReading) -> str | None:
    """The reader's answer; None if the reader abstains."""
    try:
        return (judge_statement if is_statement(question) else answer_from_table)(question, table).answer
    except NoAnswer:
        return None
