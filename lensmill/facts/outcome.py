"""The end of an episode, the judge's verdict, and whether the episode may be trained on."""

from collections.abc import Mapping
from typing import Any

from lensmill.curation.correct import rejection
from lensmill.facts.identity import SHOWN
from lensmill.facts.measure import Column, Episode, Making, Measure

FAILED = "failed"
"""Outcome and reason of an episode without a trajectory."""


def _of(episode: Episode, _: Making) -> Mapping[str, Any]:
    failure, verdict, trajectory = episode.failure, episode.verdict, episode.trajectory
    if failure is not None:
        ended = {"error_class": failure.error_class, "error": failure.message[:SHOWN], "attempts": failure.attempts}
        return {"outcome": FAILED, "reason": FAILED, **ended}
    assert verdict is not None
    assert trajectory is not None
    return {
        "outcome": verdict.outcome,
        "rule": verdict.rule,
        "score": verdict.score,
        "stop": trajectory.stop,
        "reason": rejection(episode.sample, trajectory, verdict),
    }


SPEC = Measure(
    "outcome",
    (
        Column("outcome", "string", "correct, incorrect, undecided, judge_error, or failed: the episode has no end"),
        Column("rule", "string", "rule or judge that decided, e.g. number"),
        Column("score", "float32", "closeness of the answer, 0 to 1, where the rule has one"),
        Column("stop", "string", "answered, abstained or turn_limit; null if failed"),
        Column(
            "reason",
            "string",
            "why the episode is not trained on: failed, abstained, turn_limit, incorrect, undecided, judge_error, "
            "unseen_picture, template_token, bad_character, empty_turn, runaway or made_up_observation; null if it may "
            "be",
        ),
        Column("error_class", "string", "class of the failure, e.g. timeout"),
        Column("error", "string", f"message of the failure, its first {SHOWN} characters"),
        Column("attempts", "int32", "times that a failed episode was tried"),
    ),
    _of,
)
