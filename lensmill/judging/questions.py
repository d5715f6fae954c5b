"""Detects what a question asks for: a year, a quantity, a name. The cues are English; the rules also work without
them."""

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
_MONEY = r"(?:(?:u\.?s\.?|us|usd|eur|gbp|american|canadian|dollars?|euros?|pounds?|yen|rupees?|[$€£¥₹]) ?){0,3}"
_SCALE = r"(thousand|million|billion|trillion)s?\b(?!-)"
_SCALE_ASKED = re.compile(
    rf"\bin {_MONEY}{_SCALE}|\bhow (?:many|much) {_MONEY}{_SCALE}|\((?:[a-z.$€£]+ ){{0,3}}{_SCALE}"
)
_NO_NOUN = (
    "and|or|is|are|was|were|do|does|did|have|has|had|will|can|in|on|at|by|for|from|to|who|that|which|with|than|there"
    "|between|among|per|of"
)
_COUNTED = re.compile(
    r"\b(?:how (?:many|much)|(?:number|amount|count) of|count)((?: the)?"
    rf"(?: (?!(?:{_NO_NOUN})\b)[^\W\d_][\w'-]*){{0,4}})"
)
_PLURAL = re.compile(r"\w*[^s\W]s|people|men|women|children|\w+men|feet|mice|geese|teeth")
_UNIT_ASKED = re.compile(
    r"(?:\bin(?: units? of)?(?! year\b)|\bhow (?:many|much)(?: more| fewer| less)?|\bnumber of|\() ?"
    r"([a-z°]+)\b(?! ?(?:/|\^|per\b|squared?\b|cubed?\b))"
)
_ASKS_NAME = re.compile(r"\b(?:which|who|whom|whose|where|name)\b")


def asks_for_year(question: str) -> bool:
    """Whether a canonical question asks for a year ("which year", "when did"), not for a value of a given year."""
    return bool(_ASKS_YEAR.search(question))


def asks_for_quantity(question: str) -> bool:
    """Whether a canonical question asks how much or how many."""
    return bool(_ASKS_QUANTITY.search(question))


def asks_for_amount(question: str) -> bool:
    """Whether a canonical question certainly asks for an amount: "how many", "what is the total". "Sales peaked in?"
    may ask for a year."""
    return bool(_ASKS_AMOUNT.search(question)) and not asks_for_year(question)


def scales_asked(question: str) -> frozenset[str]:
    """The scale words in which a canonical question asks for its answer: "how many millions", "in billions"."""
    return frozenset(word for found in _SCALE_ASKED.findall(question) for word in found if word)


def things_counted(question: str) -> frozenset[str]:
    """The words after "how many", "how much" or "number of" in a canonical question: what a bare number counts."""
    counted: set[str] = set()
    for found in _COUNTED.findall(question):
        for word in found.split():
            counted.add(word)
            if _PLURAL.fullmatch(word):
                break  # "how many boys like girls" does not count girls
    return frozenset(counted - {"more", "fewer", "less", "the"})


def units_asked(question: str) -> frozenset[str]:
    """The words that may be the unit of the answer in a canonical question: "in months", "how many km"."""
    return frozenset(_UNIT_ASKED.findall(question))


def asks_for_name(question: str) -> bool:
    """Whether a canonical question asks for the name of a thing: numbers in its answer are then part of a label."""
    return bool(_ASKS_NAME.search(question)) and not asks_for_quantity(question)
