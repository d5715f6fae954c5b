"""Curation by correctness: keep what the judge finds correct, and give every other episode its reason."""

from typing import Literal

from lensmill.curation.fitness import Unfit, never_spoke, unfit
from lensmill.sample import Sample
from lensmill.trajectory import Trajectory
from lensmill.verdict import Verdict

CURATION_VERSION = 2
"""Raised when the same episodes with the same verdicts are kept or named otherwise; versions record it."""

Rejection = Literal["abstained", "turn_limit", "incorrect", "undecided", "judge_error"] | Unfit


def rejection(sample: Sample, trajectory: Trajectory, verdict: Verdict) -> Rejection | None:
    """Why a judged trajectory is not in the dataset; None keeps it.

    What must not be trained on goes before the verdict: it may well be why a judge did not know what to say.
    """
    if trajectory.stop != "answered":
        return "empty_turn" if never_spoke(trajectory) else trajectory.stop
    if (reason := unfit(sample, trajectory)) is not None:
        return reason
    return None if verdict.outcome == "correct" else verdict.outcome
