"""Trajectories from elsewhere: the format that they came in, and what of them the canonical form could not take."""

from collections.abc import Mapping
from typing import Any

from lensmill.facts.measure import Column, Episode, Making, Measure


def _of(episode: Episode, _: Making) -> Mapping[str, Any]:
    recording = None if episode.trajectory is None else episode.trajectory.recording
    if recording is None:
        return {}
    return {"recorded": recording.format, "recorded_notes": list(recording.notes)}


SPEC = Measure(
    "recorded",
    (
        Column("recorded", "string", "the format of the row that the trajectory came in; null for an episode of ours"),
        Column("recorded_notes", "list<string>", "peculiarities of that row, by name; docs/import.md explains them"),
    ),
    _of,
)
