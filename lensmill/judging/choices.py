"""Finds the option of a multiple-choice question that a text names: by letter, by its words, or both.

A letter with words counts only if the words are that option's own. A text that names an option counts only if all its
other words are plain: "far from red" names nothing for certain.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lensmill.judging.plain_words import RELATIONS, in_order, plain, plain_unit, telling, turns
from lensmill.judging.quantities import read_quantity
from lensmill.judging.text import canonical, figures_of, unwrapped, vocabulary, words
from lensmill.judging.units import UNITS

_LETTER_ALONE = re.compile(
    r"(?:option |choice |answer |letter )?[(\[]? ?([a-z]) ?[)\]]? ?[.:)]?"
    r"(?: is (?:the )?(?:correct|right)(?: (?:answer|option|choice))?)?"
)
_LETTER_FIRST = re.compile(
    r"(?:option |choice |letter )?(?:[(\[]([a-z])[)\]]\s*[.:,-]?|([a-z])(?:[.:),]| ?-(?= )| (?=[^\W\d_])))\s*(.+)"
)
_LETTER_LAST = re.compile(r"(.+?),? (?:[(\[]([a-z])[)\]]|[(\[]?(?:option|choice) [(\[]?([a-z])[)\]]{0,2})")
_LETTERS = re.compile(r"(?<![\w'])\(?([a-z])\)?(?:\s*(?:,|/|;|&|and|or)\s*\(?([a-z])\)?(?![\w'])){1,}")
_EMPTY_WORDS = vocabulary("of in on at to is it its this that there by for with and or are was were")
_UNSAID = frozenset({"not", "no", "never", "none", "neither", "nor", "except", "without", "and", "or"})
"""Words of an option that a shorter answer must not omit."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """An option that a text names, and how: by its letter or by its words."""

    index: int
    by: Literal["letter", "text"]


def choose(text: str, choices: Sequence[str], question: str = "") -> Chosen | Literal["several", "none", "unclear"]:
    """The option that a canonical text names.

    If the text equals an option's words, it names that option, even if the text is also a letter.

    Args:
        text: the canonical answer.
        choices: the options in the order shown.
        question: canonical; its words next to an option's words are plain.

    Returns:
        The option; "several" if the text names more than one; "none" if the text is a letter without an option;
        "unclear" otherwise.
    """
    options = [canonical(choice) for choice in choices]
    for form in (text, unwrapped(text)):
        if form in options:
            return Chosen(options.index(form), "text")
    text = unwrapped(text)
    letter = _LETTER_ALONE.fullmatch(text)
    if letter:
        index = ord(letter[1]) - 97
        if letter[1] in options and options.index(letter[1]) != index:
            return "unclear"  # another option consists of that letter
        return Chosen(index, "letter") if index < len(options) else "none"
    several = _LETTERS.fullmatch(text)
    if several and all(ord(c) - 97 < len(options) for c in re.findall(r"\b[a-z]\b", text)):
        return "several"
    if re.match("[a-z] [a-z]", text) and any(len(word) == 1 and word in "bcdefghijkl" for word in words(question)):
        return "unclear"  # "B is taller": B may be a thing in the question or an option
    beside = _letter_beside(text, len(options))
    if beside is not None:
        rest = _by_words(beside[1], options, question)
        if rest == beside[0]:
            return Chosen(beside[0], "letter")
        return (
            "several" if isinstance(rest, int) and not text.startswith("a ") else "unclear"
        )  # the "a" of "a dog" is an article
    found = _by_words(text, options, question)
    return Chosen(found, "text") if isinstance(found, int) else found


def _letter_beside(text: str, count: int) -> tuple[int, str] | None:
    """The option whose letter a text begins or ends with, and the other words of the text."""
    first, last = _LETTER_FIRST.fullmatch(text), _LETTER_LAST.fullmatch(text)
    for letter, rest in (
        (first and (first[1] or first[2]), first and first[3]),
        (last and (last[2] or last[3]), last and last[1]),
    ):
        if letter and rest and ord(letter) - 97 < count:
            return ord(letter) - 97, rest
    return None


def letter_of(text: str) -> str | None:
    """The letter that a canonical text consists of or begins with ("(b)", "b. 12 %"), or None.

    Also None if the following words may be more than the option's words: another letter, an "or", a negation.
    """
    if alone := _LETTER_ALONE.fullmatch(text):
        return alone[1]
    found = re.fullmatch(r"(?:option |choice )?(?:[(\[]([a-z])[)\]]\s*[.:-]?|([a-z])[.:)])\s*(.+)", text)
    rest = words(found[3]) if found else []
    if not found or not rest or turns(rest) or any(len(word) == 1 and word.isalpha() for word in rest):
        return None
    return found[1] or found[2]


def _by_words(text: str, options: Sequence[str], question: str) -> int | Literal["several", "unclear"]:
    mine, theirs = words(text), [words(option) for option in options]
    alike = [i for i, option in enumerate(options) if figures_of(option) == figures_of(text)]
    same = [i for i in alike if theirs[i] == mine] or _same_quantity(text, options, question)
    if same:
        return same[0] if len({options[i] for i in same}) == 1 else "unclear"
    named = [i for i, option in enumerate(theirs) if option and _within(option, mine)]
    named = [
        i for i in named if not any(_within(theirs[i], theirs[j]) and len(theirs[j]) > len(theirs[i]) for j in named)
    ]
    if len(named) == 1 and named[0] in alike and plain(_without(theirs[named[0]], mine), question):
        return named[0] if _stands_as_asked(theirs[named[0]], mine, theirs, words(question)) else "unclear"
    if len({tuple(theirs[i]) for i in named}) > 1 and {"or", "and"} & set(mine):
        beside = [word for word in _beside(mine, [theirs[i] for i in named]) if word not in ("or", "and", "either")]
        return "several" if plain(beside, question) else "unclear"
    if named:
        return "unclear"
    said = [word for word in mine if word not in _EMPTY_WORDS]
    shared = set(theirs[0]).intersection(*theirs[1:]) if len(theirs) > 1 else set()
    fitting = [i for i, option in enumerate(theirs) if said and in_order(said, option)]
    if len(fitting) == 1 and fitting[0] in alike:
        left = set(theirs[fitting[0]]) - set(said)
        lettered = any(len(word) == 1 and word.isalpha() for word in left)  # "group" for "Group A"
        if not lettered and left.isdisjoint(_UNSAID - shared) and plain(left - shared, question):
            return fitting[0]
    return "unclear"


def _stands_as_asked(option: Sequence[str], mine: Sequence[str], options: list[list[str]], asked: list[str]) -> bool:
    """Whether the question's words next to an option keep the question's order, so that "A left of B" does not count as
    "B left of A".

    If the question names options, the words before the answer's option must stand before theirs too. If it does not, an
    option that relates two things is certain only alone.
    """
    start = _place(option, mine) or 0
    before, after = telling(mine[:start]), telling(mine[start + len(option) :])
    if not before and not after:
        return True
    named = [place for other in options if other and (place := _place(other, asked)) is not None]
    if not named:
        things = set(telling(asked)) - RELATIONS
        return in_order([*before, *after], asked) and (len(things) < 2 or RELATIONS.isdisjoint(option))
    return in_order(before, asked[: min(named)]) and in_order(after, asked[max(named) + 1 :])


def _same_quantity(text: str, options: Sequence[str], question: str) -> list[int]:
    mine = {
        (q.value, q.bound, "" if plain_unit(q.unit, question) else q.unit)
        for q in read_quantity(text)
        if not q.doubtful
    }
    matching = [
        i
        for i, option in enumerate(options)
        if any(
            (value, bound) == (q.value, q.bound) and (unit in ("", q.unit) or (not q.unit and unit in UNITS.values()))
            for value, bound, unit in mine
            for q in read_quantity(option)
            if not q.doubtful
        )
    ]
    return matching if len(matching) == 1 else []


def _within(part: Sequence[str], whole: Sequence[str]) -> bool:
    return _place(part, whole) is not None


def _place(part: Sequence[str], whole: Sequence[str]) -> int | None:
    width = len(part)
    return next((i for i in range(len(whole) - width + 1) if list(whole[i : i + width]) == list(part)), None)


def _without(part: Sequence[str], whole: Sequence[str]) -> list[str]:
    """The words of a text that are not the option's."""
    start = _place(part, whole)
    return list(whole) if start is None else [*whole[:start], *whole[start + len(part) :]]


def _beside(mine: Sequence[str], named: Sequence[Sequence[str]]) -> list[str]:
    rest = list(mine)
    for option in named:
        rest = _without(option, rest)
    return rest
