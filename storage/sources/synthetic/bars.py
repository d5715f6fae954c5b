"""Bar charts: upright or lying, single, grouped or stacked."""

from dataclasses import dataclass
from decimal import Decimal
from random import Random

from lensmill.geometry import Box
from lensmill.sample import Region
from storage.sources.synthetic.canvas import Canvas
from storage.sources.synthetic.drawing import Area, ChartKind, Drawing, Mark
from storage.sources.synthetic.furniture import furnish, unit_words, wrap
from storage.sources.synthetic.grid import Grid
from storage.sources.synthetic.scale import Scale, round_ticks
from storage.sources.synthetic.style import Colour, Font, Style, ink_on


@dataclass(frozen=True, slots=True)
class _Plot:
    """The plot of a bar chart: along `scale` lie values, across it the categories' bands."""

    area: Area
    scale: Scale
    bands: tuple[tuple[int, int], ...]
    upright: bool
    stacked: bool


def draw_bars(
    canvas: Canvas, area: Area, grid: Grid, style: Style, rng: Random, upright: bool, stacked: bool = False
) -> Drawing:
    """Draw a bar chart into `area`."""
    furniture = furnish(canvas, area, grid, style)
    face = canvas.font(style.family, style.text_size)
    largest = grid.largest_total if stacked else grid.largest
    ticks = round_ticks(Decimal(0), largest * (Decimal("1.0") if stacked else Decimal("1.02")), rng.choice([4, 5, 6]))
    several = len(grid.series) > 1
    label_face = canvas.font(style.family, style.text_size * (0.84 if several else 0.95))
    if upright:
        plot, names = _upright_plot(canvas, furniture.inner, grid, style, ticks, face, label_face)
    else:
        plot, names = _lying_plot(canvas, furniture.inner, grid, style, ticks, face, label_face)
    plot = _Plot(plot.area, plot.scale, plot.bands, upright, stacked)
    canvas.rectangle(*plot.area, style.plot_background)
    value_regions = _value_axis(canvas, plot, style, face, furniture.inner, grid)
    category_boxes, category_regions = _category_axis(canvas, plot, grid, style, face, names, furniture.inner)
    marks = _bars(canvas, plot, grid, style, label_face)
    _frame(canvas, plot, style)
    kind: ChartKind = "v_bar" if upright else "h_bar"
    if len(grid.series) > 1:
        prefix = "stacked" if stacked else "grouped"
        kind = f"{prefix}_{kind}"  # type: ignore[assignment]
    return Drawing(
        kind,
        grid,
        area.box,
        plot.area.box,
        furniture.title,
        furniture.title_box,
        tuple(marks),
        category_boxes,
        furniture.series_boxes,
        (*category_regions, *value_regions),
    )


def _tick_texts(ticks: tuple[Decimal, ...], grid: Grid, style: Style) -> list[str]:
    return [style.number(tick, grid.unit) for tick in ticks]


def _upright_plot(
    canvas: Canvas, area: Area, grid: Grid, style: Style, ticks: tuple[Decimal, ...], face: Font, label_face: Font
) -> tuple[_Plot, list[list[str]]]:
    gap = canvas.px(style.text_size * 0.4)
    line = canvas.text_size("Xg", face)[1]
    left = area.x1 + (line + gap if style.axis_title else 0)
    if style.value_ticks:
        left += max(canvas.text_size(text, face)[0] for text in _tick_texts(ticks, grid, style)) + gap
    band = (area.x2 - left) / len(grid.categories)
    names = [wrap(canvas, name, face, round(band * 0.94), 3) for name in grid.categories]
    bottom = area.y2 - gap - round(line * 1.08) * max(map(len, names)) - (line + gap if style.axis_title else 0)
    head = canvas.text_size("Xg", label_face)[1] + gap if style.labels == "outside" else line // 2
    plot = Area(left, area.y1 + head, area.x2, bottom)
    edges = [plot.x1 + round(band * place) for place in range(len(grid.categories) + 1)]
    bands = tuple(zip(edges, edges[1:], strict=False))
    return _Plot(plot, Scale(ticks, plot.y2, plot.y1), bands, True, False), names


def _lying_plot(
    canvas: Canvas, area: Area, grid: Grid, style: Style, ticks: tuple[Decimal, ...], face: Font, label_face: Font
) -> tuple[_Plot, list[list[str]]]:
    gap = canvas.px(style.text_size * 0.4)
    line = canvas.text_size("Xg", face)[1]
    names = [wrap(canvas, name, face, area.width * 3 // 10, 2) for name in grid.categories]
    left = area.x1 + max(canvas.text_size(part, face)[0] for name in names for part in name) + gap
    texts = _tick_texts(ticks, grid, style)
    longest = max(
        (style.number(value, grid.unit) for row in grid.values for value in row),
        key=lambda text: canvas.text_size(text, label_face)[0],
    )
    tail = canvas.text_size(longest, label_face)[0] + gap if style.labels == "outside" else 0
    right = area.x2 - max(tail, canvas.text_size(texts[-1], face)[0] // 2 if style.value_ticks else 0)
    bottom = area.y2 - (line + gap if style.value_ticks else 0) - (line + gap if style.axis_title else 0)
    plot = Area(left, area.y1, right, bottom)
    band = plot.height / len(grid.categories)
    edges = [plot.y1 + round(band * place) for place in range(len(grid.categories) + 1)]
    bands = tuple(zip(edges, edges[1:], strict=False))
    return _Plot(plot, Scale(ticks, plot.x1, plot.x2), bands, False, False), names


def _value_axis(canvas: Canvas, plot: _Plot, style: Style, face: Font, inner: Area, grid: Grid) -> list[Region]:
    gap, area = canvas.px(style.text_size * 0.4), plot.area
    regions = []
    half = abs(plot.scale.at(plot.scale.ticks[1]) - plot.scale.at(plot.scale.ticks[0])) // 2
    for tick, text in zip(plot.scale.ticks, _tick_texts(plot.scale.ticks, grid, style), strict=True):
        at = plot.scale.at(tick)
        if style.grid != "none" and tick:
            ends = (area.x1, at, area.x2, at) if plot.upright else (at, area.y1, at, area.y2)
            canvas.line(*ends, style.faint, 3, style.dashed)
        if not style.value_ticks:
            continue
        if plot.upright:
            ink = canvas.text(area.x1 - gap, at, text, face, style.ink, "right")
            band = Box(ink.x1, min(at - half, ink.y1), area.x2, max(at + half, ink.y2))
        else:
            line = canvas.text_size("Xg", face)[1]
            ink = canvas.text(at, area.y2 + gap + line // 2, text, face, style.ink, "centre")
            band = Box(min(at - half, ink.x1), area.y1, max(at + half, ink.x2), ink.y2)
        regions.append(Region("y_values" if plot.upright else "x_values", text, band.clip(canvas.bounds) or band))
    if style.axis_title:
        _value_title(canvas, plot, style, face, inner, grid)
    return regions


def _value_title(canvas: Canvas, plot: _Plot, style: Style, face: Font, inner: Area, grid: Grid) -> None:
    unit, area = unit_words(grid.unit), plot.area
    words = f"{grid.measure} ({unit})" if unit and unit not in grid.measure else grid.measure
    words = words[0].upper() + words[1:]
    line = canvas.text_size("Xg", face)[1]
    if plot.upright:
        canvas.upright_text(inner.x1 + line // 2, (area.y1 + area.y2) // 2, words, face, style.ink)
    else:
        canvas.text((area.x1 + area.x2) // 2, inner.y2 - line // 2, words, face, style.ink, "centre")


def _category_axis(
    canvas: Canvas, plot: _Plot, grid: Grid, style: Style, face: Font, names: list[list[str]], inner: Area
) -> tuple[dict[str, Box], list[Region]]:
    gap, area = canvas.px(style.text_size * 0.4), plot.area
    line = round(canvas.text_size("Xg", face)[1] * 1.08)
    boxes, regions = {}, []
    for category, lines, (start, end) in zip(grid.categories, names, plot.bands, strict=True):
        centre = (start + end) // 2
        if style.grid == "both" and start > plot.bands[0][0]:
            ends = (start, area.y1, start, area.y2) if plot.upright else (area.x1, start, area.x2, start)
            canvas.line(*ends, style.faint, 3, style.dashed)
        inks = []
        for place, part in enumerate(lines):
            if plot.upright:
                inks.append(
                    canvas.text(centre, area.y2 + gap + place * line + line // 2, part, face, style.ink, "centre")
                )
            else:
                y = centre + round((place - (len(lines) - 1) / 2) * line)
                inks.append(canvas.text(area.x1 - gap, y, part, face, style.ink, "right"))
        ink = inks[0]
        for other in inks[1:]:
            ink = ink.union(other)
        boxes[category] = ink
        band = (
            Box(min(start, ink.x1), area.y1, max(end, ink.x2), ink.y2)
            if plot.upright
            else Box(ink.x1, min(start, ink.y1), area.x2, max(end, ink.y2))
        )
        regions.append(Region("x_values" if plot.upright else "y_values", category, band))
    if style.axis_title and plot.upright:
        words = grid.category_noun[0].upper() + grid.category_noun[1:]
        height = canvas.text_size("Xg", face)[1]
        canvas.text((area.x1 + area.x2) // 2, inner.y2 - height // 2, words, face, style.ink, "centre")
    return boxes, regions


def _bars(canvas: Canvas, plot: _Plot, grid: Grid, style: Style, face: Font) -> list[Mark]:
    marks = []
    for category, row, (start, end) in zip(grid.categories, grid.values, plot.bands, strict=True):
        share = min(0.9, style.bar_share + (0.1 if len(row) > 1 and not plot.stacked else 0))
        room = round((end - start) * share)
        low, base = (start + end - room) // 2, Decimal(0)
        for place, (series, value) in enumerate(zip(grid.series, row, strict=True)):
            if plot.stacked:
                across, along = (low, low + room), (plot.scale.at(base), plot.scale.at(base + value))
                base += value
            else:
                step = room / len(row)
                across = (low + round(step * place), low + round(step * (place + 1)))
                along = (plot.scale.at(Decimal(0)), plot.scale.at(value))
            first, last = sorted(along)
            area = Area(across[0], first, across[1], last) if plot.upright else Area(first, across[0], last, across[1])
            colour = style.palette[place]
            box = canvas.rectangle(*area, colour)
            text, text_box = _label(canvas, plot, area, style, face, colour, style.number(value, grid.unit))
            marks.append(Mark(category, series, value, text, box, text_box, plot.scale.share(value)))
    return marks


def _label(
    canvas: Canvas, plot: _Plot, bar: Area, style: Style, face: Font, colour: Colour, text: str
) -> tuple[str, Box | None]:
    """Print a bar's figure where the style wants it; a figure that does not fit there is left out."""
    if style.labels == "none":
        return "", None
    gap = canvas.px(style.text_size * 0.22)
    width, height = canvas.text_size(text, face)
    across, along = (bar.width, bar.height) if plot.upright else (bar.height, bar.width)
    needs, room = (width, height) if plot.upright else (height, width)
    x, y = (bar.x1 + bar.x2) // 2, (bar.y1 + bar.y2) // 2
    if plot.stacked:
        if needs > across * 0.98 or room > along * 0.98:
            return "", None
        return text, canvas.text(x, y, text, face, ink_on(colour), "centre")
    inside = style.labels == "inside" and room + 2 * gap <= along and needs <= across
    if plot.upright:
        spot = bar.y1 + gap + height // 2 if inside else bar.y1 - gap - height // 2
        return text, canvas.text(x, spot, text, face, ink_on(colour) if inside else style.ink, "centre")
    if inside:
        return text, canvas.text(bar.x2 - gap, y, text, face, ink_on(colour), "right")
    return text, canvas.text(bar.x2 + gap, y, text, face, style.ink)


def _frame(canvas: Canvas, plot: _Plot, style: Style) -> None:
    x1, y1, x2, y2 = plot.area
    category_side = (x1, y2, x2, y2) if plot.upright else (x1, y1, x1, y2)
    value_side = (x1, y1, x1, y2) if plot.upright else (x1, y2, x2, y2)
    if style.frame != "none":
        canvas.line(*category_side, style.ink, 5)
    if style.frame in ("axes", "box"):
        canvas.line(*value_side, style.ink, 5)
    if style.frame == "box":
        canvas.line(x1, y1, x2, y1, style.ink, 5)
        canvas.line(x2, y1, x2, y2, style.ink, 5)
