"""Whether the final answer is right, by the answer rules."""

from collections.abc import Sequence

from lensmill.rewards.attempt import Attempt
from lensmill.rewards.term import Term


def _of(attempt: Attempt, _: Sequence[Attempt]) -> float:
    return float(attempt.correct)


SPEC = Term(
    name="accuracy",
    doc="1 if the answer rules (lensmill.judging) are sure that the final answer is right, otherwise 0",
    of=_of,
)
