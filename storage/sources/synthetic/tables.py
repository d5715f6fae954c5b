"""Draws tables: some rows of a table of facts, with all or some of its columns."""

from dataclasses import dataclass
from random import Random

from lensmill.geometry import Box
from lensmill.sample import Region
from storage.sources.synthetic.canvas import Anchor, Canvas, Cramped
from storage.sources.synthetic.chart_parts import paragraph, wrap
from storage.sources.synthetic.drawing import Area, Drawing, Mark
from storage.sources.synthetic.facts import Column, FactTable
from storage.sources.synthetic.grid import column_grid
from storage.sources.synthetic.style import Font, Style, ink_on
from storage.sources.synthetic.table_look import TABLE_LOOKS, TableLook, paint, paint_spanning

PADDING = 0.55
"""Space around the text of a cell, in text sizes."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The content of a printed table: headers (the first names the rows) and rows of cells, the row's name first.

    `spanning` is printed above all headers but the first; empty for no such header.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    spanning: str = ""


@dataclass(frozen=True, slots=True)
class DrawnSheet:
    """A sheet as drawn. Boxes are in pixels of the picture.

    Attributes:
        cells: cells[row][column], the whole cell up to its rules; likewise `headers`.
        inks: the printed text of each cell.
    """

    sheet: Sheet
    box: Box
    headers: tuple[Box, ...]
    cells: tuple[tuple[Box, ...], ...]
    inks: tuple[tuple[Box, ...], ...]

    @property
    def regions(self) -> tuple[Region, ...]:
        """Columns and rows as agents may name them."""
        columns = [
            Region("columns", name, box.union(column[-1]))
            for name, box, column in zip(self.sheet.headers, self.headers, zip(*self.cells, strict=True), strict=True)
        ]
        rows = [
            Region("rows", row[0], boxes[0].union(boxes[-1]))
            for row, boxes in zip(self.sheet.rows, self.cells, strict=True)
        ]
        return (*columns, *rows)


def choose_rows(table: FactTable, rng: Random, most: int) -> list[int]:
    """At most `most` rows: a section of a timeline, otherwise random rows, usually in the file's order."""
    count = len(table.names)
    size = rng.randint(min(8, most, count), min(most, count))
    if table.timeline:
        start = rng.randint(0, count - size)
        return list(range(start, start + size))
    rows = rng.sample(range(count), size)
    return rows if rng.random() < 0.3 else sorted(rows)


def sheet_of(table: FactTable, columns: list[Column], rows: list[int], style: Style, spanning: bool = False) -> Sheet:
    """The table's figures in the style's number format. Units stand in the headers, "$" and "%" in the cells.

    With `spanning`, the common measure of several columns is printed above them.
    """
    headers = [table.row[0].upper() + table.row[1:]]
    for column in columns:
        unit = "" if column.unit in ("", "$", "%", "year") or table.comparable else f" ({column.unit})"
        headers.append(column.name[0].upper() + column.name[1:] + unit)
    body = [
        (table.names[row], *(_cell(column, row, style) for column in columns))  # the row's name first
        for row in rows
    ]
    above = table.measure if spanning and table.comparable and len(columns) > 1 else ""
    return Sheet(tuple(headers), tuple(body), above[:1].upper() + above[1:])


def _cell(column: Column, row: int, style: Style) -> str:
    return style.number(column.values[row], column.unit) if column.values else column.cells[row]


def draw_sheet(
    canvas: Canvas, area: Area, sheet: Sheet, style: Style, rng: Random, look: TableLook | None = None
) -> DrawnSheet:
    """Draw a table at the top of `area`, as wide as `area`. The text shrinks if it would not fit.

    Args:
        look: a random one if None.

    Raises:
        Cramped: the text would be too small to read.
    """
    face, bold = _faces(canvas, area, sheet, style)
    pad = canvas.px(style.text_size * PADDING)
    line = canvas.text_size("Xg", face)[1]
    widths = [_column_width(canvas, sheet, place, face, bold) + 2 * pad for place in range(len(sheet.headers))]
    spare = max(0, area.width - sum(widths))
    edges = [area.x1]
    for place, width in enumerate(widths):
        edges.append(edges[-1] + width + spare * (place + 1) // len(widths) - spare * place // len(widths))
    heads = [wrap(canvas, name, bold, right - left - 2 * pad, 3) for name, left, right in
             zip(sheet.headers, edges, edges[1:], strict=False)]  # fmt: skip
    above = round(line * 1.08) + pad // 2 if sheet.spanning else 0
    head = max(map(len, heads)) * round(line * 1.08) + pad + above
    row = min((area.height - head) / len(sheet.rows), line * rng.uniform(1.5, 2.8))
    tops = [area.y1, *(area.y1 + head + round(row * place) for place in range(len(sheet.rows) + 1))]
    drawn_look: TableLook = rng.choice(TABLE_LOOKS) if look is None else look
    head_fill = rng.choice([style.palette[0], style.ink, style.faint, style.background])
    if drawn_look == "bare":
        head_fill = style.background
    paint(canvas, edges, tops, drawn_look, head_fill, style)
    if sheet.spanning:
        paint_spanning(canvas, edges, (tops[0], tops[0] + above), sheet.spanning, bold, drawn_look, ink_on(head_fill))
    anchors: list[Anchor] = [_alignment(sheet, place, rng) for place in range(len(sheet.headers))]
    headers, cells, inks = [], [], []
    for place, lines in enumerate(heads):
        box = Area(edges[place], tops[0], edges[place + 1], tops[1])
        x = _text_start(box, anchors[place], pad)
        low = box.y1 + above if place else box.y1
        top = (low + box.y2 - round(line * 1.08) * len(lines)) // 2
        paragraph(canvas, x, top, lines, bold, ink_on(head_fill), anchors[place])
        headers.append(box.box)
    for down, texts in enumerate(sheet.rows):
        areas = [Area(edges[p], tops[down + 1], edges[p + 1], tops[down + 2]) for p in range(len(texts))]
        cells.append(tuple(box.box for box in areas))
        inks.append(
            tuple(
                canvas.text(_text_start(box, anchor, pad), (box.y1 + box.y2) // 2, text, face, style.ink, anchor)
                for box, anchor, text in zip(areas, anchors, texts, strict=True)
            )
        )
    whole = Box(edges[0], tops[0], edges[-1], tops[-1])
    return DrawnSheet(sheet, whole, tuple(headers), tuple(cells), tuple(inks))


def fits(canvas: Canvas, width: int, sheet: Sheet, style: Style) -> bool:
    """Whether all columns fit side by side into `width` with legible type."""
    size = min(style.text_size, canvas.least_text)
    return _natural_width(canvas, sheet, style, size) <= width


def _natural_width(canvas: Canvas, sheet: Sheet, style: Style, size: float) -> int:
    face, bold = canvas.font(style.family, size), canvas.font(style.family, size, bold=True)
    pad = canvas.px(style.text_size * PADDING)
    return sum(_column_width(canvas, sheet, place, face, bold) + 2 * pad for place in range(len(sheet.headers)))


def _faces(canvas: Canvas, area: Area, sheet: Sheet, style: Style) -> tuple[Font, Font]:
    """The largest type with which the table fits, at most a fifth larger than the style's."""
    size = style.text_size * 1.2
    for _ in range(24):
        tall = canvas.text_size("Xg", canvas.font(style.family, size))[1] * (1.2 * len(sheet.rows) + 3.3)
        tall += canvas.px(style.text_size * PADDING)
        if _natural_width(canvas, sheet, style, size) <= area.width and tall <= area.height:
            break
        size *= 0.95
    if size < canvas.least_text:
        raise Cramped(f"a table with type of {size:.1f} px is too small to read")
    return canvas.font(style.family, size), canvas.font(style.family, size, bold=True)


def _column_width(canvas: Canvas, sheet: Sheet, place: int, face: Font, bold: Font) -> int:
    """The width for every cell and for each word of the header, with the header on at most three lines."""
    cells = max(canvas.text_size(row[place], face)[0] for row in sheet.rows)
    header = sheet.headers[place]
    words = max(canvas.text_size(word, bold)[0] for word in header.split())
    return max(cells, words, round(canvas.text_size(header, bold)[0] * 0.5))


def _alignment(sheet: Sheet, place: int, rng: Random) -> Anchor:
    if place == 0:
        return "left"
    numeric = all(row[place].lstrip("-$")[:1].isdigit() for row in sheet.rows)
    return rng.choice(["right", "right", "centre"]) if numeric else "left"


def _text_start(box: Area, anchor: Anchor, pad: int) -> int:
    return {"left": box.x1 + pad, "right": box.x2 - pad, "centre": (box.x1 + box.x2) // 2}[anchor]


def column_drawings(
    table: FactTable, columns: list[Column], rows: list[int], drawn: DrawnSheet, title: str
) -> list[Drawing]:
    """Each column of figures as a separate drawing, so that it can be asked about like a chart."""
    names = {row[0]: ink for row, ink in zip(drawn.sheet.rows, (inks[0] for inks in drawn.inks), strict=True)}
    drawings = []
    for place, column in enumerate(columns, start=1):
        if not column.values:
            continue
        marks = tuple(
            Mark(texts[0], "", column.values[row], texts[place], cells[place], inks[place])
            for row, texts, cells, inks in zip(rows, drawn.sheet.rows, drawn.cells, drawn.inks, strict=True)
        )
        grid = column_grid(table, column, rows)
        drawings.append(
            Drawing("table", grid, drawn.box, drawn.box, title, None, marks, names, {"": drawn.headers[place]}, ())
        )
    return drawings
