"""Plots with two axes: lays out their parts and draws ticks, names, gridlines and frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from lensmill.geometry import Box
from lensmill.sample import Region, RegionKind
from storage.sources.synthetic.canvas import Canvas, Cramped
from storage.sources.synthetic.chart_parts import ChartParts, shrunk_font, unit_words, wrap
from storage.sources.synthetic.drawing import Area, ChartKind, Drawing, Mark
from storage.sources.synthetic.grid import Grid
from storage.sources.synthetic.scale import Scale
from storage.sources.synthetic.style import Font, Style

LINE = 1.08
"""Distance between lines of text, in line heights."""

RIM = 12
"""Pixels of the design between a region's edge and the ink in it. It is more than the inset of edits, so that masking a
part leaves no slivers of its letters."""

LEAST_PLOT = 190
"""Minimum width and height of a plot, in pixels of the design."""


@dataclass(frozen=True, slots=True)
class Axes:
    """A plot whose values run along `scale` and whose categories have one band each.

    Attributes:
        inner: the plot with everything that belongs to its axes.
        area: the plot itself.
        names: each category's name, broken into lines.
        upright: True if values run upwards, False if they run to the right.
    """

    inner: Area
    area: Area
    scale: Scale
    bands: tuple[tuple[int, int], ...]
    names: tuple[list[str], ...]
    upright: bool
    grid: Grid
    style: Style
    face: Font

    @property
    def tick_texts(self) -> list[str]:
        """The numbers of the ticks as printed."""
        return [self.style.number(tick, self.grid.unit) for tick in self.scale.ticks]


def _bands(start: int, length: int, count: int) -> tuple[tuple[int, int], ...]:
    edges = [start + round(length * place / count) for place in range(count + 1)]
    return tuple(pairwise(edges))


def _roomy(canvas: Canvas, area: Area) -> Area:
    if min(area.width, area.height) < canvas.px(LEAST_PLOT):
        raise Cramped(f"a plot of {area.width} x {area.height} pixels is too small to read")
    return area


def upright_axes(canvas: Canvas, inner: Area, grid: Grid, style: Style, ticks: tuple[Decimal, ...], head: int) -> Axes:
    """Axes whose values run upwards. `head` pixels stay free above the plot.

    Raises:
        Cramped: names or plot would be too small to read.
    """
    face = canvas.font(style.family, style.text_size)
    gap, line = canvas.px(style.text_size * 0.4), canvas.text_size("Xg", face)[1]
    titles = line + gap if style.axis_title else 0
    left = inner.x1 + titles
    if style.value_ticks:
        texts = [style.number(tick, grid.unit) for tick in ticks]
        left += max(canvas.text_size(text, face)[0] for text in texts) + gap
    band = (inner.x2 - left) / len(grid.categories)
    names = tuple(wrap(canvas, name, face, round(band * 0.88), 3) for name in grid.categories)
    widest = max(canvas.text_size(part, face)[0] for lines in names for part in lines)
    if widest > band * 0.9:
        face = shrunk_font(canvas, style.family, style.text_size * band * 0.9 / widest)
    bottom = inner.y2 - gap - round(line * LINE) * max(map(len, names)) - titles
    area = _roomy(canvas, Area(left, inner.y1 + head, inner.x2, bottom))
    bands = _bands(area.x1, area.width, len(grid.categories))
    return Axes(inner, area, Scale(ticks, area.y2, area.y1), bands, names, True, grid, style, face)


def lying_axes(canvas: Canvas, inner: Area, grid: Grid, style: Style, ticks: tuple[Decimal, ...], tail: int) -> Axes:
    """Axes whose values run to the right. `tail` pixels stay free right of the plot; see `upright_axes`."""
    face = canvas.font(style.family, style.text_size)
    gap, line = canvas.px(style.text_size * 0.4), canvas.text_size("Xg", face)[1]
    names = tuple(wrap(canvas, name, face, inner.width * 3 // 10, 2) for name in grid.categories)
    tallest = round(line * LINE) * max(map(len, names))
    left = inner.x1 + max(canvas.text_size(part, face)[0] for name in names for part in name) + gap
    right = inner.x2 - tail
    bottom = inner.y2
    if style.value_ticks:
        last = canvas.text_size(style.number(ticks[-1], grid.unit), face)[0]
        right, bottom = min(right, inner.x2 - last // 2), bottom - line - gap
    bottom -= line + gap if style.axis_title else 0
    area = _roomy(canvas, Area(left, inner.y1, right, bottom))
    room = area.height / len(names) * 0.9
    if tallest > room:
        face = shrunk_font(canvas, style.family, style.text_size * room / tallest)
    bands = _bands(area.y1, area.height, len(grid.categories))
    return Axes(inner, area, Scale(ticks, area.x1, area.x2), bands, names, False, grid, style, face)


def draw_axes(canvas: Canvas, axes: Axes) -> tuple[dict[str, Box], tuple[Region, ...]]:
    """Draw everything that lies below the marks. Return the ink of each category's name, and the regions of the value
    axis.

    The region of a value is its number alone: a strip across the plot would cut through marks and their labels.
    """
    canvas.rectangle(*axes.area, axes.style.plot_background)
    values = _value_axis(canvas, axes)
    inks = _category_axis(canvas, axes)
    if axes.style.axis_title:
        _titles(canvas, axes)
    return inks, values


def _value_axis(canvas: Canvas, axes: Axes) -> tuple[Region, ...]:
    gap, area, style = canvas.px(axes.style.text_size * 0.4), axes.area, axes.style
    inks = []
    for tick, text in zip(axes.scale.ticks, axes.tick_texts, strict=True):
        at = axes.scale.at(tick)
        if style.grid != "none" and tick != axes.scale.ticks[0]:
            ends = (area.x1, at, area.x2, at) if axes.upright else (at, area.y1, at, area.y2)
            canvas.line(*ends, style.faint, 3, style.dashed)
        if not style.value_ticks:
            continue
        if axes.upright:
            inks.append((text, canvas.text(area.x1 - gap, at, text, axes.face, style.ink, "right")))
        else:
            y = area.y2 + gap + canvas.text_size("Xg", axes.face)[1] // 2
            inks.append((text, canvas.text(at, y, text, axes.face, style.ink, "centre")))
    kind: RegionKind = "y_values" if axes.upright else "x_values"
    return tuple(Region(kind, text, canvas.around(ink, RIM)) for text, ink in inks)


def _category_axis(canvas: Canvas, axes: Axes) -> dict[str, Box]:
    gap, area, style = canvas.px(axes.style.text_size * 0.4), axes.area, axes.style
    line = round(canvas.text_size("Xg", axes.face)[1] * LINE)
    boxes = {}
    for category, lines, (start, end) in zip(axes.grid.categories, axes.names, axes.bands, strict=True):
        centre = (start + end) // 2
        if style.grid == "both" and start > axes.bands[0][0]:
            ends = (start, area.y1, start, area.y2) if axes.upright else (area.x1, start, area.x2, start)
            canvas.line(*ends, style.faint, 3, style.dashed)
        ink: Box | None = None
        for place, part in enumerate(lines):
            if axes.upright:
                y = area.y2 + gap + place * line + line // 2
                box = canvas.text(centre, y, part, axes.face, style.ink, "centre")
            else:
                y = centre + round((place - (len(lines) - 1) / 2) * line)
                box = canvas.text(area.x1 - gap, y, part, axes.face, style.ink, "right")
            ink = box if ink is None else ink.union(box)
        assert ink is not None
        boxes[category] = ink
    return boxes


def category_regions(canvas: Canvas, axes: Axes, names: dict[str, Box], marks: Sequence[Mark]) -> tuple[Region, ...]:
    """The regions of the categories, as ReFocus draws them.

    A column's strip reaches from its highest mark or label down to its name; a row's strip from its name to the end of
    its longest mark or label. Each strip holds its own name, marks and labels completely, and none of the others'.

    Raises:
        Cramped: the labels of neighbours overlap.
    """
    area, rim = axes.area, canvas.px(RIM)
    inks = {name: [ink, *(mark.evidence for mark in marks if mark.category == name)] for name, ink in names.items()}
    every = [ink for own in inks.values() for ink in own]
    spans = [_span(own, axes.upright) for own in inks.values()]
    edges = [min(axes.bands[0][0], spans[0][0] - rim)]
    for (_, high), (low, _), (_, end) in zip(spans, spans[1:], axes.bands, strict=False):
        if high > low:
            raise Cramped("the labels of neighbours overlap")
        edges.append((high + low) // 2 if low - high < 2 * rim else min(max(end, high + rim), low - rim))
    edges.append(max(axes.bands[-1][1], spans[-1][1] + rim))
    kind: RegionKind = "x_values" if axes.upright else "y_values"
    first, last = _span(every, not axes.upright)
    first, last = first - rim, last + rim
    if axes.upright:
        boxes = [Box(start, min(area.y1, first), end, last) for start, end in pairwise(edges)]
    else:
        boxes = [Box(first, start, max(area.x2, last), end) for start, end in pairwise(edges)]
    return tuple(Region(kind, name, box.clip(canvas.bounds) or box) for name, box in zip(inks, boxes, strict=True))


def _span(boxes: Sequence[Box], across: bool) -> tuple[float, float]:
    """The smallest and largest coordinate of boxes, across or down the picture."""
    if across:
        return (min(box.x1 for box in boxes), max(box.x2 for box in boxes))
    return (min(box.y1 for box in boxes), max(box.y2 for box in boxes))


def _titles(canvas: Canvas, axes: Axes) -> None:
    grid, area, inner = axes.grid, axes.area, axes.inner
    unit = unit_words(grid.unit)
    measure = f"{grid.measure} ({unit})" if unit and unit not in grid.measure else grid.measure
    line = canvas.text_size("Xg", axes.face)[1]
    below = grid.category_noun if axes.upright else measure
    below = below[0].upper() + below[1:]
    canvas.text((area.x1 + area.x2) // 2, inner.y2 - line // 2, below, axes.face, axes.style.ink, "centre")
    if axes.upright:
        words, room = measure[0].upper() + measure[1:], area.height
        width = canvas.text_size(words, axes.face)[0]
        size = axes.style.text_size * min(1.0, room / width)
        face = shrunk_font(canvas, axes.style.family, size)
        canvas.upright_text(inner.x1 + line // 2, (area.y1 + area.y2) // 2, words, face, axes.style.ink)


def draw_frame(canvas: Canvas, axes: Axes) -> None:
    """Draw the lines around the plot, above the marks."""
    style = axes.style
    x1, y1, x2, y2 = axes.area
    if style.frame != "none":
        canvas.line(*((x1, y2, x2, y2) if axes.upright else (x1, y1, x1, y2)), style.ink, 5)
    if style.frame in ("axes", "box"):
        canvas.line(*((x1, y1, x1, y2) if axes.upright else (x1, y2, x2, y2)), style.ink, 5)
    if style.frame == "box":
        canvas.line(x1, y1, x2, y1, style.ink, 5)
        canvas.line(x2, y1, x2, y2, style.ink, 5)


def drawing_on_axes(
    canvas: Canvas,
    kind: ChartKind,
    area: Area,
    axes: Axes,
    parts: ChartParts,
    marks: tuple[Mark, ...],
    names: dict[str, Box],
    values: tuple[Region, ...],
) -> Drawing:
    """The drawing of a chart with two axes.

    Args:
        canvas: the picture.
        kind: of the chart.
        area: of the whole chart.
        axes: as drawn.
        parts: title and legend.
        marks: as drawn.
        names: the ink of each category's name.
        values: regions of the value axis.

    Raises:
        Cramped: the labels of neighbours overlap.
    """
    return Drawing(
        kind=kind,
        grid=axes.grid,
        area=area.box,
        plot=axes.area.box,
        title=parts.title,
        title_box=parts.title_box,
        marks=marks,
        category_boxes=names,
        series_boxes=parts.series_boxes,
        regions=(*category_regions(canvas, axes, names, marks), *values),
    )
