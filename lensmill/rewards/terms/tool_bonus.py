"""A bonus for a tool that helped (DeepEyes, arXiv 2505.14362, section on rewards; weight 1.2)."""

from collections.abc import Sequence

from lensmill.rewards.attempt import Attempt
from lensmill.rewards.term import Term


def _of(attempt: Attempt, _: Sequence[Attempt]) -> float:
    return float(attempt.correct and attempt.used_tool)


SPEC = Term(
    name="tool_bonus",
    doc="1 if the answer is right and a zoom worked and showed something new, otherwise 0. DeepEyes counts any call; "
    "here a zoom on the whole picture, or the same zoom again, earns nothing.",
    of=_of,
)
