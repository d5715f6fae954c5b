"""Versions of a source that changes: each holds what the source holds when it is planned, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lensmill.models.families import ModelFamily
from pipelines.verify import main as verify
from storage.builds.exclusion import Exclusion
from storage.builds.plan import Plan
from storage.builds.scope import run_scope
from storage.builds.source_state import SourceStates
from storage.files.store import Files
from tests.changing_source import (
    CHANGES,
    FINGERPRINT,
    Store,
    a_picture_is_deleted,
    a_row_is_removed,
    all_rows,
    every_row_is_replaced,
    failures,
    nine_rows,
    questions,
    row,
    table,
    the_rows_are_reversed,
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return nine_rows(tmp_path)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_changed_source_gives_the_rows_of_a_fresh_build(
    change: Callable[[Store], None], store: Store, tmp_path: Path
) -> None:
    store.night()
    change(store)
    changed = store.night()
    store.files = Files(str(tmp_path / "fresh"))
    store.files.create(
        f"builds/{FINGERPRINT}/recipe.json", (tmp_path / f"out/builds/{FINGERPRINT}/recipe.json").read_bytes()
    )
    fresh = store.night()
    columns = ("episode_id", "sample_id", "question", "answer", "image_id")
    assert table(changed, "train", *columns) == table(fresh, "train", *columns)
    assert failures(changed) == failures(fresh)
    assert table(changed, "originals", "image_id") == table(fresh, "originals", "image_id")
    assert changed.inputs["source"]["samples"] == fresh.rows


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_version_of_a_changed_source_verifies(
    change: Callable[[Store], None], store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    before = store.inputs(store.plan())
    store.night()
    change(store)
    store.night()
    verify([f"{store.root / 'out'}"])
    wrong = [line for line in capsys.readouterr().out.splitlines() if line.startswith("wrong: ")]
    assert [line for line in wrong if "recipe.json" not in line] == []  # which was made by hand
    after = store.inputs(store.plan())
    assert (before == after) == (change is the_rows_are_reversed)


def test_no_row_is_both_accepted_and_failed(store: Store) -> None:
    store.night()
    a_picture_is_deleted(store)
    version = store.night()
    assert len(questions(version)) == 6
    assert [error for _, error in failures(version)] == ["image_missing"] * 3
    store.picture("b.png")
    version = store.night()
    assert (len(questions(version)), failures(version)) == (9, [])


def test_withdrawn_samples_are_counted_and_named(store: Store) -> None:
    store.night()
    a_picture_is_deleted(store)
    outline = store.plan()
    source = outline.scope.source
    assert source is not None
    assert (source.samples, source.unreadable, source.withdrawn, source.kept) == (6, 3, 3, False)
    assert list(outline.withdrawn.values()) == [f"test/test_human.json row {number}" for number in (4, 5, 6)]
    version = store.night()
    assert version.inputs["source"]["withdrawn"] == 3
    assert version.inputs["source"]["first_withdrawn"] == list(outline.withdrawn)
    card = (Path(version.path) / "README.md").read_text()
    assert "holds no more: 3" in card
    assert next(iter(outline.withdrawn)) in card


def test_withdrawn_samples_are_published_on_request(store: Store) -> None:
    store.night()
    a_picture_is_deleted(store)
    kept = store.night(keep=True)
    assert (len(questions(kept)), kept.inputs["source"]["withdrawn_kept"]) == (9, True)
    assert len(questions(store.night())) == 6


def test_one_of_two_equal_rows_may_be_withdrawn(store: Store) -> None:
    store.rows(row("a.png"), row("b.png"), row("a.png"))
    assert [error for _, error in failures(store.night())] == ["duplicate"]
    for rows in ([row("b.png"), row("a.png")], [row("a.png"), row("b.png")]):
        store.rows(*rows)
        version = store.night()
        assert (len(questions(version)), failures(version)) == (2, [])
        assert version.inputs["source"]["withdrawn"] == 0


def test_another_source_without_fitting_rows_takes_nothing_over(store: Store) -> None:
    store.night()
    store.picture("z.png")
    store.rows(*(row("z.png", number) for number in range(20)))
    outline = store.plan(family=ModelFamily(context_length=10))
    assert (outline.chunk_ids, outline.samples) == ((), 0)
    source = outline.scope.source
    assert source is not None
    assert (source.samples, source.unreadable) == (0, 20)


def test_a_source_without_readable_rows_records_no_state(store: Store) -> None:
    store.night()
    for picture in store.png.iterdir():
        picture.unlink()
    outline = store.plan(keep=True)
    source = outline.scope.source
    assert source is not None
    assert (source.samples, source.unreadable) == (0, 9)
    state = SourceStates(store.files, FINGERPRINT).last()
    assert state is not None
    assert len(state.held) == 9


def test_a_limit_publishes_its_samples_not_their_chunks(store: Store) -> None:
    store.night()
    version = store.night(limit=2)
    assert questions(version) == ["Question 0 of a.png?", "Question 1 of a.png?"]
    assert version.inputs["source"]["withdrawn"] == 0
    assert len(questions(store.night())) == 9


def test_a_plan_that_another_run_has_grown_since_does_not_grow_a_version(store: Store) -> None:
    outline = store.plan()
    every_row_is_replaced(store)
    store.make(store.plan())
    store.make(outline)
    assert len(questions(store.publish(store.settings(outline)))) == 9


def test_the_same_source_gives_the_same_inputs_and_writes_nothing(store: Store) -> None:
    store.night()
    a_row_is_removed(store)
    first = store.night()
    before = store.files.list("builds")
    assert store.night() == first
    assert store.files.list("builds") == before


def test_a_source_that_comes_back_gives_the_first_version_again(store: Store) -> None:
    first = store.night()
    a_row_is_removed(store)
    second = store.night()
    store.rows(*all_rows())
    assert (store.night(), second.version == first.version) == (first, False)


def test_a_job_without_the_source_publishes_its_last_state(store: Store) -> None:
    store.night()
    a_picture_is_deleted(store)
    version = store.night()
    state = SourceStates(store.files, FINGERPRINT).last()
    assert state is not None
    found = run_scope(Plan(store.files, FINGERPRINT), state, Exclusion())
    settings = replace(store.settings(store.plan()), chunk_ids=found.chunk_ids, scope=found.scope)
    assert store.publish(replace(settings, failure_keys=state.failure_keys)) == version


@pytest.mark.parametrize("smaller", [{"trial": True}, {"limit": 2}])
def test_a_smaller_run_does_not_shrink_versions_of_jobs_without_the_source(
    smaller: dict[str, Any], store: Store
) -> None:
    store.night()
    if "trial" in smaller:
        a_row_is_removed(store)
    store.plan(**smaller)
    state = SourceStates(store.files, FINGERPRINT).last()
    assert state is not None
    assert run_scope(Plan(store.files, FINGERPRINT), state, Exclusion()).samples == 9
