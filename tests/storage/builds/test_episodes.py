import multiprocessing
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from lensmill.models.chat import ChatReply, ModelCall, Usage
from storage.builds.episodes import EpisodeRow, EpisodeStore, Failure
from storage.builds.plan import Chunk, Plan
from storage.files.store import Files, StoreError
from tests.storage.made import FINGERPRINT, a_trajectory, done, failed, planned


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path))


@pytest.fixture
def chunk(files: Files) -> Chunk:
    plan = Plan(files, FINGERPRINT)
    plan.append(planned(range(4)), chunk_size=4)
    return plan.read_chunk(plan.chunk_ids()[0])


@pytest.fixture
def store(files: Files) -> EpisodeStore:
    return EpisodeStore(files, FINGERPRINT)


def test_committed_rows_come_back_in_plan_order(store: EpisodeStore, chunk: Chunk) -> None:
    rows = (*done(chunk)[:3], *failed(chunk)[3:])
    assert store.commit(chunk.chunk_id, rows[::-1])
    assert store.rows(chunk.chunk_id) == rows
    assert store.committed() == {chunk.chunk_id: 0}


def test_nothing_is_committed_before_its_commit(store: EpisodeStore, chunk: Chunk) -> None:
    assert store.committed() == {}
    with pytest.raises(StoreError, match="not committed"):
        store.rows(chunk.chunk_id)


def test_the_second_commit_loses_and_changes_nothing(store: EpisodeStore, chunk: Chunk, files: Files) -> None:
    assert store.commit(chunk.chunk_id, done(chunk))
    assert not EpisodeStore(files, FINGERPRINT).commit(chunk.chunk_id, failed(chunk))
    assert store.rows(chunk.chunk_id) == done(chunk)


def test_exactly_one_of_racing_commits_counts(files: Files, chunk: Chunk) -> None:
    start = threading.Barrier(6)

    def race(number: int) -> bool:
        start.wait()
        return EpisodeStore(files, FINGERPRINT).commit(chunk.chunk_id, done(chunk, seconds=number))

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(race, range(6)))
    assert won.count(True) == 1
    assert EpisodeStore(files, FINGERPRINT).rows(chunk.chunk_id)[0].seconds == won.index(True)


def _die_before_commit(root: str, chunk: Chunk) -> None:
    files = Files(root)
    files.create = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment,method-assign]
    EpisodeStore(files, FINGERPRINT).commit(chunk.chunk_id, done(chunk))


def _die_mid_part(root: str, chunk: Chunk) -> None:
    files = Files(root)
    with files.open(f"builds/{FINGERPRINT}/episodes/parts/{chunk.chunk_id}-torn.parquet", "wb") as sink:
        sink.write(b"PAR1 and then nothing")
        sink.flush()
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("die", [_die_before_commit, _die_mid_part])
def test_a_worker_killed_before_its_commit_leaves_the_chunk_open(
    store: EpisodeStore, chunk: Chunk, tmp_path: Path, die: object
) -> None:
    worker = multiprocessing.get_context("fork").Process(target=die, args=(str(tmp_path), chunk))  # type: ignore[arg-type]
    worker.start()
    worker.join()
    assert worker.exitcode == -signal.SIGKILL
    assert store.committed() == {}
    assert store.commit(chunk.chunk_id, done(chunk))
    assert store.rows(chunk.chunk_id) == done(chunk)


def _part(files: Files, chunk: Chunk) -> Path:
    (path,) = (path for path in files.list("builds") if f"/parts/{chunk.chunk_id}-" in path)
    return Path(files.locate(path))


def test_a_damaged_part_is_noticed(store: EpisodeStore, chunk: Chunk, files: Files) -> None:
    store.commit(chunk.chunk_id, done(chunk))
    part = _part(files, chunk)
    part.write_bytes(part.read_bytes()[:-1])
    with pytest.raises(StoreError, match="is damaged"):
        store.rows(chunk.chunk_id)


def test_a_missing_part_is_noticed(store: EpisodeStore, chunk: Chunk, files: Files) -> None:
    store.commit(chunk.chunk_id, done(chunk))
    _part(files, chunk).unlink()
    with pytest.raises(StoreError, match="is missing, though its chunk is committed"):
        store.rows(chunk.chunk_id)


def test_rows_must_be_the_chunks_episodes(store: EpisodeStore, chunk: Chunk, files: Files) -> None:
    plan = Plan(files, FINGERPRINT)
    other = plan.read_chunk(plan.chunk_ids()[1])
    rows = done(chunk)
    for wrong in (rows[1:], (*rows, *done(other)), (*rows, rows[0])[:0] or (*rows, done(chunk, 2.0)[0])):
        with pytest.raises(ValueError, match=chunk.chunk_id):
            store.commit(chunk.chunk_id, wrong)
    assert store.committed() == {}


def test_handed_back_rows_are_taken_up_again(store: EpisodeStore, chunk: Chunk) -> None:
    rows = done(chunk)
    store.hand_back(chunk.chunk_id, rows[2:])
    store.hand_back(chunk.chunk_id, (rows[0], rows[2]))
    store.hand_back(chunk.chunk_id, ())
    assert store.handed_back(chunk.chunk_id) == (rows[0], rows[2], rows[3])


def test_handed_back_rows_are_ignored_once_the_chunk_is_committed(store: EpisodeStore, chunk: Chunk) -> None:
    store.hand_back(chunk.chunk_id, failed(chunk))
    store.commit(chunk.chunk_id, done(chunk))
    assert store.handed_back(chunk.chunk_id) == ()
    assert store.rows(chunk.chunk_id) == done(chunk)


def test_a_torn_partial_is_left_out(store: EpisodeStore, chunk: Chunk, files: Files) -> None:
    store.hand_back(chunk.chunk_id, done(chunk)[:2])
    files.put(f"builds/{FINGERPRINT}/episodes/open/{chunk.chunk_id}/partial-torn.parquet", b"PAR1 half of a fi")
    assert store.handed_back(chunk.chunk_id) == done(chunk)[:2]


def test_another_recipes_episodes_lie_apart(store: EpisodeStore, chunk: Chunk, files: Files) -> None:
    store.commit(chunk.chunk_id, done(chunk))
    assert EpisodeStore(files, "e" * 32).committed() == {}


def test_a_row_is_done_or_failed(chunk: Chunk) -> None:
    for arguments in (("done",), ("failed",), ("failed", a_trajectory()), ("done", a_trajectory(), Failure("a", "b"))):
        with pytest.raises(ValueError, match="done needs a trajectory"):
            EpisodeRow(chunk.episodes[0], *arguments)


def test_marks_count_for_the_run_that_made_them(store: EpisodeStore, chunk: Chunk) -> None:
    episode_id = chunk.episodes[0].episode_id
    store.mark(chunk.chunk_id, episode_id, "one")
    store.mark(chunk.chunk_id, episode_id, "two")
    store.mark(chunk.chunk_id, episode_id, "two")
    assert (store.marks(chunk.chunk_id, "one")[episode_id], store.marks(chunk.chunk_id, "two")[episode_id]) == (1, 2)


def test_tidying_leaves_an_uncommitted_chunk_alone(store: EpisodeStore, chunk: Chunk) -> None:
    store.mark(chunk.chunk_id, chunk.episodes[0].episode_id, "one")
    store.tidy(chunk.chunk_id)
    assert store.marks(chunk.chunk_id, "one").total() == 1


def test_model_calls_come_back_with_their_episode(store: EpisodeStore, chunk: Chunk) -> None:
    reply = ChatReply("<answer>7</answer>", "it is 7", "stop", Usage(900, 12, 800), 0.25, "qwen", 2)
    rows = [replace(row, calls=(ModelCall("agent", reply),)) for row in done(chunk)]
    store.commit(chunk.chunk_id, rows)
    assert store.rows(chunk.chunk_id)[0].calls == (ModelCall("agent", reply),)


def _tried_again(row: EpisodeRow, error_class: str = "timeout") -> EpisodeRow:
    assert row.failure is not None
    return replace(row, failure=Failure(error_class, "again", row.failure.attempts + 1))


def test_retried_rows_are_laid_over_failed_rows(store: EpisodeStore, chunk: Chunk) -> None:
    good, bad = done(chunk), failed(chunk)
    store.commit(chunk.chunk_id, (good[0], *bad[1:]))
    again = _tried_again(bad[2])
    assert store.retry(chunk.chunk_id, (again, good[1])) == {again.planned.episode_id, good[1].planned.episode_id}
    assert store.rows(chunk.chunk_id) == (good[0], good[1], again, bad[3])
    assert store.rows(chunk.chunk_id, 0) == (good[0], *bad[1:])
    assert store.committed() == {chunk.chunk_id: 1}
    assert store.done(chunk.chunk_id, 0) == 1
    assert store.done(chunk.chunk_id, 1) == 2
    assert dict(store.failed(store.committed())) == {chunk.chunk_id: {"engine_error": 1, "timeout": 1}}


def test_an_episode_that_is_done_never_changes(store: EpisodeStore, chunk: Chunk) -> None:
    store.commit(chunk.chunk_id, (*done(chunk)[:3], *failed(chunk)[3:]))
    assert store.retry(chunk.chunk_id, done(chunk, 9.0)[:3]) == frozenset()
    assert store.retry(chunk.chunk_id, done(chunk, 9.0)) == {chunk.episodes[3].episode_id}
    assert [row.seconds for row in store.rows(chunk.chunk_id)] == [1.0, 1.0, 1.0, 9.0]


def test_a_failure_counts_only_if_it_was_tried_more_often(store: EpisodeStore, chunk: Chunk) -> None:
    bad = failed(chunk)
    store.commit(chunk.chunk_id, bad)
    assert store.retry(chunk.chunk_id, bad) == frozenset()
    assert store.retry(chunk.chunk_id, [_tried_again(bad[0])])
    assert store.retry(chunk.chunk_id, [_tried_again(bad[0], "worker_died")]) == frozenset()
    assert store.committed() == {chunk.chunk_id: 1}


def test_every_episode_counts_once_if_runs_retry_at_once(files: Files, chunk: Chunk) -> None:
    EpisodeStore(files, FINGERPRINT).commit(chunk.chunk_id, failed(chunk))
    start = threading.Barrier(4)

    def race(number: int) -> frozenset[str]:
        start.wait()
        rows = done(chunk, seconds=number)
        return EpisodeStore(files, FINGERPRINT).retry(chunk.chunk_id, (rows[number], rows[(number + 1) % 4]))

    with ThreadPoolExecutor(4) as pool:
        counted = list(pool.map(race, range(4)))
    assert sum(map(len, counted)) == 4
    for row in EpisodeStore(files, FINGERPRINT).rows(chunk.chunk_id):
        assert row.planned.episode_id in counted[int(row.seconds)]


def test_only_episodes_that_no_run_retried_are_tried_again(store: EpisodeStore, chunk: Chunk) -> None:
    bad = failed(chunk)
    store.commit(chunk.chunk_id, (done(chunk)[0], *bad[1:3], _tried_again(bad[3])))
    first, second = (episode.episode_id for episode in chunk.episodes[1:3])
    assert store.to_retry(chunk.chunk_id, 0, {"engine_error"}) == {first: 3, second: 3}
    assert store.to_retry(chunk.chunk_id, 0, {"timeout"}) == {chunk.episodes[3].episode_id: 4}
    assert store.to_retry(chunk.chunk_id, 0, {"agent_error"}) == {}
    again = replace(bad[1], failure=Failure("engine_error", "again", 4))
    store.retry(chunk.chunk_id, [again])
    assert store.to_retry(chunk.chunk_id, 0, {"engine_error"}) == {second: 3}
    assert store.to_retry(chunk.chunk_id, 1, {"engine_error"}) == {first: 4, second: 3}


def test_only_retried_rows_of_a_committed_chunk_are_handed_back(store: EpisodeStore, chunk: Chunk) -> None:
    good, bad = done(chunk), failed(chunk)
    store.commit(chunk.chunk_id, (good[0], *bad[1:]))
    store.hand_back(chunk.chunk_id, (good[0], good[1], bad[2], _tried_again(bad[3])))
    assert store.handed_back(chunk.chunk_id) == (good[1], _tried_again(bad[3]))
    store.tidy(chunk.chunk_id)
    assert store.handed_back(chunk.chunk_id) == ()


def test_files_without_readers_are_orphans(store: EpisodeStore, chunk: Chunk, files: Files) -> None:
    other = Plan(files, FINGERPRINT).chunk_ids()[1]
    store.hand_back(chunk.chunk_id, done(chunk)[:1])
    store.mark(other, "e1", "run")
    assert list(store.orphans()) == []
    store.commit(chunk.chunk_id, done(chunk))
    (orphan,) = store.orphans()
    assert f"/open/{chunk.chunk_id}/partial-" in orphan
