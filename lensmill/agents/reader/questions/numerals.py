"""Numbers: in questions, and as answers are written."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

_SCALES = {"tho": 1e3, "mil": 1e6, "bil": 1e9, "tri": 1e12}
_PRINTED_SCALE = re.compile(r"(thousand|mil{1,2}ion|bil{1,2}ion|tril{1,2}ion)")  # a doubled l is easily misread
NUMBER = r"(?<![\w.])[-$€£]?\d[\d,]*(?:\.\d+)?(?![\w.]*\d)(?:\s?(?:%|percent|thousand|million|billion|trillion))?"
_NUMBER = re.compile(NUMBER)
_MORE = r"(?:more|greater|higher|larger|bigger|longer) (?:than|then)|above|over|exceed(?:s|ed|ing)?|crosse[sd]"
_LESS = r"(?:less|lower|smaller|fewer|shorter) (?:than|then)|below|under"
_THRESHOLD = re.compile(
    rf"\b(?:(?P<least>at least)|(?P<most>at most)|(?P<more>{_MORE})|(?P<less>{_LESS})"
    rf"|(?P<same>(?:exactly|equal to|equals|valued? (?:of|is)|shows? (?:the )?value of)))"
    rf"(?: or equal to)?(?: the)?(?: value)?(?: of)? (?P<number>{NUMBER})"
)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A comparison with a number: how, and with what."""

    kind: Literal["more", "less", "least", "most", "same"]
    number: float
    start: int
    end: int

    def holds(self, value: float) -> bool:
        """Whether a value satisfies the threshold."""
        match self.kind:
            case "more":
                return value > self.number
            case "less":
                return value < self.number
            case "least":
                return value >= self.number
            case "most":
                return value <= self.number
        return value == self.number

    @property
    def said(self) -> str:
        """The threshold in words."""
        words = {"more": "more than", "less": "less than", "least": "at least", "most": "at most", "same": "equal to"}
        return f"{words[self.kind]} {written(self.number)}"


def numbers_in(text: str, near: Iterable[float]) -> tuple[tuple[float, int, int], ...]:
    """The numbers of a text with their places; "10 million" is 10 where the chart counts in millions."""
    values = tuple(near)
    found = []
    for match in _NUMBER.finditer(text):
        found.append((_scaled(match.group(), values), match.start(), match.end()))
    return tuple(found)


def threshold_in(text: str, near: Iterable[float]) -> Threshold | None:
    """The threshold in a text ("more than 20"); None without one.

    Args:
        text: of the question.
        near: values of the chart, which decide a scale that the text omits.
    """
    match = _THRESHOLD.search(text)
    if match is None:
        return None
    kind = next(name for name in ("least", "most", "more", "less", "same") if match.group(name))
    number = _scaled(match.group("number"), tuple(near))
    return Threshold(kind, number, match.start(), match.end())  # type: ignore[arg-type]


def _scaled(text: str, near: tuple[float, ...]) -> float:
    digits = re.sub(r"[^\d.-]", "", re.split(r"[a-z%]", text)[0])
    number = float(digits)
    scale = printed_scale(text)
    biggest = max((abs(value) for value in near), default=0.0)
    return number * scale if biggest >= number * scale / 10 else number


def printed_scale(text: str) -> float:
    """What the words of a printed number multiply it by: 1e12 for "5.25 trillion"."""
    match = _PRINTED_SCALE.search(text.lower())
    return _SCALES[match.group(1)[:3]] if match else 1.0


def scales_in(text: str) -> frozenset[float]:
    """The scales that a text names: 1e6 for "in million euros"."""
    return frozenset(_SCALES[word[:3]] for word in _PRINTED_SCALE.findall(text))


def written(number: float) -> str:
    """A number as an answer: no trailing zeros, at most four decimals, or four figures of a small one."""
    if number and abs(number) < 0.01:
        return f"{number:.4g}"
    text = f"{number:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
