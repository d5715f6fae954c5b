"""Curation by correctness: accepts the episodes that the judge finds correct, and gives every other episode its
reason."""

from typing import Literal

from lensmill.curation.fitness import Unfit, never_spoke, unfit
from lensmill.sample import Sample
from lensmill.trajectory import Trajectory
from lensmill.verdict import Verdict

CURATION_VERSION = 2
"""Raised when the same episodes with the same verdicts get another result or another reason. Versions record it."""

Rejection = Literal["abstained", "turn_limit", "incorrect", "undecided", "judge_error"] | Unfit


def rejection(sample: Sample, trajectory: Trajectory, verdict: Verdict) -> Rejection | None:
    """The reason to reject a judged trajectory; None accepts the trajectory.

    A reason that forbids training goes before the verdict, because it may explain why the judge was undecided.
    """
    if trajectory.stop != "answered":
        return "empty_turn" if never_spoke(trajectory) else trajectory.stop
    if (reason := unfit(sample, trajectory)) is not None:
        return reason
    return None if verdict.outcome == "correct" else verdict.outcome
