"""Moments: years, seasons, quarters, months and days, as labels print them and questions say them."""

import re
from dataclasses import dataclass

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_YEAR = r"(?P<year>(?:1[6-9]|20)\d\d)"
_SHORT_YEAR = r"[\s'-]+(?P<short>\d\d)"
_QUARTER = (
    r"(?:q\s?(?P<quarter>[1-4])|(?P<quarter_first>[1-4])\s?q"
    r"|(?P<quarter_word>first|second|third|fourth|last|1st|2nd|3rd|4th) quarter)"
)
_HALF = r"(?:h(?P<half>[12])|(?P<half_word>first|second|1st|2nd) half)"
_OF = r"[\s,]*(?:of |in |of the )?(?:the )?(?:fiscal |financial )?(?:year )?'?"
_PATTERNS = tuple(
    re.compile(r"(?<![\w.$£€/])(?:" + pattern + r")(?![\w/%]|\.\d)", re.IGNORECASE)
    for pattern in (
        _YEAR + r"\s?[/-]\s?(?P<until>(?:20|19)?\d\d)",
        _QUARTER + _OF + _YEAR,
        _QUARTER + r"\s?'?(?P<short>\d\d)",
        _YEAR + r"[\s,-]*" + _QUARTER,
        _HALF + _OF + _YEAR,
        _YEAR + r"[\s,-]*" + _HALF,
        _MONTH + r"\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+" + _YEAR,
        r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\s+(?:of )?" + _MONTH + r"\.?,?\s+" + _YEAR,
        _MONTH + r"\.?[\s,-]*(?:of )?" + _YEAR,
        _MONTH + r"\.?" + _SHORT_YEAR,
        _YEAR + r"[\s,-]+" + _MONTH,
        _MONTH + r"\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?",
        r"(?:fy|fiscal year|financial year)\s?'?(?P<short>\d\d)",
        r"(?:fy\s?)?" + _YEAR,
        r"'(?P<short>\d\d)",
        _QUARTER,
        r"(?P<month>january|february|march|april|june|july|august|september|october|november|december)",
    )
)
_SHORT_SEASON = re.compile(r"'?(\d\d)\s?/\s?'?(\d\d)")  # a label only: in a question it may be a fraction
_LABEL_ONLY = re.compile(r"(?:" + _MONTH + r"\.?|may)", re.IGNORECASE)
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "last": 4}


@dataclass(frozen=True, slots=True)
class Moment:
    """A time; fields are None where not said. `until` is the second year of a season such as 2019/20."""

    year: int | None = None
    until: int | None = None
    quarter: int | None = None
    half: int | None = None
    month: int | None = None
    day: int | None = None

    def fits(self, said: "Moment") -> bool:
        """Whether a question's moment names this label's moment (more detail in the question is fine)."""
        if self.until is not None or said.until is not None:
            if said.until is None:
                return False
            return (self.year, self.until) == (said.year, said.until) or (
                self.until is None and self.year == said.until
            )
        mine = (self.year, self.quarter, self.half, self.month, self.day)
        other = (said.year, said.quarter, said.half, said.month, said.day)
        return all(a is None or a == b for a, b in zip(mine, other, strict=True)) and self != Moment()


def moment_of_label(label: str) -> Moment | None:
    """The moment a whole label stands for, or None where it is anything else."""
    text = re.sub(r"[*†‡®©^`\"]+|\((?:e|f|est\.?|forecast|projected|estimate)\)", "", label, flags=re.IGNORECASE).strip(
        " '."
    )
    if label.strip().startswith("'"):
        text = "'" + text
    found = moments_in(text)
    if len(found) == 1 and found[0][1] == 0 and found[0][2] == len(text):
        return found[0][0]
    season = _SHORT_SEASON.fullmatch(text)
    if season is not None and (int(season[1]) + 1) % 100 == int(season[2]):
        start = int(season[1]) + (2000 if int(season[1]) < 60 else 1900)
        return Moment(start, start + 1)
    if _LABEL_ONLY.fullmatch(text):
        return Moment(month=_MONTHS.index(text[:3].lower()) + 1)
    return None


def moments_in(text: str) -> tuple[tuple[Moment, int, int], ...]:
    """Every moment in a text with its place (characters), left to right, longest forms first."""
    found: list[tuple[Moment, int, int]] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if any(start < match.end() and match.start() < end for _, start, end in found):
                continue
            moment = _moment(match.groupdict())
            if moment is not None:
                found.append((moment, match.start(), match.end()))
    return tuple(sorted(found, key=lambda item: item[1]))


def _moment(parts: dict[str, str | None]) -> Moment | None:
    year = int(str(parts["year"])) if parts.get("year") else None
    if year is None and parts.get("short"):
        short = int(str(parts["short"]))
        year = short + (2000 if short < 60 else 1900)
    until = _season_end(year, parts.get("until"))
    if parts.get("until") and until is None:
        return None
    quarter = parts.get("quarter") or parts.get("quarter_first")
    month = parts.get("month")
    return Moment(
        year,
        until,
        int(quarter) if quarter else _ORDINALS.get(str(parts.get("quarter_word")).lower()),
        int(str(parts["half"])) if parts.get("half") else _ORDINALS.get(str(parts.get("half_word")).lower()),
        _MONTHS.index(month[:3].lower()) + 1 if month else None,
        int(str(parts["day"])) if parts.get("day") else None,
    )


def _season_end(year: int | None, text: str | None) -> int | None:
    """The second year of "2019/20" or "2019-2020"; None where it is not the year after."""
    if year is None or not text:
        return None
    end = int(text) if len(text) == 4 else year // 100 * 100 + int(text)
    if len(text) == 2 and end < year:
        end += 100
    return end if end == year + 1 else None
