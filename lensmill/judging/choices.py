"""Which option of a multiple-choice question a text names: by letter, by its own words, or both."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lensmill.judging.anls import similarity
from lensmill.judging.quantities import read_quantity
from lensmill.judging.text import canonical, digits_of, unwrapped, vocabulary, words

NEAR, MARGIN = 0.85, 0.2
"""A misspelt option is taken when it is this similar, and every other option that much less."""

MAX_OPTION = 1000
"""Characters of an option that are compared letter by letter."""

_LETTER_ALONE = re.compile(r"(?:option |choice |answer |letter )?[(\[]? ?([a-z]) ?[)\]]? ?[.:)]?")
_LETTER_FIRST = re.compile(r"(?:option |choice )?(?:[(\[]([a-z])[)\]]\s*[.:-]?|([a-z])[.:)])\s*(.+)")
_LETTERS = re.compile(r"(?<![\w'])\(?([a-z])\)?(?:\s*(?:,|/|;|&|and|or)\s*\(?([a-z])\)?(?![\w'])){1,}")
_NEGATION = vocabulary("not no never none neither nor cannot isn't isnt doesn't doesnt except without unlike")
_EMPTY_WORDS = vocabulary("of in on at to is it its this that there by for with and or are was were")


@dataclass(frozen=True, slots=True)
class Chosen:
    """An option that a text names, and by what: its letter or its words."""

    index: int
    by: Literal["letter", "text"]


def choose(text: str, choices: Sequence[str]) -> Chosen | Literal["several", "none", "unclear"]:
    """The option that a canonical text names.

    "several" names more than one; "none" has nothing in common with any option; "unclear" may mean one of them.
    An option whose own words are the text goes before the letter that the text may be.
    """
    options = [canonical(choice) for choice in choices]
    for form in (text, unwrapped(text)):
        if form in options:
            return Chosen(options.index(form), "text")
    text = unwrapped(text)
    letter = _LETTER_ALONE.fullmatch(text)
    if letter and ord(letter[1]) - 97 < len(options):
        return Chosen(ord(letter[1]) - 97, "letter")
    several = _LETTERS.fullmatch(text)
    if several and all(ord(c) - 97 < len(options) for c in re.findall(r"\b[a-z]\b", text)):
        return "several"
    first = _LETTER_FIRST.fullmatch(text)
    if first and (index := ord(first[1] or first[2]) - 97) < len(options):
        rest = _by_words(first[3], options)
        if isinstance(rest, int):
            return Chosen(index, "letter") if rest == index else "several"
        return Chosen(index, "letter") if rest == "none" else rest
    found = _by_words(text, options)
    return Chosen(found, "text") if isinstance(found, int) else found


def letter_of(text: str) -> str | None:
    """The letter that a canonical text consists of or begins with ("(b)", "b. 12 %"), or None."""
    found = _LETTER_ALONE.fullmatch(text) or _LETTER_FIRST.fullmatch(text)
    return next((letter for letter in found.groups()[:2] if letter), None) if found else None


def _by_words(text: str, options: Sequence[str]) -> int | Literal["several", "none", "unclear"]:
    mine, theirs = words(text), [words(option) for option in options]
    same = [i for i, option in enumerate(theirs) if option == mine] or _same_quantity(text, options)
    if same:
        return same[0] if len({tuple(theirs[i]) for i in same}) == 1 else "unclear"
    named = [i for i, option in enumerate(theirs) if option and _within(option, mine)]
    named = [
        i for i in named if not any(_within(theirs[i], theirs[j]) and len(theirs[j]) > len(theirs[i]) for j in named)
    ]
    if named:
        if len({tuple(theirs[i]) for i in named}) > 1:
            return "several"
        denied = _NEGATION & set(mine) - set(theirs[named[0]])
        return "unclear" if denied else named[0]
    telling = set(mine) - _EMPTY_WORDS
    parts = [i for i, option in enumerate(theirs) if telling and telling <= set(option)]
    if len(parts) == 1:
        return parts[0]
    ranked = sorted(((similarity(text, option[:MAX_OPTION]), -i) for i, option in enumerate(options)), reverse=True)
    near = ranked[0][0] >= NEAR and (len(ranked) == 1 or ranked[0][0] - ranked[1][0] >= MARGIN)
    if near and digits_of(text) == digits_of(options[-ranked[0][1]]):
        return -ranked[0][1]
    shares = any(telling & set(option) for option in theirs) or ranked[0][0] >= 0.5
    return "unclear" if shares or not telling else "none"


def _same_quantity(text: str, options: Sequence[str]) -> list[int]:
    mine = {(q.value, q.bound) for q in read_quantity(text) if not q.doubtful}
    matching = [
        i
        for i, option in enumerate(options)
        if mine & {(q.value, q.bound) for q in read_quantity(option) if not q.doubtful}
    ]
    return matching if len(matching) == 1 else []


def _within(part: Sequence[str], whole: Sequence[str]) -> bool:
    width = len(part)
    return any(list(whole[i : i + width]) == list(part) for i in range(len(whole) - width + 1))
