"""The distance of an answer from the reference, independent of the judge."""

from collections.abc import Iterator, Mapping
from typing import Any

from lensmill.facts.measure import Column, Episode, Making, Measure
from lensmill.judging.comparison import within_tolerance
from lensmill.judging.quantities import read_quantity
from lensmill.judging.text import canonical, unwrapped

MAX_TEXT = 200
"""Maximum characters of an answer that is read as a number; a longer answer is compared as text."""


def _of(episode: Episode, _: Making) -> Mapping[str, Any]:
    answer = None if episode.trajectory is None else episode.trajectory.answer
    if answer is None:
        return {}
    if len(answer) > MAX_TEXT:
        return {"exact": answer in episode.sample.answers}
    said = canonical(answer)
    references = [canonical(text) for text in episode.sample.answers if len(text) <= MAX_TEXT]
    pairs = [pair for reference in references for pair in _pairs(unwrapped(said), reference)]
    distances = [abs(mine - theirs) / abs(theirs) for mine, theirs in pairs if theirs]
    distances += [0.0 for mine, theirs in pairs if not theirs and not mine]
    return {
        "exact": said in references,
        "within_tolerance": any(within_tolerance(mine, theirs) for mine, theirs in pairs) if pairs else None,
        "distance": min(distances, default=None),
    }


def _pairs(answer: str, reference: str) -> Iterator[tuple[float, float]]:
    """The values of an answer and a reference that are both one number."""
    wanted = [quantity.value for quantity in read_quantity(reference) if not quantity.doubtful]
    if wanted:
        for quantity in read_quantity(answer):
            if not quantity.doubtful:
                yield from ((quantity.value, value) for value in wanted)


SPEC = Measure(
    "exactness",
    (
        Column("exact", "bool", "the answer is one of the references, but for case, blanks and Unicode form"),
        Column("within_tolerance", "bool", "answer and reference are numbers within 5 %; null if one is no number"),
        Column("distance", "float64", "|answer - reference| / |reference| of two numbers, the nearest reference"),
    ),
    _of,
)
