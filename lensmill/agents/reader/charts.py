"""The chart route: zoom until the chart can be read, read it, answer, then point at the evidence and read it again."""

import math
from collections.abc import Callable, Sequence

from lensmill.agents.reader.conclusion import Conclusion
from lensmill.agents.reader.confirming import confirm
from lensmill.agents.reader.explore import Cell, grid, where
from lensmill.agents.reader.facts import Fact, asked_kind, find_fact, topicality
from lensmill.agents.reader.looking import Looking, with_air
from lensmill.agents.reader.matching import fold
from lensmill.agents.reader.questions import ChartAnswer, answer_from_chart
from lensmill.agents.reader.sheet import LEGIBLE_HEIGHT, Seen
from lensmill.agents.reader.tables.route import conclude_from_table
from lensmill.geometry import Box
from lensmill.perception.chart import ChartReading
from lensmill.perception.reading import read_chart

COMFORTABLE = 17.0
"""Height of text, in pixels of a picture, at which OCR hardly errs: what a zoom aims at."""

TINY, TINY_AREA = 0.5, 300_000
"""A view with fewer pixels than this for each original one, and in all, is never taken for the whole story."""

BLIND = 2.5
"""The first look from such a view, or from one without any text, is at least this many times sharper."""

CLOSER = 1.6
"""Where the answer was not found, the next look is this many times sharper."""

ENOUGH_LEGIBLE = 0.85
"""A picture is read when this share of its texts is legible."""

CONFIRMING = 3
"""Steps kept for the edit and for reading the evidence again."""

CROWDED = 90
"""A picture with more lines of text than this shows more than one chart."""

SURE = 0.5
"""Texts of which the recogniser is less sure are not passed on."""


class ChartRoute:
    """Read a chart, coarse to fine, and answer an open question about it."""

    def __init__(self, looking: Looking) -> None:
        self._looking = looking
        self._question = looking.task.question

    def run(self) -> Conclusion:
        """Read, and try to answer; where that fails and something may still be too small to read, look closer."""
        while True:
            self._read_all()
            if (end := conclude_from_table(self._looking)) is not None:
                return end
            fact = self._fact(self._looking.sheet.lines(SURE))
            if fact is not None:
                return self._confirm_fact(fact)
            chart = self._chart()
            found = answer_from_chart(self._question, chart)
            if isinstance(found, ChartAnswer):
                if any(cell.measured for cell in found.cells) and len(chart.texts) > CROWDED:
                    return Conclusion(
                        "There are several figures here, and I cannot measure one by another's axis.", None
                    )
                return confirm(self._looking, chart, found)
            if not self._look_closer():
                return Conclusion(f"I do not answer: {found.reason}.", None)

    def _read_all(self) -> None:
        """Zoom over the picture, sharper each time, until its texts are large enough."""
        while self._looking.steps_left > CONFIRMING:
            cells = self._unread()
            if not cells or self._visit(cells, self._too_small):
                return

    def _look_closer(self) -> bool:
        """Zoom where the question's words stand, anywhere for a printed fact; False where nothing new is to be seen."""
        looking = self._looking
        if looking.steps_left <= CONFIRMING:
            return False
        settings = looking.environment.settings
        wanted = min(settings.zoom_upscale, CLOSER * looking.coarsest())
        cells = [
            cell
            for cell in grid(looking.view, looking.budget, wanted, settings, level=0)
            if not looking.is_covered(cell.region, wanted)
        ]
        if asked_kind(self._question) is None:
            cells = [cell for cell in cells if self._promise(cell) >= 0.5]
        if not cells:
            return False
        self._visit(sorted(cells, key=lambda cell: -self._promise(cell)), self._not_found)
        return True

    def _visit(self, cells: Sequence[Cell], why: Callable[[Cell, str], str]) -> bool:
        """Look at cells in turn, as far as the steps go; True as soon as the fact that is asked for is found.

        Args:
            why: the thought before a look, of a cell and its place.
        """
        for cell in cells[: self._looking.steps_left - CONFIRMING]:
            place = where(cell.region, self._looking.view.region)
            self._looking.visit(cell, why(cell, place), place)
            if self._fact(self._looking.sheet.lines(SURE)) is not None:
                return True
        return False

    def _fact(self, lines: Sequence[Seen]) -> Fact | None:
        return find_fact(self._question, lines)

    def _confirm_fact(self, fact: Fact) -> Conclusion:
        """Read the fact's row again from close; answer only where it still says the same."""
        thought = f'"{fact.text}" has the {fact.kind} that is asked for. I look closely to be sure.'
        again = self._fact(self._looking.zoom(with_air(fact.box), thought, fact.text[:80]))
        if again is None or fold(again.value) != fold(fact.value):
            return Conclusion(f'From close I cannot read "{fact.text}" again. I do not answer.', None)
        return Conclusion(f'It says "{again.text}", so the {fact.kind} is {again.value}.', again.value)

    def _too_small(self, cell: Cell, place: str) -> str:
        if names := self._legible(cell):
            return f"Some of the print near {names} is too small for me. I look closer at the {place}."
        return f"The print is too small to read. I zoom in on the {place}."

    def _not_found(self, cell: Cell, place: str) -> str:
        near = f", near {names}" if (names := self._legible(cell)) else ""
        return f"What I have read so far does not give the answer. I look closer at the {place}{near}."

    def _legible(self, cell: Cell) -> str:
        """Two texts that can be read in a cell, as a sentence names them; "" where there are none."""
        inside = [s for s in self._looking.sheet.lines(SURE) if _holds(cell.region, s.box)]
        return " and ".join(f'"{s.text}"' for s in [s for s in inside if s.legible][:2])

    def _unread(self) -> list[Cell]:
        """The cells of the next finer grid that hold text I cannot read yet; empty when enough is legible."""
        looking = self._looking
        lines = looking.sheet.lines()
        small = [line for line in lines if line.height < LEGIBLE_HEIGHT]
        first, scale = len(looking.shown) == 1, looking.shown[0][1]
        legible = bool(lines) and len(small) <= (1 - ENOUGH_LEGIBLE) * len(lines)
        tiny = looking.view.width * looking.view.height < TINY_AREA and scale < TINY
        if legible and not (first and tiny):
            return []
        wanted = _needed_scale(small, looking) if small else 0.0
        if first and (tiny or not lines):
            wanted = max(wanted, BLIND * scale)
        settings = looking.environment.settings
        wanted = min(wanted, settings.zoom_upscale)
        if wanted < 1.2 * scale:
            return []
        cells = grid(looking.view, looking.budget, wanted, settings, level=0)
        unseen = [cell for cell in cells if not looking.is_covered(cell.region, wanted)]
        if not first:
            unseen = [cell for cell in unseen if any(_holds(cell.region, line.box) for line in small)]
        return sorted(unseen, key=lambda cell: -self._promise(cell))

    def _promise(self, cell: Cell) -> float:
        """How much of what can be read in a cell is about the question."""
        inside = [line for line in self._looking.sheet.lines() if _holds(cell.region, line.box)]
        return max((topicality(self._question, line.text) for line in inside), default=0.0)

    def _chart(self) -> ChartReading:
        lines = [seen.line for seen in self._looking.sheet.lines(SURE)]
        return read_chart(self._looking.pictures, lines)


def _needed_scale(small: Sequence[Seen], looking: Looking) -> float:
    """Pixels for each original pixel at which nearly all of the small texts become comfortable."""
    scales = sorted(looking.shown[line.picture][1] * COMFORTABLE / max(line.height, 2.0) for line in small)
    return scales[math.floor(0.75 * (len(scales) - 1))]


def _holds(region: Box, box: Box) -> bool:
    x, y = box.centre
    return region.x1 <= x <= region.x2 and region.y1 <= y <= region.y2
