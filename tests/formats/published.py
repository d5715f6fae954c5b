"""Samples with a recorded trajectory as the rows of a version."""

from typing import Any

import pyarrow as pa

from lensmill.formats.imported import GivenPicture, Imported
from lensmill.verdict import Verdict
from storage.builds.judged import JudgedEpisode
from storage.builds.plan import PlannedEpisode
from storage.builds.schema import sample_json, sample_of
from storage.datasets.rows import EPISODES, episode_of, episode_row
from storage.sources.neutral import neutral_sample

CORRECT = Verdict("correct", "exact", 1.0, "the same")


def published(made: Imported, original: GivenPicture) -> dict[str, Any]:
    """The published row of an imported one: neutralised, through the plan and through Arrow."""
    sample = sample_of(sample_json(neutral_sample(made.sample)))  # the plan replaces lone surrogates
    assert sample.recorded is not None
    planned = PlannedEpisode("e" * 32, sample.sample_id, 896, "recorded", 0)
    files = [original.data, *(made.pictures[ref.image_id] for ref in sample.recorded.images[1:])]
    judged = JudgedEpisode(planned, sample, sample.recorded, None, CORRECT)
    row: dict[str, Any] = pa.Table.from_pylist([episode_row(judged, files, "r", "j")], EPISODES).to_pylist()[0]
    assert episode_of(row).trajectory.recording == sample.recorded.recording
    return row
