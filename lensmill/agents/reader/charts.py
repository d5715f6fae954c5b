"""The chart route: zoom until the chart can be read, read it, answer, then point at the evidence and read it again."""

import math
import re
from collections.abc import Sequence

from lensmill.agents.reader.conclusion import Conclusion
from lensmill.agents.reader.explore import Cell, grid, where
from lensmill.agents.reader.facts import Fact, find_fact, topicality
from lensmill.agents.reader.looking import Looking, whole_pixels
from lensmill.agents.reader.matching import fold, likeness
from lensmill.agents.reader.mosaic import mosaic
from lensmill.agents.reader.questions import ChartAnswer, answer_from_chart
from lensmill.agents.reader.sheet import LEGIBLE_HEIGHT, Seen
from lensmill.geometry import Box
from lensmill.perception.chart import AxisLabel, ChartReading
from lensmill.perception.chart import Cell as Value
from lensmill.perception.reading import read_chart
from lensmill.tools import EditKind, edit_name

COMFORTABLE = 17.0
"""Height of text, in pixels of a picture, at which OCR hardly errs: what a zoom aims at."""

BLIND = 3.0
"""Where a picture shows no text at all, the next look is this many times sharper."""

ENOUGH_LEGIBLE = 0.85
"""A picture is read when this share of its texts is legible."""

CONFIRMING = 3
"""Steps kept for the edit and for reading the evidence again."""

SURE = 0.5
"""Texts of which the recogniser is less sure are not passed on."""


class ChartRoute:
    """Read a chart, coarse to fine, and answer an open question about it."""

    def __init__(self, looking: Looking) -> None:
        self._looking = looking
        self._question = looking.task.question

    def run(self) -> Conclusion:
        self._read_all()
        fact = self._fact(self._looking.sheet.lines(SURE))
        if fact is not None:
            return self._confirm_fact(fact)
        chart = self._chart()
        found = answer_from_chart(self._question, chart)
        if not isinstance(found, ChartAnswer):
            return Conclusion(f"{found.reason} I do not answer.", None)
        return self._confirm(chart, found)

    def _read_all(self) -> None:
        """Zoom over the picture, sharper each time, until its texts are large enough."""
        while self._looking.steps_left > CONFIRMING:
            cells = self._unread()
            if not cells:
                return
            for cell in cells[: self._looking.steps_left - CONFIRMING]:
                place = where(cell.region, self._looking.view.region)
                self._looking.visit(cell, self._why(cell, place), place)
                if self._fact(self._looking.sheet.lines(SURE)) is not None:
                    return

    def _fact(self, lines: Sequence[Seen]) -> Fact | None:
        return find_fact(self._question, lines)

    def _confirm_fact(self, fact: Fact) -> Conclusion:
        """Read the fact's row again from close; answer only where it still says the same."""
        air = min(fact.box.width, fact.box.height)
        thought = f'"{fact.text}" has the {fact.kind} that is asked for. I look closely to be sure.'
        again = self._fact(self._looking.zoom(fact.box.padded(air), thought, fact.text[:80]))
        if again is None or fold(again.value) != fold(fact.value):
            return Conclusion(f'From close I cannot read "{fact.text}" again. I do not answer.', None)
        return Conclusion(f'It says "{again.text}", so the {fact.kind} is {again.value}.', again.value)

    def _why(self, cell: Cell, place: str) -> str:
        inside = [s for s in self._looking.sheet.lines(SURE) if _holds(cell.region, s.box)]
        legible = [s.text for s in inside if s.legible][:2]
        if legible:
            names = " and ".join(f'"{text}"' for text in legible)
            return f"Some of the print near {names} is too small for me. I look closer at the {place}."
        return f"The print is too small to read. I zoom in on the {place}."

    def _unread(self) -> list[Cell]:
        """The cells of the next finer grid that hold text I cannot read yet; empty when enough is legible."""
        looking = self._looking
        lines = looking.sheet.lines()
        small = [line for line in lines if line.height < LEGIBLE_HEIGHT]
        coarse = looking.shown[0][1]
        sharpest = max(scale for _, scale in looking.shown)
        if lines and len(small) <= (1 - ENOUGH_LEGIBLE) * len(lines):
            return []
        if not lines:
            wanted = max(BLIND * coarse, 1.5 * sharpest) if len(looking.shown) == 1 else 0.0
        else:
            wanted = _needed_scale(small, looking)
        settings = looking.desk.settings
        wanted = min(wanted, settings.zoom_upscale)
        if wanted < 1.2 * coarse:
            return []
        cells = grid(looking.view, looking.budget, wanted, settings, level=0)
        unseen = [cell for cell in cells if not looking.is_covered(cell.region, wanted)]
        if len(looking.shown) > 1:
            unseen = [cell for cell in unseen if any(_holds(cell.region, line.box) for line in small)]
        return sorted(unseen, key=lambda cell: -self._promise(cell))

    def _promise(self, cell: Cell) -> float:
        """How much of what can be read in a cell is about the question."""
        inside = [line for line in self._looking.sheet.lines() if _holds(cell.region, line.box)]
        return max((topicality(self._question, line.text) for line in inside), default=0.0)

    def _chart(self) -> ChartReading:
        lines = [seen.line for seen in self._looking.sheet.lines(SURE)]
        return read_chart((mosaic(self._looking.desk.pictures),), lines)

    def _confirm(self, chart: ChartReading, found: ChartAnswer) -> Conclusion:
        """Mark the evidence, read it again, and answer only where it still says the same."""
        looking = self._looking
        printed = [cell for cell in found.cells if cell.text][:6]
        seen: Sequence[Seen] = ()
        if found.focus and looking.steps_left > 0:
            seen = self._mark(chart, found)
        missing = [cell for cell in printed if not _reads(cell, seen)]
        if missing and looking.steps_left > 0:
            target = missing[0].box
            for cell in missing[1:]:
                target = target.union(cell.box)
            size = max(min(target.width, target.height), 12.0)
            names = ", ".join(dict.fromkeys(cell.text for cell in missing))
            again = looking.zoom(target.padded(size), f"{found.thought} I look closely at {names} to be sure.", names)
            contradicted = [cell for cell in missing if _contradicts(cell, again)]
            if contradicted:
                return Conclusion(f'Read again, "{contradicted[0].text}" is not what it says. I do not answer.', None)
        return Conclusion(found.thought, found.answer)

    def _mark(self, chart: ChartReading, found: ChartAnswer) -> Sequence[Seen]:
        labels = _labels_of(chart, found)
        names = _names(labels)
        focused = [names[i] for i, label in enumerate(labels) if label in found.focus]
        if not focused:
            return ()
        target = found.focus[0].value_box
        for label in found.focus[1:]:
            target = target.union(label.value_box)
        looking = self._looking
        index = looking.sharpest(target)
        frame = looking.desk.pictures[index].frame
        boxes: dict[str, list[int]] = {}
        for name, label in zip(names, labels, strict=True):
            here = frame.from_original(label.value_box)
            if here.clip(frame.bounds) is not None:
                boxes[name] = list(whole_pixels(here, frame))
        focused = [name for name in focused if name in boxes]
        if not focused:
            return ()
        kind = _edit_for(len(focused), len(boxes))
        thought = f"The answer rests on {_listed(focused)}. I {_VERBS[kind]} to be sure that I read the right place."
        tool = edit_name(kind, found.focus_kind)
        shown = boxes if kind == "mask" else {name: boxes[name] for name in focused}
        return looking.edit(tool, {"labels": focused, "boxes": shown, "image": index}, thought) or ()


_VERBS: dict[EditKind, str] = {
    "highlight": "highlight it",
    "draw": "draw a red box around each",
    "mask": "mask all the others",
}


def _edit_for(focused: int, known: int) -> EditKind:
    """One part is highlighted, a few are outlined; many are easier to see with the rest masked."""
    if focused == 1:
        return "highlight"
    return "draw" if focused <= 4 or focused == known else "mask"


def _listed(names: Sequence[str]) -> str:
    shown = [f'"{name}"' for name in names[:5]]
    if len(names) > 5:
        return ", ".join(shown) + f" and {len(names) - 5} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _labels_of(chart: ChartReading, found: ChartAnswer) -> tuple[AxisLabel, ...]:
    """All labels of the kind that the answer points at, the focused ones always among them."""
    known = chart.x_labels if found.focus_kind == "x_values" else chart.y_labels
    if any(label not in known for label in found.focus):
        known = chart.categories
    if any(label not in known for label in found.focus):
        known = found.focus
    return known


def _names(labels: Sequence[AxisLabel]) -> list[str]:
    """A name for each label, told apart where two print the same."""
    names: list[str] = []
    for label in labels:
        name, count = label.text, 2
        while name in names:
            name, count = f"{label.text} ({count})", count + 1
        names.append(name)
    return names


def _needed_scale(small: Sequence[Seen], looking: Looking) -> float:
    """Pixels for each original pixel at which nearly all of the small texts become comfortable."""
    scales = sorted(looking.shown[line.picture][1] * COMFORTABLE / max(line.height, 2.0) for line in small)
    return scales[math.floor(0.75 * (len(scales) - 1))]


def _holds(region: Box, box: Box) -> bool:
    x, y = box.centre
    return region.x1 <= x <= region.x2 and region.y1 <= y <= region.y2


def _digits(text: str) -> str:
    return re.sub(r"[^\d.]", "", text).strip(".")


def _at(value: Value, seen: Sequence[Seen]) -> list[Seen]:
    return [line for line in seen if line.box.intersection(value.box) is not None]


def _reads(value: Value, seen: Sequence[Seen]) -> bool:
    """Does a reading of the same place hold the same number (or, for words, about the same text)?"""
    for line in _at(value, seen):
        if _digits(value.text):
            if _digits(value.text) in _digits(line.text):
                return True
        elif likeness(value.text, line.text) >= 0.8:
            return True
    return False


def _contradicts(value: Value, seen: Sequence[Seen]) -> bool:
    """Does a sure reading of the same place, taken from closer, hold another number?"""
    there = [line for line in _at(value, seen) if line.score >= 0.9 and not line.cut and _digits(line.text)]
    return bool(there) and not _reads(value, there)
