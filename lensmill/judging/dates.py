"""Parses dates and ranges: "26 August", "Aug 26, 2014", "2010-10-20", "15-64 years", "2015/16"."""

import re
from dataclasses import dataclass

_NAMES = "january february march april may june july august september october november december"
_MONTHS = {form: i for i, name in enumerate(_NAMES.split(), 1) for form in (name, name[:3])} | {"sept": 9}
_MONTH = "(?P<month>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_NAMED = tuple(
    re.compile(shape)
    for shape in (
        rf"(?:on )?(?:the )?{_DAY}(?: of)?[ -]{_MONTH}(?:,? ?-?{_YEAR})?",
        rf"(?:on |in )?{_MONTH} {_DAY}(?:,? {_YEAR})?",
        rf"(?:in )?{_MONTH}(?:,? ?-?{_YEAR})?",
        rf"{_YEAR},? {_MONTH}(?: {_DAY})?",
    )
)
_ISO = re.compile(r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})")
_NUMERIC = re.compile(r"(?P<a>\d{1,2})([-/.])(?P<b>\d{1,2})\2(?P<year>\d{4})")
_RANGE = re.compile(
    r"(?:from |between )?(?P<sign>[$€£¥]?)(?P<low>-?\d[\d,.]*) ?%? ?(?P<joint>-|/|to|and|until|through) ?"
    r"(?P<sign2>[$€£¥]?)(?P<high>\d[\d,.]*) ?(?P<unit>\D*)"
)


@dataclass(frozen=True, slots=True)
class Date:
    """A date with a month. Year and day are None if the text omits them."""

    month: int
    day: int | None = None
    year: int | None = None

    def agrees(self, reference: "Date") -> bool | None:
        """Whether this date matches a reference: True if it says everything that the reference says, False if they
        differ, None if it says less."""
        pairs = ((self.month, reference.month), (self.day, reference.day), (self.year, reference.year))
        if any(mine is not None and theirs is not None and mine != theirs for mine, theirs in pairs):
            return False
        return None if any(mine is None and theirs is not None for mine, theirs in pairs) else True


def read_date(text: str) -> tuple[Date, ...]:
    """All readings of a canonical text as a date (3/4/2014 has two); empty if the text is not a date."""
    for shape in _NAMED:
        found = shape.fullmatch(text)
        if found:
            parts = found.groupdict()
            return _valid(_MONTHS[parts["month"]], parts.get("day"), parts.get("year"))
    iso = _ISO.fullmatch(text)
    if iso:
        return _valid(int(iso["month"]), iso["day"], iso["year"])
    numeric = _NUMERIC.fullmatch(text)
    if numeric:
        both = _valid(int(numeric["a"]), numeric["b"], numeric["year"])
        both += _valid(int(numeric["b"]), numeric["a"], numeric["year"])
        return tuple(dict.fromkeys(both))
    return ()


@dataclass(frozen=True, slots=True)
class Range:
    """The two ends of a range as written, with the currency sign and the words next to them."""

    low: str
    high: str
    unit: str = ""


def read_range(text: str) -> Range | None:
    """A canonical text as a range, or None. A short second year is completed: 2015/16 is 2015 to 2016."""
    found = _RANGE.fullmatch(text)
    if found is None or (found["joint"] == "and" and not text.startswith("between")):
        return None
    low, high = _plain(found["low"]), _plain(found["high"])
    season = re.fullmatch(r"[12]\d{3}", low) and re.fullmatch(r"\d{2}", high)
    if found["joint"] == "/" and not (season or (len(low) == len(high) == 4)):
        return None  # the text is a fraction
    if season and low[2:] < high:
        high = low[:2] + high
    elif season and low.endswith("99") and high == "00":
        high = str(int(low) + 1)
    return Range(low, high, (found["sign"] or found["sign2"]) + found["unit"].strip(" ."))


def _plain(figure: str) -> str:
    figure = re.sub(r",(?=\d{3}(?!\d))", "", figure).rstrip(".,")
    return re.sub(r"\.0+$", "", figure)


def _valid(month: int, day: str | None, year: str | None) -> tuple[Date, ...]:
    if not 1 <= month <= 12 or (day is not None and not 1 <= int(day) <= 31):
        return ()
    return (Date(month, int(day) if day else None, int(year) if year else None),)
