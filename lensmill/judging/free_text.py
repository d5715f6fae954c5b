"""Free text: the same words, nearly the same letters (ANLS), or a case for a judge that can read."""

from lensmill.judging.anls import ANLS_THRESHOLD, similarity
from lensmill.judging.text import digits_of, unwrapped, vocabulary, words
from lensmill.judging.units import SCALES
from lensmill.verdict import Verdict

ACCEPT = 0.85
"""ANLS from here on is a slip of a letter; from ANLS_THRESHOLD to here rules do not decide; below it is wrong."""

WORD_ACCEPT = 0.85
"""Each word must be this similar to its counterpart: "Gambia, rural areas" is not a slip for "Zambia, rural areas"."""

_JOINTS = vocabulary("or either")


def judge_text(answer: str, reference: str) -> Verdict:
    """A canonical answer against a canonical reference that is neither number, date, list nor choice."""
    if answer == reference or unwrapped(answer) == reference:
        return Verdict("correct", "exact", 1.0, "the answer is the reference")
    answer = unwrapped(answer)
    mine, theirs = words(answer), words(reference)
    if mine and mine == theirs:
        return Verdict("correct", "text", 1.0, "the answer has the reference's words")
    joined = "".join(mine)
    if joined and joined == "".join(theirs) and not digits_of(answer):
        return Verdict("correct", "text", 1.0, "the answer has the reference's letters, spaced otherwise")
    score = similarity(answer, reference)
    if digits_of(reference) and not any(c.isalpha() for c in answer + reference):
        return Verdict("incorrect", "figures", score, "times, scores and codes must be met figure by figure")
    if _JOINTS & set(mine) - set(theirs) and _within(theirs, mine):
        return Verdict("incorrect", "several_answers", score, "the answer offers the reference among alternatives")
    if score >= ACCEPT and _only_slips(mine, theirs):
        return Verdict("correct", "anls", score, f"ANLS {score:.2f} reaches {ACCEPT}, and every word is close")
    if score >= ANLS_THRESHOLD:
        return Verdict("undecided", "anls", score, f"ANLS {score:.2f} is near, but may be another thing")
    if set(theirs) <= set(mine) or set(mine) <= set(theirs):
        return Verdict("undecided", "text_contains", score, "one of answer and reference has all words of the other")
    if _abbreviates(mine, theirs) or _abbreviates(theirs, mine):
        return Verdict("undecided", "text_initials", score, "one of answer and reference may abbreviate the other")
    return Verdict("incorrect", "anls", score, f"ANLS {score:.2f} is below {ANLS_THRESHOLD}")


def _only_slips(mine: list[str], theirs: list[str]) -> bool:
    """Whether two texts of as many words differ by slips of letters only."""
    return len(mine) == len(theirs) and all(a == b or _slip(a, b) for a, b in zip(mine, theirs, strict=True))


def _slip(a: str, b: str) -> bool:
    """Whether two words are one word misspelt: no other digit, ideograph, scale or prefix ("unemployed")."""
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    extended = longer.endswith(shorter) or (
        longer.startswith(shorter) and longer not in (shorter + "s", shorter + "es")
    )
    return (
        digits_of(a) == digits_of(b)
        and not extended
        and not _ideographic(a + b)
        and a not in SCALES
        and b not in SCALES
        and similarity(a, b) >= WORD_ACCEPT
    )


def _ideographic(text: str) -> bool:
    """Whether one character of a text can be a word of its own (East Asian scripts)."""
    return any(ord(character) >= 0x2E80 for character in text)


def _within(part: list[str], whole: list[str]) -> bool:
    width = len(part)
    return width > 0 and any(whole[i : i + width] == part for i in range(len(whole) - width + 1))


def _abbreviates(short: list[str], long: list[str]) -> bool:
    """Whether one word (or dotted letters) begins with the other's initials: "uk", "u.s.", "usa"."""
    letters = "".join(short)
    initials = "".join(word[0] for word in long if word not in ("of", "and", "for"))
    return len(letters) <= 6 and len(initials) >= 2 and letters.startswith(initials)
