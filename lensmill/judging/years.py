"""Finds numbers that look like years."""

import re

FIRST_YEAR, LAST_YEAR = 1500, 2100

_YEAR = re.compile(r"(?<![\d.,])\d{4}(?![\d,]|\.\d)")


def is_year_like(text: str) -> bool:
    """Whether a canonical text is an integer from FIRST_YEAR to LAST_YEAR without separators."""
    return bool(re.fullmatch(r"\d{4}", text)) and FIRST_YEAR <= int(text) <= LAST_YEAR


def years_in(text: str) -> tuple[str, ...]:
    """The distinct year-like numbers in a canonical text, in order."""
    return tuple(dict.fromkeys(found for found in _YEAR.findall(text) if is_year_like(found)))
