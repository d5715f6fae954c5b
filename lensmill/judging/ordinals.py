"""Compares ordinals: "third", "3rd", "twenty-first"."""

import re

from lensmill.judging.quantities import CARDINALS, read_quantity
from lensmill.verdict import Verdict

_FIRST_TWENTY = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_WORDS = {word: place for place, word in enumerate(_FIRST_TWENTY.split(), 1)} | {
    word.removesuffix("y") + "ieth": value for word, value in CARDINALS.items() if word.endswith("ty")
}
_FIGURES = re.compile(r"(\d{1,4})(?:st|nd|rd|th)")
_TWO_WORDS = re.compile(r"([a-z]+ty)[ -]([a-z]+)")


def read_ordinal(text: str) -> int | None:
    """The rank that a canonical text names, or None."""
    text = text.removeprefix("the ")
    if figures := _FIGURES.fullmatch(text):
        return int(figures[1])
    pair = _TWO_WORDS.fullmatch(text)
    if pair and pair[1] in CARDINALS and _WORDS.get(pair[2], 10) < 10:
        return CARDINALS[pair[1]] + _WORDS[pair[2]]
    return _WORDS.get(text)


def judge_ordinal(answer: str, reference: str) -> Verdict | None:
    """Judge an ordinal against an ordinal, or against a number; None if neither text is an ordinal, or the other text
    is not a number."""
    said, wanted = read_ordinal(answer), read_ordinal(reference)
    if said is not None and wanted is not None:
        reason = f"{answer} is place {said}, {reference} place {wanted}"
        return Verdict("correct" if said == wanted else "incorrect", "ordinal", None, reason)
    if wanted is not None and wanted in {read_ordinal(part) for part in answer.split()}:
        return Verdict("undecided", "ordinal", None, f"{answer} names place {wanted} with more that may change it")
    place, other = (said, reference) if said is not None else (wanted, answer)
    numbers = [q.value for q in read_quantity(other) if not q.percent]
    if place is None or not numbers:
        return None
    if float(place) in numbers:
        return Verdict("undecided", "ordinal", None, f"{answer} and {reference} are a number and a place")
    return None
