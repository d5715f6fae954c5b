"""The parts around a plot: title, legend, axis titles and the source line."""

from dataclasses import dataclass

from lensmill.geometry import Box
from storage.sources.synthetic.canvas import Anchor, Canvas, Cramped
from storage.sources.synthetic.drawing import Area
from storage.sources.synthetic.grid import Grid
from storage.sources.synthetic.style import Colour, Font, Style, blend

NAMED_UNITS = {"%": "percent", "$": "U.S. dollars"}


@dataclass(frozen=True, slots=True)
class ChartParts:
    """Where title and legend lie, and the area that they leave for the plot. Everything in canvas pixels."""

    inner: Area
    title: str
    title_box: Box
    series_boxes: dict[str, Box]


def unit_words(unit: str) -> str:
    """The words of a unit for a title: "percent" for "%"."""
    return NAMED_UNITS.get(unit, unit)


def wrap(canvas: Canvas, text: str, face: Font, width: int, most: int = 3) -> list[str]:
    """Break a text into at most `most` lines no wider than `width` if its words allow it. The last line takes the
    rest."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and (canvas.text_size(longer, face)[0] <= width or len(lines) == most):
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def fitting_font(canvas: Canvas, text: str, family: str, size: float, width: int, bold: bool = False) -> Font:
    """The typeface at `size`, or smaller if the text would be wider than `width`.

    Raises:
        Cramped: the text would be too small to read.
    """
    face = canvas.font(family, size, bold)
    while (
        taken := canvas.text_size(text, face)[0]
    ) > width:  # sizes are rounded to whole pixels, so one step may not suffice
        size *= min(0.97, width / taken)
        face = shrunk_font(canvas, family, size, bold)
    return face


def shrunk_font(canvas: Canvas, family: str, size: float, bold: bool = False) -> Font:
    """The typeface at a size that a layout computed.

    Raises:
        Cramped: the size is not legible.
    """
    if size < canvas.least_text:
        raise Cramped(f"type of {size:.1f} px is smaller than {canvas.least_text:g} px")
    return canvas.font(family, size, bold)


def paragraph(
    canvas: Canvas, x: int, top: int, lines: list[str], face: Font, fill: Colour, anchor: Anchor = "left"
) -> tuple[Box, int]:
    """Draw lines from `top` downwards. Return the box of their ink and the y where they end."""
    height = round(canvas.text_size("Xg", face)[1] * 1.08)
    boxes = [
        canvas.text(x, top + place * height + height // 2, line, face, fill, anchor) for place, line in enumerate(lines)
    ]
    box = boxes[0]
    for other in boxes[1:]:
        box = box.union(other)
    return box, top + height * len(lines)


def draw_chart_parts(canvas: Canvas, area: Area, grid: Grid, style: Style) -> ChartParts:
    """Draw a chart's title, its source line and (for several series) its legend. The remaining area is for the plot and
    its axes."""
    unit = "" if style.axis_title else unit_words(grid.unit)
    parts = draw_title_and_source(canvas, area, grid.title, unit, grid.source, style)
    if grid.series == ("",):
        return parts
    inner, boxes = draw_legend(canvas, parts.inner, grid.series, style.palette, style)
    return ChartParts(inner, parts.title, parts.title_box, boxes)


def draw_title_and_source(canvas: Canvas, area: Area, title: str, unit: str, source: str, style: Style) -> ChartParts:
    """Draw a title (with the unit, unless the title contains it) and, if the style has one, a source line."""
    left, top, right, bottom = area.inset(canvas.px(style.text_size * 0.9))
    title = f"{title} ({unit})" if unit and unit.lower() not in title.lower() else title
    title_box, top = _title(canvas, Area(left, top, right, bottom), title, style)
    top += canvas.px(style.text_size * 0.4)
    if style.source_line:
        size = max(canvas.least_text, style.text_size * 0.62)
        face = canvas.font(style.family, size)
        lines = wrap(canvas, f"Source: {source}", face, right - left, 9)
        if len(lines) <= 2:
            height = round(canvas.text_size("Xg", face)[1] * 1.08) * len(lines)
            paragraph(canvas, left, bottom - height, lines, face, blend(style.ink, style.background, 0.3))
            bottom -= height + canvas.px(style.text_size * 0.5)
    return ChartParts(Area(left, top, right, bottom), title, title_box, {})


def _title(canvas: Canvas, area: Area, title: str, style: Style) -> tuple[Box, int]:
    face = canvas.font(style.title_family, style.title_size, style.title_bold)
    lines = wrap(canvas, title, face, area.width, 3)
    widest = max(lines, key=lambda line: canvas.text_size(line, face)[0])
    face = fitting_font(canvas, widest, style.title_family, style.title_size, area.width, style.title_bold)
    x = area.x1 if style.title_align == "left" else (area.x1 + area.x2) // 2
    anchor: Anchor = "left" if style.title_align == "left" else "centre"
    return paragraph(canvas, x, area.y1, lines, face, style.ink, anchor)


def draw_legend(
    canvas: Canvas, area: Area, names: tuple[str, ...], colours: tuple[Colour, ...], style: Style
) -> tuple[Area, dict[str, Box]]:
    """Draw a legend of coloured squares at the style's side of `area`. Return the remaining area and the box of each
    entry."""
    face = canvas.font(style.family, style.text_size)
    swatch, gap = canvas.px(style.text_size * 0.8), canvas.px(style.text_size * 0.45)
    row = round(canvas.text_size("Xg", face)[1] * 1.25)
    widths = [swatch + gap + canvas.text_size(name, face)[0] for name in names]
    boxes: dict[str, Box] = {}

    def entry(place: int, x: int, y: int) -> None:
        square = canvas.rectangle(x, y - swatch // 2, x + swatch, y - swatch // 2 + swatch, colours[place])
        boxes[names[place]] = square.union(canvas.text(x + swatch + gap, y, names[place], face, style.ink))

    if style.legend == "right":
        left = area.x2 - max(widths)
        top = area.y1 + max(0, (area.height - row * len(names)) // 3)
        for place in range(len(names)):
            entry(place, left, top + place * row + row // 2)
        return Area(area.x1, area.y1, left - 2 * gap, area.y2), boxes
    rows = _legend_rows(widths, 4 * gap, area.width)
    start = area.y1 if style.legend == "top" else area.y2 - row * len(rows)
    for line, places in enumerate(rows):
        used = sum(widths[place] for place in places) + 4 * gap * (len(places) - 1)
        x = area.x1 + (area.width - used) // 2
        for place in places:
            entry(place, x, start + line * row + row // 2)
            x += widths[place] + 4 * gap
    if style.legend == "top":
        return Area(area.x1, start + row * len(rows) + gap, area.x2, area.y2), boxes
    return Area(area.x1, area.y1, area.x2, start - gap), boxes


def _legend_rows(widths: list[int], gap: int, room: int) -> list[list[int]]:
    rows: list[list[int]] = [[]]
    used = 0
    for place, width in enumerate(widths):
        if rows[-1] and used + gap + width > room:
            rows.append([])
        used = width if not rows[-1] else used + gap + width
        rows[-1].append(place)
    return rows
