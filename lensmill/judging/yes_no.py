"""Judges yes and no: the word that an answer begins with, unless later words revoke it."""

import re

from lensmill.judging.plain_words import TURNING, in_order, telling
from lensmill.judging.text import canonical, unwrapped, vocabulary, words
from lensmill.verdict import Verdict

_POLARITY = {"yes": True, "true": True, "no": False, "false": False}
_SAID = {**_POLARITY, "yeah": True, "yep": True, "correct": True, "nope": False, "incorrect": False}
_ALONE = {**_SAID, "y": True, "n": False}
_SAYS = "(" + "|".join(_SAID) + ")"
_SEVERAL = re.compile(rf"{_SAYS}(?: ?(?:,|/|or|and|;) ?{_SAYS})+")
_LEAD = re.compile(rf"{_SAYS}(?=$|[,.;:!]| ?\(| - )")
_REJECTED = re.compile(rf"\b{_SAYS} (?:is|would be) (?:wrong|incorrect|false)\b")
_AFTER_YES = re.compile(r"yes (?:it|they|he|she|there|this|that) (?:is|are|does|do|did|was|were|has|have|can|will)")
_AFTER_NO = re.compile(
    r"no (?:it|they|he|she|there|this|that) "
    r"(?:is not|isn't|are not|aren't|does not|doesn't|do not|don't|did not|didn't|was not|wasn't|were not|weren't)"
)
_DENIALS = frozenset({"not", "isnt", "arent", "doesnt", "dont", "didnt", "wasnt", "werent", "less", "fewer", "none"})
_TAKES_BACK = vocabulary(
    "yet just only part reverse contrary kidding joking take scratch lie lying lied fail fails failed nah nay strike "
    "retract mistake mistaken lacks lack"
)
_COMPARED = vocabulary(
    "more less fewer than above below over under before after between up down per half double twice hundred thousand "
    "million billion third quarter least from minus plus"
)
"""Words of an explanation ("Yes, it is more than half") that do not revoke the answer."""
_AFFIRMS = vocabulary("indeed exactly definitely certainly clearly surely sure absolutely true correct")
_DENIES = frozenset(
    {"not", "isnt", "arent", "doesnt", "dont", "didnt", "wasnt", "werent", "hasnt", "havent", "hadnt", "cant", "cannot"}
    | {"wont", "none", "neither", "false", "incorrect"}
)
_CONTRASTS = tuple(
    vocabulary(kind)
    for kind in (
        "red blue green yellow orange purple pink brown black white grey gray teal gold silver beige",
        "increase increases increased increasing rise rises rose rising grow grows grew growing up higher more larger"
        " greater bigger taller longer over above most highest largest decrease decreases decreased decreasing decline"
        " declines declined declining fall falls fell falling drop drops dropped shrink shrinks shrank down lower less"
        " fewer smaller shorter under below least lowest smallest same equal stays stayed constant flat",
        "left right top bottom middle centre center",
        "before after earlier later",
        "open closed shut",
        "on off",
        "man woman men women boy girl male female",
        "full empty",
        "odd even",
        "inside outside indoors outdoors",
        "all some none every each any few",
        "day night",
        "hot cold",
        "wet dry",
        "old new young",
    )
)
"""Groups of words that exclude each other: "the line falls" after the question whether it rises."""


def judge_yes_no(answer: str, reference: str, question: str) -> Verdict | None:
    """Judge an answer as written against a canonical reference; None if the reference is neither yes nor no.

    The right word may stand with the question's own words in their order, with plain words, and with a negation after
    "no". An explanation on separate lines may say more, but nothing that excludes the question's words.
    """
    if reference not in _POLARITY:
        return None
    said = unwrapped(canonical(answer))
    if _SEVERAL.fullmatch(said):
        polar = {_SAID[word] for word in words(said) if word in _SAID}
        if len(polar) > 1:
            return Verdict("incorrect", "several_answers", None, "the answer says yes and no")
    lead = _lead(answer, said)
    if lead is None:
        if re.fullmatch(r"[$€£]?\d[\d.,]*%?", said) and said not in ("0", "1"):
            return Verdict("incorrect", "yes_no", None, f"the answer is a number; {reference} is right")
        return Verdict("undecided", "yes_no_unclear", None, "the answer does not begin with yes or no")
    word, rest, apart = lead
    rest = _REJECTED.sub(lambda found: found[0] if _SAID[found[1]] == _ALONE[word] else "", rest)
    turning = TURNING - _COMPARED - (_DENIALS | set(_SAID) if not _ALONE[word] else set()) | _TAKES_BACK
    opposite = {other for other, value in _SAID.items() if value != _ALONE[word]}
    if (turning | opposite) & set(words(rest)) - {other for other, value in _SAID.items() if value == _ALONE[word]}:
        return Verdict("undecided", "yes_no_unclear", None, f"the answer begins with {word}, and may take it back")
    right = _ALONE[word] == _POLARITY[reference]
    if right and not _agrees(_ALONE[word], words(rest), words(question), apart):
        return Verdict(
            "undecided", "yes_no_unclear", None, f"the answer begins with {word}; the rest may say otherwise"
        )
    return Verdict("correct" if right else "incorrect", "yes_no", None, f"the answer says {word}")


def _agrees(yes: bool, rest: list[str], asked: list[str], apart: bool) -> bool:
    """Whether the text after the right word agrees with it.

    Args:
        apart: the text stands on separate lines.
    """
    denied = sum(word in _DENIES for word in rest) == 1
    said = [word for word in telling(rest) if word not in _DENIES | _AFFIRMS | _SAID.keys()]
    echoed = in_order(said, asked)
    if not rest or (echoed and yes):
        return True
    if not yes and echoed:
        return denied
    if not apart:
        return False
    return all(kind.isdisjoint(asked) or kind.isdisjoint(set(said) - set(asked)) for kind in _CONTRASTS)


def _lead(answer: str, said: str) -> tuple[str, str, bool] | None:
    """The yes or no that an answer begins with, the following text, and whether that text stands on separate lines."""
    if said in _ALONE:
        return said, "", False
    first, _, more = answer.strip().partition("\n")
    if more.strip() and (alone := unwrapped(canonical(first))) in _SAID:
        return alone, canonical(more), True
    if _AFTER_YES.fullmatch(said) or _AFTER_NO.fullmatch(said):
        return said.split()[0], "", False
    found = _LEAD.match(said)
    return (found[1], said[found.end() :], False) if found else None
