"""Printed facts: a name and its value in one row or sentence, as on posters, notices, price lists and signs."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lensmill.agents.reader.evidence import joined_lines
from lensmill.agents.reader.matching import distance, words_of
from lensmill.agents.reader.questions.plainly import plainly
from lensmill.agents.reader.sheet import Seen, same_place
from lensmill.geometry import Box
from lensmill.perception.text import TextLine

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DIGITS = r"\d(?:[\d.,:/ -]*\d)?"

_KINDS: tuple[tuple[str, str, str], ...] = (
    ("e-mail address", r"e-?mail", r"[\w.+-]+@[\w-]+\.[\w.-]*\w"),
    ("website", r"websites?|web ?pages?|url", r"(?:https?://)?(?:[\w-]+\.)+[a-z]{2,6}(?:/\S*)?"),
    ("phone number", r"phones?|telephones?|call|calling|fax", r"[+(]?\d[\d ().-]{3,}\d"),
    ("price", r"prices?|costs?|fees?|charges?|how much", r"[$€£¥] ?\d[\d.,]*\d|[$€£¥] ?\d|\d[\d.,]* ?[€£¥]"),
    ("time", r"times?|o'clock|what hour", r"\d{1,2}[:.]\d{2}(?: ?[ap]\.?m\b\.?)?|\d{1,2} ?[ap]\.?m\b\.?"),
    ("date", r"dates?|which day|what day", rf"\d{{1,2}}\.? {_MONTH}(?:,? \d{{4}})?|{_MONTH} \d{{1,2}}(?:,? \d{{4}})?"),
    ("room", r"rooms?", r"room \w+"),
    ("code", r"codes?|registration|serial", r"[a-z]{1,4}[- ]?\d{2,}[a-z0-9-]*"),
    ("number", r"numbers?|figures?", rf"(?:no\. ?)?(?:[a-z]{{1,4}}-)?{_DIGITS}"),
    ("edition", r"editions?|issues?|volumes?", rf"(?:no\. ?)?{_DIGITS}"),
    ("print run", r"print run", rf"{_DIGITS} copies"),
)
"""What may be asked for: its name, how questions name it, and what it looks like."""

_EMPTY = frozenset(
    words_of(
        "a an the of in on at to for from with and or by is are was were be been it its this that these those as into "
        "do does did what which when where who whom how much many should could can may one i we you they there here "
        "given printed shown written stated listed named mentioned said says please tell will would has have had until "
        "number numbers line foot top bottom left right corner"
    )
)
_CALCULATED = r"\b(?:\w{3,}est|most|least|average|mean|median|total)"
"""Before what is asked for: the answer follows from several values, and no row has it."""

_ENOUGH_OF_QUESTION = 0.7
_ENOUGH_OF_LABEL = 0.5
_RIVAL = 0.15


@dataclass(frozen=True, slots=True)
class Fact:
    """A value that is printed for what a question names.

    Attributes:
        kind: what it is, e.g. "phone number".
        value: as printed.
        text: the row or sentence that it stands in.
        box: of that row, in pixels of the original.
    """

    kind: str
    value: str
    text: str
    box: Box


def asked_kind(question: str) -> str | None:
    """The kind of printed fact that a question asks for, if it asks for one."""
    for kind, asks, _ in _KINDS:
        if re.search(rf"\b(?:{asks})\b", question, re.IGNORECASE):
            return kind
    return None


def find_fact(question: str, seen: Sequence[Seen]) -> Fact | None:
    """The one fact that answers a question; None where there is none, or several differ.

    A row counts where its words, other than the value, are mostly the question's, and hold most of the question's.
    """
    question = plainly(question)
    kind = asked_kind(question)
    if kind is None:
        return None
    asks, looks = next((asks, looks) for name, asks, looks in _KINDS if name == kind)
    asked = re.compile(rf"\b(?:{asks})\b", re.IGNORECASE)
    if re.search(rf"^how many\b.*\bnumber|{_CALCULATED} (?:{asks})\b", question, re.IGNORECASE):
        return None
    wanted = _content(asked.sub(" ", question))
    if not wanted:
        return None
    scored: list[tuple[float, Fact]] = []
    for text, box in _rows(seen):
        for value in re.finditer(rf"(?<![\w.]){looks}", text, re.IGNORECASE):
            label = _content(asked.sub(" ", text[: value.start()] + " " + text[value.end() :]))
            met, covered = _share(wanted, label), _share(label, wanted)
            if met >= _ENOUGH_OF_QUESTION and covered >= _ENOUGH_OF_LABEL:
                scored.append((met + covered, Fact(kind, value.group().strip(" .,;"), text, box)))
    if not scored:
        return None
    best = max(scored, key=lambda s: (s[0], -s[1].box.area))
    if any(other[0] > best[0] - _RIVAL and words_of(other[1].value) != words_of(best[1].value) for other in scored):
        return None
    return best[1]


def topicality(question: str, text: str) -> float:
    """The share of a line's words that a question has too; 0 for lines with no word worth looking at."""
    return _share(_content(text), _content(question))


def _content(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words_of(text) if word not in _EMPTY and len(word) > 1))


def _share(words: Sequence[str], among: Sequence[str]) -> float:
    """How much of `words` (by letters) stands in `among`, forgiving endings and one misread letter."""
    total = sum(map(len, words))
    return sum(len(word) for word in words if any(_alike(word, other) for other in among)) / total if total else 0.0


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    if len(short) >= 4 and long.startswith(short[: max(4, len(short) - 1)]) and len(long) - len(short) <= 3:
        return True
    return len(short) >= 5 and abs(len(long) - len(short)) <= 1 and distance(short, long) <= 1


def _rows(seen: Sequence[Seen]) -> Iterable[tuple[str, Box]]:
    """Texts in which a name and its value may stand together: pieces of lines, sentences over two lines, wide rows."""
    readable = [s for s in seen if s.score >= 0.7 and not s.cut][:600]
    for one in readable:
        for piece in re.split(r"\s*[|•·;]\s*", one.text):
            yield piece, one.box
    for pair in joined_lines(readable):
        yield pair.text, pair.box
    for left in readable:
        right = _next_in_row(left, readable)
        if right is not None:
            yield f"{left.text} {right.text}", left.box.union(right.box)


def _next_in_row(left: Seen, lines: Sequence[Seen]) -> Seen | None:
    """The nearest line to the right of another at the same height on the page."""
    best: Seen | None = None
    for line in lines:
        level = abs(line.box.centre[1] - left.box.centre[1]) <= 0.4 * min(line.box.height, left.box.height)
        beside = level and line.box.x1 >= left.box.x2 - 2 and not same_place(line.box, left.box)
        if beside and (best is None or line.box.x1 < best.box.x1):
            best = line
    return best


def as_seen(fact: Fact, seen: Sequence[Seen]) -> Seen:
    """The fact's row as one line."""
    inside = [s for s in seen if fact.box.intersection(s.box) is not None]
    return Seen(
        TextLine(fact.text, fact.box, min((s.score for s in inside), default=0.0)),
        min((s.height for s in inside), default=0.0),
        max((s.picture for s in inside), default=0),
    )
