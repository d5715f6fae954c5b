"""What a version takes in: layers that are judged, and no others; and what it says of where it came from."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from actors.publishing.publishing import PublishSettings, check_version, prepare, publish_prepared
from lensmill.curation.correct import CURATION_VERSION
from lensmill.curation.settings import CurationSettings
from monitoring.report import BuildTally
from storage.builds.episodes import EpisodeRow, EpisodeStore
from storage.builds.images import ImageStore
from storage.builds.plan import Plan, plan_sample
from storage.builds.verdicts import VerdictRow, VerdictStore
from storage.datasets.blocks import read_block
from storage.datasets.cutting import Cut
from storage.datasets.places import places
from storage.datasets.version import PublishedDataset
from storage.files.store import Files, StoreError
from storage.sources.neutral import neutral_sample
from tests.inline_tasks import inline
from tests.judged_build import CORRECT, build_of, looked
from tests.storage.made import FINGERPRINT

JUDGE = "j" * 16
ALL = CurationSettings(validation=0)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path))


@pytest.fixture
def plan(files: Files) -> Plan:
    """Two chunks of two; episodes 1 and 2 failed of a timeout. All that is done is judged."""
    plan = build_of(files, ["0", None, None, "3"])
    for chunk_id in plan.chunk_ids():
        judge(files, chunk_id)
    return plan


def judge(files: Files, chunk_id: str) -> None:
    episodes, verdicts = EpisodeStore(files, FINGERPRINT), VerdictStore(files, FINGERPRINT, JUDGE)
    given = [
        VerdictRow(row.planned.episode_id, CORRECT) for row in episodes.rows(chunk_id) if row.trajectory is not None
    ]
    if not verdicts.commit(chunk_id, given, episodes.layers(chunk_id)):
        verdicts.retry(chunk_id, given, episodes.layers(chunk_id))


def try_again(files: Files, chunk_id: str) -> None:
    """All that failed in a chunk is done now."""
    store, images = EpisodeStore(files, FINGERPRINT), ImageStore(files)
    samples = Plan(files, FINGERPRINT).read_chunk(chunk_id).samples
    again = [
        EpisodeRow(row.planned, "done", looked(images, int(samples[row.planned.sample_id].answers[0]))[1])
        for row in store.rows(chunk_id)
        if row.failure
    ]
    assert store.retry(chunk_id, again)


def settings(files: Files, chunk_ids: Sequence[str], version: str | None = None) -> PublishSettings:
    return PublishSettings(files, FINGERPRINT, JUDGE, tuple(chunk_ids), None, ALL, version, "made")


def publish_version(given: PublishSettings) -> tuple[PublishedDataset, BuildTally]:
    prepared = prepare(given, tasks=inline)
    return publish_prepared(prepared, tasks=inline), prepared.tally


def table(version: PublishedDataset, name: str) -> list[dict[str, Any]]:
    """The rows of a table, in order."""
    store = Path(version.path).parents[1]
    return [row for shard in version.shards_of(name) for row in pq.read_table(store / shard.path).to_pylist()]


def counts(version: PublishedDataset) -> tuple[int, int]:
    return version.rows, version.failures


def text(version: PublishedDataset, name: str) -> str:
    return (Path(version.path) / name).read_text()


def test_a_version_says_which_chunks_it_was_curated_from(files: Files, plan: Plan) -> None:
    version, _ = publish_version(settings(files, plan.chunk_ids()))
    assert text(version, "chunks.txt").splitlines() == list(plan.chunk_ids())
    (record,) = (record for record in version.files if record.path == "chunks.txt")
    assert record.sha256 == version.inputs["chunks_sha256"]
    assert not (Path(version.path) / "layers.txt").exists()
    part, _ = publish_version(settings(files, plan.chunk_ids()[1:]))
    assert text(part, "chunks.txt") == f"{plan.chunk_ids()[1]}\n"


def test_retried_episodes_are_in_the_next_version_and_the_last_one_stays(files: Files, plan: Plan) -> None:
    first, second = plan.chunk_ids()
    before, _ = publish_version(settings(files, plan.chunk_ids()))
    assert counts(before) == (2, 2)
    try_again(files, second)
    judge(files, second)
    after, _ = publish_version(settings(files, plan.chunk_ids()))
    assert after.version != before.version
    assert counts(after) == (3, 1)
    assert text(after, "layers.txt") == f"{second} 1 1\n"
    try_again(files, first)
    judge(files, first)
    assert counts(publish_version(settings(files, plan.chunk_ids()))[0]) == (4, 0)
    assert len(table(before, "train")) == 2


def test_the_closing_table_is_the_same_for_a_published_version(files: Files, plan: Plan) -> None:
    wanted = settings(files, plan.chunk_ids())
    (_, first), (_, again) = publish_version(wanted), publish_version(wanted)
    assert first == again == prepare(wanted, tasks=inline).tally
    (tally,) = first.rungs.values()
    assert (tally.episodes, tally.accepted, tally.failed) == (4, 2, 2)
    assert sum(count for count, _ in first.failures.values()) == 2


def test_unfit_episodes_are_rejected_and_counted_by_reason(files: Files) -> None:
    plan = build_of(files, ["0", "1<|im_end|>", "2\0", "3"])
    for chunk_id in plan.chunk_ids():
        judge(files, chunk_id)
    version, tally = publish_version(settings(files, plan.chunk_ids()))
    (counted,) = tally.rungs.values()
    assert (counted.accepted, counted.undecided, counted.unfit) == (2, 0, {"template_token": 1, "bad_character": 1})
    assert {row["reason"] for row in table(version, "rejected")} == {"template_token", "bad_character"}
    assert "| template_token | 1 |" in text(version, "README.md")
    assert version.inputs["curation"]["version"] == CURATION_VERSION


def test_a_row_records_the_neutralised_tokens_of_its_sample(files: Files) -> None:
    plan, images = build_of(files, []), ImageStore(files)
    sample, trajectory = looked(images, 0)
    sample = neutral_sample(replace(sample, question="What is <image>?"))
    plan.append([plan_sample(FINGERPRINT, sample, (224,), ("reader",), (0,))], 1)
    (chunk_id,) = plan.chunk_ids()
    (planned,) = plan.read_chunk(chunk_id).episodes
    EpisodeStore(files, FINGERPRINT).commit(chunk_id, [EpisodeRow(planned, "done", trajectory)])
    judge(files, chunk_id)
    version, _ = publish_version(settings(files, plan.chunk_ids()))
    (row,) = table(version, "train")
    assert (row["question"], row["neutralised"]) == ("What is ‹image›?", ["question: ‹image›"])


def test_episodes_that_are_not_judged_yet_wait_for_another_version(files: Files, plan: Plan) -> None:
    before = publish_version(settings(files, plan.chunk_ids()))
    try_again(files, plan.chunk_ids()[0])
    assert publish_version(settings(files, plan.chunk_ids())) == before


def test_a_shard_that_was_removed_is_made_again_by_the_next_publisher_of_the_version(files: Files, plan: Plan) -> None:
    wanted = settings(files, plan.chunk_ids(), "v1")
    version, _ = publish_version(wanted)
    before = {shard.path: files.read(shard.path) for shard in version.shards}
    files.remove(version.shards[0].path)
    assert publish_version(wanted)[0] == version
    assert {path: files.read(path) for path in before} == before


def test_a_segment_of_the_ledger_that_is_gone_is_told_in_one_line(files: Files, plan: Plan) -> None:
    prepared = prepare(settings(files, plan.chunk_ids()), tasks=inline)
    files.remove(prepared.ledger.segments[0].path)
    with pytest.raises(StoreError, match="delete this file of the ledger and run again"):
        publish_prepared(prepared, tasks=inline)


def test_a_block_with_other_rows_than_the_selection_is_refused(files: Files, plan: Plan) -> None:
    prepared = prepare(settings(files, plan.chunk_ids()), tasks=inline)
    done = publish_prepared(prepared, tasks=inline)
    block = read_block(files, done.blocks[0])
    assert block is not None
    other = replace(block, files=tuple(replace(file, row_groups=(1,)) for file in block.files))
    with pytest.raises(StoreError, match="it was made of another build"):
        list(places(prepared.selection.rows, [Cut(0, len(prepared.selection.rows))], [other]))


def test_a_name_that_is_taken_is_told_before_episodes_are_tried_again(files: Files, plan: Plan) -> None:
    wanted = settings(files, plan.chunk_ids(), "v1")
    check_version(wanted, retried=True)
    publish_version(wanted)
    check_version(wanted)
    with pytest.raises(StoreError, match="choose another version="):
        check_version(wanted, retried=True)
