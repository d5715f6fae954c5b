"""Curiosity and its price (Pixel Reasoner, arXiv 2505.15966, section on curiosity-driven reinforcement learning)."""

from collections.abc import Sequence

from lensmill.rewards.attempt import Attempt
from lensmill.rewards.term import Term

WANTED_RATE = 0.3
"""Share of a question's rollouts that use a tool, up to which using one earns a bonus."""


def _curiosity(attempt: Attempt, group: Sequence[Attempt]) -> float:
    if not attempt.used_tool:
        return 0.0
    return max(WANTED_RATE - sum(other.used_tool for other in group) / len(group), 0.0)


def _extra_calls(attempt: Attempt, _: Sequence[Attempt]) -> float:
    return float(min(1 - attempt.calls, 0))


SPECS = (
    Term(
        name="curiosity",
        doc=f"max({WANTED_RATE} - share of the question's rollouts that use a tool, 0) for a rollout that uses one. "
        "The released code halves the value, and then scales by a quarter of the inverse share",
        of=_curiosity,
        high=WANTED_RATE,
        grouped=True,
    ),
    Term(
        name="extra_calls",
        doc="1 - n for n calls, and 0 for none; to be weighed with 0.05. Calls that failed count too",
        of=_extra_calls,
        low=-float("inf"),
        high=0.0,
    ),
)
