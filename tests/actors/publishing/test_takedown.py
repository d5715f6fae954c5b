"""Rows that are taken down by name: the named ones leave, no other does."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from actors.publishing.publishing import Progress, prepare, publish_prepared
from pipelines.exclude import tell_lifted
from pipelines.verify import main as verify
from storage.builds.exclusion import Exclusion
from storage.builds.plan import Plan
from storage.builds.scope import run_scope
from storage.datasets.releases import Releases
from storage.files.store import StoreError
from tests.changing_source import (
    FINGERPRINT,
    Store,
    a_picture_is_deleted,
    a_row_is_removed,
    all_rows,
    failures,
    nine_rows,
    questions,
    row,
    table,
    the_rows_are_reversed,
    the_source_grows_and_shrinks,
)
from tests.inline_tasks import inline
from tests.said_lines import Said


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return nine_rows(tmp_path)


@dataclass(frozen=True)
class Named:
    """What a list may name, and how many of the nine rows that takes down."""

    column: str
    rows: int


@pytest.mark.parametrize("named", [Named("image_id", 3), Named("sample_id", 1), Named("episode_id", 1)])
def test_rows_are_taken_down_by_id(named: Named, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    ((name,), *_) = table(store.night(), "train", named.column)
    version = store.night(exclude=Exclusion(frozenset({name})))
    assert len(questions(version)) == 9 - named.rows
    assert name not in [found for (found,) in table(version, "train", named.column)]
    assert (Path(version.path) / "exclude.txt").read_text() == f"{name}\n"
    assert version.inputs["excluded"] == 1
    assert "exclude_sha256" in version.inputs
    verify([f"{store.root / 'out'}"])
    wrong = [line for line in capsys.readouterr().out.splitlines() if line.startswith("wrong: ")]
    assert [line for line in wrong if "recipe.json" not in line] == []


def test_a_version_that_holds_what_its_list_takes_down_is_found(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    a_row_is_removed(store)
    store.night()
    store.rows(*all_rows()[2:])
    version = store.night()
    (left_out,) = (Path(version.path) / "left_out.txt").read_text().split()
    (Path(version.path) / "left_out.txt").write_text("0" * 32 + "\n")
    verify([f"{store.root / 'out'}", f"version={version.version}"])
    told = capsys.readouterr().out
    assert "left_out.txt sha256: its bytes have changed" in told
    assert "is in no table" in told
    assert left_out != "0" * 32


def at(number: int) -> Exclusion:
    """What takes a row down by its origin."""
    return Exclusion(origins=frozenset({f"test/test_human.json row {number}"}))


def test_names_that_the_last_version_took_down_and_this_run_does_not_are_told(store: Store) -> None:
    named = store.night()
    assert lifted(store, Exclusion()) == []
    (first, second, *_) = [name for (name,) in table(named, "train", "sample_id")]
    version = store.night(exclude=Exclusion(frozenset({first, second}))).version
    (line,) = lifted(store, Exclusion(frozenset({first})))
    assert line.startswith(f"exclude: {version} took down 1 names that this run does not")
    assert line.endswith(f"/datasets/{version}/exclude.txt to keep them down; the first: {second}")
    assert lifted(store, Exclusion(frozenset({first, second}))) == []
    assert Releases(store.files).move(named.version, None)
    assert lifted(store, Exclusion()) == []


def lifted(store: Store, exclusion: Exclusion) -> Said:
    said = Said()
    tell_lifted(store.files, FINGERPRINT, exclusion, said)
    return said


def test_a_unique_origin_takes_its_row_down(store: Store) -> None:
    store.night()
    store.rows(*all_rows(), row("c.png", 9))
    version = store.night(exclude=at(10))
    assert len(questions(version)) == 9
    assert "Question 9 of c.png?" not in questions(version)


@pytest.mark.parametrize("change", [the_rows_are_reversed, the_source_grows_and_shrinks])
def test_an_origin_that_means_another_row_now_is_refused_with_both_samples(
    change: Callable[[Store], None], store: Store
) -> None:
    ids = dict(table(store.night(), "train", "question", "sample_id"))
    change(store)
    with pytest.raises(StoreError, match="name the sample by its id") as raised:
        store.night(exclude=at(3))
    assert ids["Question 2 of a.png?"] in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_origin_shared_by_a_failed_and_a_moved_row_is_refused(store: Store) -> None:
    store.night()
    store.rows({**row("c.png", 9), "label": ""}, *all_rows())
    with pytest.raises(StoreError, match="or a row that failed: rows have moved"):
        store.plan(exclude=at(1))


def test_the_origin_of_a_withdrawn_row_names_the_row_there_now(store: Store) -> None:
    store.night()
    a_row_is_removed(store)
    version = store.night(exclude=at(1))
    assert (len(questions(version)), "Question 1 of a.png?" in questions(version)) == (7, False)


def test_a_withdrawn_row_that_is_kept_is_taken_down_by_its_origin(store: Store) -> None:
    store.night()
    store.rows(*all_rows()[:-1])
    version = store.night(keep=True, exclude=at(9))
    assert (len(questions(version)), "Question 2 of c.png?" in questions(version)) == (8, False)


def test_a_row_is_taken_down_by_its_origin_where_no_state_is_recorded(store: Store) -> None:
    store.night()
    found = run_scope(Plan(store.files, FINGERPRINT), None, at(9))
    assert (len(found.scope.left_out), found.unknown_origins) == (1, ())


def test_a_failed_row_is_taken_down_by_its_origin(store: Store) -> None:
    a_picture_is_deleted(store)
    assert store.plan(exclude=at(4)).unknown_origins == ()
    version = store.night(exclude=at(4))
    assert [origin for origin, _ in failures(version)] == [f"test/test_human.json row {n}" for n in (5, 6)]
    assert version.inputs["source_failures"] == 2


def test_publishing_ends_at_its_total_and_says_how_many_accepted_rows_were_taken_down(
    store: Store,
) -> None:
    a_picture_is_deleted(store)
    ((picture, sample), *_) = table(store.night(), "train", "image_id", "sample_id")
    for exclude, rows in ((Exclusion(frozenset({picture})), 3), (Exclusion(frozenset({sample})), 1), (at(1), 1)):
        prepared, told = prepare(store.settings(store.plan(exclude=exclude)), tasks=inline), list[Progress]()
        publish_prepared(prepared, show=told.append, tasks=inline)
        assert prepared.tally.taken_down == rows
        assert (told[-1].total, told[-1].done, told[-1].left_out) == (9, 9, rows)


def test_names_that_take_nothing_down_are_told(store: Store) -> None:
    exclude = Exclusion(frozenset({"e" * 32}), frozenset({"nowhere.json row 1", "test/test_human.json row 1"}))
    outline = store.plan(exclude=exclude)
    store.make(outline)
    assert outline.unknown_origins == ("nowhere.json row 1",)
    assert prepare(store.settings(outline), tasks=inline).tally.unknown == ("e" * 32,)
