"""The chart route: read the view, look closer where the evidence is and only while it is not legible, then answer."""

import re
from collections.abc import Sequence

from lensmill.agents.reader.aiming import (
    Aim,
    at_axis,
    at_evidence,
    at_figure,
    at_small_print,
    at_words,
    axis_is_read,
    evidence_boxes,
    in_bands,
    inside,
    over_all,
    unread,
    worthwhile,
)
from lensmill.agents.reader.conclusion import Conclusion
from lensmill.agents.reader.confirming import mark
from lensmill.agents.reader.facts import Fact, asked_kind, find_fact, topicality
from lensmill.agents.reader.looking import Looking, with_air
from lensmill.agents.reader.matching import fold
from lensmill.agents.reader.questions import Abstention, ChartAnswer, Operation, answer_from_chart
from lensmill.agents.reader.questions.plainly import LETTER
from lensmill.agents.reader.sheet import LEGIBLE_HEIGHT, Seen
from lensmill.agents.reader.tables.route import conclude_from_table
from lensmill.agents.reader.wording import listed, manner, say
from lensmill.geometry import Box
from lensmill.perception.chart import ChartReading
from lensmill.perception.panels.reading import Panel, read_panels
from lensmill.perception.reading import read_chart

CROWDED = 90
"""A picture with more lines of text than this shows more than one chart."""

SURE = 0.5
"""The lowest score of the text recogniser for a text that is used."""

UNSURE = 0.75
"""The lowest score of the text recogniser for print on which an answer may rest."""

NAMED = 0.7
"""A question that has this share of the words of a chart's title names the chart."""

EDGE = 2.0
"""Pixels of the original by which what belongs to a panel may stand out of it."""

FEW_LABELS = 8
"""On an axis with more labels than this, the right one is marked before the answer."""

MOST_LOOKS = 4
"""Zooms of an episode at most: who has not found the answer by then is reading the wrong chart."""

_NAMED: frozenset[Operation] = frozenset({"lookup", "difference", "ratio", "sum", "compare", "average"})
"""Operations over the values that the question names."""

MANNERS = 12
"""Ways to word what was read; see `answer_from_chart`."""


class ChartRoute:
    """Read a chart, and answer an open question about it."""

    def __init__(self, looking: Looking) -> None:
        self._looking = looking
        self._task = looking.task
        self._looks = 0
        self._tried: set[str] = set()
        self._before: ChartReading | None = None
        self._panel: Box | None = None

    def run(self) -> Conclusion:
        """Answer as soon as the evidence is legible; look closer where it is not; abstain where looking ends."""
        while True:
            if (end := conclude_from_table(self._looking)) is not None:
                return end
            fact = None if self._task.choices else self._fact(self._looking.sheet.lines(SURE))
            if fact is not None:
                return self._confirm_fact(fact)
            if self._panel is None and (end := self._choose_panel()) is not None:
                return end
            chart = self._chart()
            if self._task.choices and not chart.cells:
                return Conclusion("The question asks for more than print says, and I read no chart here.", None)
            found = self._ask(chart)
            if isinstance(found, ChartAnswer):
                ended = self._answer(chart, found)
                if ended is not None:
                    return ended
                continue
            alone = self._ask_crop()
            if alone is not None:
                return self._conclude(*alone)
            if not self._search(chart):
                return Conclusion(f"I do not answer: {found.reason}.", None)

    def _choose_panel(self) -> Conclusion | None:
        """Of several charts, read the one that the question names, and no other; abstain where it names none."""
        looking = self._looking
        panels = read_panels(looking.pictures, [seen.line for seen in looking.sheet.lines(SURE)])
        if not panels:
            return None
        panel = _named(self._task.question, panels)
        if panel is None or looking.steps_left < 2:
            return Conclusion(f"There are {len(panels)} charts here, and I am not sure which one is meant.", None)
        thought = f'Of {len(panels)} charts, "{panel.name}" is meant. I look at that one alone.'
        if not looking.zoom(panel.box, thought, panel.name[:80]):
            return Conclusion("I can read nothing in that chart. I do not answer.", None)
        self._looks += 1
        self._panel = looking.pictures[-1].frame.region
        return None

    def _ask(self, chart: ChartReading) -> ChartAnswer | Abstention:
        return answer_from_chart(self._task.question, chart, manner(self._task, "reads", MANNERS))

    def _ask_crop(self) -> tuple[ChartReading, ChartAnswer] | None:
        """What the last crop says of the labels that it was cut for: around it the view is too blurred to read marks.

        A crop holds no more than these labels, so that it can give their values and compare no others.
        """
        if self._before is None:
            return None
        lines = [s for s in self._looking.sheet.readings if s.picture == len(self._looking.pictures) - 1 and s.legible]
        chart = in_bands(self._before, lines, self._task.question)
        found = self._ask(chart) if chart is not None else None
        return (chart, found) if chart and isinstance(found, ChartAnswer) and found.operation in _NAMED else None

    def _answer(self, chart: ChartReading, found: ChartAnswer) -> Conclusion | None:
        """The answer if its evidence is legible, an abstention if it cannot be made so; None after a closer look."""
        looking = self._looking
        if any(cell.measured for cell in found.cells) and len(chart.texts) > CROWDED:
            return Conclusion("There are several figures here, and I cannot measure one by another's axis.", None)
        lines = looking.sheet.lines()
        doubt = "" if axis_is_read(found, chart, lines) else "its axis cannot be read well enough to measure by it"
        if chart.doubts and (len(found.cells) != 1 or over_all(found)):
            doubt = chart.doubts[0]
        if doubt:
            aim = at_figure(looking, chart)
            if self._may_look(aim):
                self._look(aim, "evidence")
                return None
            return Conclusion(f"I am not sure of the chart: {doubt}. I do not answer.", None)
        missing = unread(evidence_boxes(found, chart), lines)
        if missing:
            aim = at_evidence(looking, chart, found, missing)
            if self._may_look(aim):
                self._look(aim, "evidence")
                return None
            if any(line.score < UNSURE for box in missing for line in inside(box, lines)):
                return Conclusion("I cannot read what the answer rests on. I do not answer.", None)
        return self._conclude(chart, found, surely=not missing)

    def _conclude(self, chart: ChartReading, found: ChartAnswer, surely: bool = True) -> Conclusion:
        seen = "" if not surely else "looked" if self._looks else "at once"
        many = len(found.cells) > 1 or len(chart.categories) > FEW_LABELS
        if found.focus and many and self._looking.steps_left > 0:
            refuted = mark(self._looking, chart, found)
            if refuted is not None:
                return refuted
            seen = "marked"
        if not self._task.choices:
            return self._said(seen, found, found.answer)
        options = [option for option in self._task.choices if fold(option) == fold(found.answer)]
        if len(options) != 1:
            return Conclusion(f"{found.thought} That is none of the options. I do not answer.", None)
        return self._said(seen, found, options[0])

    def _said(self, seen: str, found: ChartAnswer, answer: str) -> Conclusion:
        before = say(self._task, seen) if seen else ""
        return Conclusion(before + found.thought + say(self._task, "so", answer=answer), answer)

    def _search(self, chart: ChartReading) -> bool:
        """Look where the answer may be found; False where there is nothing new to be seen."""
        looking = self._looking
        if not chart.cells and self._looks and asked_kind(self._task.question) is None:
            return False  # the figure was seen from close, and is no chart of a known kind
        blurred = [line for line in looking.sheet.lines() if not line.legible]
        for of, aim in (
            ("words", at_words(looking, chart) if blurred else None),
            ("figure", at_figure(looking, chart) if blurred or not chart.cells else None),
            ("axis", at_axis(looking, chart)),
            ("small", at_small_print(looking)),
        ):
            if aim is not None and of not in self._tried and self._may_look(aim):
                self._tried.add(of)
                self._before = chart if of == "words" else None
                too_small = any(line.height < LEGIBLE_HEIGHT for line in blurred) or not looking.sheet.lines()
                self._look(aim, "evidence" if of == "figure" and not too_small else of)
                return True
        return False

    def _may_look(self, aim: Aim) -> bool:
        if self._panel is not None and not self._panel.padded(EDGE).contains(aim.box):
            return False
        return self._looks < MOST_LOOKS and self._looking.steps_left > 1 and worthwhile(self._looking, aim)

    def _look(self, aim: Aim, of: str) -> None:
        where = listed(aim.quoted) if aim.quoted else f"the {aim.what}"
        self._looking.zoom(aim.box, say(self._task, of, self._looks, where=where), aim.what)
        self._looks += 1

    def _fact(self, lines: Sequence[Seen]) -> Fact | None:
        return find_fact(self._task.question, lines)

    def _confirm_fact(self, fact: Fact) -> Conclusion:
        """Answer with a fact in legible print; read other print again from close, and answer if it says the same."""
        there = [s for s in self._looking.sheet.lines() if fact.box.intersection(s.box) is not None]
        if there and all(line.legible for line in there):
            return Conclusion(f'It says "{fact.text}", so the {fact.kind} is {fact.value}.', fact.value)
        thought = f'"{fact.text}" seems to have the {fact.kind} that is asked for. I look closely to be sure.'
        again = self._fact(self._looking.zoom(with_air(fact.box), thought, fact.text[:80]))
        if again is None or fold(again.value) != fold(fact.value):
            return Conclusion(f'From close I cannot read "{fact.text}" again. I do not answer.', None)
        return Conclusion(f'It says "{again.text}", so the {fact.kind} is {again.value}.', again.value)

    def _chart(self) -> ChartReading:
        pictures, lines = self._looking.pictures, [seen.line for seen in self._looking.sheet.lines(SURE)]
        if self._panel is not None:
            around = self._panel.padded(EDGE)
            pictures = [picture for picture in pictures if around.contains(picture.frame.region)]
            lines = [line for line in lines if around.contains(line.box)]
        return read_chart(pictures, lines)


def _named(question: str, panels: Sequence[Panel]) -> Panel | None:
    """The one panel that a question names, by its letter or by most words of its title."""
    letters = {match["letter"].lower() for match in re.finditer(LETTER, question, re.IGNORECASE)}
    if letters:
        lettered = [panel for panel in panels if panel.letter.lower() in letters]
        return lettered[0] if len(lettered) == 1 and len(letters) == 1 else None
    shares = [topicality(question, panel.title) for panel in panels]
    best = max(shares)
    return panels[shares.index(best)] if best >= NAMED and shares.count(best) == 1 else None
