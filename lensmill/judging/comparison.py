"""Compares two quantities: tolerance, percent, scales and units."""

import math
import re

from lensmill.judging.plain_words import plain_unit, turns
from lensmill.judging.quantities import Quantity
from lensmill.judging.questions import asks_for_name, scales_asked, things_counted, units_asked
from lensmill.judging.relaxed import MAX_RELATIVE_CHANGE
from lensmill.judging.text import vocabulary, words
from lensmill.judging.units import CURRENCIES, FACTORS, SCALES, UNITS
from lensmill.verdict import Verdict

_ROUNDING = 1e-9
"""Tolerance for binary fractions: 1.05 is within 5 % of 1."""

_CHANGE = vocabulary("difference differ decrease decreased decline declined drop dropped fall fell")
_FRACTION = vocabulary("ratio fraction proportion probability decimal")
_MOVED = vocabulary(
    "change changed difference differ increase increased decrease decreased decline declined drop dropped "
    "fall fell rise rose grow grew growth gain gained points"
)
_CURRENCY_UNITS = frozenset(CURRENCIES.values())
MAX_EXACT_COUNT = 100
"""Counts up to this number must be exact: a person can count the things in a picture. Larger numbers have 5 %
tolerance."""
PERCENT_WORDS = vocabulary("% percent percentage percentages share proportion")
_AGE = re.compile(r"\bhow old\b|\bages?\b|\bexpectancy\b")
_IDENTIFIER = re.compile(
    r"\b(?:jersey|shirt|bus|house|street|room|flight|phone|telephone|plate|registration|serial|route|gate|tail|racing|bib|zip"
    r"|postal|area|pin|version|model|tram|train|player|car|lot|order|invoice|ticket) (?:number|no|code|id|plate)\b"
    r"|\b(?:which|what) (?:number(?! of)|room|route|page|gate|platform|channel|week|day|date|version|floor|track|lane"
    r"|chapter|step|jersey|bus|exit|seat|row|zip|postcode)\b|\bnumber (?:on|printed|written|shown on)\b"
    r"|\b(?:zip|postcode|phone number|speed limit|digits)\b"
)
"""Questions for a number that identifies something: a number close to it identifies something else."""
_COUNTS = re.compile(r"\bhow many\b|\bnumber of\b|\bcount (?:of|the)\b")


def within_tolerance(value: float, target: float) -> bool:
    """Whether a value is within 5 % of a target. A target of zero must match exactly."""
    return abs(value - target) <= (MAX_RELATIVE_CHANGE + _ROUNDING) * abs(target)


def compare_quantities(mine: Quantity, theirs: Quantity, question: str) -> Verdict:
    """Compare one reading of the answer with one reading of the reference."""
    asked = set(words(question))
    said, wanted = shown(mine), shown(theirs)
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
    if equal and mine.value != theirs.value and _is_count(mine, theirs, question):
        return Verdict("undecided", "count", None, f"{said} is near {wanted}, but a count must be met exactly")
    if equal and mine.value != theirs.value and _IDENTIFIER.search(question):
        return Verdict("undecided", "identifier", None, f"{said} is near {wanted}, but may name something else")
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
    """The rule that converts two quantities and whether they are equal then; None if their units conflict."""
    if mine.percent and theirs.percent and mine.unit != theirs.unit and (asked & _MOVED or not asked):
        return None  # from 40 % to 44 % is 4 points and also 10 percent
    if mine.percent and theirs.percent:
        return ("number", within_tolerance(mine.value, theirs.value))
    if mine.percent != theirs.percent and not (mine.unit and theirs.unit):
        counted = bool(_COUNTS.search(question)) and not asked & PERCENT_WORDS
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
    ):  # after "how many millions" a bare number counts millions
        if (theirs.scale == 1.0 and within_tolerance(mine.value, theirs.number * scale)) or (
            mine.scale == 1.0 and within_tolerance(mine.number * scale, theirs.value)
        ):
            return ("number_scale", True)
    return (
        "currency" if mine.unit in _CURRENCY_UNITS or theirs.unit in _CURRENCY_UNITS else "number",
        within_tolerance(mine.value, theirs.value),
    )


def _compare_apart(mine: Quantity, theirs: Quantity, asked: set[str]) -> Verdict:
    """Compare two quantities that do not agree: they differ, or rules cannot tell."""
    said, wanted = shown(mine), shown(theirs)
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


def _same_unit(mine: str, theirs: str) -> bool:
    """Whether two units may be the same. An unnamed unit may be any unit."""
    if not mine or not theirs or mine == theirs:
        return True
    left, right = ({word.removesuffix("s") for word in words(unit)} for unit in (mine, theirs))
    return left <= right or right <= left


def _unit_accounted(mine: Quantity, theirs: Quantity, extra: str, question: str) -> bool:
    """Whether an answer's unit only repeats the reference or the question, or is implied by a bare number.

    A unit of measurement must be the one that the question asks for: 5 mm and 5 km are both 5 of a distance.
    """
    if not extra or mine.percent or {mine.unit, theirs.unit} <= FACTORS.keys():
        return True
    if mine.unit not in UNITS.values():
        return plain_unit(extra, question)
    if mine.unit in _CURRENCY_UNITS:
        named = {UNITS[word] for word in words(question) if word in UNITS and (len(word) > 2 or not word.isalpha())}
        return mine.unit in named or not named & (FACTORS.keys() | _CURRENCY_UNITS)
    if mine.unit == "y" and (mine.bound or _AGE.search(question)):
        return not {"month", "months", "weeks", "days"} & set(words(question))
    return mine.unit in {UNITS[word] for word in units_asked(question) if word in UNITS}


def _is_count(mine: Quantity, theirs: Quantity, question: str) -> bool:
    """Whether a small integer counts things that the question names, not percent, millions or kilometres."""
    things = things_counted(question)
    return (
        bool(things)
        and bool(_COUNTS.search(question))
        and theirs.value == int(theirs.value)
        and abs(theirs.value) <= MAX_EXACT_COUNT
        and not (mine.percent or theirs.percent)
        and mine.scale == theirs.scale == 1.0
        and things.isdisjoint(PERCENT_WORDS | UNITS.keys() | SCALES.keys())
    )


def _is_label(quantity: Quantity, question: str) -> bool:
    """Whether a reference names a group or a thing by a number ("40+", "100 meters" for "which race")."""
    measured = not quantity.unit or quantity.percent or quantity.unit in _CURRENCY_UNITS
    return bool(quantity.bound) or (not measured and asks_for_name(question))


def _unit_missing(mine: Quantity, theirs: Quantity, question: str) -> bool:
    """Whether a reference has words after its number that are not a known unit ("7 up") and are missing in answer and
    question."""
    if not theirs.unit or theirs.unit in UNITS.values() or mine.unit:
        return False
    asked = {word.removesuffix("s") for word in words(question)}
    return not {word.removesuffix("s") for word in words(theirs.unit)} <= asked


def shown(quantity: Quantity) -> str:
    """A quantity as text for a person."""
    unit = "%" if quantity.percent else f" {quantity.unit}" if quantity.unit else ""
    return f"{quantity.bound}{quantity.value:.10g}{unit}"
