"""Parses shares in words: "half", "two thirds", "1 in 5", "three out of four"."""

import re
from dataclasses import dataclass, replace

from lensmill.judging.quantities import read_quantity
from lensmill.judging.years import is_year_like

_PARTS = {
    **dict.fromkeys(("half", "halves"), 2),
    **dict.fromkeys(("third", "thirds"), 3),
    **dict.fromkeys(("quarter", "quarters", "fourth", "fourths"), 4),
    **dict.fromkeys(("fifth", "fifths"), 5),
    **dict.fromkeys(("sixth", "sixths"), 6),
    **dict.fromkeys(("seventh", "sevenths"), 7),
    **dict.fromkeys(("eighth", "eighths"), 8),
    **dict.fromkeys(("ninth", "ninths"), 9),
    **dict.fromkeys(("tenth", "tenths"), 10),
}
_HEDGE = r"(?:(?:about|around|roughly|approximately|exactly) )?"
_PIECE = re.compile(rf"{_HEDGE}(?:(an?|\d{{1,2}}|[a-z]+)[ -])?({'|'.join(_PARTS)})")
_OUT_OF = re.compile(rf"{_HEDGE}(\d{{1,4}}|[a-z]+) (?:in|out of|of) (?:every )?(\d{{1,4}}|[a-z -]+)")


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`. Both are positive integers, and the part is at most the whole.

    Attributes:
        ordinal: written as "third" or "quarter" alone, which may also mean a rank, a coin or three months.
    """

    part: int
    whole: int
    ordinal: bool = False

    @property
    def value(self) -> float:
        """The share as a number from 0 to 1."""
        return self.part / self.whole


def read_share(text: str) -> Share | None:
    """A canonical text as a share, or None."""
    if piece := _PIECE.fullmatch(text):
        part = 1 if piece[1] in (None, "a", "an") else _whole(piece[1])
        share = _share(part, _PARTS[piece[2]])
        return replace(share, ordinal=True) if share and piece[1] is None and share.whole > 2 else share
    found = _OUT_OF.fullmatch(text)
    if found is None or is_year_like(found[2]):
        return None  # "5 in 2015" is a number and its year
    return _share(_whole(found[1]), _whole(found[2]))


def _share(part: int | None, whole: int | None) -> Share | None:
    return Share(part, whole) if part and whole and part <= whole else None


def _whole(text: str) -> int | None:
    readings = [q for q in read_quantity(text) if not q.doubtful and not q.unit and not q.bound]
    value = readings[0].value if readings else 0.0
    return int(value) if value == int(value) and 0 < value <= 10_000 else None
