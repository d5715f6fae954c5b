"""Plan, episodes and verdicts joined: what a reader of judged episodes gets."""

from dataclasses import replace
from pathlib import Path

import pytest

from lensmill.models.chat import ChatReply, ModelCall, Usage
from lensmill.verdict import Verdict
from storage.builds.episodes import EpisodeRow, EpisodeStore, Failure
from storage.builds.judged import JudgedBuild
from storage.builds.plan import Chunk, Plan
from storage.builds.verdicts import VerdictRow, VerdictStore
from storage.files.store import Files, StoreError
from tests.storage.made import FINGERPRINT, done, failed, planned

JUDGE = "j" * 16
CORRECT, INCORRECT = Verdict("correct", "number"), Verdict("incorrect", "number")
CALL = ModelCall("agent", ChatReply("It is 7.", usage=Usage(100, 5)))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path))


@pytest.fixture
def chunk(files: Files) -> Chunk:
    plan = Plan(files, FINGERPRINT)
    plan.append(planned(range(2)), chunk_size=4)
    return plan.read_chunk(plan.chunk_ids()[0])


def commit(files: Files, chunk: Chunk, rows: tuple[EpisodeRow, ...], verdict: Verdict = CORRECT) -> None:
    EpisodeStore(files, FINGERPRINT).commit(chunk.chunk_id, rows)
    judge(files, chunk, verdict)


def judge(files: Files, chunk: Chunk, verdict: Verdict = CORRECT) -> None:
    episodes, verdicts = EpisodeStore(files, FINGERPRINT), VerdictStore(files, FINGERPRINT, JUDGE)
    given = [VerdictRow(row.planned.episode_id, verdict) for row in episodes.rows(chunk.chunk_id) if row.trajectory]
    layers = episodes.layers(chunk.chunk_id)
    assert verdicts.commit(chunk.chunk_id, given, layers) or verdicts.retry(chunk.chunk_id, given, layers)


def test_episodes_come_in_plan_order_with_sample_verdict_seconds_and_calls(files: Files, chunk: Chunk) -> None:
    rows = tuple(replace(row, seconds=2.5, calls=(CALL,)) for row in done(chunk))
    commit(files, chunk, rows[::-1])
    read = JudgedBuild(files, FINGERPRINT, JUDGE).read(chunk.chunk_id, {})
    assert tuple(episode.planned for episode in read) == chunk.episodes
    assert all(episode.sample == chunk.samples[episode.planned.sample_id] for episode in read)
    assert {(episode.verdict, episode.seconds, episode.calls) for episode in read} == {(CORRECT, 2.5, (CALL,))}


def test_a_failed_episode_has_its_failure_and_no_verdict(files: Files, chunk: Chunk) -> None:
    commit(files, chunk, (*done(chunk)[:1], *failed(chunk)[1:]))
    first, *others = JudgedBuild(files, FINGERPRINT, JUDGE).read(chunk.chunk_id, {})
    assert first.failure is None
    assert first.trajectory is not None
    for episode in others:
        assert isinstance(episode.failure, Failure)
        assert (episode.trajectory, episode.verdict) == (None, None)


def test_layers_names_only_chunks_that_were_tried_or_judged_again(files: Files, chunk: Chunk) -> None:
    commit(files, chunk, failed(chunk))
    build = JudgedBuild(files, FINGERPRINT, JUDGE)
    assert build.layers([chunk.chunk_id]) == {}
    EpisodeStore(files, FINGERPRINT).retry(chunk.chunk_id, done(chunk))
    judge(files, chunk)
    assert build.layers([chunk.chunk_id]) == {chunk.chunk_id: (1, 1)}
    assert build.layers(["0" * 32]) == {}


def test_a_layer_that_is_not_judged_yet_is_left_out(files: Files, chunk: Chunk) -> None:
    commit(files, chunk, failed(chunk))
    EpisodeStore(files, FINGERPRINT).retry(chunk.chunk_id, done(chunk))
    build = JudgedBuild(files, FINGERPRINT, JUDGE)
    layers = build.layers([chunk.chunk_id])
    assert layers == {}
    assert all(episode.failure is not None for episode in build.read(chunk.chunk_id, layers))


def test_a_read_with_older_layers_does_not_see_newer_ones(files: Files, chunk: Chunk) -> None:
    commit(files, chunk, failed(chunk))
    EpisodeStore(files, FINGERPRINT).retry(chunk.chunk_id, done(chunk))
    judge(files, chunk)
    build = JudgedBuild(files, FINGERPRINT, JUDGE)
    assert all(episode.failure is not None for episode in build.read(chunk.chunk_id, {}))
    now = build.read(chunk.chunk_id, build.layers([chunk.chunk_id]))
    assert all(episode.trajectory is not None and episode.verdict == CORRECT for episode in now)


def test_each_judge_has_its_own_verdicts(files: Files, chunk: Chunk) -> None:
    commit(files, chunk, done(chunk))
    other = "k" * 16
    given = [VerdictRow(episode.episode_id, INCORRECT) for episode in chunk.episodes]
    VerdictStore(files, FINGERPRINT, other).commit(chunk.chunk_id, given)
    verdicts = [
        {episode.verdict for episode in JudgedBuild(files, FINGERPRINT, name).read(chunk.chunk_id, {})}
        for name in (JUDGE, other)
    ]
    assert verdicts == [{CORRECT}, {INCORRECT}]


def test_an_episode_without_a_verdict_is_refused_by_name(files: Files, chunk: Chunk) -> None:
    EpisodeStore(files, FINGERPRINT).commit(chunk.chunk_id, done(chunk))
    first, *others = chunk.episodes
    given = [VerdictRow(episode.episode_id, CORRECT) for episode in others]
    VerdictStore(files, FINGERPRINT, JUDGE).commit(chunk.chunk_id, given)
    with pytest.raises(StoreError, match=rf"episode {first.episode_id} .* has no verdict: run pipelines.judge"):
        JudgedBuild(files, FINGERPRINT, JUDGE).read(chunk.chunk_id, {})


def test_a_chunk_that_is_not_judged_is_refused(files: Files, chunk: Chunk) -> None:
    EpisodeStore(files, FINGERPRINT).commit(chunk.chunk_id, done(chunk))
    with pytest.raises(StoreError, match="not committed yet"):
        JudgedBuild(files, FINGERPRINT, JUDGE).read(chunk.chunk_id, {})
