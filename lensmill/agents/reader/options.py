"""The options route: search the picture, coarse to fine, for print that speaks for one of the options."""

import re
from collections.abc import Sequence
from dataclasses import replace

from lensmill.agents.reader.conclusion import Conclusion
from lensmill.agents.reader.evidence import (
    ENOUGH,
    Evidence,
    Finding,
    asks_for_more,
    asks_for_print,
    gap,
    landmarks,
    places_of,
    weigh,
)
from lensmill.agents.reader.explore import COARSE, FINE, Cell, grid, where
from lensmill.agents.reader.facts import as_seen, asked_kind, find_fact, topicality
from lensmill.agents.reader.looking import Looking, with_air
from lensmill.agents.reader.matching import fold, likeness, words_of
from lensmill.agents.reader.sheet import Seen, same_place
from lensmill.geometry import Box

SURELY = 0.9
"""A line of which the recogniser is at least this sure stands until it is read otherwise."""

HINT = 0.9
"""A line that promises this much is worth a look of its own when every cell of the grids was seen."""

HINT_REACH = 8.0
"""Print within so many heights of a hint belongs to the same sign, and is shown with it."""

LETTERS = 3
"""Letters and digits of a line that a crop is named by, at least."""

OVERVIEW = 2.0
"""What a coarse crop promises before anything is known of it: only better hints are followed first."""


def asks_for_name(question: str) -> bool:
    """Does a question ask for something that one print in the picture says?"""
    return asks_for_print(question) or (asked_kind(question) is not None and not asks_for_more(question))


class OptionsRoute:
    """Search for evidence: read the view, then crop by crop; look closely at what was found before answering."""

    def __init__(self, looking: Looking) -> None:
        self._looking = looking
        self._question = looking.task.question
        self._options = looking.task.choices
        self._landmarks = landmarks(self._question, self._options)
        self._near_misses = _resemble_each_other(self._options)
        self._refuted: list[Box] = []
        settings, view, budget = looking.environment.settings, looking.view, looking.budget
        self._cells = (
            *grid(view, budget, COARSE, settings, level=0),
            *grid(view, budget, FINE, settings, level=1),
        )
        self._visited: set[Cell] = set()
        self._followed: list[Box] = []

    def run(self) -> Conclusion:
        """Look until one option is settled or no steps are left."""
        while True:
            finding = self._weigh()
            if finding.option is not None and (self._settled(finding) or self._looking.steps_left <= 2):
                conclusion = self._confirm(finding)
                if conclusion is not None:
                    return conclusion
                continue
            cell = self._next_cell() if self._looking.steps_left > 2 else None
            if cell is None and finding.option is not None and self._looking.steps_left > 0:
                conclusion = self._confirm(finding)
                if conclusion is not None:
                    return conclusion
                continue
            if cell is None and self._looking.steps_left > 2 and self._follow_hint():
                continue
            if cell is None:
                reason = finding.reason or "what seemed to answer it could not be read again from closer"
                return Conclusion(f"I have looked where text could be; {reason}. I do not answer.", None)
            self._visit(cell)

    def _weigh(self) -> Finding:
        sheet = self._looking.sheet
        return self._judge(self._unrefuted(sheet.readings), self._unrefuted(sheet.lines()))

    def _unrefuted(self, readings: Sequence[Seen]) -> list[Seen]:
        return [seen for seen in readings if not any(same_place(seen.box, box) for box in self._refuted)]

    def _judge(self, readings: Sequence[Seen], lines: Sequence[Seen]) -> Finding:
        """What was read: a printed fact that is one of the options, or print of one option alone.

        `lines` are the best readings of each print, `readings` all of them: a name may be legible in one only.
        """
        fact = find_fact(self._question, lines)
        if fact is not None:
            same = [n for n, option in enumerate(self._options) if fold(option) == fold(fact.value)]
            if len(same) == 1:
                return Finding(same[0], (Evidence(same[0], 1.0, as_seen(fact, readings), by_name=True),), "")
        return weigh(self._question, self._options, readings)

    def _settled(self, finding: Finding) -> bool:
        """Need the search not go on? Print near the question's landmark, or options that only differ in a detail."""
        best = finding.evidence[0]
        if best.by_name:
            return True
        option = self._options[best.option]
        if likeness(option, best.seen.text) < ENOUGH and len(words_of(option)) <= 3:
            return False  # a few words of it only: all of it may stand elsewhere
        if not self._landmarks or self._near_misses:
            return True
        marks = places_of(self._landmarks, self._looking.sheet.readings)
        return any(
            gap(e.seen.box, mark.box) <= 8 * min(mark.box.width, mark.box.height)
            for e in finding.evidence
            for mark in marks
        )

    def _confirm(self, finding: Finding) -> Conclusion | None:
        """Look closely at the evidence and read it again; None where that refutes it (the search goes on)."""
        assert finding.option is not None
        option = self._options[finding.option]
        places = _distinct(finding.evidence)[:2]
        agreed: list[str] = []
        for evidence in places:
            for reach in (1.0, 4.0):
                if self._looking.steps_left <= 0:
                    break
                thought = f'Here it seems to say "{evidence.seen.text}". I look closely before I answer "{option}".'
                lines = self._looking.zoom(_surroundings(evidence.seen, reach), thought, evidence.seen.text)
                before = self._not_read_again(evidence.seen, lines)
                lines = (*lines, *before)
                again = self._judge(lines, lines)
                if again.option == finding.option:
                    manner = "Read from close, with what I read before" if before else "Read from close"
                    agreed.append(f'{manner}, it says "{again.evidence[0].seen.text}".')
                    break
                if again.option is not None:
                    break
        if agreed:
            return Conclusion(f'{agreed[0]} That is "{option}".', option)
        self._refuted.extend(e.seen.box for e in finding.evidence)
        return None

    def _not_read_again(self, seen: Seen, lines: Sequence[Seen]) -> list[Seen]:
        """The surely read lines of some evidence that a closer look left out, if it agrees with another of them.

        Detectors lose one line or another of turned or slanted print at any scale. What a crop does not read is not
        refuted by it, as long as the crop does read the print's other line, and nothing else in this one's place.
        """
        pieces = [
            piece
            for piece in self._looking.sheet.readings
            if piece.picture == seen.picture and seen.box.contains(piece.box) and piece.score >= SURELY
        ]
        there = {piece: [line for line in lines if same_place(piece.box, line.box)] for piece in pieces}
        if not any(likeness(piece.text, line.text) >= ENOUGH for piece, again in there.items() for line in again):
            return []
        return [replace(piece, picture=lines[0].picture) for piece, again in there.items() if not again]

    def _next_cell(self) -> Cell | None:
        left = [c for c in self._cells if c not in self._visited and not self._looking.is_covered(c.region, c.scale)]
        if not left:
            return None
        return max(left, key=lambda cell: (self._promise(cell), -cell.level, -cell.region.y1, -cell.region.x1))

    def _promise(self, cell: Cell) -> float:
        looking = self._looking
        promise = 0.3 * _in_named_place(self._question, cell.region, looking.view.region)
        if cell.level == 0:
            promise += OVERVIEW
        elif not looking.is_covered(cell.region, COARSE):
            return promise
        blurred = 0.0
        for seen in looking.sheet.lines():
            if not _holds(cell.region, seen.box) or looking.shown[seen.picture][1] >= 0.7 * cell.scale:
                continue
            if not seen.legible:
                blurred += 0.5
            if any(likeness(text, seen.text) >= 0.6 for text in self._landmarks):
                promise += 2.0
            promise += self._hint(seen)
        return promise + min(blurred, 2.0)

    def _hint(self, seen: Seen) -> float:
        """How much a line speaks of the question or of an option, though not clearly enough to answer."""
        closest = max((likeness(option, seen.text) for option in self._options), default=0.0)
        return topicality(self._question, seen.text) + (2.0 * closest if closest >= 0.5 else 0.0)

    def _follow_hint(self) -> bool:
        """Look around the most telling line that no crop has enlarged yet; False where there is none.

        A large view shows the cells of the grids sharply enough for most print, so that nothing of them is left to
        visit while steps are; print that it still cannot read is found beside print that it can.
        """
        hints = []
        for seen in self._unrefuted(self._looking.sheet.lines()):
            around = with_air(seen.box, HINT_REACH)
            inside = around.clip(self._looking.view.region)
            strength = self._hint(seen)
            if inside is None or strength < HINT or any(same_place(seen.box, box) for box in self._followed):
                continue
            if not self._looking.is_covered(inside, self._looking.environment.settings.zoom_upscale):
                hints.append((strength, seen, inside))
        if not hints:
            return False
        _, seen, inside = max(hints, key=lambda hint: (hint[0], -hint[1].box.y1, -hint[1].box.x1))
        self._followed.append(seen.box)
        self._looking.zoom(inside, f'"{seen.text}" may belong to what I look for. I look around it.', seen.text)
        return True

    def _visit(self, cell: Cell) -> None:
        self._visited.add(cell)
        place, print_ = where(cell.region, self._looking.view.region), self._print_in(cell.region)
        near = f', where it says "{print_}"' if print_ else ""
        if cell.level == 0:
            thought = f"The picture is too small to read. I look at the {place}{near}."
        else:
            thought = f"I cannot make out the small print here. I look closer at the {place}{near}."
        self._looking.visit(cell, thought, print_ or self._sought())

    def _print_in(self, region: Box) -> str:
        """The surely read line in a region that says most of the question; empty without one."""
        lines = [
            seen
            for seen in self._looking.sheet.lines()
            if _holds(region, seen.box) and seen.score >= SURELY and sum(map(str.isalnum, seen.text)) >= LETTERS
        ]
        best = max(lines, key=lambda seen: (self._hint(seen), seen.box.area, -seen.box.y1, -seen.box.x1), default=None)
        return "" if best is None else best.text[:80]

    def _sought(self) -> str:
        """The name of a crop in which no print was read yet: the object of the search."""
        if self._landmarks:
            return f"search for {self._landmarks[0]}"[:80]
        kind = asked_kind(self._question)
        return f"search for a {kind}" if kind else "search for print"


def _resemble_each_other(options: tuple[str, ...]) -> bool:
    return any(likeness(a, b) >= 0.6 for i, a in enumerate(options) for b in options[i + 1 :])


def _distinct(evidence: tuple[Evidence, ...]) -> list[Evidence]:
    """One piece of evidence a place, in order of strength."""
    kept: list[Evidence] = []
    for piece in evidence:
        if not any(same_place(piece.seen.box, other.seen.box) for other in kept):
            kept.append(piece)
    return kept


def _surroundings(seen: Seen, reach: float) -> Box:
    """A line with `reach` times its height of air around it."""
    return with_air(seen.box, reach)


def _holds(region: Box, box: Box) -> bool:
    x, y = box.centre
    return region.x1 <= x <= region.x2 and region.y1 <= y <= region.y2


_PLACES = {
    "left": (-1, 0),
    "right": (1, 0),
    "top": (0, -1),
    "upper": (0, -1),
    "bottom": (0, 1),
    "lower": (0, 1),
}


def _in_named_place(question: str, region: Box, whole: Box) -> float:
    """-1 to 1: does a region lie where the question's words for places point?"""
    words = set(re.findall(r"[a-z]+", question.casefold()))
    directions = [step for word, step in _PLACES.items() if word in words]
    if not directions:
        return 0.0
    x, y = region.centre
    across, down = 2 * x / whole.width - 1, 2 * y / whole.height - 1
    return sum(dx * across + dy * down for dx, dy in directions) / len(directions)
