"""Evidence for the options of a multiple-choice question, among the texts that were seen.

A question is only taken on when it asks for something printed. An option is answered only when print speaks for
it, and for no other option as clearly.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lensmill.agents.reader.matching import fold, likeness, words_of
from lensmill.agents.reader.sheet import Seen, same_place
from lensmill.geometry import Box
from lensmill.perception.text import TextLine

ENOUGH = 0.78
"""An option's best line must match it at least this well."""

MARGIN = 0.15
"""Every other option must match worse by this, unless the best is met exactly where the other is not."""

READABLE = 0.6
"""The lowest score of the text recogniser for a line that may be evidence."""

NEAR = 8.0
"""Print within so many heights of a landmark's text stands by it."""

TALLER = 1.2
"""Letters are larger than others when they are so many times as high; boxes of the same print differ by a tenth."""

PARTLY = 0.79
"""Strength of print that holds only words of an option which no other option has (and up to 0.1 more)."""

WORD = 5
"""Single words of a longer option count from this many letters."""

_ASKS_FOR_PRINT = re.compile(
    r"\b(names?|named|called|words?|print(ed|s)?|writt?(en|es?|ing)?|says?|said|reads?|text|logo|brand|website|url"
    r"|addres(s|ses)|e-?mail|phone|telephone|plate|sign(board)?s?|titles?|labels?|labell?ed|letters?|street|prices?"
    r"|cost|how much|announces?|content|information|dates?|years?|time|slogan|messages?|author|numbers?|digits?|code"
    r"|headline|caption|heading|according to|stated?|states|displayed|shown)\b",
    re.IGNORECASE,
)
_ASKS_FOR_MORE = re.compile(
    r"\bcolou?rs?\b|\bhow many\b|\b(left|right|above|below|front|behind)( side)? (or|of the)\b.*\?$.*\bor\b"
    r"|\b(larg|small|high|low|great|bigg|long|short|old|young|new|earli|lat|cheap|few)(er|est)\b|\b(most|least)\b",
    re.IGNORECASE | re.DOTALL,
)
_QUOTED = re.compile(r"[\"“”]([^\"“”]{2,80})[\"“”]|(?<!\w)['‘]([^'‘’]{2,80})['’](?!\w)")
_FIRST = re.compile(r"\b(first|top|topmost|upper)\b", re.IGNORECASE)
_LAST = re.compile(r"\b(last|bottom|lowest|lower)\b", re.IGNORECASE)
_LETTERS = (
    r"(?:[\s,-]+(?!(?:and|at|by|in|of|on|the|with)\b)\w+){0,2}"
    r"[\s,-]+(letters?|lettering|type|print|characters|capitals|font|words?)\b"
)
_LARGE = re.compile(r"\b(large|big|huge|tall)" + _LETTERS, re.IGNORECASE)
_SMALL = re.compile(r"\b(small|tiny|fine|little)" + _LETTERS, re.IGNORECASE)
_SIDE = r"\b{0}(-hand)? (edge|side|end|corner|half|margin)\b|\b(on|at) the (far |upper |lower )?{0}\b(?! of\b)"
_LEFT = re.compile(_SIDE.format("left"), re.IGNORECASE)
_RIGHT = re.compile(_SIDE.format("right"), re.IGNORECASE)
_COMMON = frozenset(words_of("a an the of in on at to for from with and or by is are was were be it its this that"))


def asks_for_print(question: str) -> bool:
    """Does a question ask for something that stands in the picture as text, and for no colour, count or ranking?"""
    return bool(_ASKS_FOR_PRINT.search(question)) and not asks_for_more(question)


def asks_for_more(question: str) -> bool:
    """Does a question ask for a colour, a count or a ranking, which no single print says?"""
    return bool(_ASKS_FOR_MORE.search(question))


def landmarks(question: str, options: Sequence[str] = ()) -> tuple[str, ...]:
    """Texts in a question that should stand in the picture near the answer: quotations, capitalised names."""
    found = [next(filter(None, match.groups())) for match in _QUOTED.finditer(question)]
    plain = _QUOTED.sub(" , ", question)
    for sentence in re.split(r"[.?!:]\s+", plain):
        words = sentence.split()
        run: list[str] = []
        for word in [*words[1:], ""]:
            bare = word.strip(".,;:?!()'\"’")
            if bare[:1].isupper() and len(bare) > 1:
                run.append(bare)
            elif run:
                found.append(" ".join(run))
                run = []
            if run and word[-1:] in ",;":
                found.append(" ".join(run))
                run = []
    answers = {fold(option) for option in options}
    return tuple(dict.fromkeys(text for text in found if len(fold(text)) >= 2 and fold(text) not in answers))


@dataclass(frozen=True, slots=True)
class Evidence:
    """A line that speaks for an option.

    Attributes:
        strength: 0 to 1, 1 for the option's own text.
        by_name: the line also names what the question asks about.
    """

    option: int
    strength: float
    seen: Seen
    by_name: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What the texts say: the option with its evidence, or (option None) why there is no answer."""

    option: int | None
    evidence: tuple[Evidence, ...]
    reason: str


def gather(options: Sequence[str], question: str, readings: Sequence[Seen]) -> list[list[Evidence]]:
    """For each option, the lines that speak for it, strongest first."""
    readable = [seen for seen in readings if seen.score >= READABLE]
    lines = [*readable, *joined_lines(readable)]
    telling = _telling_words(options, question)
    found: list[list[Evidence]] = []
    for number, option in enumerate(options):
        mine = [Evidence(number, s, line) for line in lines if (s := _strength(option, telling[number], line)) >= 0.5]
        found.append(sorted(mine, key=lambda e: (-e.strength, -e.seen.score, e.seen.box.xyxy, e.seen.picture)))
    return found


def weigh(question: str, options: Sequence[str], readings: Sequence[Seen]) -> Finding:
    """The option that print speaks for, if it speaks for one alone."""
    found = gather(options, question, readings)
    strong = [number for number, mine in enumerate(found) if mine and mine[0].strength >= ENOUGH]
    if not strong:
        return Finding(None, (), "nothing that I can read matches one of the options")
    best = max(strong, key=lambda number: (found[number][0].strength, -number))
    mine = found[best]
    rivals = [n for n in strong if n != best and any(e.strength >= ENOUGH for e in _unbeaten(found[n], mine))]
    if rivals:
        return _settle(question, options, readings, found, [best, *rivals])
    close = [e for n, theirs in enumerate(found) if n != best for e in _unbeaten(theirs, mine)]
    if any(mine[0].strength - e.strength < MARGIN for e in close):
        return Finding(None, (), "what I can read fits more than one of the options")
    return Finding(best, _same(mine), "")


def _unbeaten(theirs: Sequence[Evidence], mine: Sequence[Evidence]) -> list[Evidence]:
    """Evidence for another option, other than print that fits the best option clearly better."""
    return [e for e in theirs if not any(same_place(m.seen.box, e.seen.box) and _clearly(m, e) for m in mine)]


def _clearly(best: Evidence, other: Evidence) -> bool:
    if best.strength == 1.0 and other.strength < 1.0:
        return True
    return best.strength - other.strength >= MARGIN


def _same(mine: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The best evidence of an option and what is about as strong elsewhere."""
    return tuple(e for e in mine if e.strength >= max(ENOUGH, mine[0].strength - MARGIN / 2))


def _settle(
    question: str,
    options: Sequence[str],
    readings: Sequence[Seen],
    found: Sequence[Sequence[Evidence]],
    rivals: Sequence[int],
) -> Finding:
    """Several options are in the picture: the one by the question's landmark, or the one that looks as it says.

    The sharper a view, the more of the options it shows at once, so that what a blurred one answers for want of
    rivals is decided here.
    """
    marks = places_of(landmarks(question, options), readings)
    near = {n: [e for e in _same(found[n]) if _by(e, marks)] for n in rivals}
    left = [n for n in rivals if near[n]] if marks else list(rivals)
    if len(left) == 1 and marks:
        return Finding(left[0], tuple(near[left[0]]), "")
    prints = {n: near[n] or list(_same(found[n])) for n in left}
    described = {_by_size(question, prints, readings), _by_side(question, prints)} - {None}
    if described:
        # Descriptions that point at different options describe something else than their print.
        alone = described.pop() if len(described) == 1 else None
        return Finding(alone, tuple(prints[alone]), "") if alone is not None else Finding(None, (), _SEVERAL)
    places = {n: prints[n][0] for n in left}
    one_block = marks or _close_together([e.seen.box for e in places.values()])
    if len(left) > 1 and one_block and bool(_FIRST.search(question)) != bool(_LAST.search(question)):
        upright = sorted(left, key=lambda n: places[n].seen.box.centre[1])
        chosen = upright[0] if _FIRST.search(question) else upright[-1]
        return Finding(chosen, (places[chosen],), "")
    return Finding(None, (), _SEVERAL)


_SEVERAL = "more than one of the options stands in the picture"


def _by_size(question: str, prints: Mapping[int, Sequence[Evidence]], readings: Sequence[Seen]) -> int | None:
    """The option in clearly larger (or smaller) letters than all others, if the question speaks of such letters."""
    large, small = _LARGE.search(question), _SMALL.search(question)
    if bool(large) == bool(small):
        return None
    # Two lines joined to one have no height of letters of their own.
    heights = {n: [_type_size(e.seen.box) for e in mine if e.seen in readings] for n, mine in prints.items()}
    if len(heights) < 2 or not all(heights.values()):
        return None
    order = sorted(heights, key=lambda n: max(heights[n]))
    below, above = (order[-2], order[-1]) if large else (order[0], order[1])
    clear = max(heights[above]) >= TALLER * max(heights[below])
    return (above if large else below) if clear else None


def _by_side(question: str, prints: Mapping[int, Sequence[Evidence]]) -> int | None:
    """The option that stands wholly to the left (or right) of all others, if the question names that side."""
    left, right = _LEFT.search(question), _RIGHT.search(question)
    if len(prints) < 2 or bool(left) == bool(right):
        return None
    spans = {n: (min(e.seen.box.x1 for e in mine), max(e.seen.box.x2 for e in mine)) for n, mine in prints.items()}
    if left:
        first = min(spans, key=lambda n: spans[n])
        return first if all(spans[first][1] < spans[n][0] for n in spans if n != first) else None
    last = max(spans, key=lambda n: spans[n])
    return last if all(spans[n][1] < spans[last][0] for n in spans if n != last) else None


def places_of(texts: Sequence[str], readings: Sequence[Seen]) -> list[Seen]:
    """Where texts of a question stand in the picture."""
    readable = [seen for seen in readings if seen.score >= READABLE]
    lines = [*readable, *joined_lines(readable)]
    return [seen for seen in lines if any(likeness(text, seen.text) >= ENOUGH for text in texts)]


def _by(evidence: Evidence, marks: Sequence[Seen]) -> bool:
    return any(gap(evidence.seen.box, mark.box) <= NEAR * _type_size(mark.box) for mark in marks)


def _close_together(boxes: Sequence[Box]) -> bool:
    return all(gap(boxes[0], box) <= NEAR * _type_size(box) for box in boxes[1:])


def _type_size(box: Box) -> float:
    return min(box.width, box.height)


def gap(one: Box, other: Box) -> float:
    """The distance between two boxes, 0 where they touch."""
    dx = max(one.x1 - other.x2, other.x1 - one.x2, 0.0)
    dy = max(one.y1 - other.y2, other.y1 - one.y2, 0.0)
    return max(dx, dy)


def joined_lines(lines: Sequence[Seen]) -> list[Seen]:
    """Pairs of lines of one picture that belong together: one below the other, or side by side in a row."""
    pairs: list[Seen] = []
    for upper in lines[:400]:
        for lower in lines[:400]:
            if upper.picture == lower.picture and upper is not lower and _follows(upper.box, lower.box):
                score, height = min(upper.score, lower.score), min(upper.height, lower.height)
                both = TextLine(f"{upper.text} {lower.text}", upper.box.union(lower.box), score)
                pairs.append(Seen(both, height, upper.picture, upper.cut or lower.cut))
    return pairs


def _follows(first: Box, second: Box) -> bool:
    """Is the second the next line of, or the next piece to the right of, the first?"""
    size = min(first.height, second.height)
    if max(first.height, second.height) > 2 * size:
        return False
    below = abs(second.y1 - first.y2) <= 0.7 * size and second.centre[1] > first.centre[1]
    across = min(first.x2, second.x2) - max(first.x1, second.x1)
    if below and across >= 0.5 * min(first.width, second.width):
        return True
    level = abs(first.centre[1] - second.centre[1]) <= 0.4 * size
    return level and -0.2 * size <= second.x1 - first.x2 <= 1.2 * size


def _telling_words(options: Sequence[str], question: str) -> list[tuple[str, ...]]:
    """For each option of several words, those that no other option and not the question has."""
    words = [words_of(option) for option in options]
    asked = set(words_of(question))
    telling = []
    for number, mine in enumerate(words):
        others = {word for n, theirs in enumerate(words) if n != number for word in theirs}
        own = [w for w in mine if len(w) >= WORD and w not in others and w not in asked and w not in _COMMON]
        telling.append(tuple(dict.fromkeys(own)) if len(mine) > 1 else ())
    return telling


def _strength(option: str, telling: Sequence[str], line: Seen) -> float:
    whole = likeness(option, line.text)
    if whole == 1.0 and line.cut:
        whole = 0.95
    if whole >= ENOUGH or not telling or line.score < 0.9:
        return whole
    printed = set(words_of(line.text))
    met = sum(len(word) for word in telling if word in printed)
    if not met or sum(c.isalpha() for c in "".join(telling)) < WORD:
        return whole
    return max(whole, PARTLY + 0.1 * met / sum(map(len, telling)))
