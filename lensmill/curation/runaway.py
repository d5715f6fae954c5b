"""Runaway texts: a model repeats the same text until its limit, or until it notices.

Limits are far above what people write, and depend on what is repeated: a table may have sixty zeros in a row, and a
chart forty bars with equal descriptions, but people do not write one sentence six times.
"""

import re
import zlib
from collections import Counter

import numpy as np

MAX_CHARS = 60_000
"""Maximum characters of a text that are checked; a longer text is a runaway."""

_PERIOD = 400
"""Maximum characters of a passage that follows itself; longer passages are counted as sentences."""

_RULE = frozenset("-=_.*#~+|:/\\ ─━═•·…")
"""Signs of lines across a page and of dotted leaders."""

_SENTENCE = re.compile(r"(?<![.!?。！？])[.!?。！？]++(?:\s|$)|\n")
_NUMBERED = re.compile(r"^\W*(?:(?:step|item|point|turn|thought|try|attempt)\s*)?\d{1,3}\s*[.:)\]-]\s*", re.IGNORECASE)
_DENSE = 0.05
"""Minimum bytes for each character of a long text after compression."""


def runs_away(text: str) -> bool:
    """Whether a text repeats a character, words, a sentence or a passage beyond reason."""
    if len(text) > MAX_CHARS:
        return True
    plain = " ".join(text.split())
    if len(text) - len(plain) > 400 and re.search(r"\s{300}", text):
        return True
    return _in_a_row(plain) or _again_and_again(text) or _says_little(plain)


def _in_a_row(text: str) -> bool:
    """Whether a passage follows itself too often. Numbers and lines across a page may do so more often than words."""
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
    unit = unit[: (unit + unit).find(unit, 1)]  # in "no no " the passage "no " repeats
    times *= whole // len(unit)
    if len(unit) == 1:
        return times >= (250 if unit in _RULE else 40)
    letters = sum(character.isalpha() for character in unit)
    if not letters:
        return times >= 60 and times * len(unit) >= 240
    words = len(re.findall(r"[^\W\d_]+", unit))
    return times >= (6 if words >= 5 or letters >= 25 else 20)


def _again_and_again(text: str) -> bool:
    """Whether one sentence or line occurs too often, with others between. Numbers that only count occurrences make no
    difference."""
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
