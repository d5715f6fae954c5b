"""Collecting unnamed files while another run uses them again."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storage.builds.source_state import SourceState, SourceStates
from storage.checks.garbage import named_blocks, orphans, remove, unnamed_blocks
from storage.datasets.blocks import RENEW_S, made_blocks, record_path
from storage.datasets.version import published
from storage.files.store import STAGING, Files, StoreError
from tests.storage.made import FINGERPRINT
from tests.storage.published_rows import INPUTS, publish, rows_of

LATER = 2.0**40


def complete(files: Files, version: str) -> bool:
    """Whether a version is published with every file that its manifest names."""
    there = published(files, version)
    if there is None:
        return False
    own = [f"datasets/{version}/{record.path}" for record in there.files]
    return all(map(files.exists, [*own, *map(record_path, there.blocks), *(shard.path for shard in there.shards)]))


@pytest.fixture
def begun(files: Files) -> Files:
    """A store with a version whose publisher was killed just before its manifest."""
    publish(files, "v1", rows_of(files), INPUTS)
    files.remove("datasets/v1/manifest.json")
    return files


def test_a_version_that_was_begun_is_removed_with_its_claim(begun: Files) -> None:
    remove(begun, orphans(begun, LATER))
    assert not begun.list("datasets")
    assert not begun.list("claims")


def test_states_of_a_source_before_the_last_are_removed(files: Files) -> None:
    states = SourceStates(files, FINGERPRINT)
    for unreadable, key in enumerate(("ab" * 16, "cd" * 16), start=1):
        states.record(SourceState(set(), b"", frozenset({key}), unreadable, True, False))
    remove(files, orphans(files, LATER))
    last = states.last()
    assert last is not None
    assert (last.number, last.unreadable, len(files.list("builds"))) == (2, 2, 2)


def test_a_version_that_is_finished_meanwhile_stays_whole(begun: Files) -> None:
    found = list(orphans(begun, LATER))
    publish(begun, "v1", rows_of(begun), INPUTS)
    remove(begun, found)
    assert complete(begun, "v1")


@pytest.mark.parametrize("moment", ["claims/v1.json", "datasets/v1/manifest.json"])
def test_finishing_a_version_mends_files_removed_meanwhile(
    begun: Files, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    create = Files.create

    def collected_before(files: Files, path: str, data: bytes) -> Any:
        if path == moment:
            remove(
                files, [file for file in orphans(files, LATER) if not file.path.startswith(STAGING)]
            )  # that is young
        return create(files, path, data)

    monkeypatch.setattr(Files, "create", collected_before)
    publish(begun, "v1", rows_of(begun), INPUTS)
    assert complete(begun, "v1")


def test_blocks_that_no_version_names_go_once_their_record_is_old(files: Files) -> None:
    publish(files, "v1", rows_of(files), INPUTS)
    publish(files, "v2", rows_of(files, range(3)), replace(INPUTS, chunk_ids=("c1",)))
    files.remove("datasets/v1/manifest.json")
    assert [*unnamed_blocks(files, 0.0)] == []
    remove(files, unnamed_blocks(files, LATER))
    assert complete(files, "v2")
    assert len(files.list("blocks")) == 2
    assert {path.rpartition("-")[2] for path in files.list("shards")} == {
        path.rpartition("/")[2].replace("json", "parquet") for path in files.list("blocks")
    }


def test_a_shard_without_a_record_is_left_by_a_task_that_was_killed(files: Files) -> None:
    publish(files, "v1", rows_of(files), INPUTS)
    left = f"shards/train-224-{'e' * 32}.parquet"
    files.put(left, b"of a task that was killed")
    assert [*unnamed_blocks(files, 0.0)] == []
    assert [file.path for file in unnamed_blocks(files, LATER)] == [left]


def test_a_block_that_a_version_names_by_now_stays(files: Files) -> None:
    publish(files, "v1", rows_of(files), INPUTS)
    manifest = files.read("datasets/v1/manifest.json")
    files.remove("datasets/v1/manifest.json")
    found = [*unnamed_blocks(files, LATER)]
    files.create("datasets/v1/manifest.json", manifest)
    remove(files, found)
    assert len(found) > 2
    assert complete(files, "v1")


def test_a_block_that_a_version_names_while_records_are_removed_stays_whole(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(files, "v1", rows_of(files), INPUTS)
    manifest, remove_one = files.read("datasets/v1/manifest.json"), Files.remove
    files.remove("datasets/v1/manifest.json")

    def published_before(files: Files, path: str) -> None:
        remove_one(files, path)
        files.create("datasets/v1/manifest.json", manifest)

    monkeypatch.setattr(Files, "remove", published_before)
    remove(files, [*unnamed_blocks(files, LATER)])
    assert complete(files, "v1")


def test_a_block_that_is_made_again_while_shards_are_removed_keeps_the_others(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    (key, *_) = publish(files, "v1", rows_of(files), INPUTS).blocks
    files.remove("datasets/v1/manifest.json")
    record, exists, asked = files.read(record_path(key)), Files.exists, list[str]()

    def made_before(files: Files, path: str) -> bool:
        asked.append(path)
        if asked.count(record_path(key)) == 2:  # one shard is gone
            files.create(record_path(key), record)
        return exists(files, path)

    found = [*unnamed_blocks(files, LATER)]
    monkeypatch.setattr(Files, "exists", made_before)
    remove(files, found)
    shards = [file.path for file in found if key in file.path and file.path.startswith("shards/")]
    assert sum(exists(files, path) for path in shards) == len(shards) - 1 > 0


def test_a_folder_of_somebody_else_names_no_block_and_a_manifest_there_is_told(files: Files) -> None:
    publish(files, "v1", rows_of(files), INPUTS)
    files.put("datasets/.cache/notes.txt", b"of an editor")
    assert named_blocks(files) == {*(found.blocks if (found := published(files, "v1")) else ())}
    files.put("datasets/.cache/manifest.json", files.read("datasets/v1/manifest.json"))
    with pytest.raises(StoreError, match="rename the folder, or move it away"):
        named_blocks(files)


def test_a_block_that_is_taken_over_gets_a_new_time(files: Files) -> None:
    keys = publish(files, "v1", rows_of(files), INPUTS).blocks
    paths = [Path(files.root, record_path(key)) for key in keys]
    for path in paths:
        os.utime(path, (1, 1))
    assert [record.key for record in made_blocks(files, keys)] == [*keys]
    assert all(path.stat().st_mtime > RENEW_S for path in paths)
