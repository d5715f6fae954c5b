"""Links a text to a table: which phrases name a column, and which stand in cells."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lensmill.agents.reader.matching import fold
from lensmill.agents.reader.questions.words import STOP_WORDS, Token, alike, plain, tokens
from lensmill.perception.tables.table import TableReading

_FIGURE = re.compile(r"^[-−–]?[$€£]?\s?(\d[\d,]*(?:\.\d+)?)\s?%?(?:\s*\(\d+\))?$")
_SCORE = re.compile(r"^\d+\.\d+ ?\(\d+\)$")
_NONE = frozenset({"none", "no", "-", "–", "—", "n/a", "nil", ""})


@dataclass(frozen=True, slots=True)
class Phrase:
    """A run of words of the text, by the indices of its tokens."""

    start: int
    end: int

    def overlaps(self, other: "Phrase") -> bool:
        """Whether the two share a word."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class CellLink:
    """A phrase that is the text of cells: their rows by column."""

    phrase: Phrase
    rows: dict[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class ColumnLink:
    """A phrase that names a column. `share` is the share of the header's words that it holds."""

    phrase: Phrase
    column: int
    share: float


def _without_units(headers: Sequence[str]) -> list[str]:
    """Headers without what stands in brackets at their end ("Length (km)"), where that leaves each of them alone."""
    short = [re.sub(r"(?<=\w)\s*\([^()]*\)$", "", header) for header in headers]
    return [one if short.count(one) == 1 else header for one, header in zip(short, headers, strict=True)]


class Linked:
    """A text with its links to a table.

    Attributes:
        words: the tokens of the text.
        cells: phrases that stand in cells, in order; none overlap.
        columns: phrases that name a column, in order.
    """

    def __init__(self, text: str, table: TableReading) -> None:
        self.table = table
        self.text = " ".join(plain(text).replace(" 's", "'s").split())
        self.words = tokens(self.text)
        self._headers = [tokens(plain(name)) for name in _without_units([column.name for column in table.columns])]
        self.columns = self._column_links()
        self.cells = self._cell_links()

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.table.rows)

    def cell(self, row: int, column: int) -> str:
        """The text of a cell."""
        return self.table.cells[row][column].text

    def header(self, column: int) -> str:
        """The name of a column."""
        return self.table.columns[column].name

    def value(self, row: int, column: int) -> float | None:
        """The number in a cell; None if the cell holds anything else."""
        return figure(self.cell(row, column))

    def numeric(self, column: int) -> bool:
        """Whether nearly all cells of a column are numbers."""
        found = sum(self.value(row, column) is not None for row in range(self.count))
        return found >= 0.9 * self.count

    def blank(self, row: int, column: int) -> bool:
        """Whether a cell says that there is nothing."""
        return self.cell(row, column).strip().lower() in _NONE

    def has(self, *names: str) -> bool:
        """Whether one of these words is in the text."""
        return any(word.text in names for word in self.words)

    def unlinked(self) -> list[Token]:
        """The words in no link that are no stop words."""
        taken = [*(link.phrase for link in self.cells), *(link.phrase for link in self.columns)]
        return [
            word
            for at, word in enumerate(self.words)
            if word.text not in STOP_WORDS and not any(p.start <= at < p.end for p in taken)
        ]

    def named_at(self, place: int, columns: Collection[int]) -> list[int]:
        """Those of the columns whose whole name starts at this word, also inside of a longer column's name."""
        return [c for c in columns if any(phrase.start == place for phrase in self._places(self._headers[c]))]

    def _column_links(self) -> list[ColumnLink]:
        found = []
        for column, header in enumerate(self._headers):
            names = [word for word in header if word.text not in STOP_WORDS]
            for size in range(len(names), 0, -1):
                for first in range(len(names) - size + 1):
                    part = names[first : first + size]
                    if size < len(names) and all(len(word.text) < 4 for word in part):
                        continue
                    found += [ColumnLink(phrase, column, size / len(names)) for phrase in self._places(part)]
        kept: list[ColumnLink] = []
        for link in sorted(found, key=_widest_first):
            longer = [other for other in kept if other.phrase.overlaps(link.phrase)]
            if all(o.phrase == link.phrase and o.share == link.share for o in longer):
                kept.append(link)
        return sorted(kept, key=lambda link: link.phrase.start)

    def _cell_links(self) -> list[CellLink]:
        texts: dict[tuple[str, ...], dict[int, list[int]]] = {}
        for row, cells in enumerate(self.table.cells):
            for column, cell in enumerate(cells):
                words = tuple(word.text for word in tokens(plain(cell.text)))
                if words and not all(word in STOP_WORDS for word in words):
                    texts.setdefault(words, {}).setdefault(column, []).append(row)
        found = []
        for words, places in texts.items():
            for phrase in self._places(tokens(" ".join(words))):
                rows = {column: tuple(there) for column, there in places.items() if self._fits(phrase, words, column)}
                if rows:
                    found.append(CellLink(phrase, rows))
        kept: list[CellLink] = []
        for link in sorted(found, key=_length):
            twin = next((other for other in kept if other.phrase == link.phrase), None)
            if twin is not None:  # two spellings of one name
                both = {c: {*twin.rows.get(c, ()), *link.rows.get(c, ())} for c in sorted({*twin.rows, *link.rows})}
                kept[kept.index(twin)] = CellLink(link.phrase, {c: tuple(sorted(rows)) for c, rows in both.items()})
            elif not any(other.phrase.overlaps(link.phrase) for other in kept):
                kept.append(link)
        return sorted(kept, key=lambda link: link.phrase.start)

    def _fits(self, phrase: Phrase, words: Sequence[str], column: int) -> bool:
        """A bare number names a cell only beside its column's name; a word that names a column names no cell."""
        if any(link.phrase == phrase and link.share == 1 for link in self.columns):
            return False
        if len(words) > 1 or not words[0].isdigit():
            return True
        near = [k for k in self.columns if k.column == column]
        return any(0 <= phrase.start - k.phrase.end <= 1 or 0 <= k.phrase.start - phrase.end <= 0 for k in near)

    def _places(self, part: Sequence[Token]) -> list[Phrase]:
        size = len(part)
        return [
            Phrase(start, start + size)
            for start in range(len(self.words) - size + 1)
            if all(same(a, b) for a, b in zip(self.words[start : start + size], part, strict=True))
        ]

    def parts_of_cells(self, word: Token) -> dict[int, tuple[int, ...]]:
        """The rows by column whose cells hold a word among others."""
        found: dict[int, list[int]] = {}
        for row, cells in enumerate(self.table.cells):
            for column, cell in enumerate(cells):
                if any(same(word, other) for other in tokens(plain(cell.text))):
                    found.setdefault(column, []).append(row)
        return {column: tuple(rows) for column, rows in found.items()}


def _widest_first(link: ColumnLink) -> tuple[int, float, int]:
    return (link.phrase.start - link.phrase.end, -link.share, link.column)


def _length(link: CellLink) -> int:
    return link.phrase.start - link.phrase.end


def same(one: Token, other: Token) -> bool:
    """Whether two words are the same but for endings and for letters that OCR confuses; numbers must be equal."""
    if one.text[0].isdigit() or other.text[0].isdigit() or min(len(one.text), len(other.text)) < 4:
        return one.text == other.text or one.stem == other.stem
    return alike(one.stem, other.stem) or fold(one.text) == fold(other.text)


def figure(text: str) -> float | None:
    """The number that a cell holds, with or without a note in brackets; None for scores such as "13.22 (100)"."""
    match = _FIGURE.match(text.strip())
    if match is None or _SCORE.match(text.strip()):
        return None
    value = float(match[1].replace(",", ""))
    return -value if text.strip()[0] in "-−–" else value
