"""Draws pie charts and rings."""

import math
from decimal import Decimal
from random import Random

from lensmill.geometry import Box
from storage.sources.synthetic.canvas import Canvas, Cramped
from storage.sources.synthetic.chart_parts import draw_chart_parts, draw_legend
from storage.sources.synthetic.drawing import Area, Drawing, Mark
from storage.sources.synthetic.grid import Grid
from storage.sources.synthetic.style import Font, Style

LEAST_RADIUS = 130
"""Minimum radius in pixels of the design."""


def draw_pie(canvas: Canvas, area: Area, grid: Grid, style: Style, rng: Random) -> Drawing:
    """Draw a pie of one series into `area`. Every slice's figure is printed, with its name next to it or in a legend.

    Raises:
        Cramped: the pie would be too small to read.
    """
    chart = draw_chart_parts(canvas, area, grid, style)
    face = canvas.font(style.family, style.text_size)
    line = canvas.text_size("Xg", face)[1]
    reach = line * 0.9
    figures = [style.number(row[0], grid.unit) for row in grid.values]
    parts = [f"{name}: {text}" for name, text in zip(grid.categories, figures, strict=True)]
    inner, names = chart.inner, dict[str, Box]()
    radius = _radius(canvas, inner, parts, face, reach)
    keyed = rng.random() < 0.4 or radius < min(inner.width, inner.height) / 4
    if keyed:
        inner, names = draw_legend(canvas, inner, grid.categories, style.palette, style)
        parts = figures
        radius = _radius(canvas, inner, parts, face, reach)
    if radius < canvas.px(LEAST_RADIUS):
        raise Cramped(f"a pie of radius {radius} pixels is too small to read")
    centre = ((inner.x1 + inner.x2) // 2, (inner.y1 + inner.y2) // 2)
    slices = _slices(canvas, grid, style, centre, radius, rng)
    if rng.random() < 0.3:
        canvas.disc(*centre, round(radius * rng.uniform(0.4, 0.6)), style.background)
    marks = []
    for place, (spot, left, edge) in enumerate(_label_spots(slices, centre, radius, reach, line, inner)):
        x, y = spot
        middle = x + (line // 3 if left else -line // 3)
        canvas.polyline([edge, (middle, y)], style.faint, 4)
        ink = canvas.text(x, y, parts[place], face, style.ink, "right" if left else "left")
        name = grid.categories[place]
        if not keyed:
            names[name] = ink
        value = grid.values[place][0]
        marks.append(Mark(name, "", value, figures[place], slices[place][2], ink))
    plot = Box(centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
    return Drawing(
        kind="pie",
        grid=grid,
        area=area.box,
        plot=plot,
        title=chart.title,
        title_box=chart.title_box,
        marks=tuple(marks),
        category_boxes=names,
        series_boxes={},
        regions=(),
    )


def _radius(canvas: Canvas, inner: Area, parts: list[str], face: Font, reach: float) -> int:
    """The largest radius that leaves room for the labels around the pie."""
    line = canvas.text_size("Xg", face)[1]
    widest = max(canvas.text_size(part, face)[0] for part in parts)
    return max(4, round(min(inner.height / 2 - 1.6 * line, inner.width / 2 - widest - 2 * reach)))


def _slices(
    canvas: Canvas, grid: Grid, style: Style, centre: tuple[int, int], radius: int, rng: Random
) -> list[tuple[float, float, Box]]:
    """Draw the slices. Return for each its first and last degree (clockwise from the right) and its box."""
    total = sum((row[0] for row in grid.values), Decimal(0))
    angle = float(rng.choice([-90, -90, 0, 45, 180]))
    slices = []
    for place, row in enumerate(grid.values):
        end = angle + 360 * float(row[0] / total)
        box = canvas.wedge(*centre, radius, angle, end, style.palette[place], 6)
        slices.append((angle, end, box))
        angle = end
    return slices


def _label_spots(
    slices: list[tuple[float, float, Box]], centre: tuple[int, int], radius: int, reach: float, line: int, inner: Area
) -> list[tuple[tuple[int, int], bool, tuple[int, int]]]:
    """For each slice: the start of its label, whether the label is on the left, and the point where its pointer meets
    the rim.

    Labels of one side are moved apart until no two share a line.
    """
    rims = []
    for start, end, _ in slices:
        turn = math.radians((start + end) / 2)
        rims.append((math.cos(turn), math.sin(turn)))
    heights = [centre[1] + (radius + reach) * sine for _, sine in rims]
    for left in (True, False):
        places = sorted((p for p, (cosine, _) in enumerate(rims) if (cosine < 0) == left), key=lambda p: heights[p])
        floor = inner.y1 + line / 2
        for place in places:
            heights[place] = max(heights[place], floor)
            floor = heights[place] + line * 1.1
        ceiling = inner.y2 - line / 2
        for place in reversed(places):
            heights[place] = min(heights[place], ceiling)
            ceiling = heights[place] - line * 1.1
    spots = []
    for place, (cosine, sine) in enumerate(rims):
        left = cosine < 0
        # Next to the rim at the label's height, so that a moved label does not overlap the pie.
        lift = min(1.0, abs(heights[place] - centre[1]) / (radius + reach))
        x = centre[0] + (-1 if left else 1) * max((radius + reach) * math.sqrt(1 - lift * lift), reach)
        rim = (round(centre[0] + radius * cosine), round(centre[1] + radius * sine))
        spots.append(((round(x), round(heights[place])), left, rim))
    return spots
