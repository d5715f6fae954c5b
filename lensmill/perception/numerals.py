"""Parses printed numbers: "5 212 705", "1,234.5", "$5.2bn", "45%", "<0.01%", "(3)"."""

import re
from dataclasses import dataclass

_SCALES = {"k": 1e3, "th": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
_NUMBER = re.compile(
    r"""^\s*[<>~≈≤≥]?\s*
    (?P<sign>[-−–+])?\s*
    (?P<prefix>US\$|[$€£¥₹]|[A-Z]{1,3}\$|(?:USD|EUR|GBP)\s)?\s*
    (?P<sign2>[-−–+])?
    (?P<body>\d{1,3}(?:[,\s’']\s?\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)
    \s*(?P<percent>%)?
    \s*(?P<scale>thou?sands?|m[il]{2,4}i?ons?|b[il]{2,4}i?ons?|tr[il]{2,4}i?ons?|mn|mio|bn|tn|(?-i:[kKMB])(?![A-Za-z²³]))?
    (?P<rest>.*)$""",
    re.VERBOSE | re.IGNORECASE,
)
_NOTE = re.compile(r"\((?:in )?\d{4}\)|[*†‡°]+|\(?\d\)|[.,]$")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A printed number.

    Attributes:
        value: the number, with the printed scale word applied ("2 million" is 2e6). A percentage stays as printed
            ("45%" is 45).
        unit: "%", a currency sign, the letters that follow, or empty.
    """

    value: float
    unit: str


def parse_numeral(text: str, max_unit: int = 14) -> Numeral | None:
    """The number in a text; None if the text is not just a number with a unit of at most `max_unit` letters.

    A single comma before three digits is a thousands separator ("1,234"), any other comma is decimal ("3,5").
    """
    match = _NUMBER.match(_NOTE.sub(" ", text.strip()).strip())
    if match is None:
        return None
    rest = match["rest"].strip()
    if len(rest) > max_unit or any(ch.isdecimal() for ch in rest.replace("m2", "").replace("m3", "")):
        return None
    if rest and (rest[0] in "-–−/:+&" or len(rest.split()) > 2):
        return None
    body = re.sub(r"[\s’']", "", match["body"])
    body = body.replace(",", "") if re.search(r",\d{3}(?:\D|$)", body) else body.replace(",", ".")
    try:
        value = float(body)
    except ValueError:
        return None
    if (match["sign"] or match["sign2"] or "+") in "-−–":
        value = -value
    scale = (match["scale"] or "").lower()
    if scale:
        value *= _SCALES["th" if scale.startswith("th") else scale[0]]
    return Numeral(value, match["percent"] or match["prefix"] or rest)


def is_year(text: str) -> bool:
    """Whether a text is a calendar year, possibly with a footnote mark ("2020*") or as a season ("2019/20")."""
    return re.fullmatch(r"(1[5-9]|20)\d\d([/–-]\d\d(\d\d)?)?\s?[*†‡]*", text.strip()) is not None
