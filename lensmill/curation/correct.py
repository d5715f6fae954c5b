"""Curation by correctness: keep what the judge finds correct, and give every other episode its reason."""

from typing import Literal

from lensmill.trajectory import Trajectory
from lensmill.verdict import Verdict

Rejection = Literal["abstained", "turn_limit", "incorrect", "undecided", "judge_error"]


def rejection(trajectory: Trajectory, verdict: Verdict) -> Rejection | None:
    """Why a judged trajectory is not in the dataset; None keeps it."""
    if trajectory.stop != "answered":
        return trajectory.stop
    return None if verdict.outcome == "correct" else verdict.outcome
