"""A question with every part that the rules know replaced by a mark, so that patterns see its shape.

"What's the difference between the highest and the lowest value in 15-64 years?" becomes
"what's the difference between the E0 and the E1 value in S0?": C category, S series, E extreme, P position, T a time
that is not on the chart.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from lensmill.agents.reader.questions.colours import COLOUR_WORD, colour_name, series_of_colour
from lensmill.agents.reader.questions.grid import Grid
from lensmill.agents.reader.questions.mentions import mentions_in
from lensmill.agents.reader.questions.times import moments_in
from lensmill.agents.reader.questions.words import plain

_T = TypeVar("_T")
MARK = re.compile(r"\b([CSEPTK])(\d+)\b")
_RANKS = {
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
}
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_HIGH = (
    r"most(?! of\b| recent| part\b)|highest|largest|biggest|greatest|maximum|max|longest|tallest|top|leading"
    r"|best|peak(?:ed|s)?|busiest|richest|strongest|heaviest|fastest|hottest|deadliest|main|dominant|widest"
    r"|oldest(?! (?:age|people|group|generation))"
)
_LOW = (
    r"least|lowest|smallest|minimum|min|minimal|fewest|shortest|bottom|worst|weakest|poorest|slowest|coldest|cheapest"
    r"|narrowest|tiniest|youngest(?! (?:age|people|group|generation))"
)
_RANK = r"second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|\d{1,2}(?:st|nd|rd|th)"
_COUNT = r"two|three|four|five|six|[2-9](?!\d)"
_EXTREME = re.compile(
    rf"(?!(?<=\bat )(?:least|most))(?:\b(?P<rank>{_RANK})[\s-]+)?(?:\b(?P<before>{_COUNT})\s+)?"
    rf"\b(?:(?P<high>{_HIGH})|(?P<low>{_LOW}))\b(?:\s+(?P<after>{_COUNT})\b(?!\s?(?:%|percent|million|billion)))?"
)
_POSITION = re.compile(
    r"\b(?:(?P<left>left?[\s-]?most|top[\s-]?most)|(?P<right>right[\s-]?most|bottom[\s-]?most)"
    r"|(?P<middle>in (?:the )?middle|middle(?= bar))"
    rf"|(?P<nth>first|last|{_RANK})(?=\s+(?:\w+\s+)?(?:bar|value|point|data|column|categor|label|row)))\b"
)
_NAMED_EXTREME = re.compile(r"\b(?:minimum|maximum) (?!value)[a-z]+")
_COMPARING = re.compile(
    r"(?:than|above|over|below|exceed(?:s|ed|ing)?|under|equal to|value(?: of)?|nearly|almost) $", re.I
)


@dataclass(frozen=True, slots=True)
class Extreme:
    """The `rank`th highest or lowest value, or the first `count` of them."""

    kind: Literal["high", "low"]
    rank: int = 1
    count: int = 1


@dataclass(frozen=True)
class Template:
    """The marked question and what its marks stand for.

    Attributes:
        text: lower case but for the marks.
        names: the category or series behind each C and S mark.
        positions: the index behind each P mark, None for the middle.
        coloured: the S marks that were colour words.
        unclear_colour: a colour word that fits no or several series.
    """

    question: str
    text: str
    grid: Grid
    names: dict[str, str] = field(default_factory=dict)
    extremes: dict[str, Extreme] = field(default_factory=dict)
    positions: dict[str, int | None] = field(default_factory=dict)
    coloured: frozenset[str] = frozenset()
    unclear_colour: bool = False

    def marks(self, kinds: str, text: str | None = None) -> tuple[str, ...]:
        """The distinct marks of these kinds, in order."""
        found = MARK.finditer(self.text if text is None else text)
        return tuple(dict.fromkeys(match.group() for match in found if match.group(1) in kinds))

    def categories(self, text: str | None = None) -> tuple[str, ...]:
        """The categories that a text (by default the question) mentions, in order."""
        return tuple(dict.fromkeys(self.names[mark] for mark in self.marks("C", text)))

    def series(self, text: str | None = None) -> tuple[str, ...]:
        """The series that a text (by default the question) mentions, in order."""
        return tuple(dict.fromkeys(self.names[mark] for mark in self.marks("S", text)))


def template_of(question: str, grid: Grid) -> Template:
    """The template of a question: its text with marks in place of names from the grid."""
    question = re.sub(r"\s+", " ", plain(question)).strip()
    names: dict[str, str] = {}
    pieces: list[str] = []
    end = 0
    for number, mention in enumerate(mentions_in(question, grid)):
        mark = ("C" if mention.dimension == "category" else "S") + str(number)
        names[mark] = mention.name
        pieces += [_without_times(question[end : mention.start]).lower(), mark]
        end = mention.end
    text = "".join([*pieces, _without_times(question[end:]).lower()])
    text = re.sub(r"\bt0\b", "T0", text)
    text, coloured, unclear = _mark_colours(text, grid, names)
    text = _keep_names(text, " | ".join([grid.reading.title, *(line.text for line in grid.reading.texts)]))
    extremes: dict[str, Extreme] = {}
    positions: dict[str, int | None] = {}
    text = _mark(text, "E", _EXTREME, _extreme, extremes)
    text = _mark(text, "P", _POSITION, _position, positions)
    return Template(question, text, grid, names, extremes, positions, coloured, unclear)


def _keep_names(text: str, printed: str) -> str:
    """A minimum or maximum that belongs to the name of what is shown, as in "minimum wage", asks for no extreme."""
    named = set(_NAMED_EXTREME.findall(plain(printed).lower()))
    return _NAMED_EXTREME.sub(
        lambda match: match.group().replace(" ", "_") if match.group() in named else match.group(), text
    )


def _without_times(piece: str) -> str:
    """Times that are not on the chart become T0, lest their digits pass for values."""
    for _, start, end in reversed(moments_in(piece)):
        if not _COMPARING.search(piece[:start]):
            piece = piece[:start] + "T0" + piece[end:]
    return piece


def _mark_colours(text: str, grid: Grid, names: dict[str, str]) -> tuple[str, frozenset[str], bool]:
    if grid.single:
        return text, frozenset(), False
    colours = [series.colour for series in grid.reading.series]
    coloured: set[str] = set()
    meant: dict[int, str] = {}
    unclear = False

    def replace(match: re.Match[str]) -> str:
        nonlocal unclear
        name = colour_name(match.group(1), match.group(2))
        index = series_of_colour(name, colours)
        if index is None or meant.setdefault(index, name) != name:
            unclear = True
            return match.group()
        mark = f"S{len(names)}"
        names[mark] = grid.reading.series[index].name
        coloured.add(mark)
        return mark

    return COLOUR_WORD.sub(replace, text), frozenset(coloured), unclear


def _mark(
    text: str, letter: str, pattern: re.Pattern[str], read: Callable[[re.Match[str]], _T], into: dict[str, _T]
) -> str:
    def replace(match: re.Match[str]) -> str:
        mark = f"{letter}{len(into)}"
        into[mark] = read(match)
        return mark

    return pattern.sub(replace, text)


def _extreme(match: re.Match[str]) -> Extreme:
    rank = match.group("rank")
    count = match.group("before") or match.group("after")
    return Extreme("high" if match.group("high") else "low", _ordinal(rank), _counted(count))


def _position(match: re.Match[str]) -> int | None:
    """The index of a category, from the end if negative; None for the one in the middle."""
    if match.group("middle"):
        return None
    if match.group("left") or match.group("nth") == "first":
        return 0
    if match.group("right") or match.group("nth") == "last":
        return -1
    return _ordinal(match.group("nth")) - 1


def _ordinal(text: str | None) -> int:
    if not text:
        return 1
    return _RANKS.get(text) or max(1, int(re.sub(r"\D", "", text) or 1))


def _counted(text: str | None) -> int:
    return (_COUNTS.get(text) or int(text)) if text else 1
