"""Compares free texts: equal up to spelling, or undecided for a judge that can read.

Similar letters are not enough to accept: most pairs of words that differ in one letter are different words.
"""

from lensmill.judging.anls import ANLS_THRESHOLD, similarity
from lensmill.judging.plain_words import TURNING
from lensmill.judging.spelling import same_word
from lensmill.judging.text import digits_of, figures_of, unwrapped, vocabulary, words
from lensmill.verdict import Verdict

MIN_ACCENTED = 4
"""Up to this many letters a single word needs its accents: "Malé" and "male" are two words."""

_JOINTS = vocabulary("or either")


def judge_text(answer: str, reference: str, *known: str) -> Verdict:
    """Judge a canonical answer against a canonical reference that is neither number, date, list nor choice.

    Args:
        answer: the answer.
        reference: the reference.
        known: the question and the options. A word that stands in them is that word, not another spelling of a word in
            the reference.
    """
    if answer == reference or unwrapped(answer) == reference:
        return Verdict("correct", "exact", 1.0, "the answer is the reference")
    answer = unwrapped(answer)
    mine, theirs = words(answer), words(reference)
    if mine and mine == theirs and figures_of(answer) == figures_of(reference):
        return Verdict("correct", "text", 1.0, "the answer has the reference's words")
    score = similarity(answer, reference)
    if _same_words(mine, theirs) and figures_of(answer) == figures_of(reference) and not _rivals(mine, theirs, known):
        return Verdict("correct", "text", score, "the answer has the reference's words in another spelling")
    if digits_of(reference) and not any(c.isalpha() for c in answer + reference):
        return Verdict("incorrect", "figures", score, "times, scores and codes must be met figure by figure")
    if _JOINTS & set(mine) - set(theirs) and _within(theirs, mine):
        return Verdict("incorrect", "several_answers", score, "the answer offers the reference among alternatives")
    if score >= ANLS_THRESHOLD:
        return Verdict("undecided", "anls", score, f"ANLS {score:.2f} is near, but may be another thing")
    if set(theirs) <= set(mine) or set(mine) <= set(theirs):
        return Verdict("undecided", "text_contains", score, "one of answer and reference has all words of the other")
    if _abbreviates(mine, theirs) or _abbreviates(theirs, mine):
        return Verdict("undecided", "text_initials", score, "one of answer and reference may abbreviate the other")
    if _foreign(answer) != _foreign(reference):
        return Verdict("undecided", "text_script", score, "answer and reference are written in different scripts")
    return Verdict("incorrect", "anls", score, f"ANLS {score:.2f} is below {ANLS_THRESHOLD}")


def _same_words(mine: list[str], theirs: list[str]) -> bool:
    """Whether two texts have the same words, up to spelling and spacing."""
    if len(mine) == len(theirs) > 0 and all(map(same_word, mine, theirs)):
        return len(mine) > 1 or len(mine[0]) > MIN_ACCENTED or mine[0].isascii() == theirs[0].isascii()
    return bool(mine) and "".join(mine) == "".join(theirs) and _joins(mine) and _joins(theirs)


def _joins(parts: list[str]) -> bool:
    """Whether words may be joined without becoming other words ("navy blue", "u.s.", "e-mail"; not "no table")."""
    if len(parts) == 1 or all(len(part) == 1 for part in parts):
        return True
    return all(len(part) > 2 or part in ("e", "t", "x") for part in parts) and TURNING.isdisjoint(parts)


def _rivals(mine: list[str], theirs: list[str], known: tuple[str, ...]) -> bool:
    """Whether the known texts contain a word of the answer that the reference spells differently."""
    return not (set(mine) - set(theirs)).isdisjoint(word for text in known for word in words(text))


def _foreign(text: str) -> bool:
    """Whether a text is mostly written in another script than the Latin one."""
    letters = [character for character in text if character.isalpha()]
    return sum(character > "\u024f" for character in letters) * 2 > len(letters)


def _within(part: list[str], whole: list[str]) -> bool:
    width = len(part)
    return width > 0 and any(whole[i : i + width] == part for i in range(len(whole) - width + 1))


def _abbreviates(short: list[str], long: list[str]) -> bool:
    """Whether a word (or dotted letters) begins with the initials of the other text: "uk", "u.s.", "usa"."""
    letters = "".join(short)
    initials = "".join(word[0] for word in long if word not in ("of", "and", "for"))
    return len(letters) <= 6 and len(initials) >= 2 and letters.startswith(initials)
