"""Numbers against numbers: 5 % to spare, years exact, percent, scales and units brought together."""

import math
import re

from lensmill.judging.plain_words import NUMBERS, plain, plain_unit, turns
from lensmill.judging.quantities import CARDINALS, Quantity, quantities_in, read_quantity
from lensmill.judging.questions import asks_for_amount, asks_for_name, asks_for_year, scales_asked
from lensmill.judging.relaxed import MAX_RELATIVE_CHANGE
from lensmill.judging.shares import Share, read_share
from lensmill.judging.text import vocabulary, words
from lensmill.judging.units import CURRENCIES, FACTORS, SCALES, UNITS
from lensmill.judging.years import is_year_like
from lensmill.verdict import Verdict

_ROUNDING = 1e-9
"""Slack for binary fractions: 1.05 is within 5 % of 1."""

_CHANGE = vocabulary("difference differ decrease decreased decline declined drop dropped fall fell")
_FRACTION = vocabulary("ratio fraction proportion probability decimal")
_PERCENT = vocabulary("% percent percentage percentages share proportion")
_MOVED = vocabulary(
    "change changed difference differ increase increased decrease decreased decline declined drop dropped "
    "fall fell rise rose grow grew growth gain gained points"
)
_NOTHING = vocabulary("none nil null nothing nobody no")
_ACCOUNTS = vocabulary("change profit loss net income balance surplus deficit growth")
_COUNTS = re.compile(r"\bhow many\b|\bnumber of\b")
_NUMERAL = re.compile(r"[=%$€£]?[+-]?[$€£]?\d[\d.,]*%?")
_MEASURE = re.compile(
    r"\b(?:how (?:tall|high|long|far|deep|wide|heavy|large|big)|height|length|distance|depth|width|weight|altitude"
    r"|elevation)\b"
)
_BRACKETED = re.compile(r"\(([$€£]?\d[\d.,]*%?)\)")
_CURRENCY_UNITS = frozenset(CURRENCIES.values())


def within_tolerance(value: float, target: float) -> bool:
    """Whether a value is within 5 % of a target; a target of zero must be met."""
    return abs(value - target) <= (MAX_RELATIVE_CHANGE + _ROUNDING) * abs(target)


def judge_number(answer: str, reference: str, question: str) -> Verdict | None:
    """A canonical answer against a canonical reference that is one number; None where the reference is none."""
    targets = [q for q in _readings(reference, question) if not q.doubtful]
    share = read_share(reference)
    if share is not None and (read_quantity(answer) or read_share(answer)):
        targets = [Quantity(share.value * 100, unit="%")]
    if not targets:
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
        return _judge_share(share, answer, targets, question)
    readings = _readings(answer, question)
    if not readings:
        return _judge_sentence(answer, targets, question)
    verdict = _best([_compare(mine, theirs, question) for mine in readings for theirs in targets])
    parts = re.split(r" ?/ ?", answer)
    if verdict.outcome == "incorrect" and len(parts) == 2 and reference in parts:
        return Verdict("undecided", "number_of_total", None, f"{answer} may be {reference} of a total")
    return verdict


def _readings(text: str, question: str) -> tuple[Quantity, ...]:
    """The readings of a text; where a length or a weight is asked for, "5 m" is metres and no millions."""
    readings = read_quantity(text)
    if re.search(r"\d ?[mt]\.?$", text) and _MEASURE.search(question):
        return tuple(q for q in readings if q.scale == 1.0)
    return readings


def _judge_share(share: Share, answer: str, targets: list[Quantity], question: str) -> Verdict:
    """A share in words against a percentage or a fraction; a plain number may be its part alone ("3 out of 4")."""
    asked = set(words(question))
    for target in targets:
        if target.bound or (target.unit and not target.percent):
            continue
        wanted = target.value / 100 if target.percent else target.value
        in_percent = target.percent or bool(asked & _PERCENT)
        if within_tolerance(share.value, wanted) or (
            in_percent and not target.percent and within_tolerance(share.value * 100, target.value)
        ):
            return Verdict("correct", "share", None, f"{answer} is within 5 % of {_show(target)}")
    loose = {share.part, share.whole, share.value * 100}
    if any(within_tolerance(value, target.value) for value in loose for target in targets):
        return Verdict("undecided", "share", None, f"{answer} may be {_show(targets[0])} in another form")
    return Verdict("incorrect", "share", None, f"{answer} is not {_show(targets[0])}")


def _judge_year(answer: str, reference: str, question: str) -> Verdict | None:
    """Years are met exactly. A bare 4-digit number without a word in the question to tell whether it counts years
    or things is right when met exactly, and undecided when only near."""
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


def _compare(mine: Quantity, theirs: Quantity, question: str) -> Verdict:
    """One reading of the answer against one reading of the reference."""
    asked = set(words(question))
    said, wanted = _show(mine), _show(theirs)
    extra = " ".join(word for word in words(mine.unit) if word not in words(theirs.unit))
    if turns(words(extra)):
        return Verdict("undecided", "number_unit", None, f"{mine.unit!r} after the number may change it")
    agreed = _agree(mine, theirs, asked, question)
    if agreed is None:
        return _compare_apart(mine, theirs, asked)
    rule, equal = agreed
    if mine.doubtful and equal:
        return Verdict(
            "undecided", "decimal_comma", None, f"{said} equals {wanted} only if its comma is a decimal comma"
        )
    if equal and _is_label(theirs, question) and not math.isclose(mine.value, theirs.value) and rule != "unit":
        return Verdict("incorrect", "number_label", None, f"{wanted} names a group, and {said} is another")
    if equal and mine.bound != theirs.bound:
        return Verdict("undecided", "number_bound", None, f"{said} and {wanted} differ in more or less than")
    if equal and _unit_missing(mine, theirs, question):
        return Verdict("undecided", "number_unit", None, f"{wanted} names {theirs.unit!r}, which the answer leaves out")
    if equal and not _unit_accounted(mine, theirs, extra, question):
        return Verdict("undecided", "number_unit", None, f"{said} has a unit that reference and question do not name")
    if equal:
        return Verdict(
            "correct", rule, None, f"{said} is within 5 % of {wanted}" if theirs.value else f"{said} is zero"
        )
    return _compare_apart(mine, theirs, asked)


def _agree(mine: Quantity, theirs: Quantity, asked: set[str], question: str) -> tuple[str, bool] | None:
    """The rule that brings two quantities together and whether they are equal then; None where units conflict."""
    if mine.percent and theirs.percent and mine.unit != theirs.unit and (asked & _MOVED or not asked):
        return None  # 40 % to 44 % is 4 points, and 10 percent
    if mine.percent and theirs.percent:
        return ("number", within_tolerance(mine.value, theirs.value))
    if mine.percent != theirs.percent and not (mine.unit and theirs.unit):
        counted = bool(_COUNTS.search(question)) and not asked & _PERCENT
        if within_tolerance(mine.value, theirs.value):
            return ("percent", True) if not (counted and theirs.value) else None
        whole = theirs.value if mine.percent else mine.value
        hundredth = (mine.value * (0.01 if mine.percent else 1), theirs.value * (0.01 if theirs.percent else 1))
        equal = within_tolerance(*hundredth)
        asks_percent = bool(asked & {"%", "percent", "percentage", "percentages"}) and not asked & _FRACTION
        unsure = asks_percent or (abs(whole) >= 1 and not asked & _FRACTION)
        return ("percent", equal) if not (equal and unsure) else None
    if mine.unit in FACTORS and theirs.unit in FACTORS and mine.unit != theirs.unit:
        (kind, factor), (other, target) = FACTORS[mine.unit], FACTORS[theirs.unit]
        if kind == other:
            return ("unit", within_tolerance(mine.value * factor, theirs.value * target))
    if not _same_unit(mine.unit, theirs.unit):
        return None
    for scale in (
        SCALES[word] for word in scales_asked(question)
    ):  # "how many millions": a bare number counts millions
        if (theirs.scale == 1.0 and within_tolerance(mine.value, theirs.number * scale)) or (
            mine.scale == 1.0 and within_tolerance(mine.number * scale, theirs.value)
        ):
            return ("number_scale", True)
    return (
        "currency" if mine.unit in _CURRENCY_UNITS or theirs.unit in _CURRENCY_UNITS else "number",
        within_tolerance(mine.value, theirs.value),
    )


def _compare_apart(mine: Quantity, theirs: Quantity, asked: set[str]) -> Verdict:
    """Two quantities that do not agree: plainly different, or only written in ways that rules cannot tell apart."""
    said, wanted = _show(mine), _show(theirs)
    if not _same_unit(mine.unit, theirs.unit):
        if within_tolerance(mine.value, theirs.value):
            reason = f"{said} and {wanted} are the same number of different units"
            return Verdict("undecided", "unit_conflict", None, reason)
        kinds = {FACTORS.get(unit, (unit,))[0] for unit in (mine.unit, theirs.unit)}
        if not (len(kinds) == 2 and {mine.unit, theirs.unit} <= FACTORS.keys() | _CURRENCY_UNITS):
            return Verdict(
                "undecided", "unit_conflict", None, f"{said} and {wanted} may be the same in different units"
            )
    if mine.percent != theirs.percent and within_tolerance(
        mine.value * (0.01 if mine.percent else 1), theirs.value * (0.01 if theirs.percent else 1)
    ):
        return Verdict(
            "undecided", "percent_or_fraction", None, f"{said} may be the fraction that {wanted} is in percent"
        )
    if mine.percent != theirs.percent and within_tolerance(mine.value, theirs.value):
        return Verdict("undecided", "percent_or_count", None, f"{said} is a share where {wanted} may be a count")
    one_scaled = (mine.scale == 1.0) != (theirs.scale == 1.0)
    if one_scaled and theirs.number and within_tolerance(mine.number, theirs.number):
        return Verdict("undecided", "number_scale", None, f"{said} and {wanted} differ by a scale that only one names")
    if theirs.value and within_tolerance(-mine.value, theirs.value) and asked & _CHANGE:
        return Verdict(
            "undecided", "number_sign", None, f"{said} and {wanted} differ in sign only, and a change is asked for"
        )
    return Verdict("incorrect", "number", None, f"{said} is not within 5 % of {wanted}")


def _judge_sentence(answer: str, targets: list[Quantity], question: str) -> Verdict:
    """An answer that is no number by itself, but may hold one."""
    asked = {q.value for q in quantities_in(question)}
    named = quantities_in(answer)
    named = tuple(q for q in named if q.value not in asked) or named
    values = {q.value * (0.01 if q.percent else 1.0) for q in named}
    wanted, said = _show(targets[0]), words(answer)
    if not values:
        if _may_be_number(answer) and not (_NOTHING & set(said) and all(target.value for target in targets)):
            return Verdict("undecided", "number_unclear", None, f"the answer may mean a number, and {wanted} is right")
        return Verdict("incorrect", "number", None, f"the answer names no number, and {wanted} is one")
    verdict = _best([_compare(mine, theirs, question) for mine in named for theirs in targets])
    if len(values) > 1 and "or" in said and verdict.outcome == "correct":
        return Verdict("incorrect", "several_answers", None, f"the answer offers several numbers, {wanted} among them")
    if verdict.outcome == "incorrect" and (turns(said) or "cents" in said or _digits(answer) == _digits(wanted)):
        return Verdict("undecided", "number_in_sentence", None, f"the answer may mean {wanted} without naming it")
    if verdict.outcome != "correct":
        return verdict
    if len(named) > 1 or answer.endswith("-") or not plain(_without_numbers(said, named), question):
        return Verdict("undecided", "number_in_sentence", None, f"the answer names {wanted}, but may not mean it")
    return Verdict("correct", "number_in_sentence", None, f"the only number that the answer names meets {wanted}")


def _without_numbers(said: list[str], named: tuple[Quantity, ...]) -> list[str]:
    """The words of an answer beside its numbers, their scales and percent signs."""
    scales = [word for word in said if word in SCALES and len(word) > 2]
    if len(scales) <= sum(q.scale != 1.0 for q in named):
        said = [word for word in said if word not in scales]
    return [word for word in said if word not in ("%", "=", "percent") and not _NUMERAL.fullmatch(word)]


def _may_be_number(text: str) -> bool:
    """Whether a text without figures that rules read may still mean a number: "a dozen", "XLII", "5th", "四十二"."""
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


def _same_unit(mine: str, theirs: str) -> bool:
    """Whether two units may be the same; one that is not named may be any."""
    if not mine or not theirs or mine == theirs:
        return True
    left, right = ({word.removesuffix("s") for word in words(unit)} for unit in (mine, theirs))
    return left <= right or right <= left


def _unit_accounted(mine: Quantity, theirs: Quantity, extra: str, question: str) -> bool:
    """Whether an answer's unit only says what reference or question say, or what can be meant by a bare number.

    A unit of measurement is fine where the question names none and does not ask how many of something there are.
    """
    if not extra or mine.percent or {mine.unit, theirs.unit} <= FACTORS.keys():
        return True
    if mine.unit not in UNITS.values():
        return plain_unit(extra, question)
    named = {UNITS[word] for word in words(question) if word in UNITS and (len(word) > 2 or not word.isalpha())}
    if named & (FACTORS.keys() | _CURRENCY_UNITS):
        return mine.unit in named
    return not _COUNTS.search(question) or mine.unit in _CURRENCY_UNITS


def _is_label(quantity: Quantity, question: str) -> bool:
    """Whether a reference names a group or thing by a number ("40+", "100 meters" of "which race")."""
    measured = not quantity.unit or quantity.percent or quantity.unit in _CURRENCY_UNITS
    return bool(quantity.bound) or (not measured and asks_for_name(question))


def _unit_missing(mine: Quantity, theirs: Quantity, question: str) -> bool:
    """Whether a reference has words after its number that are no known unit ("7 up"), and neither answer nor
    question has them."""
    if not theirs.unit or theirs.unit in UNITS.values() or mine.unit:
        return False
    asked = {word.removesuffix("s") for word in words(question)}
    return not {word.removesuffix("s") for word in words(theirs.unit)} <= asked


def _show(quantity: Quantity) -> str:
    unit = "%" if quantity.percent else f" {quantity.unit}" if quantity.unit else ""
    return f"{quantity.bound}{quantity.value:.10g}{unit}"
