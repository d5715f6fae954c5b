"""Comparing an option with print: normalised, and forgiving what OCR confuses."""

import unicodedata
from collections.abc import Iterator

SHORT = 3
"""Texts of at most so many letters must be met exactly, and as a word of their own."""

_LOOKALIKES = str.maketrans("01|!ij258", "olllllzsb")
"""What a recogniser confuses. No two digits fall together, so numbers stay apart."""

_KEPT_SIGNS = frozenset("$€£¥%")


def fold(text: str) -> str:
    """Letters, digits, currency and percent signs; without case, accents and what OCR confuses.

    >>> fold("S218 8H0") == fold("s218-bho")
    True
    """
    flat = unicodedata.normalize("NFKD", text).casefold().translate(_LOOKALIKES)
    return "".join(c for c in flat if c.isalnum() or c in _KEPT_SIGNS)


def distance(one: str, other: str) -> int:
    """Levenshtein's edit distance."""
    if len(one) < len(other):
        one, other = other, one
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        previous, row[0] = row[0], i
        for j, b in enumerate(other, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def likeness(option: str, text: str) -> float:
    """How well some part of a line matches an option, 0 to 1; 1 is the same but for lookalikes.

    The part is a run of whole words, or, for long options, any run of letters (OCR often loses spaces).
    """
    wanted = fold(option)
    if not wanted:
        return 0.0
    best = 0.0
    for part in _parts(text[:300], len(wanted)):
        if part == wanted:
            return 1.0
        if len(wanted) > SHORT:
            best = max(best, 1 - distance(wanted, part) / max(len(wanted), len(part)))
    return max(0.0, best)


def _parts(text: str, length: int) -> Iterator[str]:
    words = [word for word in map(fold, text.split()) if word]
    for start in range(len(words)):
        part = ""
        for word in words[start:]:
            part += word
            if len(part) > 1.5 * length + 1:
                break
            if len(part) >= 0.6 * length:
                yield part
    if length >= 6:
        joined = "".join(words)
        for start in range(len(joined) - length + 1):
            yield joined[start : start + length]


def words_of(text: str) -> tuple[str, ...]:
    """The folded words of a text, in order."""
    return tuple(word for word in (fold(piece) for piece in _split(text)) if word)


def _split(text: str) -> list[str]:
    return "".join(c if c.isalnum() or c in _KEPT_SIGNS else " " for c in text).split()
