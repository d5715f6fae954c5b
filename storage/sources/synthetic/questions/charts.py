"""Questions about one chart or table of figures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from lensmill.geometry import Box
from storage.sources.synthetic.drawing import Drawing, Mark
from storage.sources.synthetic.questions.question import Question
from storage.sources.synthetic.style import Style

MEASURABLE = 0.15
"""A mark without a data label is asked for by value only where it spans at least this part of the axis."""

CLEAR = Decimal("1.08")
"""Marks that are compared by eye differ by at least this factor."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A chart, and what a question must add to say which chart is meant (on a poster)."""

    drawing: Drawing
    style: Style
    context: str = ""

    def printed(self, value: Decimal) -> str:
        return self.style.number(value, self.drawing.grid.unit)

    def evidence(self, *marks: Mark) -> tuple[Box, ...]:
        """The marks, and the names that say which marks they are."""
        boxes: list[Box] = []
        for mark in marks:
            found = [mark.evidence, self.drawing.category_boxes.get(mark.category)]
            found.append(self.drawing.series_boxes.get(mark.series))
            boxes += [box for box in found if box is not None and box not in boxes]
        return tuple(boxes)

    def column(self, series: str) -> list[Mark]:
        return [mark for mark in self.drawing.marks if mark.series == series]

    def say(self, text: str) -> str:
        """The question with its context, as a sentence."""
        text = f"{self.context}{text[0].lower() + text[1:]}" if self.context else text
        return text[0].upper() + text[1:]


Maker = Callable[[Subject, Random], Question | None]


def clearly(first: Decimal, second: Decimal, exact: bool) -> bool:
    """Whether two figures can be told apart: printed ones if they differ, measured ones if by a clear factor."""
    low, high = sorted((first, second))
    return low != high if exact else high >= low * CLEAR


def pick_series(subject: Subject, rng: Random) -> str:
    return rng.choice(subject.drawing.grid.series)


def in_series(subject: Subject, series: str) -> str:
    """E.g. " in 2010" or nothing, to follow a measure."""
    grid = subject.drawing.grid
    if series:
        return f" {grid.series_prep} {series}"
    return f" {grid.fixed}" if grid.fixed else ""


def lookup(subject: Subject, rng: Random) -> Question | None:
    marks = [mark for mark in subject.drawing.marks if mark.text or mark.share >= MEASURABLE]
    if not marks:
        return None
    mark = rng.choice(marks)
    phrase = subject.drawing.grid.phrase(mark.category, mark.series)
    text = rng.choice(["What is the {}?", "What was the {}?", "Give the {}.", "How much is the {}?"])
    text = text.replace("How much is", "What is") if subject.drawing.grid.unit in ("", "year") else text
    if not mark.text:
        text = rng.choice(["What is the approximate {}?", "About what is the {}?", "Roughly, what is the {}?"])
    return Question("lookup", subject.say(text.format(phrase)), (subject.printed(mark.value),), subject.evidence(mark))


def extreme(subject: Subject, rng: Random) -> Question | None:
    series = pick_series(subject, rng)
    marks = sorted(subject.column(series), key=lambda mark: mark.value)
    high = rng.random() < 0.6
    best, rival = (marks[-1], marks[-2]) if high else (marks[0], marks[1])
    if not clearly(best.value, rival.value, subject.drawing.labelled):
        return None
    grid = subject.drawing.grid
    word = rng.choice(["highest", "largest", "greatest"] if high else ["lowest", "smallest"])
    forms = [
        f"Which {grid.category_noun} has the {word} {grid.measure}{in_series(subject, series)}?",
        f"What is the {grid.category_noun} with the {word} {grid.measure}{in_series(subject, series)}?",
    ]
    if grid.timeline:
        forms = [f"In which {grid.category_noun} was the {grid.measure}{in_series(subject, series)} the {word}?"]
    return Question("extreme", subject.say(rng.choice(forms)), (best.category,), subject.evidence(best))


def ask(subject: Subject, rng: Random, count: int, makers: Sequence[Maker]) -> list[Question]:
    """Up to `count` questions of different wording, drawn from `makers` in turn."""
    questions: list[Question] = []
    order = list(makers)
    rng.shuffle(order)
    for attempt in range(count * 8):
        if len(questions) == count:
            break
        made = order[attempt % len(order)](subject, rng)
        if made is not None and all(made.text != other.text for other in questions):
            questions.append(made)
    return questions
