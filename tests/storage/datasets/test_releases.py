"""Pointers to the latest version: conditional, never changed in place, and nothing that they name is removed."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from storage.datasets.releases import Release, Releases, latest, name_for
from storage.datasets.version import CardSettings, manifest_inputs, published
from storage.files.store import Files, StoreError
from tests.storage.published_rows import INPUTS, publish, rows_of

DAY = "2026-01-31"


def released(files: Files, *versions: str) -> Releases:
    """Publish versions, each from inputs of its own, and release them one after the other."""
    releases = Releases(files)
    for number, version in enumerate(versions):
        publish(files, version, rows_of(files, range(number + 1)), replace(INPUTS, chunk_ids=(version,)))
        assert releases.move(version, releases.latest())
    return releases


def test_the_highest_number_is_the_latest(files: Files) -> None:
    releases = released(files, "a", "b")
    assert releases.latest() == Release(2, "b")
    assert latest(files) == published(files, "b")


def test_a_store_without_releases_says_what_to_run(files: Files) -> None:
    assert Releases(files).latest() is None
    with pytest.raises(StoreError, match="nightly"):
        latest(files)


def test_exactly_one_of_simultaneous_moves_counts(files: Files) -> None:
    releases = released(files, "a")
    before = releases.latest()
    with ThreadPoolExecutor(8) as pool:
        moved = list(pool.map(lambda number: releases.move(f"v{number}", before), range(8)))
    assert moved.count(True) == 1
    assert releases.latest() == Release(2, f"v{moved.index(True)}")


def test_a_move_after_its_number_was_removed_is_too_late(files: Files) -> None:
    releases = released(files, "a")
    before = releases.latest()
    released(files, "b", "c", "d")
    releases.keep(1)
    publish(files, "late", rows_of(files), INPUTS)
    assert not releases.move("late", before)
    assert releases.latest() == Release(4, "d")
    assert releases.keep(1) == ()
    assert published(files, "late") is not None


def test_the_oldest_are_removed_whole(files: Files) -> None:
    releases = released(files, "a", "b", "c")
    assert releases.keep(2) == ("a",)
    assert [release.version for release in releases.all()] == ["b", "c"]
    assert files.folders("datasets") == ("b", "c")


def test_the_name_of_a_version_that_was_removed_is_not_given_to_other_rows(files: Files) -> None:
    releases = Releases(files)
    for number in (1, 2):
        inputs = replace(INPUTS, chunk_ids=(str(number),))
        name = name_for(files, DAY, manifest_inputs(inputs, CardSettings()))
        publish(files, name, rows_of(files), inputs)
        assert releases.move(name, releases.latest())
        releases.keep(1)
    assert files.folders("datasets") == (f"{DAY}.002",)
    third = manifest_inputs(replace(INPUTS, chunk_ids=("3",)), CardSettings())
    assert name_for(files, DAY, third) == f"{DAY}.003"


def test_a_version_made_by_hand_stays(files: Files) -> None:
    publish(files, "mine", rows_of(files), INPUTS)
    releases = released(files, "a", "b")
    assert releases.keep(1) == ("a",)
    assert files.folders("datasets") == ("b", "mine")


def test_an_older_version_that_was_made_the_latest_again_stays(files: Files) -> None:
    releases = released(files, "a", "b", "c")
    releases.move("a", releases.latest())
    assert releases.keep(1) == ("b", "c")
    assert latest(files).version == "a"


def test_an_interrupted_removal_is_taken_up(files: Files) -> None:
    releases = released(files, "a", "b")
    files.remove("datasets/a/manifest.json")
    assert releases.keep(1) == ("a",)
    assert files.folders("datasets") == ("b",)


def test_a_pointer_that_is_none_is_told_in_one_line(files: Files) -> None:
    files.create("latest/000001.json", b"{")
    with pytest.raises(StoreError, match=r"latest/000001\.json is no pointer"):
        Releases(files).latest()


def test_a_day_has_as_many_versions_as_there_was_something_new(files: Files) -> None:
    other = replace(INPUTS, chunk_ids=("c1",))
    assert name_for(files, DAY, manifest_inputs(INPUTS, CardSettings())) == DAY
    publish(files, DAY, rows_of(files), INPUTS)
    assert name_for(files, DAY, manifest_inputs(INPUTS, CardSettings())) == DAY
    assert name_for(files, DAY, manifest_inputs(other, CardSettings())) == f"{DAY}.002"
    publish(files, f"{DAY}.002", rows_of(files), other)
    assert name_for(files, DAY, manifest_inputs(replace(INPUTS, chunk_ids=()), CardSettings())) == f"{DAY}.003"


def test_a_day_that_another_run_has_begun_from_other_inputs_is_taken(files: Files) -> None:
    files.create(f"claims/{DAY}.json", b'{"recipe": "another"}')
    assert name_for(files, DAY, manifest_inputs(INPUTS, CardSettings())) == f"{DAY}.002"


def test_runs_that_ask_for_a_name_at_once_have_one_each(files: Files) -> None:
    several = [manifest_inputs(replace(INPUTS, chunk_ids=(str(number % 4),)), CardSettings()) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda inputs: name_for(files, DAY, inputs), several))
    assert names[:4] == names[4:]
    assert sorted(names[:4]) == [DAY, f"{DAY}.002", f"{DAY}.003", f"{DAY}.004"]
    publish(files, names[0], rows_of(files), replace(INPUTS, chunk_ids=("0",)))
