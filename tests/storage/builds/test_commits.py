"""Commits of chunks: their places, their content, and orphans."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from storage.builds.commits import FEW, CommitLog
from storage.files.store import Files, StoreError

SCHEMA = pa.schema([("name", pa.string())])
ROWS = [{"name": "one"}, {"name": "two"}]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path))


@pytest.fixture
def log(files: Files) -> CommitLog:
    return CommitLog(files, "log", SCHEMA)


def test_layers_are_counted_with_their_chunk_and_read_by_number(log: CommitLog) -> None:
    assert log.commit("a", ROWS)
    assert log.commit("b", ROWS)
    assert log.commit("a", ROWS[:1], 1)
    assert not log.commit("a", ROWS[1:], 1)
    assert log.commit("a", ROWS[1:], 2)
    assert log.committed() == {"a": 2, "b": 0}
    assert log.layers("a") == 2
    assert [log.read("a", layer) for layer in range(3)] == [ROWS, ROWS[:1], ROWS[1:]]


def test_commits_are_one_folder_without_parts(log: CommitLog, files: Files) -> None:
    log.commit("a", ROWS)
    log.commit("a", ROWS, 1)
    assert files.list("log/commits") == ["log/commits/a-000001.json", "log/commits/a.json"]


@pytest.mark.parametrize("number", [3, FEW + 3])
def test_which_of_some_chunks_are_committed(log: CommitLog, number: int) -> None:
    log.commit("a", ROWS)
    log.commit("other", ROWS)
    assert log.committed_of(["a", *(f"c{i}" for i in range(number))]) == {"a"}


def test_failed_rows_are_counted_without_reading_them(log: CommitLog, files: Files) -> None:
    log.commit("a", ROWS, failed={"timeout": 1, "engine_error": 1})
    log.commit("b", ROWS)
    log.commit("a", ROWS[:1], 1, failed={"timeout": 1}, retried={"engine_error": 1})
    files.remove_folder("log/parts")
    assert dict(log.failed({"a": 0})) == {"a": Counter(timeout=1, engine_error=1)}
    assert dict(log.failed(log.committed())) == {"a": Counter(timeout=2, engine_error=0), "b": Counter()}


def test_parts_that_no_commit_names_are_orphans(log: CommitLog, files: Files) -> None:
    log.commit("a", ROWS)
    log.commit("b", ROWS)
    log.commit("b", ROWS, 1)
    named = set(files.list("log/parts"))
    assert list(log.orphans()) == []
    lost = [f"log/parts/{name}.parquet" for name in ("a-0", "b-000001-f", "b-000002-0", "b-g", "c-0", "c-1")]
    for path in lost:
        files.put(path, b"of an attempt that was killed")
    assert list(log.orphans()) == lost
    assert named.isdisjoint(log.orphans())


def test_a_chunk_that_is_not_committed_has_nothing_to_tell(log: CommitLog) -> None:
    with pytest.raises(StoreError, match=r"log/commits/a\.json: the chunk is not committed yet"):
        log.record("a")
