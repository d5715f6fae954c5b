"""Parses lists in answers: "[42.47, 54.91]", "A, B and C", one item per line."""

import re
from collections.abc import Callable, Sequence

from lensmill.judging.text import canonical

MAX_ITEMS = 50
_BULLET = re.compile(r"(?:[-*•·]|\d{1,2}[.)])\s+")
_BRACKETS = {"[": "]", "{": "}"}
_SPLITS = (
    re.compile(r"\n+"),
    re.compile(r"\s*(?:;|\|+)\s*"),
    re.compile(r"\s*,\s+(?:and |& )?|\s+(?:and|&)\s+", re.IGNORECASE),
    re.compile(r"\s*,\s*"),
    re.compile(r"\s*/\s*"),
)


def bracketed(text: str) -> bool:
    """Whether a text is written as a list in square or curly brackets."""
    text = text.strip()
    return len(text) > 2 and _BRACKETS.get(text[0]) == text[-1]


def splits(text: str) -> list[list[str]]:
    """The ways to read a text as a list of at least two canonical items, the plainest separator first."""
    if bracketed(text):
        text = text.strip()[1:-1]
    # at most one blank in a row: the separators below would try each blank
    text = "\n".join(line for part in text.split("\n") if (line := " ".join(part.split())))
    ways: list[list[str]] = []
    for separator in _SPLITS:
        parts = [part for part in separator.split(text.strip()) if part.strip()]
        if separator is _SPLITS[0]:
            parts = [_BULLET.sub("", part.strip(), count=1) for part in parts]
        items = [item for part in parts if (item := canonical(part))]
        if len(items) > 1 and items not in ways:
            ways.append(items)
    return ways


def pairing(count: int, fits: Callable[[int, int], bool]) -> Sequence[int] | None:
    """A one-to-one assignment of `count` answers to as many references in which each pair fits; None without one."""
    partner: dict[int, int] = {}

    def place(answer: int, tried: set[int]) -> bool:
        for reference in range(count):
            if reference not in tried and fits(answer, reference):
                tried.add(reference)
                if reference not in partner or place(partner[reference], tried):
                    partner[reference] = answer
                    return True
        return False

    if not all(place(answer, set()) for answer in range(count)):
        return None
    return [partner[reference] for reference in range(count)]
