"""Draws the panels of a poster that hold words: lists, announcements, tiles of figures and the line at the foot."""

from dataclasses import dataclass
from random import Random

from lensmill.geometry import Box
from storage.sources.synthetic.canvas import Canvas
from storage.sources.synthetic.chart_parts import fitting_font, paragraph, wrap
from storage.sources.synthetic.drawing import Area
from storage.sources.synthetic.notices import Entry
from storage.sources.synthetic.style import Style

BETWEEN = "    |    "


@dataclass(frozen=True, slots=True)
class Printed:
    """An entry as printed. `box` holds name and value, `value_box` the value (for a sentence: all of it)."""

    entry: Entry
    box: Box
    value_box: Box


def panel_title(canvas: Canvas, area: Area, title: str, style: Style) -> Area:
    """Draw a panel's title. Return the area below it."""
    face = fitting_font(canvas, title, style.title_family, style.title_size, area.width, style.title_bold)
    _, end = paragraph(canvas, area.x1, area.y1, [title], face, style.ink)
    return Area(area.x1, end + canvas.px(style.text_size * 0.4), area.x2, area.y2)


def rows_that_fit(canvas: Canvas, area: Area, style: Style, spacing: float) -> int:
    """The number of lines that fit into `area`, at least one.

    Args:
        canvas: the picture.
        area: the panel.
        style: the look.
        spacing: distance between lines, in line heights.
    """
    line = canvas.text_size("Xg", canvas.font(style.family, style.text_size))[1]
    return max(1, int(area.height / (line * spacing)))


def draw_list(canvas: Canvas, area: Area, entries: list[Entry], style: Style, rng: Random) -> list[Printed]:
    """Draw one pair of name and value on each line, with the value on the right or behind a colon."""
    longest = max(entries, key=lambda entry: len(entry.name) + len(entry.value))
    size = style.text_size
    face = fitting_font(canvas, f"{longest.name}      {longest.value}", style.family, size, area.width)
    line = canvas.text_size("Xg", face)[1]
    pitch = min(area.height / len(entries), line * rng.uniform(1.35, 2.0))
    look = rng.choice(["leader", "plain", "colon", "rules"])
    printed: list[Printed] = []
    for place, entry in enumerate(entries):
        y = area.y1 + round(pitch * (place + 0.5))
        name = canvas.text(area.x1, y, entry.name + (":" if look == "colon" else ""), face, style.ink)
        if look == "colon":
            start = round(name.x2) + canvas.px(style.text_size * 0.4)
            value = canvas.text(start, y, entry.value, face, style.ink)
        else:
            value = canvas.text(area.x2, y, entry.value, face, style.ink, "right")
        if look == "leader":
            step = canvas.px(style.text_size * 0.35)
            for x in range(round(name.x2) + step, round(value.x1) - step, step):
                canvas.rectangle(x, y + line // 4, x + canvas.px(4), y + line // 4 + canvas.px(4), style.ink)
        if look == "rules" and place:
            top = area.y1 + round(pitch * place)
            canvas.line(area.x1, top, area.x2, top, style.faint, 3)
        printed.append(Printed(entry, name.union(value), value))
    return printed


def draw_announcements(canvas: Canvas, area: Area, entries: list[Entry], style: Style) -> list[Printed]:
    """Draw one paragraph for each announcement, as many as fit."""
    face = canvas.font(style.family, style.text_size)
    printed: list[Printed] = []
    top = area.y1
    for entry in entries:
        lines = wrap(canvas, entry.name.format(entry.value), face, area.width, 4)
        height = round(canvas.text_size("Xg", face)[1] * 1.08) * len(lines)
        if top + height > area.y2:
            break
        box, top = paragraph(canvas, area.x1, top, lines, face, style.ink)
        top += canvas.px(style.text_size * 0.7)
        printed.append(Printed(entry, box, box))
    return printed


def draw_tiles(canvas: Canvas, area: Area, entries: list[Entry], style: Style) -> list[Printed]:
    """Draw a row of large figures with their names in small type below."""
    printed: list[Printed] = []
    width = area.width // len(entries)
    for place, entry in enumerate(entries):
        tile = Area(area.x1 + place * width, area.y1, area.x1 + (place + 1) * width - canvas.px(24), area.y2)
        canvas.rectangle(*tile, style.plot_background, style.faint)
        room = tile.width - canvas.px(40)
        big = fitting_font(canvas, entry.value, style.title_family, style.title_size * 1.4, room, bold=True)
        small = fitting_font(canvas, entry.name, style.family, style.text_size, room)
        x, middle = (tile.x1 + tile.x2) // 2, (tile.y1 + tile.y2) // 2
        value = canvas.text(x, middle - canvas.px(style.text_size * 0.6), entry.value, big, style.palette[0], "centre")
        name = canvas.text(x, middle + canvas.px(style.text_size * 1.3), entry.name, small, style.ink, "centre")
        printed.append(Printed(entry, value.union(name), value))
    return printed


def draw_foot(canvas: Canvas, area: Area, entries: list[Entry], style: Style) -> list[Printed]:
    """Draw one line of small print with as many entries as fit."""
    face = canvas.font(style.family, style.text_size)
    parts = [f"{entry.name}: {entry.value}" for entry in entries]
    while canvas.text_size(BETWEEN.join(parts), face)[0] > area.width:
        parts.pop()
    x, y, gap = area.x1, (area.y1 + area.y2) // 2, canvas.text_size(BETWEEN, face)[0]
    printed: list[Printed] = []
    for entry, part in zip(entries, parts, strict=False):
        if printed:
            half = canvas.px(style.text_size * 0.4)  # drawn as a line: some typefaces lack the upright bar
            canvas.line(x + gap // 2, y - half, x + gap // 2, y + half, style.ink, 3)
            x += gap
        box = canvas.text(x, y, part, face, style.ink)
        x += canvas.text_size(part, face)[0]
        printed.append(Printed(entry, box, box))
    return printed
