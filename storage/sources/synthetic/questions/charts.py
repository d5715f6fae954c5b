"""Questions about one chart or one column of figures."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random

from storage.sources.synthetic.drawing import Mark
from storage.sources.synthetic.questions.question import Question
from storage.sources.synthetic.questions.subject import MEASURABLE, Subject
from storage.sources.synthetic.questions.wordings import article, worded

Maker = Callable[[Subject, Random], Question | None]

HIGH = ("highest", "largest", "greatest")
LOW = ("lowest", "smallest")


def lookup(subject: Subject, rng: Random) -> Question | None:
    """Ask for the figure of one mark, printed or to be measured on the axis."""
    marks = [mark for mark in subject.drawing.marks if mark.text or mark.share >= MEASURABLE]
    if not marks:
        return None
    mark = rng.choice(marks)
    kind = "lookup roughly" if not mark.text else "lookup year" if subject.grid.unit == "year" else "lookup"
    words = {"phrase": subject.grid.phrase(mark.category, mark.series)}
    return worded(subject, rng, kind, words, subject.printed(mark.value), subject.evidence(mark))


def _words(subject: Subject, series: str, **more: str) -> dict[str, str]:
    """The fields of wordings about the figures of a series."""
    grid = subject.grid
    word = grid.category_prep if grid.category_prep in ("in", "at") else "for"
    measured = f"{grid.measure}{grid.within(series)}"
    return {
        "noun": grid.category_noun,
        "nouns": grid.categories_noun,
        "measure": grid.measure,
        "within": grid.within(series),
        "measured": measured,
        "a_measured": article(measured),
        "when": f"{word} which {grid.category_noun}",
        **more,
    }


def reverse_lookup(subject: Subject, rng: Random) -> Question | None:
    """Ask for the category of a printed figure that occurs once in its series."""
    series = rng.choice(subject.grid.series)
    marks = subject.column(series)
    single = [mark for mark in marks if mark.text and [other.text for other in marks].count(mark.text) == 1]
    if not single or subject.grid.unit == "year":
        return None
    mark = rng.choice(single)
    kind = "reverse when" if subject.grid.timeline else "reverse"
    words = _words(subject, series, value=mark.text)
    return worded(subject, rng, kind, words, mark.category, subject.evidence(mark))


def extreme(subject: Subject, rng: Random) -> Question | None:
    """Ask for the category with the highest, second highest or lowest figure."""
    grid, series = subject.grid, rng.choice(subject.grid.series)
    marks = sorted(subject.column(series), key=lambda mark: mark.value, reverse=True)
    if grid.unit == "year":
        return None
    which = rng.choices(["high", "low", "second"], [5, 3, 2])[0]
    if which == "low":
        marks.reverse()
    place = 1 if which == "second" else 0
    best, neighbours = marks[place], marks[max(0, place - 1) : place + 2]
    if len(marks) < place + 2 or any(
        not subject.apart(best.value, other.value) for other in neighbours if other is not best
    ):
        return None
    word = rng.choice(LOW if which == "low" else HIGH)
    word = f"second {word}" if which == "second" else word
    choices: tuple[str, ...] = ()
    if rng.random() < 0.12 and len(marks) >= 4:
        others = rng.sample([mark.category for mark in marks if mark is not best], 3)
        choices = tuple(rng.sample([best.category, *others], 4))
    evidence = subject.evidence(*marks[: place + 1])
    kind = "extreme when" if grid.timeline else "extreme"
    return worded(subject, rng, kind, _words(subject, series, word=word), best.category, evidence, choices)


def extreme_value(subject: Subject, rng: Random) -> Question | None:
    """Ask for the highest or lowest printed figure."""
    grid, series = subject.grid, rng.choice(subject.grid.series)
    if not subject.exact or grid.unit == "year":
        return None
    high = rng.random() < 0.6
    mark = (max if high else min)(subject.column(series), key=lambda mark: mark.value)
    words = _words(subject, series, word=rng.choice(HIGH if high else LOW))
    return worded(subject, rng, "extreme value", words, subject.printed(mark.value), subject.evidence(mark))


def series_extreme(subject: Subject, rng: Random) -> Question | None:
    """Ask for the series with the highest or lowest figure within one category."""
    grid = subject.grid
    category = rng.choice(grid.categories)
    marks = sorted(subject.row(category), key=lambda mark: mark.value)
    if len(marks) < 3:
        return None
    high = rng.random() < 0.6
    best, rival = (marks[-1], marks[-2]) if high else (marks[0], marks[1])
    if not subject.apart(best.value, rival.value):
        return None
    measured = f"{grid.measure} {grid.category_prep} {category}"
    words = {"noun": grid.series_noun, "word": rng.choice(HIGH if high else LOW), "measured": measured}
    return worded(subject, rng, "series_extreme", words, best.series, subject.evidence(best))


def _pair(subject: Subject, rng: Random) -> tuple[Mark, Mark] | None:
    """Two marks that differ either in their category or in their series; the larger first."""
    grid = subject.grid
    across = len(grid.series) > 1 and rng.random() < 0.4
    marks = subject.row(rng.choice(grid.categories)) if across else subject.column(rng.choice(grid.series))
    first, second = rng.sample(marks, 2)
    if not subject.apart(first.value, second.value):
        return None
    return (first, second) if first.value > second.value else (second, first)


def difference(subject: Subject, rng: Random) -> Question | None:
    """Ask for the difference of two printed figures."""
    grid = subject.grid
    pair = _pair(subject, rng) if subject.exact and grid.unit != "year" else None
    if pair is None:
        return None
    first, second = pair if rng.random() < 0.7 else pair[::-1]
    answer = subject.printed(abs(first.value - second.value))
    here, there = (_name(first, second), _name(second, first))
    words = {"measured": f"{grid.measure}{_shared(subject, first, second)}", "here": here, "there": there}
    return worded(subject, rng, "difference", words, answer, subject.evidence(first, second))


def _name(mark: Mark, other: Mark) -> str:
    """The name that distinguishes a mark from the other one."""
    return mark.series if mark.category == other.category else mark.category


def _shared(subject: Subject, mark: Mark, other: Mark) -> str:
    """The common category or series of two marks, as a phrase to follow the measure."""
    grid = subject.grid
    if mark.category == other.category:
        return f" {grid.category_prep} {mark.category}"
    return grid.within(mark.series)


def comparison(subject: Subject, rng: Random) -> Question | None:
    """Ask whether one figure is larger or smaller than another."""
    grid = subject.grid
    pair = _pair(subject, rng) if grid.unit != "year" else None
    if pair is None:
        return None
    first, second = pair if rng.random() < 0.5 else pair[::-1]
    higher = rng.random() < 0.6
    answer = "Yes" if (first.value > second.value) == higher else "No"
    word = rng.choice(["higher", "larger", "greater"] if higher else ["lower", "smaller"])
    prep = grid.series_prep if first.category == second.category else grid.category_prep
    there = _name(second, first)
    prep = prep if prep in ("in", "at") else f"that {prep}"
    words = {"phrase": grid.phrase(first.category, first.series), "word": word, "other": f"{prep} {there}"}
    return worded(subject, rng, "comparison", words, answer, subject.evidence(first, second))


def total(subject: Subject, rng: Random) -> Question | None:
    """Ask for the sum of two or all figures of a series whose figures may be summed."""
    grid, series = subject.grid, rng.choice(subject.grid.series)
    marks = subject.row(rng.choice(grid.categories)) if grid.parts_in_rows else subject.column(series)
    if not (subject.exact and grid.additive) or len(marks) > 6:
        return None
    if len(marks) > 2 and rng.random() < 0.6:
        marks = rng.sample(marks, 2)
    answer = subject.printed(sum((mark.value for mark in marks), Decimal(0)))
    if grid.parts_in_rows:
        names, prep = [mark.series for mark in marks], grid.series_prep
        within = f" {grid.category_prep} {marks[0].category}"
    else:
        names, prep = [mark.category for mark in marks], grid.category_prep
        within = grid.within(series)
    words = {
        **_words(subject, series, pair=f"{grid.measure} {prep} {names[0]} and {names[1]}{within}"),
        "within": within,
        "nouns": grid.series_nouns if grid.parts_in_rows else grid.categories_noun,
    }
    kind = "sum of two" if len(marks) == 2 else "sum of all"
    return worded(subject, rng, kind, words, answer, subject.evidence(*marks))


def count(subject: Subject, rng: Random) -> Question | None:
    """Ask for the number of categories, or for the number above or below a round figure that no figure is close to."""
    grid, series = subject.grid, rng.choice(subject.grid.series)
    marks = subject.column(series)
    if grid.unit == "year":
        return None
    if rng.random() < 0.35 and (subject.alone or subject.context):
        every = tuple(subject.drawing.category_boxes.values())
        return worded(subject, rng, "count all", _words(subject, series), str(len(grid.categories)), every)
    ordered = sorted((mark.value for mark in marks), reverse=True)
    place = rng.randint(1, len(ordered) - 1)
    limit = _round_between(ordered[place], ordered[place - 1])
    clear = ordered[0] * (Decimal("0.005") if subject.exact else Decimal("0.03"))
    if limit is None or min(abs(value - limit) for value in ordered) <= clear:
        return None
    above = rng.random() < 0.6
    counted = [mark for mark in marks if (mark.value > limit) == above]
    word = rng.choice(["more than", "above", "over"] if above else ["less than", "below", "under"])
    words = _words(subject, series, word=word, value=subject.printed(limit))
    return worded(subject, rng, "count", words, str(len(counted)), subject.evidence(*counted))


def _round_between(low: Decimal, high: Decimal) -> Decimal | None:
    """The roundest figure strictly between two figures; None if they are equal."""
    if low >= high:
        return None
    for exponent in range(high.adjusted(), -4, -1):
        unit = Decimal(1).scaleb(exponent)
        for step in (unit, unit / 2):
            limit = (low / step).to_integral_value(rounding="ROUND_FLOOR") * step + step
            if low < limit < high:
                return limit.quantize(Decimal(1)) if limit == limit.to_integral_value() else limit.normalize()
    return None


MAKERS: tuple[Maker, ...] = (
    lookup,
    extreme,
    difference,
    lookup,
    comparison,
    reverse_lookup,
    count,
    total,
    series_extreme,
    extreme_value,
)


def ask(subjects: Sequence[Subject], rng: Random, wanted: int, makers: Sequence[Maker] = MAKERS) -> list[Question]:
    """Make up to `wanted` questions, all with different wording and of different kinds if possible.

    The first question is a lookup or asks for an extreme, so every picture has a simple question.
    """
    first = rng.choice([lookup, extreme])
    order = [first, *rng.sample(list(makers), len(makers))]
    questions: list[Question] = []
    for attempt in range(wanted * 6 + len(order) if subjects else 0):
        if len(questions) == wanted:
            break
        made = order[attempt % len(order)](rng.choice(subjects), rng)
        families = [question.family for question in questions]
        fresh = made is not None and made.text not in [question.text for question in questions]
        if made is not None and fresh and (made.family not in families or attempt >= len(order)):
            questions.append(made)
    return questions
