"""Runaway texts: a model that says the same again and again, until its limit or until it finds out.

Limits are far above what people write, and depend on what is repeated: a table may have sixty zeros in a row and a
chart forty bars that are told alike, but nobody says one sentence six times over.
"""

import re
import zlib
from collections import Counter

import numpy as np

MAX_CHARS = 60_000
"""Characters of a text that are looked at; more is a runaway in itself, whatever it says."""

_PERIOD = 400
"""Characters of what is repeated at most, where it follows itself; longer passages are counted as sentences."""

_RULE = frozenset("-=_.*#~+|:/\\ ─━═•·…")
"""What lines across a page and dotted leaders are made of."""

_SENTENCE = re.compile(r"(?<![.!?。！？])[.!?。！？]++(?:\s|$)|\n")
_NUMBERED = re.compile(r"^\W*(?:(?:step|item|point|turn|thought|try|attempt)\s*)?\d{1,3}\s*[.:)\]-]\s*", re.IGNORECASE)
_DENSE = 0.05
"""Bytes that a character of a long text needs at least once it is packed."""


def runs_away(text: str) -> bool:
    """Whether a text repeats a character, words, a sentence or a passage beyond reason."""
    if len(text) > MAX_CHARS:
        return True
    plain = " ".join(text.split())
    if len(text) - len(plain) > 400 and re.search(r"\s{300}", text):
        return True
    return _in_a_row(plain) or _again_and_again(text) or _says_little(plain)


def _in_a_row(text: str) -> bool:
    """Does something follow itself too often? Numbers and lines across may do so more often than words."""
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)
    for period in range(1, min(_PERIOD, (len(text) + 1) // 6) + 1):
        same, least = codes[period:] == codes[:-period], max(5 * period - 1, 39)
        if np.count_nonzero(same) < least:
            continue
        ends = np.flatnonzero(~same)
        edges = np.concatenate(([-1], ends, [len(same)]))
        lengths = np.diff(edges) - 1
        for index in np.flatnonzero(lengths >= least):
            start = int(edges[index]) + 1
            if _too_often(text[start : start + period], (int(lengths[index]) + period + 1) // period):
                return True
    return False


def _too_often(unit: str, times: int) -> bool:
    whole = len(unit)
    unit = unit[: (unit + unit).find(unit, 1)]  # of "no no " it is "no " that repeats
    times *= whole // len(unit)
    if len(unit) == 1:
        return times >= (250 if unit in _RULE else 40)
    letters = sum(character.isalpha() for character in unit)
    if not letters:
        return times >= 60 and times * len(unit) >= 240
    words = len(re.findall(r"[^\W\d_]+", unit))
    return times >= (6 if words >= 5 or letters >= 25 else 20)


def _again_and_again(text: str) -> bool:
    """Is one sentence or line said too often, with others between? Numbers that only count them make no difference."""
    for pieces in (_SENTENCE.split(text), text.split("\n")):
        said = Counter[str]()
        for piece in pieces:
            words = " ".join(_NUMBERED.sub("", piece).split()).casefold()
            if len(words) >= 12 and " " in words and any(character.isalpha() for character in words):
                said[words] += 1
        if any(count >= _most(len(words)) for words, count in said.items()):
            return True
    return False


def _most(length: int) -> int:
    return 4 if length >= 100 else 8 if length >= 30 else 20


def _says_little(text: str) -> bool:
    data = text.encode("utf-8", "replace")
    return len(data) >= 2000 and len(zlib.compress(data, 6)) < _DENSE * len(data)
