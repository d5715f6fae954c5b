"""A question as it is put most plainly: without what people say before it, and with one verb for one meaning.

"According to the chart, can you work out how far apart Ohio and Texas are in area?" asks no more than "what is the
difference in area between Ohio and Texas?". Only wordings with one meaning are changed; all others stay as they are.
"""

import re

_THING = (
    r"(?:bar |line |pie |area )?"
    r"(?:chart|graph|table|figure|diagram|plot|picture|image|poster|page|document|notice|sheet)"
)
_FRAME = re.compile(
    r"^(?:according to|going by|based on|judging (?:by|from)|looking at|as (?:shown|seen|given) in|from|in|on)"
    rf" (?:the|this) (?:given |above |following )?{_THING}(?: shown| above| below)?"
    r"(?:,| (?=what |which |how |is |was ))",
    re.I,
)
LETTER = (
    r"\b(?:(?P<part>panel|subplot|subfigure)|plot|figure|chart|graph) "
    r"\(?(?P<letter>[a-z])(?:\)|(?=[,.?!]|$)|(?(part)(?= )|(?<![ai])(?= )))"
)
"""A chart of several that a question names by its letter. "The chart a company drew" names none."""

_NAMED = re.compile(rf"^(?:in|from|on) (?:(?:the|this) {_THING} [\"“][^\"”]*[\"”]|(?:the )?{LETTER}),? ", re.I)
"""Of several charts, the one that is meant."""
_AMONG = re.compile(r"^(?:of|among|out of) all (?:of )?(?:the )?[\w-]+(?: [\w-]+)? (?:shown|listed),? (?=what\b)", re.I)

_SAME: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.I), plainer)
    for pattern, plainer in (
        (r"^(?:would you say|can (?:one|you|we) say|is it (?:the case|correct|right)) that (?=\w)", "is it true that "),
        (r"^(?:can|could|would) you (?:please )?count the (?=\w)", "what is the number of "),
        (r"^(?:can|could|would) you (?:please )?(?:add up|sum up) the (?=\w)", "what is the sum of the "),
        (
            r"^(?:can|could|would) you (?:please )?(?:tell me|read off|work out|estimate|name|give(?: me)?|state|find) "
            r"the (?=\w)",
            "what is the ",
        ),
        (
            r"^what is the (?P<noun>\w[\w -]*?) with (?P<what>an? \w.*? of [$€£]?\d[\d.,]*%?\??)$",
            r"which \g<noun> has \g<what>",
        ),
        (
            r"^(?:by )?how much (?:do|did) (?P<one>\w.*?) and (?P<two>\w.*?) differ in (?P<what>\w.*?)(?P<end>\??)$",
            r"what is the difference in \g<what> between \g<one> and \g<two>\g<end>",
        ),
        (
            r"^(?:by )?how much (?:do|did) (?P<one>\w.*?) and (?P<two>\w.*?) differ(?P<end>\??)$",
            r"what is the difference between \g<one> and \g<two>\g<end>",
        ),
        (
            r"^(?:by )?how much (?:does|did) the (?P<what>\w.*?) differ between (?P<one>\w.*?) and (?P<two>\w.*)$",
            r"what is the difference in \g<what> between \g<one> and \g<two>",
        ),
        (
            r"^how far apart (?:are|were) (?P<one>\w.*?) and (?P<two>\w.*?) in (?P<what>\w.*?)(?P<end>\??)$",
            r"what is the difference in \g<what> between \g<one> and \g<two>\g<end>",
        ),
        (
            r"^what is the gap (?P<rest>(?:in|between) \w.*)$",
            r"what is the difference \g<rest>",
        ),
        (
            r"^how (?:big|large|great|wide) is the (?:gap|difference) (?P<rest>(?:in|between) \w.*)$",
            r"what is the difference \g<rest>",
        ),
    )
)
"""Openings and verbs, and what is said for them. A question with two "and" may be divided wrongly, so none is."""


def plainly(question: str) -> str:
    """The question in its plainest wording."""
    text = " ".join(question.split())
    for opening in (_NAMED, _FRAME, _AMONG):
        text = opening.sub("", text).strip()
    for pattern, plainer in _SAME:
        if len(re.findall(r"\band\b", text)) > 1 and "one" in pattern.groupindex:
            continue
        text = pattern.sub(plainer, text)
    return text
