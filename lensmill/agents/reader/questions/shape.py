"""What kind of answer a question wants, by its wording."""

import re

from lensmill.agents.reader.questions.template import Template

_COLOUR = re.compile(
    r"^(?:what|which)(?:'s| is| are)?(?: the)? colou?rs?\b|\bcolou?r of\b.*\?*$"
    r"|\b(?:in|by) (?:what|which) colou?r\b"
)
_TITLE = re.compile(
    r"\btitle of (?:the|this) (?:chart|graph|figure|diagram)\b|^what is (?:the|this) (?:chart|graph) about\b",
    re.IGNORECASE,
)
_QUANTITY = (
    r"percentages?|percent|per cent|%|shares?|values?|numbers?|amounts?|rates?|scores?|prices?|totals?"
    r"|averages?|mean|medians?|sums?|differences?|ratios?|proportions?|levels?|counts?|revenues?|populations?"
    r"|volumes?|incomes?|costs?|ind(?:ex|ices)|figures?|sizes?|growth|sales|spending|profits?|turnover|data|gdp"
    r"|debt|expenditures?|production|products?(?= of)|outputs?|mode|quantity|increase|decrease|change|distribution"
    r"|magnitude|estimate|forecast|ages?(?! group)|temperatures?|points?|length|height|salary|wages?"
)
_NOT_ITSELF = (
    r"class|group|categor|bracket|range|band|type|sector|segment|compan|countr|brand|team|region|year|month"
    r"|industr|level"
)
"""Nouns after a quantity that make a label of it: "which turnover class"."""
_MEASURE = (
    r"area|densit(?:y|ies)|velocit(?:y|ies)|speed|depth|elevation|altitude|weight|mass|distance|diameter|duration"
    r"|concentration|expectancy|earnings|pressure|gravity|energy|minimum_wages?|maximum_\w+"
)
"""Quantities whose names also stand for what has them, as in "which area": only beside an extreme they are numbers."""
_WHO = re.compile(
    r"^(?:who|where|whose|when)\b"
    r"|\b(?:in|since|by|at|during|from|for|on) (?:what|which) (?:\w+ )?(?:year|month|quarter|season|date|country)\b"
)
_WITH_WHAT = re.compile(
    r"^(?:in|on|of|for|with|to|from|by|about|among) (?:what|whom|which)\b"
    rf"(?! (?:\w+ )?(?:{_QUANTITY})\b)"
)
_NAME = re.compile(
    r"\bname (?:of )?(?:the )?|\bfind (?:out )?(?:the|which) (?:name|year|country|categor)"
    r"|^(?:identify|find|mention|name|tell|state) (?:me )?(?:the )?(?:name|year|country|categor|group|region|brand)"
)
_WHICH = re.compile(
    r"(?:^|^(?:[\w']+ ){1,2}|,\s|[CST]\d+ "
    r"|\b(?:in|for|of|on|at|by|from|to|among|identify|find|find out) )which\b(?P<rest>.*)"
)
_ONE_WITH = re.compile(
    r"^what(?:'s| is| was) the (?P<noun>[\w -]+?) (?:with|that (?:has|had)) (?:the |a |an )?(?:E|\d)"
)
_VERBS = (
    "is was are were had has have did do does saw accounted showed shows recorded reached experienced received"
    " will spent ranked produced reported generated with of made used got owned came held"
)
_NO_NOUNS = "is was are were will would did does do has have had can s"
_WHAT_NOUN = re.compile(
    rf"^(?:in |on |of |for |at |during )?what (?P<noun>(?!(?:{_NO_NOUNS.replace(' ', '|')})\b)[\w% -]+?)"
    rf" (?:{_VERBS.replace(' ', '|')})\b"
)
_WHAT_IS = re.compile(
    r"^(?:in [\w ]+,? )?what(?:'s| is| was| are| were)(?: considered| ranked as| named)? (?:the |a |an )?(?P<rest>.*)"
)
_NUMERIC = re.compile(
    r"^(?:in [\w ]+,? )?(?:how|what (?:% |percent|share|number|amount|proportion|portion|fraction))"
    r"|^(?:calculate|add|subtract|multiply|find the (?:average|sum|difference|total|ratio|median))"
)
_PRAISE = (
    "popular common frequent likely preferred valuable used visited important leading favorite favourite"
    " expensive reputable active successful populous populated powerful profitable watched sold cited produced"
    " trusted dangerous influential"
)
_LABELLING = re.compile(rf"\b(?:{_PRAISE.replace(' ', '|')})\b")
_FOREMOST = re.compile(r"\b(?:most|least|largest|biggest|smallest|leading|top|main|best|worst)\b")


def asks_for_title(question: str) -> bool:
    """Whether a question asks for the chart's title."""
    return bool(_TITLE.search(question))


def asks_for_colour(template: Template) -> bool:
    """Whether a question asks for a colour."""
    return bool(_COLOUR.search(template.text)) and not template.coloured


def asks_for_label(template: Template) -> bool:
    """Whether the answer is the name of something on the chart, and not a number."""
    text = template.text
    if _NUMERIC.search(text):
        return False
    if _WHO.search(text) or _WITH_WHAT.search(text) or _NAME.search(text):
        return True
    legend = re.search(
        r"\bwhat (?:does|do|is|are)\b.*\bS\d+\b.*\b(?:indicat|represent|denot|stand|depict|mean|signif)\w*", text
    )
    if legend or re.search(r"\b(?:represented|indicated|denoted|depicted|shown) by\b", text):
        return True
    which = _WHICH.search(text)
    if which is not None:
        return not re.match(
            rf"(?: is| was)?(?: the)?(?: E\d+)? (?:{_QUANTITY})\b(?! (?:{_NOT_ITSELF}))", which.group("rest")
        )
    noun = _WHAT_NOUN.match(text)
    if noun is not None:
        return not re.search(rf"\b(?:{_QUANTITY})\b", noun.group("noun"))
    one = _ONE_WITH.match(text)
    if one is not None:
        return not re.search(rf"\b(?:{_QUANTITY})\b", one.group("noun"))
    what = _WHAT_IS.match(text)
    if what is not None and (what.group("rest").startswith("E") or re.match(r"T0\b|C\d+'s? E", what.group("rest"))):
        return _thing_after_extreme(template, what.group("rest"))
    return False


def _thing_after_extreme(template: Template, rest: str) -> bool:
    """ "What was the largest carrier" wants a name, "what was the largest share" a number."""
    head = re.split(r"\b(?:of|in|for|by|between|among|during|from|at|on|that|who|which|to)\b|[,?]", rest)[0]
    if re.search(rf"\b(?:{_QUANTITY}|{_MEASURE}|bars?)\b", head):
        return False
    if _LABELLING.search(head):
        return True
    return bool(_FOREMOST.search(template.question.lower())) and len(head.split()) > 1
