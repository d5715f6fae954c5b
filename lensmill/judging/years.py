"""When a four-digit number is a year, and must be met exactly."""

import re

FIRST_YEAR, LAST_YEAR = 1500, 2100

_YEAR = re.compile(r"(?<![\d.,])\d{4}(?![\d,]|\.\d)")
_ASKS_YEAR = re.compile(
    r"\b(?:which|what|name|find|give|state|identify|tell me|list|select)\b"
    r"(?:\W+(?!in\b|for\b|of\b|during\b|by\b|per\b|at\b|from\b|value\b|many\b|much\b)\w+){0,3}"
    r"\W+years?\b(?!['-]|\W?\d|\W+(?:average|total|sum|growth|change|period|plan|old|olds|over|on|to)\b)"
    r"|\bwhen (?:did|do|does|was|were|is|are|has|have|had|will|would)\b|^(?:since |until |till |from )?when\b"
    r"|^years?\b(?!\W?\d|-)"
    r"|哪一年|哪年|何年|몇 ?년|welche[sm] jahr|(?:quelle|en quelle) année|qu[ée] año|que ano|che anno|quale anno"
    r"|како[мй] год"
)
_ASKS_QUANTITY = re.compile(
    r"\b(?:how (?:many|much|long|old|large|big|high|tall|far|often)|"
    r"number|amount|values?|total|sum|average|mean|median|"
    r"difference|percentage|percent|ratio|share|count|rate|price|cost|revenue|population|sales)\b|%"
)


def asks_for_year(question: str) -> bool:
    """Whether a canonical question asks for a year ("which year", "when did"), not for a value of a given year."""
    return bool(_ASKS_YEAR.search(question))


def asks_for_quantity(question: str) -> bool:
    """Whether a canonical question asks how much or how many."""
    return bool(_ASKS_QUANTITY.search(question))


def is_year_like(text: str) -> bool:
    """Whether a canonical text is a whole number from FIRST_YEAR to LAST_YEAR without separators."""
    return bool(re.fullmatch(r"\d{4}", text)) and FIRST_YEAR <= int(text) <= LAST_YEAR


def years_in(text: str) -> tuple[str, ...]:
    """The distinct year-like numbers within a canonical text, in order."""
    return tuple(dict.fromkeys(found for found in _YEAR.findall(text) if is_year_like(found)))
