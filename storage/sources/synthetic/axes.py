"""Plots with two axes: where their parts stand, and drawing their ticks, names, gridlines and frame."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from lensmill.geometry import Box
from lensmill.sample import Region, RegionKind
from storage.sources.synthetic.canvas import Canvas, Cramped
from storage.sources.synthetic.drawing import Area
from storage.sources.synthetic.furniture import shrunk_font, unit_words, wrap
from storage.sources.synthetic.grid import Grid
from storage.sources.synthetic.scale import Scale
from storage.sources.synthetic.style import Font, Style

LINE = 1.08
"""Distance between lines of text, in heights of one."""

RIM = 8
"""Pixels of the design between a region's edge and the name in it: edits keep clear of the ink."""

LEAST_PLOT = 190
"""Pixels of the design: a plot is at least as wide and as high."""


@dataclass(frozen=True, slots=True)
class Axes:
    """A plot whose values run along `scale` and whose categories have a band each across it.

    Attributes:
        inner: the plot with everything that belongs to its axes.
        area: the plot itself.
        names: each category's name, broken into lines.
        upright: values run upwards; False where they run to the right.
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
        return [self.style.number(tick, self.grid.unit) for tick in self.scale.ticks]


def _bands(start: int, length: int, count: int) -> tuple[tuple[int, int], ...]:
    edges = [start + round(length * place / count) for place in range(count + 1)]
    return tuple(pairwise(edges))


def _roomy(canvas: Canvas, area: Area) -> Area:
    if min(area.width, area.height) < canvas.px(LEAST_PLOT):
        raise Cramped(f"a plot of {area.width} x {area.height} pixels is too small to read")
    return area


def upright_axes(canvas: Canvas, inner: Area, grid: Grid, style: Style, ticks: tuple[Decimal, ...], head: int) -> Axes:
    """Axes with the values upwards; `head` pixels stay free above the plot.

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
    names = tuple(wrap(canvas, name, face, round(band * 0.94), 3) for name in grid.categories)
    widest = max(canvas.text_size(part, face)[0] for lines in names for part in lines)
    if widest > band * 0.96:
        face = shrunk_font(canvas, style.family, style.text_size * band * 0.96 / widest)
    bottom = inner.y2 - gap - round(line * LINE) * max(map(len, names)) - titles
    area = _roomy(canvas, Area(left, inner.y1 + head, inner.x2, bottom))
    bands = _bands(area.x1, area.width, len(grid.categories))
    return Axes(inner, area, Scale(ticks, area.y2, area.y1), bands, names, True, grid, style, face)


def lying_axes(canvas: Canvas, inner: Area, grid: Grid, style: Style, ticks: tuple[Decimal, ...], tail: int) -> Axes:
    """Axes with the values to the right; `tail` pixels stay free behind the plot; see `upright_axes`."""
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
    if tallest > area.height / len(names):
        face = shrunk_font(canvas, style.family, style.text_size * area.height / len(names) / tallest)
    bands = _bands(area.y1, area.height, len(grid.categories))
    return Axes(inner, area, Scale(ticks, area.x1, area.x2), bands, names, False, grid, style, face)


def draw_axes(canvas: Canvas, axes: Axes) -> tuple[dict[str, Box], tuple[Region, ...]]:
    """Draw everything that lies below the marks; returns the ink of each category's name, and the regions."""
    canvas.rectangle(*axes.area, axes.style.plot_background)
    values = _value_axis(canvas, axes)
    inks = _category_axis(canvas, axes)
    if axes.style.axis_title:
        _titles(canvas, axes)
    return inks, (*_category_regions(canvas, axes, inks), *values)


def _value_axis(canvas: Canvas, axes: Axes) -> list[Region]:
    gap, area, style = canvas.px(axes.style.text_size * 0.4), axes.area, axes.style
    half = abs(axes.scale.at(axes.scale.ticks[1]) - axes.scale.at(axes.scale.ticks[0])) // 2
    inks = []
    for tick, text in zip(axes.scale.ticks, axes.tick_texts, strict=True):
        at = axes.scale.at(tick)
        if style.grid != "none" and tick != axes.scale.ticks[0]:
            ends = (area.x1, at, area.x2, at) if axes.upright else (at, area.y1, at, area.y2)
            canvas.line(*ends, style.faint, 3, style.dashed)
        if not style.value_ticks:
            continue
        if axes.upright:
            inks.append((text, at, canvas.text(area.x1 - gap, at, text, axes.face, style.ink, "right")))
        else:
            y = area.y2 + gap + canvas.text_size("Xg", axes.face)[1] // 2
            inks.append((text, at, canvas.text(at, y, text, axes.face, style.ink, "centre")))
    regions, rim = [], canvas.px(RIM)
    for text, at, ink in inks:
        if axes.upright:
            low, high = max(at - half, area.y1), min(at + half, area.y2)
            left = min(other.x1 for _, _, other in inks)
            box = Box(left - rim, min(low, ink.y1 - rim), area.x2, max(high, ink.y2 + rim))
            regions.append(Region("y_values", text, box.clip(canvas.bounds) or box))
        else:
            low, high = max(at - half, area.x1), min(at + half, area.x2)
            bottom = max(other.y2 for _, _, other in inks)
            box = Box(min(low, ink.x1 - rim), area.y1, max(high, ink.x2 + rim), bottom + rim)
            regions.append(Region("x_values", text, box.clip(canvas.bounds) or box))
    return regions


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


def _category_regions(canvas: Canvas, axes: Axes, inks: dict[str, Box]) -> list[Region]:
    """A column's strip down to its name, or a row's strip from its name, as ReFocus draws them."""
    area, rim = axes.area, canvas.px(RIM)
    left = min(ink.x1 for ink in inks.values()) - rim
    bottom = max(ink.y2 for ink in inks.values()) + rim
    regions = []
    for (category, ink), (start, end) in zip(inks.items(), axes.bands, strict=True):
        if axes.upright:
            box = Box(min(start, ink.x1), area.y1, max(end, ink.x2), bottom)
        else:
            box = Box(left, min(start, ink.y1), area.x2, max(end, ink.y2))
        kind: RegionKind = "x_values" if axes.upright else "y_values"
        regions.append(Region(kind, category, box.clip(canvas.bounds) or box))
    return regions


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
    """The lines around the plot, drawn above the marks."""
    style = axes.style
    x1, y1, x2, y2 = axes.area
    if style.frame != "none":
        canvas.line(*((x1, y2, x2, y2) if axes.upright else (x1, y1, x1, y2)), style.ink, 5)
    if style.frame in ("axes", "box"):
        canvas.line(*((x1, y1, x1, y2) if axes.upright else (x1, y2, x2, y2)), style.ink, 5)
    if style.frame == "box":
        canvas.line(x1, y1, x2, y1, style.ink, 5)
        canvas.line(x2, y1, x2, y2, style.ink, 5)
