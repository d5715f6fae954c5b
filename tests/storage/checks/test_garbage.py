"""Collecting what nothing names, while somebody takes it up again."""

from typing import Any

import pytest

from storage.builds.source_state import SourceState, SourceStates
from storage.checks.garbage import orphans, remove
from storage.datasets.version import published
from storage.files.store import STAGING, Files
from tests.storage.made import FINGERPRINT
from tests.storage.published_rows import INPUTS, publish, rows_of

LATER = 2.0**40


def complete(files: Files, version: str) -> bool:
    """Whether a version is published with every file that its manifest names."""
    there = published(files, version)
    return there is not None and all(files.exists(f"datasets/{version}/{record.path}") for record in there.files)


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
def test_whoever_finishes_a_version_mends_what_is_removed_meanwhile(
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
