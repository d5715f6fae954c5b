"""What a question asks for: a year, a quantity, a name. English cues; the rules work without any."""

import re

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
_ASKS_AMOUNT = re.compile(
    r"\bhow (?:many|much|long|old|large|big|high|tall|far|often)\b"
    r"|\b(?:what(?: is| are| was| were|'s)?|find|give|calculate|compute|state|tell me)\b(?:\W++\w++){0,5}?\W++"
    r"(?:number|amount|values?|total|sum|average|mean|median|difference|percentage|percent|ratio|share|count|rate|price"
    r"|cost|revenue|population|sales)\b"
)
_SCALE_ASKED = re.compile(
    r"\b(?:in|how many|per) (?:[a-z.$€£]+ ){0,2}?(thousand|million|billion|trillion)s?\b"
    r"|\b(thousand|million|billion|trillion)s\b|\((?:in )?(?:[a-z.$€£]+ ){0,2}(thousand|million|billion|trillion)s?\b"
)
_ASKS_NAME = re.compile(r"\b(?:which|who|whom|whose|where|name)\b")


def asks_for_year(question: str) -> bool:
    """Whether a canonical question asks for a year ("which year", "when did"), not for a value of a given year."""
    return bool(_ASKS_YEAR.search(question))


def asks_for_quantity(question: str) -> bool:
    """Whether a canonical question asks how much or how many."""
    return bool(_ASKS_QUANTITY.search(question))


def asks_for_amount(question: str) -> bool:
    """Whether a canonical question surely asks for an amount: "how many", "what is the total". "Sales peaked in?" may
    ask for a year."""
    return bool(_ASKS_AMOUNT.search(question)) and not asks_for_year(question)


def scales_asked(question: str) -> frozenset[str]:
    """The scale words in which a canonical question asks for its answer: "how many millions", "in billions"."""
    return frozenset(word for found in _SCALE_ASKED.findall(question) for word in found if word)


def asks_for_name(question: str) -> bool:
    """Whether a canonical question asks which thing it is: numbers in its answer are then part of a label."""
    return bool(_ASKS_NAME.search(question)) and not asks_for_quantity(question)
