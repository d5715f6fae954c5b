"""Numbers against numbers: 5 % to spare, years exact, percent, scales and units brought together."""

import math

from lensmill.judging.quantities import Quantity, quantities_in, read_quantity
from lensmill.judging.questions import asks_for_name, asks_for_quantity, asks_for_year
from lensmill.judging.relaxed import MAX_RELATIVE_CHANGE
from lensmill.judging.text import vocabulary, words
from lensmill.judging.units import CURRENCIES, FACTORS, SCALES, UNITS
from lensmill.judging.years import is_year_like
from lensmill.verdict import Verdict

_ROUNDING = 1e-9
"""Slack for binary fractions: 1.05 is within 5 % of 1."""

_CHANGE = vocabulary("change changed difference differ decrease decreased decline declined drop dropped fall fell")
_FRACTION = vocabulary("ratio fraction proportion probability decimal")
_DENIAL = vocabulary("not no never cannot cant isnt wasnt dont doesnt unknown unless neither nor if or")
_CURRENCY_UNITS = frozenset(CURRENCIES.values())


def within_tolerance(value: float, target: float) -> bool:
    """Whether a value is within 5 % of a target; a target of zero must be met."""
    return abs(value - target) <= (MAX_RELATIVE_CHANGE + _ROUNDING) * abs(target)


def judge_number(answer: str, reference: str, question: str) -> Verdict | None:
    """A canonical answer against a canonical reference that is one number; None where the reference is none."""
    targets = [q for q in read_quantity(reference) if not q.doubtful]
    if not targets:
        return None
    year = _judge_year(answer, reference, question)
    if year is not None:
        return year
    readings = read_quantity(answer)
    if readings:
        return _best([_compare(mine, theirs, question) for mine in readings for theirs in targets])
    return _judge_sentence(answer, targets, question)


def _judge_year(answer: str, reference: str, question: str) -> Verdict | None:
    """Years are met exactly. A bare 4-digit number without a word in the question to tell whether it counts years
    or things is right when met exactly, and undecided when only near."""
    readings = [q for q in read_quantity(answer) if not q.doubtful and not q.unit]
    mine = readings[0].value if readings else None
    if asks_for_year(question) and reference.isdigit() and len(reference) <= 4:
        if mine is None:
            return None
        if mine == float(reference):
            return Verdict("correct", "year", None, f"the year {reference} is met exactly")
        return Verdict("incorrect", "year", None, f"the question asks for a year, and {answer} is not {reference}")
    if not is_year_like(reference) or asks_for_quantity(question) or mine is None or not is_year_like(answer):
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
    agreed = _agree(mine, theirs, asked)
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
    if equal:
        return Verdict(
            "correct", rule, None, f"{said} is within 5 % of {wanted}" if theirs.value else f"{said} is zero"
        )
    return _compare_apart(mine, theirs, asked)


def _agree(mine: Quantity, theirs: Quantity, asked: set[str]) -> tuple[str, bool] | None:
    """The rule that brings two quantities together and whether they are equal then; None where units conflict."""
    if mine.percent != theirs.percent and not (mine.unit and theirs.unit):
        if within_tolerance(mine.value, theirs.value):
            return ("percent", True)
        hundredth = (mine.value * (0.01 if mine.percent else 1), theirs.value * (0.01 if theirs.percent else 1))
        equal = within_tolerance(*hundredth)
        asks_percent = bool(asked & {"%", "percent", "percentage", "percentages"}) and not asked & _FRACTION
        return ("percent", equal) if not (equal and asks_percent) else None
    if mine.unit in FACTORS and theirs.unit in FACTORS and mine.unit != theirs.unit:
        (kind, factor), (other, target) = FACTORS[mine.unit], FACTORS[theirs.unit]
        if kind == other:
            return ("unit", within_tolerance(mine.value * factor, theirs.value * target))
    if not _same_unit(mine.unit, theirs.unit):
        return None
    scales = {SCALES[word] for word in asked if word in SCALES and len(word) > 2}
    for scale in scales:  # "how many millions": a bare number counts millions
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
    if not _same_unit(mine.unit, theirs.unit) and not (
        mine.unit in UNITS.values() and theirs.unit in UNITS.values() and not within_tolerance(mine.value, theirs.value)
    ):
        same = within_tolerance(mine.value, theirs.value)
        if same:
            return Verdict(
                "undecided", "unit_conflict", None, f"{said} and {wanted} are the same number of different units"
            )
    if mine.percent != theirs.percent and within_tolerance(
        mine.value * (0.01 if mine.percent else 1), theirs.value * (0.01 if theirs.percent else 1)
    ):
        return Verdict(
            "undecided", "percent_or_fraction", None, f"{said} may be the fraction that {wanted} is in percent"
        )
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
    wanted = _show(targets[0])
    if not values:
        return Verdict("incorrect", "number", None, f"the answer names no number, and {wanted} is one")
    verdict = _best([_compare(mine, theirs, question) for mine in named for theirs in targets])
    if verdict.outcome != "correct":
        return verdict
    if len(values) > 1 and "or" in words(answer):
        return Verdict("incorrect", "several_answers", None, f"the answer offers several numbers, {wanted} among them")
    if len(values) > 1 or _DENIAL & set(words(answer)) or len(words(answer)) > 25:
        return Verdict("undecided", "number_in_sentence", None, f"the answer names {wanted}, but may not mean it")
    return Verdict("correct", "number_in_sentence", None, f"the only number that the answer names meets {wanted}")


def _best(verdicts: list[Verdict]) -> Verdict:
    order = ("correct", "undecided", "incorrect", "judge_error")
    return min(verdicts, key=lambda verdict: order.index(verdict.outcome))


def _same_unit(mine: str, theirs: str) -> bool:
    """Whether two units may be the same; one that is not named may be any."""
    if not mine or not theirs or mine == theirs:
        return True
    left, right = ({word.removesuffix("s") for word in words(unit)} for unit in (mine, theirs))
    return left <= right or right <= left


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
