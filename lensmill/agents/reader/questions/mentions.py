"""Which of a chart's labels a question names, and where.

A label is named where its words stand together in the question; a long one also where most of its telling words do.
What could mean two labels means none.
"""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from lensmill.agents.reader.questions.grid import Dimension, Grid
from lensmill.agents.reader.questions.times import Moment, moments_in
from lensmill.agents.reader.questions.words import STOP_WORDS, Token, alike, plain, tokens

_WHOLE = 0.999
_MOST = 0.45  # share of a label's telling words that must be there
_FIRST = 0.6  # for a name said by its first word alone ("Ericsson" for "Ericsson, Telefon AB LM")
_CLEAR = 0.75
_MARGIN = 0.2  # by which it must beat every other label that claims a word of its
_SCATTERED = 0.9  # all words there, but far apart, or their initials only
_ASIDE = 0.2  # what a word in brackets tells, against one outside
_SPREAD = 12  # tokens: words of one label do not stand further apart
# A label made of one of these is also a word that questions are made of.
_WORKING = """
    total average mean median sum other all number value year percent percentage share rate difference highest lowest
    most least no yes more less high low world first second third many
"""
_WORKING_WORDS = frozenset(_WORKING.split())
# A label of several words is not named by one of these alone: they are said of all labels.
_THINGS_OF_ALL = """
    city cities country countries state states region regions area areas year years month months group groups sector
    sectors company companies brand brands product products people person persons user users game games type types
    building buildings household households bar bars category categories industry industries service services team
    teams age ages individual individuals adult adults respondent respondents way ways thing things
"""
_THINGS = frozenset(_THINGS_OF_ALL.split())
_SUMMARIES = frozenset({"total", "overall", "average"})
_NEGATIONS = frozenset({"no", "not", "non", "none", "never", "without", "don't", "neither", "under"})


@dataclass(frozen=True, slots=True)
class Mention:
    """A label named in the question; start and end in characters.

    `used` are the words it takes up; one that is not `telling` could as well mean another label.
    """

    dimension: Dimension
    name: str
    start: int
    end: int
    score: float
    used: frozenset[int] = frozenset()
    telling: bool = True


def mentions_in(question: str, grid: Grid) -> tuple[Mention, ...]:
    """The labels that a question (already `plain`) names, left to right, none overlapping."""
    timed = _timed(question, grid)
    words = tokens(question)
    taken = {
        place for place, word in enumerate(words) if any(mention.start <= word.start < mention.end for mention in timed)
    }
    found = list(timed)
    candidates = [
        candidate for dimension in ("category", "series") for candidate in _candidates(words, question, dimension, grid)
    ]
    for candidate in sorted(candidates, key=_rank):
        if (
            not candidate.telling
            or candidate.used & taken
            or (candidate.score < _WHOLE and _rivalled(candidate, candidates, taken))
        ):
            continue
        if any(candidate.start < other.end and other.start < candidate.end for other in found):
            continue
        if candidate.score < _CLEAR and any(
            other.dimension == candidate.dimension and other.score >= _WHOLE for other in found
        ):
            continue  # beside a label named in full, a few words of another are chance
        found.append(candidate)
        taken |= candidate.used
    return tuple(sorted(found, key=lambda mention: mention.start))


def _rank(mention: Mention) -> tuple[float, int, int]:
    return (-round(mention.score, 3), -len(mention.used), mention.start)


def _rivalled(candidate: Mention, candidates: list[Mention], taken: set[int]) -> bool:
    return any(
        rival is not candidate
        and (rival.dimension, rival.name) != (candidate.dimension, candidate.name)
        and rival.used & candidate.used
        and not rival.used & taken
        and rival.score > candidate.score - _MARGIN
        for rival in candidates
    )


def _timed(question: str, grid: Grid) -> list[Mention]:
    found: list[Mention] = []
    for said, start, end in moments_in(question):
        for dimension in ("category", "series"):
            fits = [name for name, moment in grid.times(dimension).items() if moment.fits(said)]
            if len(fits) > 1:
                fits = [name for name in fits if grid.times(dimension)[name] == said]
            if len(fits) == 1:
                found.append(Mention(dimension, fits[0], start, end, 1.0))
                break
    return found


def unplaced_moments(question: str, grid: Grid) -> tuple[Moment, ...]:
    """Moments that the question names and no time label of the chart fits."""
    spans = {(mention.start, mention.end) for mention in _timed(question, grid)}
    return tuple(said for said, start, end in moments_in(question) if (start, end) not in spans)


@dataclass(frozen=True, slots=True)
class _Label:
    """A label to look for: its telling words and how much each of them tells, fewer the more labels share it."""

    dimension: Dimension
    name: str
    weights: dict[str, float]
    shared: frozenset[str]
    needed: frozenset[str]

    @property
    def head(self) -> str:
        return next(iter(self.weights))


def _candidates(words: tuple[Token, ...], question: str, dimension: Dimension, grid: Grid) -> list[Mention]:
    names = [name for name in grid.names(dimension) if name and name not in grid.times(dimension)]
    stems = {name: _telling(name) for name in names}
    seen = Counter(stem for known in stems.values() for stem in known)
    found: list[Mention] = []
    for name in names:
        aside = _telling(re.sub(r"\([^)]*\)", " ", name)) or stems[name]
        weights = {stem: (1.0 if stem in aside else _ASIDE) / seen[stem] for stem in stems[name]}
        shared = frozenset(stem for stem in weights if seen[stem] > 1)
        label = _Label(dimension, name, weights, shared, frozenset(weights) & _NEGATIONS)
        if weights:
            found += _places(words, question, label)
            found += _acronyms(words, question, label)
    return found


def _telling(name: str) -> tuple[str, ...]:
    words = tokens(plain(name))
    stems = tuple(dict.fromkeys(word.stem for word in words if word.text not in STOP_WORDS))
    return stems or tuple(dict.fromkeys(word.stem for word in words))


def _places(words: tuple[Token, ...], question: str, label: _Label) -> list[Mention]:
    """Every place where enough of the label's words stand."""
    hits = [(place, stem) for place, word in enumerate(words) for stem in label.weights if alike(word.stem, stem)]
    found: list[Mention] = []
    for anchor, _ in hits:
        nearest: dict[str, int] = {}
        for place, stem in hits:
            if anchor <= place < anchor + _SPREAD and stem not in nearest and place not in nearest.values():
                nearest[stem] = place
        score = sum(label.weights[stem] for stem in nearest) / sum(label.weights.values())
        if score < _FIRST and _named_by_its_head(label, nearest, words, question):
            score = _FIRST
        telling = bool(nearest.keys() - label.shared) or score >= _WHOLE
        if score < _MOST or not _meant(label, nearest, words, question):
            continue
        used = frozenset(nearest.values())
        if score >= _WHOLE and max(used) - min(used) > 2 * len(label.weights) + 2:
            score = _SCATTERED
        start, end = words[min(used)].start, words[max(used)].end
        found.append(Mention(label.dimension, label.name, start, end, score, used, telling))
    return found


def _fits_in(words: tuple[Token, ...], matched: list[Token], question: str, label: _Label) -> bool:
    """Whether a few words of a label may stand for it: no verb ("played" is not "Role-playing"), no word that is said
    of all labels ("the cities" is not "Mexico City"), no part of another name ("South Pacific" is not "South Asia")."""
    own = {word.text for word in tokens(plain(label.name))}
    if all(word.text in _THINGS or (word.text not in own and re.search(r"(?:ed|ing)$", word.text)) for word in matched):
        return False
    places = {word.start for word in matched}
    for before, after in pairwise(words):
        inner = (before.start in places) != (after.start in places)
        close = question[before.end : after.start] == " " and before.start > 0
        if inner and close and question[before.start].isupper() and question[after.start].isupper():
            stranger = after if before.start in places else before
            if stranger.text not in STOP_WORDS and stranger.text not in own:
                return False
    return True


def _acronyms(words: tuple[Token, ...], question: str, label: _Label) -> list[Mention]:
    """Places where the question spells out a label's capitals: "National Basketball Association" for "NBA"."""
    found: list[Mention] = []
    for acronym in re.findall(r"\b[A-Z]{3,5}\b", label.name):
        if acronym.lower() in label.shared:
            continue
        for start in range(len(words) - len(acronym) + 1):
            run = words[start : start + len(acronym)]
            if "".join(question[word.start] for word in run) == acronym:
                used = frozenset(range(start, start + len(acronym)))
                found.append(Mention(label.dimension, label.name, run[0].start, run[-1].end, _SCATTERED, used))
    return found


def _named_by_its_head(label: _Label, nearest: dict[str, int], words: tuple[Token, ...], question: str) -> bool:
    head = nearest.get(label.head)
    if head is None or label.head in label.shared or words[head].start == 0 or len(label.head) < 4:
        return False
    return question[words[head].start].isupper()


def _meant(label: _Label, nearest: dict[str, int], words: tuple[Token, ...], question: str) -> bool:
    """Whether a match means the label: all its negations are said, and the words are not ones any question holds."""
    if not label.needed <= nearest.keys():
        return False
    matched = [words[place] for place in nearest.values()]
    if len(matched) < len(label.weights) and any(
        place > 0 and words[place - 1].text in ("which", "what", "many") for place in nearest.values()
    ):
        return False  # "which country" asks for one
    if len(matched) < len(label.weights) and not _fits_in(words, matched, question, label):
        return False
    digits = {stem for stem in label.weights if stem[0].isdigit()}
    if digits - nearest.keys() and any(
        place > 0 and words[place - 1].text[0].isdigit() and place - 1 not in nearest.values()
        for place in nearest.values()
    ):
        return False  # "1 km" is not the label "5 km"
    if len(digits) >= 2 and digits <= nearest.keys():
        return True  # a span of numbers ("between 18 and 29") says which label is meant
    working = all(word.text[0].isdigit() or word.text in _WORKING_WORDS for word in matched)
    if len(matched) < len(label.weights) and working:
        return False
    if len(label.weights) == 1 and matched[0].text in _WORKING_WORDS:
        word = matched[0]
        if word.text in _SUMMARIES and not re.match(r" (?:value )?(?:of|add)\b", question[word.end :]):
            return True  # a chart with a bar for the total means that bar
        return word.start > 0 and (question[word.start].isupper() or question[word.start - 1] in "'\"‘“")
    return True
