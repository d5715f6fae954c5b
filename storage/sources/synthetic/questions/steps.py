"""Questions of a given number of steps. The figures of the answer are chosen first, then words that lead to them.

A step is a figure that must be found: by its name, or by its rank among all figures of its series.
"""

from collections.abc import Sequence
from decimal import Decimal
from random import Random

from storage.sources.synthetic.drawing import Mark
from storage.sources.synthetic.questions.charts import HIGH, LOW, lookup
from storage.sources.synthetic.questions.question import Question
from storage.sources.synthetic.questions.subject import Subject
from storage.sources.synthetic.questions.wordings import worded

RANKS = ("", "second ", "third ", "fourth ")


def in_steps(subject: Subject, rng: Random, steps: int) -> Question | None:
    """A question of 1 to 5 steps about printed figures; None if the chart has none that is clear.

    1: a figure by its name. 2: a figure by its rank. 3: the difference of two by their ranks. 4: the difference of one
    by its rank and one by its name. 5: the average of two by their ranks and one by its name.
    """
    if steps == 1:
        return lookup(subject, rng)
    series = rng.choice(subject.grid.series)
    marks = subject.column(series)
    if not subject.exact or subject.grid.unit == "year" or len(marks) < 4:
        return None
    if len({mark.value for mark in marks}) < len(marks):  # ranks would not be clear
        return None
    chosen = rng.sample(marks, {2: 1, 3: 2, 4: 2, 5: 3}[steps])
    ranked = chosen if steps in (2, 3) else chosen[:-1]
    said = [way for mark in ranked if (way := _by_rank(subject, mark, marks, rng))]
    if len(said) < len(ranked):
        return None
    if len(ranked) < len(chosen):
        said.append(f"the {subject.grid.phrase(chosen[-1].category, series)}")
    fields = dict(zip(("first", "second", "third"), said, strict=False))
    answer = subject.printed(_answer([mark.value for mark in chosen], steps))
    return worded(subject, rng, f"steps_{steps}", fields, answer, subject.evidence(*chosen))


def _by_rank(subject: Subject, mark: Mark, marks: Sequence[Mark], rng: Random) -> str | None:
    """E.g. "the second highest population in 2010"; None if the figure is in the middle."""
    grid = subject.grid
    ordered = sorted(marks, key=lambda other: other.value, reverse=True)
    place = ordered.index(mark)
    words: Sequence[str] = HIGH
    if place >= len(ordered) / 2:
        place, words = len(ordered) - 1 - place, LOW
    if place >= len(RANKS):
        return None
    return f"the {RANKS[place]}{rng.choice(words)} {grid.measure}{grid.within(mark.series)}"


def _answer(values: Sequence[Decimal], steps: int) -> Decimal:
    """The figure itself, the difference of two, or the mean of three with one decimal more than they have."""
    if steps == 2:
        return values[0]
    if steps < 5:
        return abs(values[0] - values[1])
    exponent = values[0].as_tuple().exponent
    assert isinstance(exponent, int)
    return (sum(values, Decimal(0)) / 3).quantize(Decimal(1).scaleb(min(0, exponent) - 1))
