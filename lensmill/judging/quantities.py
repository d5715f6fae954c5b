"""Parses quantities in words and figures: "$1.2 million", "12k", "27,876", "1 234,5 km", "twenty-five", "-3 %"."""

import math
import re
from dataclasses import dataclass, replace

from lensmill.judging.text import vocabulary
from lensmill.judging.units import CURRENCIES, FACTORS, SCALES, UNITS

_FIGURE = (
    r"(?P<english>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d|,\d))"
    r"|(?P<indian>\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?(?!\d|,\d))"
    r"|(?P<dotted>\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?(?![\d.])|\d{1,3}(?:\.\d{3})+,\d+(?![\d.,]))"
    r"|(?P<spaced>\d{1,3}(?:[ ']\d{3})+(?:[.,]\d+)?(?!\d))"
    r"|(?P<comma>\d+,\d+(?![\d.,]))"
    r"|(?P<plain>(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3}(?![a-z\d]))?)"
)
_POWER = r"(?: ?[x×*·] ?10 ?\^ ?(?P<power>[+-]?\d{1,2}))?"
_CURRENCY = "|".join(sorted((re.escape(c) for c in CURRENCIES), key=len, reverse=True))
_HEAD = re.compile(
    rf"(?P<sign1>[+-] ?)?(?P<currency>(?:{_CURRENCY})(?![a-z]) ?)?(?P<sign2>[+-] ?)?(?:{_FIGURE}){_POWER}"
)
_FRACTION = re.compile(r"(?P<sign>-)?(?:(?P<whole>\d{1,6}) )?(?P<top>\d{1,6}) ?/ ?(?P<bottom>\d{1,6})")
_SEASON = re.compile(r"[12]\d{3} ?/ ?(?:\d{2}|[12]\d{3})")
_HEDGE = re.compile(r"(?:about|approximately|approx\.?|around|roughly|circa|ca\.|nearly|almost|~|≈) ?")
_SIGN_WORD = re.compile(r"(?:minus|negative) ")
_BOUNDS = (
    (re.compile(r"(?:just |slightly |well )?(?:more than|greater than|over|above|at least|>=?|≥) ?"), ">"),
    (re.compile(r"(?:just |slightly |well )?(?:less than|fewer than|under|below|at most|up to|<=?|≤) ?"), "<"),
)
_OPEN_ENDS = (
    (re.compile(r" ?\+$| (?:and|or) (?:more|over|above|older|up|higher|greater|longer)$"), ">"),
    (re.compile(r" (?:and|or) (?:less|under|below|younger|fewer|lower|shorter)$"), "<"),
)
_SCALE = re.compile(r" ?-?(" + "|".join(sorted(SCALES, key=len, reverse=True)) + r")(?![a-z])\.?")
_NOT_A_UNIT = vocabulary("not or and is was are were but if so because than to from vs versus in by for on at")
CARDINALS = {
    word: value
    for words, first, step in (
        ("zero one two three four five six seven eight nine ten eleven twelve", 0, 1),
        ("thirteen fourteen fifteen sixteen seventeen eighteen nineteen", 13, 1),
        ("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10),
    )
    for value, word in zip(range(first, 100, step), words.split(), strict=False)
}
BIG_WORDS = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}


@dataclass(frozen=True, slots=True)
class Quantity:
    """One reading of a text as a quantity.

    Attributes:
        number: as written, with its sign, without scale and not divided by 100 for percent.
        scale: the factor of a scale word; 1.0 without one.
        unit: a known unit or currency ("%", "pp" for points, "usd", "km"), other words as written, or "".
        bound: ">" or "<" if the text says "more than", "or older", "40+" or "less than".
        doubtful: another reading of the same figures is more likely (a comma that may be a decimal comma).
    """

    number: float
    scale: float = 1.0
    unit: str = ""
    bound: str = ""
    doubtful: bool = False

    @property
    def value(self) -> float:
        """The number times its scale."""
        return self.number * self.scale

    @property
    def percent(self) -> bool:
        """Whether the unit is percent or percentage points."""
        return self.unit in ("%", "pp")


def read_quantity(text: str) -> tuple[Quantity, ...]:
    """All readings of a canonical text as one quantity, the most likely first; empty if the text is not a quantity."""
    text = _HEDGE.sub("", text, count=1) if _HEDGE.match(text) else text
    if word := _SIGN_WORD.match(text):
        positive = read_quantity(text[word.end() :])
        return tuple(replace(q, number=-q.number) for q in positive if q.number > 0 and not q.bound)
    bound = ""
    for pattern, sign in _OPEN_ENDS:
        found = pattern.search(text)
        if found and found.start():
            text, bound = text[: found.start()], sign
            break
    for pattern, sign in _BOUNDS:
        found = pattern.match(text)
        if found and found.end() < len(text):
            text, bound = text[found.end() :], sign
            break
    fraction = _FRACTION.fullmatch(text)
    if fraction and not _SEASON.fullmatch(text):
        return _fraction(fraction, bound)
    head = _HEAD.match(text)
    if head and head["sign1"] and head["sign2"]:
        return ()  # "--5"
    if head:
        currency = CURRENCIES.get((head["currency"] or "").strip(), "")
        direction = -1.0 if "-" in (head["sign1"] or "") + (head["sign2"] or "") else 1.0
        heads = [(direction * number, doubtful) for number, doubtful in _figures(head)]
        rest = text[head.end() :]
    else:
        spelled = _spelled(text)
        if spelled is None:
            return ()
        heads, rest, currency = [(spelled[0], False)], spelled[1], ""
    tails = [tail for tail in _tails(rest) if not (currency and tail[1] and tail[1] != currency)]
    return tuple(
        Quantity(number, scale, currency or unit, bound, doubtful)
        for number, doubtful in heads
        for scale, unit in tails
        if math.isfinite(number * scale)
    )


def quantities_in(text: str) -> tuple[Quantity, ...]:
    """The quantities in a longer canonical text, each in its most likely reading."""
    found: list[Quantity] = []
    position = 0
    while match := _HEAD.search(text, position):
        position = match.end()
        if match.start() and (text[match.start() - 1].isalnum() or text[match.start() - 1] in "._/"):
            continue
        rest = text[position:]
        scale = _SCALE.match(rest)
        after = rest[scale.end() :] if scale else rest
        percent = re.match(r" ?(?:%|percent\b|per cent\b)", after)
        if not scale and not percent and after[:1].isalpha():
            continue
        for quantity in read_quantity(match.group().strip())[:1]:
            unit = "%" if percent else quantity.unit
            found.append(replace(quantity, scale=SCALES[scale[1]] if scale else 1.0, unit=unit))
    return tuple(found)


def _figures(head: re.Match[str]) -> list[tuple[float, bool]]:
    """The numbers that a match may mean, each with whether that reading is doubtful."""
    power = 10.0 ** int(head["power"]) if head["power"] else 1.0
    if written := head["english"] or head["indian"]:
        readings = [(float(written.replace(",", "")) * power, False)]
        if written.count(",") == 1 and "." not in written:  # "1,234" means 1.234 in much of Europe
            decimal = float(written.replace(",", "."))
            readings = [(decimal, False)] if written.startswith("0") else [*readings, (decimal * power, True)]
        return readings
    if written := head["dotted"]:
        return [(float(written.replace(".", "").replace(",", ".")) * power, False)]
    if written := head["spaced"]:
        return [(float(re.sub("[ ']", "", written).replace(",", ".")) * power, False)]
    if head["plain"] and re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", head["plain"]):  # "28.000" means 28,000 in much of Europe
        return [(float(head["plain"]) * power, False), (float(head["plain"].replace(".", "")) * power, True)]
    if written := head["comma"]:
        return [(float(written.replace(",", ".")) * power, False)]
    return [(float(head["plain"]) * power, False)]


def _fraction(match: re.Match[str], bound: str) -> tuple[Quantity, ...]:
    bottom = int(match["bottom"])
    if bottom == 0:
        return ()
    value = int(match["whole"] or 0) + int(match["top"]) / bottom
    return (Quantity(-value if match["sign"] else value, bound=bound),)


def _spelled(text: str) -> tuple[float, str] | None:
    """A cardinal in English words at the start of a text, and the rest; None without one, or with several."""
    total, current, end, seen, joined = 0.0, 0.0, 0, False, False
    for match in re.finditer(r"[a-z]+|\S", text):
        word = match.group()
        if word in CARDINALS:
            value = CARDINALS[word]
            if seen and not _continues(current, value, total, joined):
                return None  # "two three" is not five
            current, seen = current + value, True
        elif word == "hundred" and seen and current < 100:
            current = max(current, 1.0) * 100
        elif word in BIG_WORDS and seen:
            total, current = total + max(current, 1.0) * BIG_WORDS[word], 0.0
        elif (
            word in ("a", "an") and not seen and re.match(r"an? (?:hundred|thousand|million|billion|trillion)\b", text)
        ):
            seen, current = True, 1.0
        elif word in ("and", "-") and seen:
            joined = joined or word == "and"
            continue
        else:
            break
        end, joined = match.end(), False
    return (total + current, text[end:]) if seen else None


def _continues(current: float, value: int, total: float, joined: bool) -> bool:
    """Whether a number word continues the number so far: "twenty" with "five", "one hundred" with "and six"."""
    if current == 0:
        return total > 0
    return value > 0 and (
        current % 100 == 0 or (not joined and current % 100 >= 20 and current % 10 == 0 and value < 10)
    )


def _tails(rest: str) -> list[tuple[float, str]]:
    """The text after a number as (scale, unit); empty if it is neither."""
    tails: list[tuple[float, str]] = []
    whole = _unit(rest)
    scaled = _SCALE.match(rest)
    if scaled:
        unit = _unit(rest[scaled.end() :])
        if unit is not None:
            tails.append((SCALES[scaled[1]], unit))
    if whole is not None and (not scaled or whole in FACTORS):  # "5 m" may be metres, "5 t" tonnes
        tails.append((1.0, whole))
    return tails


def _unit(rest: str) -> str | None:
    """The unit that a text names; "" for no unit, None if the text is something else."""
    name = rest.strip(" -()[].")
    if name.startswith("of ") and name[3:] in UNITS:
        name = name[3:]
    if name in UNITS:
        return UNITS[name]
    if name.startswith(("percent ", "per cent ")):
        return None  # "5 percent of adults" is handled as a sentence
    if not name:
        return "" if not rest.strip(" .") else None
    parts = name.split()
    if len(parts) > 4 or any(c.isdigit() for c in name) or not _NOT_A_UNIT.isdisjoint(parts):
        return None
    if rest[0].isalpha() or not any(c.isalpha() for c in name) or not all(c.isalpha() or c in " -/.'" for c in name):
        return None  # "5th", "3d": not a number with its unit
    return name
