"""Compares numbers: 5 % tolerance, exact years, percent, scales and units."""

import re

from lensmill.judging.comparison import PERCENT_WORDS, compare_quantities, shown, within_tolerance
from lensmill.judging.plain_words import NUMBERS, in_order, plain, plain_unit, telling, turns
from lensmill.judging.quantities import CARDINALS, Quantity, quantities_in, read_quantity
from lensmill.judging.questions import asks_for_amount, asks_for_year, units_asked
from lensmill.judging.shares import Share, read_share
from lensmill.judging.text import vocabulary, words
from lensmill.judging.units import SCALES, UNITS
from lensmill.judging.years import is_year_like
from lensmill.verdict import Verdict

_NOTHING = vocabulary("none nil null nothing nobody no")
_ACCOUNTS = vocabulary("change profit loss net income balance surplus deficit growth")
_NUMERAL = re.compile(r"[=%$€£]?[+-]?[$€£]?\d[\d.,]*%?")
_MEASURE = re.compile(
    r"\b(?:how (?:tall|high|long|far|deep|wide|heavy|large|big)|height|length|distance|depth|width|weight|altitude"
    r"|elevation)\b"
)
_FINE = re.compile("[‰‱]")
_SHARE_WORDS = PERCENT_WORDS | vocabulary("fraction fractions proportion shares part portion ratio probability")
_STROKES = re.compile(r"\d ?['\"](?!\w)")
"""Minutes, feet, seconds or inches in a sentence, which `words` drops."""
_THING = re.compile(r"\d[\d.,]* ([a-z]+)")
_NO_NUMBER = re.compile(r"\d(?:\.\d+){2,}|\d ?(?:\.{2,}|-{2,}) ?\d|[@!~^]\d")
"""Versions, spans and marks: "1.2.3", "5..6" and "@5" are not the number that they begin with."""
_BRACKETED = re.compile(r"\(([$€£]?\d[\d.,]*%?)\)")


def judge_number(answer: str, reference: str, question: str) -> Verdict | None:
    """Judge a canonical answer against a canonical reference that is one number; None if the reference is not a
    number."""
    targets = [q for q in _readings(reference, question) if not q.doubtful]
    share = read_share(reference)
    shares_asked = not _SHARE_WORDS.isdisjoint(words(question))
    if share is not None and (shares_asked or not share.ordinal) and (read_quantity(answer) or read_share(answer)):
        targets = [Quantity(share.value * 100, unit="%")]
    if not targets:
        if _FINE.search(reference) and read_quantity(_FINE.sub("", answer)):
            return Verdict("undecided", "fine_unit", None, f"{reference} is in parts of a thousand, or of more")
        return None
    answer = answer.removeprefix("the ")
    year = _judge_year(answer, reference, question)
    if year is not None:
        return year
    if (bracketed := _BRACKETED.fullmatch(answer)) is not None:
        verdict = judge_number(bracketed[1], reference, question)
        if verdict is None or any(q.value < 0 for q in targets) or _ACCOUNTS & set(words(question)):
            return Verdict("undecided", "number_sign", None, f"{answer} may be a negative number, as accounts write it")
        return verdict
    if (share := read_share(answer)) is not None:
        verdict = _judge_share(share, answer, targets, question)
        if share.ordinal and not shares_asked and verdict.outcome == "correct":
            return Verdict("undecided", "share", None, f"{answer} may be a share or a place")
        return verdict
    if _FINE.search(answer + reference):
        return Verdict("undecided", "fine_unit", None, f"{answer} and {reference} are parts of a thousand, or of more")
    readings = _readings(answer, question)
    if not readings:
        return _judge_sentence(answer, targets, question)
    verdict = _best([compare_quantities(mine, theirs, question) for mine in readings for theirs in targets])
    parts = re.split(r" ?/ ?", answer)
    if verdict.outcome == "incorrect" and len(parts) == 2 and reference in parts:
        return Verdict("undecided", "number_of_total", None, f"{answer} may be {reference} of a total")
    return verdict


def _readings(text: str, question: str) -> tuple[Quantity, ...]:
    """The readings of a text. If the question asks for a length or a weight, "5 m" is metres, not millions."""
    readings = read_quantity(text)
    if re.search(r"\d ?[mt]\.?$", text) and _MEASURE.search(question):
        return tuple(q for q in readings if q.scale == 1.0)
    return readings


def _judge_share(share: Share, answer: str, targets: list[Quantity], question: str) -> Verdict:
    """Judge a share in words against a percentage or a fraction. A plain number may be the part alone ("3 out of
    4")."""
    asked = set(words(question))
    for target in targets:
        if target.bound or (target.unit and not target.percent):
            continue
        wanted = target.value / 100 if target.percent else target.value
        in_percent = target.percent or bool(asked & PERCENT_WORDS)
        if within_tolerance(share.value, wanted) or (
            in_percent and not target.percent and within_tolerance(share.value * 100, target.value)
        ):
            return Verdict("correct", "share", None, f"{answer} is within 5 % of {shown(target)}")
    loose = {share.part, share.whole, share.value * 100}
    if any(within_tolerance(value, target.value) for value in loose for target in targets):
        return Verdict("undecided", "share", None, f"{answer} may be {shown(targets[0])} in another form")
    return Verdict("incorrect", "share", None, f"{answer} is not {shown(targets[0])}")


def _judge_year(answer: str, reference: str, question: str) -> Verdict | None:
    """Judge years, which must match exactly.

    If the question does not say whether a bare 4-digit number is a year or a count, an exact match is correct and a
    near match is undecided.
    """
    readings = [q for q in read_quantity(answer) if not q.doubtful and not q.unit]
    mine = readings[0].value if readings else None
    if asks_for_year(question) and reference.isdigit() and len(reference) <= 4:
        if re.fullmatch(r"'\d\d", answer) and answer[1:] == reference[-2:]:
            return Verdict("undecided", "year", None, f"{answer} may be short for {reference}")
        if mine is None:
            return None
        if mine == float(reference):
            return Verdict("correct", "year", None, f"the year {reference} is met exactly")
        if answer == reference[-2:] or any(q.value == float(reference) for q in read_quantity(answer)):
            return Verdict("undecided", "year", None, f"{answer} may be short for {reference}")
        return Verdict("incorrect", "year", None, f"the question asks for a year, and {answer} is not {reference}")
    if not is_year_like(reference) or asks_for_amount(question) or mine is None or not is_year_like(answer):
        return None
    if mine == float(reference):
        return Verdict("correct", "year", None, f"{reference} is met exactly, as a year must be")
    if within_tolerance(mine, float(reference)):
        reason = f"{answer} is within 5 % of {reference}, but both may be years"
        return Verdict("undecided", "year_or_number", None, reason)
    return None


def _judge_sentence(answer: str, targets: list[Quantity], question: str) -> Verdict:
    """Judge an answer that is not a number but may contain one."""
    if _NO_NUMBER.search(answer):
        return Verdict("undecided", "number_unclear", None, f"{answer} may not be the number {shown(targets[0])}")
    asked = {q.value for q in quantities_in(question)}
    named = quantities_in(answer)
    named = tuple(q for q in named if q.value not in asked) or named
    values = {q.value * (0.01 if q.percent else 1.0) for q in named}
    wanted, said = shown(targets[0]), words(answer)
    if not values:
        if _may_be_number(answer) and not (_NOTHING & set(said) and all(target.value for target in targets)):
            return Verdict("undecided", "number_unclear", None, f"the answer may mean a number, and {wanted} is right")
        return Verdict("incorrect", "number", None, f"the answer names no number, and {wanted} is one")
    verdict = _best([compare_quantities(mine, theirs, question) for mine in named for theirs in targets])
    if len(values) > 1 and "or" in said and verdict.outcome == "correct":
        return Verdict("incorrect", "several_answers", None, f"the answer offers several numbers, {wanted} among them")
    if verdict.outcome == "incorrect" and (turns(said) or "cents" in said or _digits(answer) == _digits(wanted)):
        return Verdict("undecided", "number_in_sentence", None, f"the answer may mean {wanted} without naming it")
    if verdict.outcome != "correct":
        return verdict
    turned = "than" in words(question) and not in_order(telling(_without_numbers(said, named)), words(question))
    if (
        turned
        or _counts_another(answer, question)
        or _STROKES.search(answer)
        or len(named) > 1
        or answer.endswith("-")
        or not plain(_without_numbers(said, named), question)
    ):
        return Verdict("undecided", "number_in_sentence", None, f"the answer names {wanted}, but may not mean it")
    return Verdict("correct", "number_in_sentence", None, f"the only number that the answer names meets {wanted}")


def _counts_another(answer: str, question: str) -> bool:
    """Whether the word after a sentence's number is not the counted thing: "there are 5 girls" for how many more
    boys."""
    found = _THING.search(answer)
    thing = found[1] if found else ""
    if not thing or thing in SCALES or thing in PERCENT_WORDS or plain_unit(thing, question):
        return False
    return thing not in UNITS or UNITS[thing] not in {UNITS.get(word) for word in units_asked(question)}


def _without_numbers(said: list[str], named: tuple[Quantity, ...]) -> list[str]:
    """The words of an answer without its numbers, their scales and percent signs."""
    scales = [word for word in said if word in SCALES and len(word) > 2]
    if len(scales) <= sum(q.scale != 1.0 for q in named):
        said = [word for word in said if word not in scales]
    return [word for word in said if word not in ("%", "=", "percent") and not _NUMERAL.fullmatch(word)]


def _may_be_number(text: str) -> bool:
    """Whether a text without figures that the rules can read may still mean a number: "a dozen", "XLII", "5th",
    "四十二"."""
    said = set(words(text))
    return (
        any(c.isdigit() or (c.isalpha() and c > "\u024f") for c in text)
        or bool(said & (NUMBERS | CARDINALS.keys() | _NOTHING))
        or bool(re.fullmatch(r"[ivxlcdm]+", text))
    )


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _best(verdicts: list[Verdict]) -> Verdict:
    order = ("correct", "undecided", "incorrect", "judge_error")
    return min(verdicts, key=lambda verdict: order.index(verdict.outcome))
