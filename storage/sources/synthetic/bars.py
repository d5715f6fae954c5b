"""Draws bar charts: upright or lying; single, grouped or stacked."""

from dataclasses import replace
from decimal import Decimal
from random import Random

from lensmill.geometry import Box
from storage.sources.synthetic.axes import Axes, draw_axes, draw_frame, drawing_on_axes, lying_axes, upright_axes
from storage.sources.synthetic.canvas import Canvas
from storage.sources.synthetic.chart_parts import draw_chart_parts
from storage.sources.synthetic.drawing import Area, ChartKind, Drawing, Mark
from storage.sources.synthetic.grid import Grid
from storage.sources.synthetic.scale import round_ticks
from storage.sources.synthetic.style import Colour, Font, Style, ink_on

GAP = 0.22
"""Distance between a bar and its data label, in text sizes."""


def draw_bars(canvas: Canvas, area: Area, kind: ChartKind, grid: Grid, style: Style, rng: Random) -> Drawing:
    """Draw a bar chart of this kind into `area`."""
    upright, stacked = kind.endswith("v_bar"), kind.startswith("stacked")
    parts = draw_chart_parts(canvas, area, grid, style)
    style, label_size = _settle_labels(canvas, parts.inner, grid, style, upright, stacked)
    face = canvas.font(style.family, label_size)
    largest = grid.largest_total if stacked else grid.largest * Decimal("1.02")
    wanted = rng.choice([4, 5, 6])
    ticks = round_ticks(Decimal(0), largest, wanted)
    while not upright and wanted > 1 and not _room_for_ticks(canvas, parts.inner, grid, style, ticks):
        wanted -= 1
        ticks = round_ticks(Decimal(0), largest, wanted)
    outside = style.labels != "none" and not stacked
    gap = canvas.px(style.text_size * 0.4)
    if upright:
        head = canvas.text_size("Xg", face)[1] + gap if outside else canvas.px(style.text_size * 0.6)
        axes = upright_axes(canvas, parts.inner, grid, style, ticks, head)
    else:
        texts = [style.number(value, grid.unit) for row in grid.values for value in row]
        tail = max(canvas.text_size(text, face)[0] for text in texts) + gap if outside else 0
        axes = lying_axes(canvas, parts.inner, grid, style, ticks, tail)
    names, values = draw_axes(canvas, axes)
    marks = tuple(_bars(canvas, axes, stacked, face))
    draw_frame(canvas, axes)
    return drawing_on_axes(canvas, kind, area, axes, parts, marks, names, values)


def _room_for_ticks(canvas: Canvas, inner: Area, grid: Grid, style: Style, ticks: tuple[Decimal, ...]) -> bool:
    """Whether the numbers of a lying value axis do not touch (names may take a third of the width)."""
    face = canvas.font(style.family, style.text_size)
    width = sum(canvas.text_size(style.number(tick, grid.unit), face)[0] for tick in ticks)
    return width * 1.5 < inner.width * 0.6


def _settle_labels(
    canvas: Canvas, area: Area, grid: Grid, style: Style, upright: bool, stacked: bool
) -> tuple[Style, float]:
    """The size of the data labels. If the bars are too thin for legible labels, a style without labels."""
    size = max(canvas.least_text, style.text_size * (0.84 if len(grid.series) > 1 else 0.95))
    if style.labels == "none" or stacked:
        return style, size
    room = (area.width * 0.85 if upright else area.height * 0.85) / len(grid.categories)
    if len(grid.series) > 1:
        room *= _bar_share(style, grid, stacked) / len(grid.series)
    face = canvas.font(style.family, size)
    extents = [canvas.text_size(style.number(value, grid.unit), face) for row in grid.values for value in row]
    needed = max(extent[0] if upright else extent[1] for extent in extents)
    if needed <= room * 0.95:
        return style, size
    size *= room * 0.95 / needed
    if size >= canvas.least_text:
        return style, size
    return replace(style, labels="none", value_ticks=True, grid="value" if style.grid == "none" else style.grid), size


def _bar_share(style: Style, grid: Grid, stacked: bool) -> float:
    return min(0.9, style.bar_share + 0.1) if len(grid.series) > 1 and not stacked else style.bar_share


def _bars(canvas: Canvas, axes: Axes, stacked: bool, face: Font) -> list[Mark]:
    grid, style, marks = axes.grid, axes.style, []
    for category, row, (start, end) in zip(grid.categories, grid.values, axes.bands, strict=True):
        room = round((end - start) * _bar_share(style, grid, stacked))
        low, base = (start + end - room) // 2, Decimal(0)
        for place, (series, value) in enumerate(zip(grid.series, row, strict=True)):
            if stacked:
                across = (low, low + room)
            else:
                step = room / len(row)
                across = (low + round(step * place), low + round(step * (place + 1)))
            first, last = sorted((axes.scale.at(base), axes.scale.at(base + value)))
            base += value if stacked else 0
            bar = Area(across[0], first, across[1], last) if axes.upright else Area(first, across[0], last, across[1])
            colour = style.palette[place]
            box = canvas.rectangle(*bar, colour)
            text, text_box = _label(canvas, axes, bar, stacked, face, colour, style.number(value, grid.unit))
            marks.append(Mark(category, series, value, text, box, text_box, axes.scale.share(value)))
    return marks


def _label(
    canvas: Canvas, axes: Axes, bar: Area, stacked: bool, face: Font, colour: Colour, text: str
) -> tuple[str, Box | None]:
    """Print a bar's figure if the style has labels. A figure that does not fit into its segment is omitted."""
    style = axes.style
    if style.labels == "none":
        return "", None
    gap = canvas.px(style.text_size * GAP)
    width, height = canvas.text_size(text, face)
    across, along = (bar.width, bar.height) if axes.upright else (bar.height, bar.width)
    thick, long = (width, height) if axes.upright else (height, width)
    x, y = (bar.x1 + bar.x2) // 2, (bar.y1 + bar.y2) // 2
    if stacked:
        if thick > across * 0.98 or long > along * 0.98:
            return "", None
        return text, canvas.text(x, y, text, face, ink_on(colour), "centre")
    inside = style.labels == "inside" and long + 2 * gap <= along and thick <= across
    ink = ink_on(colour) if inside else style.ink
    if axes.upright:
        spot = bar.y1 + gap + height // 2 if inside else bar.y1 - gap - height // 2
        return text, canvas.text(x, spot, text, face, ink, "centre")
    if inside:
        return text, canvas.text(bar.x2 - gap, y, text, face, ink, "right")
    return text, canvas.text(bar.x2 + gap, y, text, face, ink)
