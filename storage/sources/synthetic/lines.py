"""Draws line charts with one or several lines."""

from dataclasses import replace
from decimal import Decimal
from random import Random

from lensmill.geometry import Box
from storage.sources.synthetic.axes import Axes, draw_axes, draw_frame, drawing_on_axes, upright_axes
from storage.sources.synthetic.canvas import Anchor, Canvas
from storage.sources.synthetic.chart_parts import draw_chart_parts
from storage.sources.synthetic.drawing import Area, Drawing, Mark
from storage.sources.synthetic.grid import Grid
from storage.sources.synthetic.scale import round_ticks
from storage.sources.synthetic.style import Font, Style


def draw_lines(canvas: Canvas, area: Area, grid: Grid, style: Style, rng: Random) -> Drawing:
    """Draw a line chart into `area`."""
    parts = draw_chart_parts(canvas, area, grid, style)
    style, label_size = _settle_labels(canvas, parts.inner, grid, style)
    face = canvas.font(style.family, label_size)
    smallest = min(min(row) for row in grid.values)
    span = grid.largest - smallest
    low = smallest - span * Decimal("0.15") if smallest > grid.largest * Decimal("0.5") else Decimal(0)
    ticks = round_ticks(low, grid.largest + span * Decimal("0.06"), rng.choice([4, 5, 6]))
    head = canvas.text_size("Xg", face)[1] + canvas.px(style.text_size * 0.5)
    axes = upright_axes(canvas, parts.inner, grid, style, ticks, head)
    names, values = draw_axes(canvas, axes)
    draw_frame(canvas, axes)
    marks = tuple(_lines(canvas, axes, face, rng))
    return drawing_on_axes(canvas, "line", area, axes, parts, marks, names, values)


def _settle_labels(canvas: Canvas, area: Area, grid: Grid, style: Style) -> tuple[Style, float]:
    """The style and the size of data labels.

    Labels are printed if there is one line with enough space: next to each point, within the point's part of the axis.
    Otherwise only the axis shows the values.
    """
    size = max(canvas.least_text, style.text_size * 0.9)
    face = canvas.font(style.family, size)
    widest = max(canvas.text_size(style.number(value, grid.unit), face)[0] for row in grid.values for value in row)
    room = area.width * 0.85 / len(grid.categories) / 2
    size *= min(1.0, room * 0.95 / widest)
    if style.labels != "none" and len(grid.series) == 1 and size >= canvas.least_text:
        return style, size
    return replace(style, labels="none", value_ticks=True, grid="value" if style.grid == "none" else style.grid), size


def _lines(canvas: Canvas, axes: Axes, face: Font, rng: Random) -> list[Mark]:
    grid, style = axes.grid, axes.style
    thickness, dots = rng.choice([9, 12, 15]) * style.text_size / 64, rng.random() < 0.75
    radius = canvas.px(thickness * rng.choice([1.3, 1.6, 2.0]) if dots else thickness / 2)
    centres = [(start + end) // 2 for start, end in axes.bands]
    marks = []
    for place, series in enumerate(grid.series):
        points = [(x, axes.scale.at(row[place])) for x, row in zip(centres, grid.values, strict=True)]
        canvas.polyline(points, style.palette[place], thickness)
        for turn, (category, (x, y)) in enumerate(zip(grid.categories, points, strict=True)):
            value = grid.values[turn][place]
            box = Box(x - radius, y - radius, x + radius, y + radius)
            if dots:
                box = canvas.disc(x, y, radius, style.palette[place])
            text, text_box = "", None
            if style.labels != "none":
                text = style.number(value, grid.unit)
                spot = _label_spot(canvas, axes, points, turn, radius, face)
                text_box = canvas.text(*spot[:2], text, face, style.ink, spot[2])
            marks.append(Mark(category, series, value, text, box, text_box, axes.scale.share(value)))
    return marks


def _label_spot(
    canvas: Canvas, axes: Axes, points: list[tuple[int, int]], turn: int, radius: int, face: Font
) -> tuple[int, int, Anchor]:
    """The place of a point's label: above the point on the free side of the line; below it in a dip of the line."""
    x, y = points[turn]
    line = canvas.text_size("Xg", face)[1]
    offset = radius + canvas.px(axes.style.text_size * 0.2) + line // 2
    before = points[turn - 1][1] if turn else y
    after = points[turn + 1][1] if turn + 1 < len(points) else y
    steep = line // 2
    if before < y - steep and after < y - steep and y + 2 * offset < axes.area.y2:
        return x, y + offset, "centre"
    if after < y - steep <= before and x - axes.area.x1 > axes.area.width // (2 * len(points)):
        return x + radius, y - offset, "right"
    if before < y - steep <= after and axes.area.x2 - x > axes.area.width // (2 * len(points)):
        return x - radius, y - offset, "left"
    return x, y - offset, "centre"
