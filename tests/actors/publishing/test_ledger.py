"""Writing a ledger on a cluster, and what the closing table and the card make of a selection."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import ray

from actors.cluster.connection import ClusterSettings, connect
from actors.cluster.errors import Stopped
from actors.publishing.ledger import written_ledger
from actors.publishing.tally import tally_of
from lensmill.curation.settings import CurationSettings
from monitoring.report import RungTally
from storage.builds import ledger as ledgers
from storage.builds.counts import card_counts
from storage.builds.plan import Plan
from storage.builds.scope import Scope
from storage.builds.selection import select
from storage.files.store import Files
from tests.storage.builds.ledgers import JUDGE, mixed_build, written
from tests.storage.made import FINGERPRINT


@pytest.fixture(scope="module")
def cluster() -> Iterator[int]:
    yield connect(ClusterSettings())
    ray.shutdown()


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """A store with eight samples on two rungs, in several segments."""
    monkeypatch.setattr(ledgers, "SEGMENT_EPISODES", 4)
    return mixed_build(tmp_path)


@pytest.mark.usefixtures("cluster")
def test_tasks_write_the_bytes_that_one_process_writes(files: Files, tmp_path_factory: pytest.TempPathFactory) -> None:
    chunk_ids = Plan(files, FINGERPRINT).chunk_ids()
    told: list[tuple[int, int]] = []
    ledger = written_ledger(files, FINGERPRINT, JUDGE, chunk_ids, {}, show=lambda *done: told.append(done))
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    other = mixed_build(tmp_path_factory.mktemp("other"))
    for mine, theirs in zip(ledger.segments, written(other).segments, strict=True):
        assert mine.path == theirs.path
        assert files.read(mine.path) == other.read(theirs.path)


@pytest.mark.usefixtures("cluster")
def test_a_ledger_that_is_written_is_not_written_again(files: Files) -> None:
    written(files)
    told: list[tuple[int, int]] = []
    chunk_ids = Plan(files, FINGERPRINT).chunk_ids()
    written_ledger(files, FINGERPRINT, JUDGE, chunk_ids, {}, show=lambda *done: told.append(done))
    assert told == []


@pytest.mark.usefixtures("cluster")
def test_a_stop_ends_the_writing_of_a_ledger(files: Files) -> None:
    with pytest.raises(Stopped):
        written_ledger(files, FINGERPRINT, JUDGE, Plan(files, FINGERPRINT).chunk_ids(), {}, stopping=lambda: True)


def test_the_closing_table_counts_every_episode_once(files: Files) -> None:
    tally = tally_of(select(written(files), Scope(), CurationSettings()))
    ended = {"episodes": 8, "accepted": 4, "abstained": 1, "wrong": 1, "failed": 1}
    sums = {"steps": 14, "zooms": 7, "edits": 0, "zoomed": 4, "edited": 0, "seconds": 14.0}
    for rung in (224, 448):
        wanted = RungTally(**ended, **sums)  # type: ignore[arg-type]
        wanted.unfit["template_token"] = 1
        assert tally.rungs[rung] == wanted
    assert tally.failures == {"timeout": (2, "took too long")}


def test_rows_that_a_condition_removed_are_counted_by_its_name(files: Files) -> None:
    tally = tally_of(select(written(files), Scope(), CurationSettings(keep="rung = 224")))
    counted = tally.rungs[448]
    assert (counted.accepted, counted.unfit, counted.filtered) == (0, {"template_token": 1}, {"keep": 4})


def test_the_card_counts_accepted_rejected_and_failed_episodes(files: Files) -> None:
    counts = card_counts(select(written(files), Scope(), CurationSettings(validation=0.5)))
    assert (counts.accepted, counts.rejected, counts.failed) == ({224: 4, 448: 4}, {224: 3, 448: 3}, {224: 1, 448: 1})
    assert (counts.zoomed, counts.steps, counts.edited.total()) == ({224: 4, 448: 4}, {224: 8, 448: 8}, 0)
    assert counts.reasons == {"abstained": 2, "incorrect": 2, "template_token": 2}
    assert (counts.errors, counts.agents, counts.rules) == ({"timeout": 2}, {"reader": 8}, {"number": 8})
    assert counts.origins == {("made", "bars", "train", "CC0-1.0"): 8}
