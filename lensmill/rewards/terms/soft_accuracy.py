"""How near a free text comes to a reference (ANLS, Biten et al., "Scene Text Visual Question Answering", ICCV 2019)."""

from collections.abc import Sequence

from lensmill.judging.anls import anls
from lensmill.rewards.attempt import Attempt
from lensmill.rewards.term import Term


def _of(attempt: Attempt, _: Sequence[Attempt]) -> float:
    if attempt.correct:
        return 1.0
    near = attempt.verdict.outcome == "undecided" and attempt.verdict.score is not None
    return anls(attempt.answer, attempt.asked.references) if near and attempt.answer is not None else 0.0


SPEC = Term(
    name="soft_accuracy",
    doc="accuracy, with part of it for free texts that the rules leave undecided: ANLS, 0 below 0.5. Numbers, dates, "
    "codes, options and lists get nothing for being near.",
    of=_of,
)
