"""Where a chart is to be looked at: the print that an answer rests on, the question's words, the figure, the axis."""

import functools
import math
import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import numpy as np

from lensmill.agents.reader.facts import topicality
from lensmill.agents.reader.looking import Looking, with_air
from lensmill.agents.reader.matching import fold
from lensmill.agents.reader.questions import ChartAnswer, Operation
from lensmill.agents.reader.questions.grid import Grid
from lensmill.agents.reader.questions.mentions import mentions_in
from lensmill.agents.reader.questions.template import template_of
from lensmill.agents.reader.questions.words import plain
from lensmill.agents.reader.sheet import Seen, same_place
from lensmill.geometry import Box
from lensmill.perception.chart import AxisLabel, Cell, ChartKind, ChartReading, Series
from lensmill.perception.marks import background
from lensmill.perception.numerals import parse_numeral
from lensmill.perception.text import TextLine

GAIN = 1.3
"""A look must be this many times sharper than what was seen of its place."""

ABOUT = 0.5
"""A label with this share of its letters among the question's words is what the question speaks of."""

SURELY = 0.9
"""From this score of the recogniser on, small print says where to look."""

TICKS = 3
"""Numbers on an axis that must be legible before a value is measured by it."""

HEAD = 0.12
"""Share of the picture's height in which a title is looked for."""

INK = 40
"""A pixel that differs from the background by more than this in a channel is drawn."""

AIR = 0.015
"""Share of the picture's longer side that a crop shows around its target."""

_OVER_ALL: frozenset[Operation] = frozenset(
    {"extreme_label", "extreme_value", "count", "trend", "median", "mode", "position"}
)
"""Operations whose answer another label or value of the chart would change."""

PLOT = "plot with its labels"

_FIGURES: dict[ChartKind, str] = {"v_bar": "bars with their labels", "h_bar": "bars with their labels"}


@dataclass(frozen=True, slots=True)
class Aim:
    """A place to look at.

    Attributes:
        box: in original pixels; the crop shows all of it.
        what: the crop's name.
        quoted: texts that were read there, for the thought; empty where none was read surely.
    """

    box: Box
    what: str
    quoted: tuple[str, ...] = ()


def over_all(found: ChartAnswer) -> bool:
    """Would another label or value of the chart change the answer?"""
    return found.operation in _OVER_ALL


def evidence_boxes(found: ChartAnswer, chart: ChartReading) -> list[Box]:
    """The boxes of the print that an answer rests on: labels, printed values, legend entries, an axis' numbers."""
    cells = chart.cells if over_all(found) else found.cells
    labels = chart.categories if over_all(found) else found.focus
    boxes = [label.text_box for label in labels] + [cell.box for cell in cells if not cell.measured]
    if cells and sum(bool(series.name) for series in chart.series) > 1:
        named = {cell.series for cell in cells}
        boxes += [series.box for series in chart.series if series.box is not None and series.name in named]
    elif found.operation in ("legend", "colour"):
        boxes += [series.box for series in chart.series if series.box is not None]
    if found.operation == "title":
        boxes += [line.box for line in chart.texts if line.text in chart.title]
    return list(dict.fromkeys(boxes))


def axis_is_read(found: ChartAnswer, chart: ChartReading, lines: Sequence[Seen]) -> bool:
    """Can values that were measured by an axis be trusted? Three of its numbers must be legible."""
    if not any(cell.measured for cell in found.cells):
        return True
    ticks = [label for label in (*chart.x_labels, *chart.y_labels) if label not in chart.categories]
    return sum(bool(unread([tick.text_box], lines)) for tick in ticks) <= len(ticks) - TICKS


def unread(boxes: Iterable[Box], lines: Sequence[Seen]) -> list[Box]:
    """The boxes whose print is not legible in what was seen so far."""
    return [box for box in boxes if not all(line.legible for line in inside(box, lines))]


def inside(box: Box, lines: Sequence[Seen]) -> list[Seen]:
    """The lines within a box, or that a box is a part of."""
    return [line for line in lines if _holds(box, line.box) or _holds(line.box, box)]


def at_evidence(looking: Looking, chart: ChartReading, found: ChartAnswer, boxes: Sequence[Box]) -> Aim:
    """Look at the print of an answer that is not legible yet, with the bands that it stands in."""
    if over_all(found):
        target = _union([*boxes, *(label.value_box for label in found.focus)])
        return Aim(_aired(target, looking), _FIGURES.get(chart.kind, PLOT))
    legend = [series for series in chart.series if series.box in boxes]
    bands = [label for label in found.focus if any(_meets(label.value_box, box) for box in boxes)]
    target = _union([*boxes, *(label.value_box for label in bands)])
    words = said(looking.task.question, chart, {*(label.text for label in bands), *(series.name for series in legend)})
    what = "legend" if len(legend) == len(boxes) else "labels and values"
    return Aim(_aired(target, looking), ", ".join(words)[:80] or what, words)


def at_words(looking: Looking, chart: ChartReading) -> Aim | None:
    """Look at the bands of the labels that the question names; None where none can be read, or all there was seen."""
    lines = looking.sheet.lines()
    named = named_labels(looking.task.question, chart)
    if not named or len(named) > 3 or any(unsure([label.text_box], lines) for label in named):
        return None
    target = _union(box for label in named for box in (label.value_box, label.text_box))
    words = said(looking.task.question, chart, {label.text for label in named})
    return Aim(_aired(target, looking), ", ".join(words)[:80] or "labels and values", words)


def said(question: str, chart: ChartReading, names: AbstractSet[str]) -> tuple[str, ...]:
    """The question's own words for these labels and series: what was read of small print may be misspelt."""
    text = plain(question)
    words = [text[m.start : m.end] for m in mentions_in(text, Grid(chart)) if m.name in names]
    return tuple(dict.fromkeys(word for word in words if word in question))


def named_labels(question: str, chart: ChartReading) -> list[AxisLabel]:
    """The categories that a question names."""
    template = template_of(question, Grid(chart))
    return [label for label in chart.categories if label.text in template.categories()]


def in_bands(chart: ChartReading, lines: Sequence[Seen], question: str) -> ChartReading | None:
    """The named labels of a chart with one series, each with the one number that `lines` have in its band.

    None where a label is not among the lines or has another count of numbers than one, and where another label has
    several: then there are several series, whose names the lines may not show.
    """
    labels = named_labels(question, chart)
    if not labels or sum(bool(series.name) for series in chart.series) > 1:
        return None
    if any(len(_numbers_in(label, chart.texts)) > 1 for label in chart.categories):
        return None
    cells: list[Cell] = []
    for label in labels:
        numbers = _numbers_in(label, [line.line for line in lines])
        own = [line for line in lines if same_place(line.box, label.text_box)]
        if len(numbers) != 1 or not any(fold(line.text) == fold(label.text) for line in own):
            return None
        ((line, value),) = numbers
        cells.append(Cell(label.text, "", value, line.text, line.box))
    return replace(chart, categories=tuple(labels), series=(Series(""),), cells=tuple(cells))


def _numbers_in(label: AxisLabel, lines: Sequence[TextLine]) -> list[tuple[TextLine, float]]:
    """The numbers in a label's band, the label itself left out."""
    band = [s for s in lines if _holds(label.value_box, s.box) and not same_place(s.box, label.text_box)]
    return [(line, numeral.value) for line in band if (numeral := parse_numeral(line.text)) is not None]


def at_figure(looking: Looking, chart: ChartReading) -> Aim:
    """Look at the plot with its labels and legend, without title and margins."""
    whole, lines = looking.view.region, looking.sheet.lines()
    heads = [line for line in lines if line.box.y2 < HEAD * whole.height and not re.search(r"\d", line.text)]
    title = [line.box for line in heads if line.text in chart.title or line.box.width > 0.2 * whole.width]
    top = max((box.y2 for box in title), default=0.0)
    ink = _union([_ink(looking, top), *(line.box for line in lines if line.box.y1 >= top)])
    known = chart.kind in _FIGURES
    return Aim(_aired(ink, looking), _FIGURES[chart.kind] if known else PLOT)


def _ink(looking: Looking, top: float) -> Box:
    """What is drawn on the view below `top` (y in original pixels): without margins, in original pixels."""
    view = looking.pictures[0]
    pixels = np.asarray(view.pixels).astype(np.int16)
    start = min(max(0, round(view.frame.from_original(Box(0, 0, 1, max(1.0, top))).y2)), pixels.shape[0] - 1)
    grounds = (background(np.asarray(view.pixels)), pixels[0, 0], pixels[-1, -1])  # of the plot and of the page
    drawn = np.logical_and.reduce([np.abs(pixels - np.array(g, np.int16)).max(axis=2) > INK for g in grounds])
    drawn[:start] = False
    ys, xs = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    if not ys.size:
        return view.frame.region
    return view.frame.to_original(Box(int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1))


def at_axis(looking: Looking, chart: ChartReading) -> Aim | None:
    """Look along the axis at the labels of the categories; None where there are none, or all was seen."""
    if chart.figure_box is None or len(chart.categories) < 2:
        return None
    strip = _union(label.text_box for label in chart.categories)
    if any(chart.categories[0] == label for label in chart.x_labels):
        strip = Box(chart.figure_box.x1, strip.y1, chart.figure_box.x2, strip.y2).union(strip)
    else:
        strip = Box(strip.x1, chart.figure_box.y1, strip.x2, chart.figure_box.y2).union(strip)
    return Aim(with_air(strip, 0.5).clip(looking.view.region) or strip, "labels along the axis")


def at_small_print(looking: Looking) -> Aim | None:
    """Look at the small print beside what speaks most of the question; None where no small print is left."""
    lines = looking.sheet.lines()
    hints = [line for line in lines if topicality(looking.task.question, line.text) >= ABOUT and line.score >= SURELY]
    for hint in sorted(hints, key=lambda line: (-topicality(looking.task.question, line.text), line.box.xyxy)):
        around = with_air(hint.box, 8.0).clip(looking.view.region)
        if around is not None and any(not line.legible for line in inside(around, lines)):
            aim = Aim(around, hint.text[:80], (hint.text,))
            if worthwhile(looking, aim):
                return aim
    return None


def sharpness(looking: Looking, box: Box) -> float:
    """Pixels for each original pixel that a crop of a box would have."""
    return min(looking.environment.settings.zoom_upscale, math.sqrt(looking.budget / max(1.0, box.area)))


def worthwhile(looking: Looking, aim: Aim) -> bool:
    """Would a crop be clearly sharper than a picture that shows nearly all of its place?"""
    return not looking.is_covered(aim.box, sharpness(looking, aim.box) / GAIN / 0.8)


def unsure(boxes: Iterable[Box], lines: Sequence[Seen]) -> bool:
    """Is there print in these boxes that the recogniser is not sure of, or none at all?"""
    return any(not there or any(s.score < SURELY for s in there) for there in (inside(box, lines) for box in boxes))


def _aired(box: Box, looking: Looking) -> Box:
    whole = looking.view.region
    return box.padded(AIR * max(whole.width, whole.height)).clip(whole) or box


def _union(boxes: Iterable[Box]) -> Box:
    return functools.reduce(Box.union, boxes)


def _meets(one: Box, other: Box) -> bool:
    return one.intersection(other) is not None


def _holds(region: Box, box: Box) -> bool:
    x, y = box.centre
    return region.x1 <= x <= region.x2 and region.y1 <= y <= region.y2
