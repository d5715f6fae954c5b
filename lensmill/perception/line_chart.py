"""Reads line charts: x labels, lines by their colour, and values, printed at the points or measured.

Everything is in canvas pixels.
"""

import itertools
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lensmill.geometry import Box
from lensmill.perception.axes import Label, cut, cut_at_gaps, join, text_height, value_ticks
from lensmill.perception.canvas import Canvas
from lensmill.perception.chart import Cell
from lensmill.perception.legend import ink, same_hue, swatch_legend
from lensmill.perception.marks import Colour, Patch, background
from lensmill.perception.numerals import is_year, parse_numeral
from lensmill.perception.page import Page
from lensmill.perception.scale import Scale, fit_scale
from lensmill.perception.text import TextLine

_EXACT = 2.0
"""A printed value and a measured one of the same point differ by no more than so many pixels of the axis."""


@dataclass(frozen=True, slots=True)
class LineChart:
    """A line chart in canvas pixels. `names` has one entry (or None) for each of `colours`."""

    plot: Box
    labels: tuple[Label, ...]
    centres: tuple[float, ...]
    ticks: tuple[TextLine, ...]
    colours: tuple[Colour, ...]
    names: tuple[Label | None, ...]
    cells: tuple[Cell, ...]
    doubts: tuple[str, ...]


def read_lines(canvas: Canvas, page: Page, found: Sequence[Patch]) -> LineChart | None:
    """Assemble a line chart from a canvas and its lines of text; None without x labels or without lines over them."""
    body = [piece for line in page.body for piece in cut_at_gaps(line, 1.2)]
    ticks = value_ticks(body, True, 0.25 * canvas.width)
    scale = fit_scale(ticks, True)
    if scale is None:  # two numbers above each other may be values instead of ticks
        ticks = []
    rest = [line for line in body if line not in ticks]
    row = _label_row(rest, ticks, canvas)
    if len(row) < 2:
        return None
    labels = [join([line, *_below(line, rest)]) for line in row]
    centres = [_anchor(line) for line in row]
    used = {line for label in labels for line in label.lines} | {line for line in page.body if _is_row(line, row)}
    rest = [line for line in rest if line not in used]
    step = min((b - a for a, b in itertools.pairwise(centres)), default=40.0)
    right = max((line.box.x1 for line in ticks if line.box.x1 > centres[-1]), default=float(canvas.width))
    bottom = min(line.box.y1 for line in row)
    inner = [line.box.y1 for line in page.body if line.box.y2 < bottom]
    top = min((t.box.centre[1] for t in ticks), default=min(inner, default=0.0))
    if len(ticks) > 1:
        top = max(0.0, top - 0.5 * (max(t.box.y1 for t in ticks) - top) / (len(ticks) - 1))
    left = max([0.0, *(t.box.x2 + 1 for t in ticks)])
    plot = Box(left, min(top, bottom - 1), max(left + 1, min(right, centres[-1] + max(0.5 * step, 6))), bottom)
    traces = _traces(canvas, plot, rest, (centres[0], centres[-1]))
    if not traces:
        return None
    colours = tuple(colour for colour, _ in traces)
    names = _names(canvas, found, rest, traces, plot)
    named = {line for name in names if name for line in name.lines}
    numbers = [
        line
        for line in rest
        if not line.angle
        and line not in named
        and line.box.x2 > centres[0] - 12
        and plot.padded(20).contains(line.box)
        and parse_numeral(line.text)
    ]
    cells, doubts = _cells(canvas, labels, centres, step, traces, names, numbers, scale)
    if len(traces) > 1 and None in names:
        doubts.append(f"{len(traces)} lines but {sum(n is not None for n in names)} series names")
    return LineChart(
        plot, tuple(labels), tuple(centres), tuple(ticks), colours, tuple(names), tuple(cells), tuple(doubts)
    )


def _label_row(lines: Sequence[TextLine], ticks: Sequence[TextLine], canvas: Canvas) -> list[TextLine]:
    """The row of x labels: the row below the ticks that has the most entries."""
    floor = max((t.box.y1 for t in ticks), default=0.5 * canvas.height)
    pieces = [piece for line in lines for piece in _words(line) if piece.box.centre[1] > floor]
    best: list[TextLine] = []
    for first in pieces:
        row = [p for p in pieces if abs(p.box.y1 - first.box.y1) < 0.5 * min(first.box.height, 20)]
        if len(row) > len(best):
            best = row
    best.sort(key=_anchor)
    kept: list[TextLine] = []
    for piece in best:
        if not kept or _anchor(piece) - _anchor(kept[-1]) > 6:
            kept.append(piece)
    return kept


def _words(line: TextLine) -> list[TextLine]:
    """Cut a line of several years or short words into them."""
    short = all(is_year(word.text) or len(word.text) <= 5 for word in line.words)
    if short and sum(is_year(word.text) for word in line.words) >= 2:
        marks = [(a.box.x2 + b.box.x1) / 2 for a, b in itertools.pairwise(line.words)]
        return [piece for piece in cut(line, marks) if "..." not in piece.text]
    return [line]


def _is_row(line: TextLine, row: Sequence[TextLine]) -> bool:
    return any(line.box.padded(1).contains(piece.box) for piece in row)


def _anchor(line: TextLine) -> float:
    if 15 < abs(line.angle) < 75:
        return line.box.x2 - 6 if line.angle < 0 else line.box.x1 + 6
    return line.box.centre[0]


def _below(line: TextLine, lines: Sequence[TextLine]) -> list[TextLine]:
    """The second row of a label ("Aug" over "2014")."""
    if line.angle:
        return []
    return [
        other
        for other in lines
        if abs(other.box.centre[0] - line.box.centre[0]) < 0.5 * max(line.box.width, other.box.width)
        and -0.4 < (other.box.y1 - line.box.y2) / line.box.height < 0.3
        and other.box.width < 2 * line.box.width + 10
    ][:1]


Trace = tuple[Colour, NDArray[np.bool_]]


def _traces(canvas: Canvas, plot: Box, lines: Sequence[TextLine], reach: tuple[float, float]) -> list[Trace]:
    """Colours that run through a large part of the plot, with their masks. Text is painted over first."""
    pixels = canvas.pixels
    area = np.zeros(pixels.shape[:2], bool)
    x1, y1, x2, y2 = plot.rounded()
    area[y1:y2, x1:x2] = True
    for line in lines:
        a, b, c, d = line.box.padded(-1.5).rounded_out()
        area[max(0, b) : d, max(0, a) : c] = False
    ground = np.array(background(canvas.patch(plot)) if canvas.patch(plot).size else (255, 255, 255), np.int16)
    off = np.abs(pixels.astype(np.int16) - ground).max(axis=2)
    todo = area & (off > 50)
    small = (pixels >> 3).astype(np.int32)
    codes = small[:, :, 0] << 10 | small[:, :, 1] << 5 | small[:, :, 2]
    span = max(1.0, reach[1] - reach[0])
    out: list[Trace] = []
    for _ in range(12):
        counts = np.bincount(codes[todo], minlength=1 << 15)
        top = int(counts.argmax())
        if counts[top] < 0.15 * span:
            break
        mean = pixels[todo & (codes == top)].mean(axis=0)
        colour = (int(mean[0]), int(mean[1]), int(mean[2]))
        mask = area & (np.abs(pixels.astype(np.int16) - np.array(colour, np.int16)).max(axis=2) <= 32)
        todo &= ~mask
        columns = mask.any(axis=0)[int(reach[0]) : int(reach[1]) + 1]
        heights = np.where(mask.any(axis=0), mask.argmax(axis=0), -1)[int(reach[0]) : int(reach[1]) + 1]
        covered = columns.mean() if columns.size else 0.0
        level = covered > 0 and float(np.std(heights[heights >= 0])) < 1.2  # a gridline, an axis or a rule
        faded = any(_between(colour, other, ground) for other, _ in out)
        if covered >= 0.3 and not level and not faded:
            out.append((colour, mask))
    return out[:8]


def _between(colour: Colour, other: Colour, ground: NDArray[np.int16]) -> bool:
    """Whether a colour is another colour blended with the background, as the soft edges of a line are."""
    full = np.array(other, float) - ground
    part = np.array(colour, float) - ground
    share = float(part @ full) / max(1.0, float(full @ full))
    return 0.1 < share < 1.25 and float(np.abs(part - share * full).max()) < 22


def _height_at(mask: NDArray[np.bool_], x: float) -> float | None:
    """The y of a trace at `x`. Where text hides the trace, the mean of what is visible up to 25 px to the left and
    right."""
    direct = _middle(mask, x, 1)
    if direct is not None:
        return direct
    sides = []
    for direction in (-1, 1):
        for away in range(3, 26):
            if 0 <= x + direction * away < mask.shape[1]:
                height = _middle(mask, x + direction * away, 0)
                if height is not None:
                    sides.append((away, height))
                    break
    if len(sides) == 2:
        (near_x, near_y), (far_x, far_y) = sides
        return (near_y * far_x + far_y * near_x) / (near_x + far_x)
    return sides[0][1] if sides and sides[0][0] <= 6 else None


def _middle(mask: NDArray[np.bool_], x: float, reach: int) -> float | None:
    """The middle of the longest vertical run within `reach` columns of `x`."""
    left = max(0, int(x) - reach)
    ys = np.flatnonzero(mask[:, left : int(x) + reach + 1].any(axis=1))
    if ys.size == 0:
        return None
    runs = np.split(ys, np.flatnonzero(np.diff(ys) > 1) + 1)
    return float(max(runs, key=len).mean()) + 0.5


def _names(
    canvas: Canvas, found: Sequence[Patch], lines: Sequence[TextLine], traces: Sequence[Trace], plot: Box
) -> list[Label | None]:
    """Series names from a legend, from words in the line's colour, or from words at the line's right end."""
    legend = swatch_legend(found, [line for line in lines if line.box.y1 > plot.y2], [c for c, _ in traces], plot)
    if len(legend) == len(traces):
        return [legend[i] for i in range(len(traces))]
    names: list[Label | None] = [legend.get(i) for i in range(len(traces))]
    words = [line for line in lines if parse_numeral(line.text) is None and not line.angle and line.box.y1 < plot.y2]
    taken: set[TextLine] = set()
    for line in words:
        tint = ink(canvas, line.box)
        ranked = sorted((same_hue(tint, colour), i) for i, (colour, _) in enumerate(traces)) if tint else []
        if ranked and ranked[0][0] < 0.12 and names[ranked[0][1]] is None and line not in taken:
            names[ranked[0][1]] = join([line])
            taken.add(line)
    for index, (_, mask) in enumerate(traces):
        columns = np.flatnonzero(mask.any(axis=0))
        if names[index] is not None or columns.size == 0:
            continue
        end = _height_at(mask, float(columns[-1]) - 1)
        beside = [
            line
            for line in words
            if line not in taken
            and end is not None
            and abs(line.box.centre[1] - end) < line.box.height
            and line.box.x2 > columns[-1] - 1.5 * line.box.width
        ]
        if len(beside) == 1:
            names[index] = join(beside)
            taken.add(beside[0])
    return names


def _cells(
    canvas: Canvas,
    labels: Sequence[Label],
    centres: Sequence[float],
    step: float,
    traces: Sequence[Trace],
    names: Sequence[Label | None],
    numbers: Sequence[TextLine],
    scale: Scale | None,
) -> tuple[list[Cell], list[str]]:
    height = text_height(numbers)
    cells: list[Cell] = []
    lost = 0
    taken: set[TextLine] = set()
    for label, centre in zip(labels, centres, strict=True):
        points = [_height_at(mask, centre) for _, mask in traces]
        here = [n for n in numbers if abs(n.box.centre[0] - centre) < max(0.45 * step, 0.4 * n.box.width)]
        here = [n for n in here if centre == min(centres, key=lambda c: abs(c - n.box.centre[0]))]
        chosen = _assign(canvas, here, points, [colour for colour, _ in traces], scale, height)
        lost += len(here) - len(chosen)
        taken |= set(chosen.values())
        if scale is not None:
            near = [n for n in numbers if n not in taken and n not in here and abs(n.box.centre[0] - centre) < step]
            beside = _beside(near, points, chosen, scale, height)
            chosen |= beside
            taken |= set(beside.values())
        for index, point in enumerate(points):
            name = names[index]
            series = name.text if name is not None and len(traces) > 1 else ""
            if index in chosen:
                numeral = parse_numeral(chosen[index].text)
                if numeral is not None:
                    cells.append(Cell(label.text, series, numeral.value, chosen[index].text, chosen[index].box))
            elif point is not None and scale is not None:
                box = Box(max(0.0, centre - 4), max(0.0, point - 4), centre + 4, point + 4)
                digits = 3 - len(str(int(abs(scale.value(point)))))
                cells.append(Cell(label.text, series, round(scale.value(point), max(0, digits)), "", box, True))
    doubts = [f"{lost} printed numbers that fit no line"] if lost else []
    usual = statistics.median(abs(cell.value) for cell in cells) if cells else 0.0
    merged = [cell for cell in cells if scale is None and usual and abs(cell.value) > 10 * usual]
    if merged:  # "54" and "53" side by side read as 5453
        cells = [cell for cell in cells if cell not in merged]
        doubts.append(f"{len(merged)} numbers far above the others")
    counts = Counter((cell.category, cell.series) for cell in cells)
    doubts += [f"several values for {key}" for key, count in sorted(counts.items()) if count > 1]
    return cells, doubts


def _beside(
    numbers: Sequence[TextLine],
    points: Sequence[float | None],
    chosen: Mapping[int, TextLine],
    scale: Scale,
    height: float,
) -> dict[int, TextLine]:
    """Series number -> a number printed aside of a point that has none, if it says what the axis says there."""
    found: dict[int, TextLine] = {}
    for index, point in enumerate(points):
        if point is None or index in chosen:
            continue
        fits = [
            number
            for number in numbers
            if number not in found.values()
            and (numeral := parse_numeral(number.text)) is not None
            and abs(scale.value(point) - numeral.value) <= _EXACT * abs(scale.slope)
            and abs(number.box.centre[1] - point) <= 3.2 * height
        ]
        if len(fits) == 1:
            found[index] = fits[0]
    return found


def _assign(
    canvas: Canvas,
    numbers: Sequence[TextLine],
    points: Sequence[float | None],
    colours: Sequence[Colour],
    scale: Scale | None,
    height: float,
) -> dict[int, TextLine]:
    """Series number -> the number printed at its point. Each number is used once.

    With a scale, a number belongs to the line that has its value there; without one, to the line of its own colour,
    otherwise to the nearest line.
    """
    ranked = []
    for n, number in enumerate(numbers):
        numeral = parse_numeral(number.text)
        tint = ink(canvas, number.box) if scale is None and len(points) > 1 else None
        for index, point in enumerate(points):
            if point is None or numeral is None:
                continue
            away = abs(number.box.centre[1] - point)
            if away > 3.2 * height:
                continue
            cost = away / height
            if scale is not None and scale.slope:
                off = abs(scale.value(point) - numeral.value) / abs(scale.slope)
                beside = abs((numeral.value - scale.offset) / scale.slope - number.box.centre[1]) < 1.6 * height
                if off > 6 and not (len(points) == 1 and beside and off < 2 * height):
                    continue
                cost = off + 0.1 * cost
            elif tint is not None:
                cost += 6 * min(1.0, same_hue(tint, colours[index]))
            ranked.append((cost, n, index))
    chosen: dict[int, TextLine] = {}
    used: set[int] = set()
    for _, n, index in sorted(ranked):
        if n not in used and index not in chosen:
            chosen[index] = numbers[n]
            used.add(n)
    return chosen
