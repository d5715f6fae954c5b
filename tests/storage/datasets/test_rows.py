"""Rows are written and read by one codec."""

from dataclasses import replace

import pyarrow as pa
import pytest

from lensmill.geometry import Box
from lensmill.sample import Region
from lensmill.trajectory import Message, Part
from storage.builds.episodes import Failure
from storage.builds.judged import JudgedEpisode
from storage.datasets.failures_and_originals import (
    FAILURES,
    ORIGINALS,
    failed_row,
    failure_of,
    original_of,
    original_row,
    source_failure_row,
)
from storage.datasets.rows import EPISODES, episode_of, episode_row
from storage.sources.protocol import SourceFailure
from tests.storage.made import a_sample, a_trajectory
from tests.storage.published_rows import CORRECT, planned


def through_parquet(row: dict[str, object], schema: pa.Schema) -> dict[str, object]:
    (found,) = pa.Table.from_pylist([row], schema=schema).to_pylist()
    return dict(found)


@pytest.mark.parametrize("reason", [None, "incorrect"])
def test_an_episode_comes_back_from_its_row(reason: str | None) -> None:
    region = Region("x_values", "2019", Box(1, 2, 3, 4.5))
    sample = replace(a_sample(3), choices=("3", "4"), regions=(region,), targets=(Box(0, 0, 5, 5),))
    trajectory = replace(a_trajectory(), rounds=2)
    judged = JudgedEpisode(planned(sample), sample, trajectory, None, CORRECT)
    row = episode_row(judged, [b"view", b"crop"], "r" * 16, "j" * 16, reason, {"model": "m", "turns": 2})
    found = episode_of(through_parquet(row, EPISODES))
    assert found.planned == judged.planned
    assert found.sample == replace(sample, origin="")
    assert (found.verdict, found.reason) == (CORRECT, reason)
    assert replace(found.trajectory, messages=()) == replace(trajectory, messages=())
    assert found.trajectory.messages[0] == Message("user", (Part(image=0), Part("What is bar 7?")))


def test_an_episode_without_messages_or_answer_comes_back() -> None:
    sample = a_sample(3)
    trajectory = replace(a_trajectory(), messages=(), answer=None, stop="turn_limit")
    row = episode_row(JudgedEpisode(planned(sample), sample, trajectory, None, CORRECT), [b"", b""], "r", "j", "failed")
    assert episode_of(through_parquet(row, EPISODES)).trajectory == trajectory


def test_failures_and_originals_come_back() -> None:
    failure, sample = Failure("timeout", "took too long", 2, "raise agent.timeout"), a_sample(1)
    row = failed_row(JudgedEpisode(planned(sample), sample, None, failure, None))
    found = failure_of(through_parquet(row, FAILURES))
    assert not isinstance(found, SourceFailure)
    assert (found.planned, found.origin, found.failure) == (planned(sample), "row 1", failure)
    lost = SourceFailure("rows.json row 3", "missing_field", "no query: add one")
    assert failure_of(through_parquet(source_failure_row(lost), FAILURES)) == lost
    assert original_of(through_parquet(original_row("a" * 64, b"\x89PNG"), ORIGINALS)) == ("a" * 64, b"\x89PNG")
