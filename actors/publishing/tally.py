"""The closing table of a version: what became of its episodes."""

from lensmill.curation.fitness import UNFIT
from monitoring.report import BuildTally, RungTally
from storage.builds.selection import Selection

_COUNTED = {"abstained": "abstained", "turn_limit": "abstained", "incorrect": "wrong", "undecided": "undecided"}
_COUNTED |= {"judge_error": "judge_errors", "failed": "failed"}
"""Reasons with a count of their own in the closing table; the others are counted by name."""


def tally_of(selection: Selection) -> BuildTally:
    """The closing table of a version."""
    rungs: dict[int, RungTally] = {}
    failures: dict[str, tuple[int, str]] = {}
    for row in selection.counts.to_pylist():
        tally, episodes, reason = rungs.setdefault(row["rung"], RungTally()), row["episodes"], row["reason"]
        tally.episodes += episodes
        if reason is None:
            tally.accepted += episodes
            tally.zoomed += row["zoomed"]
            tally.edited += row["edited"]
        elif reason in _COUNTED:
            setattr(tally, _COUNTED[reason], getattr(tally, _COUNTED[reason]) + episodes)
            tally.turn_limits += episodes if reason == "turn_limit" else 0
        else:
            (tally.unfit if reason in UNFIT else tally.filtered)[reason] += episodes
        if reason == "failed":
            count, first = failures.get(row["error_class"], (0, row["message"]))
            failures[row["error_class"]] = (count + episodes, first)
            continue
        for name in ("steps", "zooms", "edits", "seconds"):
            setattr(tally, name, getattr(tally, name) + row[name])
    return BuildTally(rungs, failures, selection.unknown, selection.taken_down)
