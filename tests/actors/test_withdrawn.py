"""Versions of a source that changes: each holds what the source holds when it is planned, and nothing else."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from actors.planning import Planner, PlanOutline, PlanSettings
from actors.publishing import PublishSettings, publish_version, tally_rungs, version_inputs
from lensmill.agents.protocol import Desk, Task
from lensmill.agents.settings import ReaderSettings, ZoomSettings
from lensmill.decoding import load_original
from lensmill.models.families import ModelFamily
from lensmill.picture import draw_view
from lensmill.resolution import Ladder
from lensmill.sample import Sample
from pipelines.verify import main as verify
from storage.dataset import PublishedDataset
from storage.episodes import EpisodeRow, EpisodeStore
from storage.exclusion import Exclusion
from storage.files import Files
from storage.images import ImageStore
from storage.plan import Plan, PlannedEpisode
from storage.scope import select
from storage.source_state import SourceStates
from storage.sources.settings import ChartQASettings
from storage.verdicts import VerdictRow, VerdictStore
from tests.judged import CORRECT

FINGERPRINT, JUDGE = "f" * 16, "j" * 16

Row = Mapping[str, str]


class Store:
    """A source's folder and a store beside it; episodes are made and judged correct by hand."""

    def __init__(self, root: Path) -> None:
        self.root, self.files = root, Files(str(root / "out"))
        self.png = root / "data" / "test" / "png"
        self.png.mkdir(parents=True)
        ladder = {"factor": 28, "upscale": False, "rungs": [224], "min_pixels": 3136, "max_pixels": 12_845_056}
        recipe = {"source": {"name": "made"}, "agent": {"name": "reader"}, "ladder": ladder}
        self.files.create(f"builds/{FINGERPRINT}/recipe.json", json.dumps(recipe).encode())

    def picture(self, name: str, shade: int = 0) -> None:
        Image.new("RGB", (320, 240), (shade, len(name), ord(name[0]))).save(self.png / name)

    def rows(self, *rows: Row) -> None:
        (self.root / "data" / "test" / "test_human.json").write_text(json.dumps(rows))

    def plan(
        self,
        keep: bool = False,
        limit: int | None = None,
        exclude: Exclusion | None = None,
        family: ModelFamily | None = None,
        trial: bool = False,
    ) -> PlanOutline:
        source = ChartQASettings(str(self.root / "data"), withdrawn="keep" if keep else "drop")
        agent = ZoomSettings(name="zoom") if family else ReaderSettings()
        names = exclude or Exclusion()
        planner = Planner(
            PlanSettings(self.files, FINGERPRINT, source, agent, family, Ladder((224,)), 4, limit, names, trial)
        )
        planner.plan()
        return planner.outline(measure=False)

    def make(self, outline: PlanOutline) -> None:
        plan, store = Plan(self.files, FINGERPRINT), EpisodeStore(self.files, FINGERPRINT)
        verdicts = VerdictStore(self.files, FINGERPRINT, JUDGE)
        for chunk_id in outline.chunk_ids:
            if not store.is_committed(chunk_id):
                chunk = plan.read_chunk(chunk_id)
                store.commit(chunk_id, [self._made(episode, chunk.samples) for episode in chunk.episodes])
                verdicts.commit(chunk_id, [VerdictRow(episode.episode_id, CORRECT) for episode in chunk.episodes])

    def _made(self, episode: PlannedEpisode, samples: Mapping[str, Sample]) -> EpisodeRow:
        sample = samples[episode.sample_id]
        original = load_original(ImageStore(self.files).get(sample.image_id))
        view = draw_view(original.pixels, 224)
        desk = Desk(Task(sample.question, 224), original.pixels, view, lossless=original.lossless)
        return EpisodeRow(episode, "done", desk.hand_in("It is clear.", sample.answers[0], ()).trajectory)

    def settings(self, outline: PlanOutline) -> PublishSettings:
        where = (self.files, FINGERPRINT, JUDGE)
        return PublishSettings(*where, outline.chunk_ids, outline.failure_keys, {}, None, "made", scope=outline.scope)

    def night(self, **settings: Any) -> PublishedDataset:
        outline = self.plan(**settings)
        self.make(outline)
        return publish_version(self.settings(outline))[0]


def row(name: str, number: int = 0) -> Row:
    return {"imgname": name, "query": f"Question {number} of {name}?", "label": str(number)}


def table(version: PublishedDataset, folder: str, *columns: str) -> list[tuple[Any, ...]]:
    """Rows of a table, sorted."""
    return sorted(
        tuple(found.values()) for found in pq.read_table(Path(version.path) / folder, columns=list(columns)).to_pylist()
    )


def questions(version: PublishedDataset) -> list[str]:
    return [question for (question,) in table(version, "data", "question")]


def failures(version: PublishedDataset) -> list[tuple[Any, ...]]:
    return table(version, "failures", "origin", "error_class")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three pictures with three questions each."""
    store = Store(tmp_path)
    for name in ("a.png", "b.png", "c.png"):
        store.picture(name)
    store.rows(*all_rows())
    return store


def all_rows() -> list[Row]:
    return [row(name, number) for name in ("a.png", "b.png", "c.png") for number in range(3)]


def a_picture_is_deleted(store: Store) -> None:
    (store.png / "b.png").unlink()


def a_picture_is_damaged(store: Store) -> None:
    data = (store.png / "b.png").read_bytes()
    (store.png / "b.png").write_bytes(data[: len(data) // 2])


def a_picture_is_drawn_anew(store: Store) -> None:
    store.picture("b.png", shade=200)


def a_label_is_changed(store: Store) -> None:
    store.rows(*({**one, "label": "77"} if one == row("b.png", 1) else one for one in all_rows()))


def a_question_is_changed(store: Store) -> None:
    store.rows(*({**one, "query": "Another?"} if one == row("c.png", 2) else one for one in all_rows()))


def a_row_is_removed(store: Store) -> None:
    store.rows(*all_rows()[1:])


def a_row_is_broken(store: Store) -> None:
    store.rows(*({**one, "label": ""} if one == row("a.png", 0) else one for one in all_rows()))


def it_grows_and_shrinks(store: Store) -> None:
    store.picture("d.png")
    store.rows(row("d.png"), *all_rows()[2:], row("d.png", 5))


def it_is_turned_round(store: Store) -> None:
    store.rows(*reversed(all_rows()))


def all_of_it_is_other(store: Store) -> None:
    store.picture("z.png")
    store.rows(*(row("z.png", number) for number in range(12)))


CHANGES = (
    *(a_picture_is_deleted, a_picture_is_damaged, a_picture_is_drawn_anew, a_label_is_changed, a_question_is_changed),
    *(a_row_is_removed, a_row_is_broken, it_grows_and_shrinks, it_is_turned_round, all_of_it_is_other),
)


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
    assert table(changed, "data", *columns) == table(fresh, "data", *columns)
    assert failures(changed) == failures(fresh)
    assert table(changed, "originals", "image_id") == table(fresh, "originals", "image_id")
    assert changed.inputs["source"]["samples"] == fresh.rows


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_version_of_a_changed_source_is_as_it_must_be(
    change: Callable[[Store], None], store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    before = version_inputs(store.settings(store.plan()))[1]
    store.night()
    change(store)
    store.night()
    verify([f"{store.root / 'out'}"])
    wrong = [line for line in capsys.readouterr().out.splitlines() if line.startswith("wrong: ")]
    assert [line for line in wrong if "recipe.json" not in line] == []  # which was made by hand
    after = version_inputs(store.settings(store.plan()))[1]
    assert (before == after) == (change is it_is_turned_round)


def test_no_row_is_both_accepted_and_failed(store: Store) -> None:
    store.night()
    a_picture_is_deleted(store)
    version = store.night()
    assert len(questions(version)) == 6
    assert [error for _, error in failures(version)] == ["image_missing"] * 3
    store.picture("b.png")
    version = store.night()
    assert (len(questions(version)), failures(version)) == (9, [])


def test_what_has_gone_is_counted_and_named(store: Store) -> None:
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


def test_what_was_withdrawn_is_published_where_that_is_asked_for(store: Store) -> None:
    store.night()
    a_picture_is_deleted(store)
    kept = store.night(keep=True)
    assert (len(questions(kept)), kept.inputs["source"]["withdrawn_kept"]) == (9, True)
    assert len(questions(store.night())) == 6


def test_of_two_equal_rows_one_may_go(store: Store) -> None:
    store.rows(row("a.png"), row("b.png"), row("a.png"))
    assert [error for _, error in failures(store.night())] == ["duplicate"]
    for rows in ([row("b.png"), row("a.png")], [row("a.png"), row("b.png")]):
        store.rows(*rows)
        version = store.night()
        assert (len(questions(version)), failures(version)) == (2, [])
        assert version.inputs["source"]["withdrawn"] == 0


def test_another_source_of_which_nothing_fits_takes_nothing_over(store: Store) -> None:
    store.night()
    store.picture("z.png")
    store.rows(*(row("z.png", number) for number in range(20)))
    outline = store.plan(family=ModelFamily(context_length=10))
    assert (outline.chunk_ids, outline.samples) == ((), 0)
    source = outline.scope.source
    assert source is not None
    assert (source.samples, source.unreadable) == (0, 20)


def test_a_source_of_which_nothing_is_read_is_no_state_of_it(store: Store) -> None:
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
    all_of_it_is_other(store)
    store.make(store.plan())
    store.make(outline)
    assert len(questions(publish_version(store.settings(outline))[0])) == 9


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


def test_whoever_does_not_read_the_source_publishes_what_was_read_last(store: Store) -> None:
    store.night()
    a_picture_is_deleted(store)
    version = store.night()
    state = SourceStates(store.files, FINGERPRINT).last()
    assert state is not None
    found = select(Plan(store.files, FINGERPRINT), state, Exclusion())
    settings = replace(store.settings(store.plan()), chunk_ids=found.chunk_ids, scope=found.scope)
    assert publish_version(replace(settings, failure_keys=state.failure_keys))[0] == version


@pytest.mark.parametrize("smaller", [{"trial": True}, {"limit": 2}])
def test_a_smaller_run_does_not_shrink_what_is_published_without_reading_the_source(
    smaller: dict[str, Any], store: Store
) -> None:
    store.night()
    if "trial" in smaller:
        a_row_is_removed(store)
    store.plan(**smaller)
    state = SourceStates(store.files, FINGERPRINT).last()
    assert state is not None
    assert select(Plan(store.files, FINGERPRINT), state, Exclusion()).samples == 9


@dataclass(frozen=True)
class Named:
    """What a list may name, and how many of the nine rows that takes down."""

    column: str
    rows: int


@pytest.mark.parametrize("named", [Named("image_id", 3), Named("sample_id", 1), Named("episode_id", 1)])
def test_rows_are_taken_down_by_id(named: Named, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    ((name,), *_) = table(store.night(), "data", named.column)
    version = store.night(exclude=Exclusion(frozenset({name})))
    assert len(questions(version)) == 9 - named.rows
    assert name not in [found for (found,) in table(version, "data", named.column)]
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


def test_an_origin_means_the_row_that_has_it_now(store: Store) -> None:
    store.night()
    store.rows(row("c.png", 9), *all_rows())
    version = store.night(exclude=Exclusion(origins=frozenset({"test/test_human.json row 1"})))
    assert len(questions(version)) == 9
    assert "Question 9 of c.png?" not in questions(version)


def test_a_failed_row_is_taken_down_by_its_origin(store: Store) -> None:
    a_picture_is_deleted(store)
    version = store.night(exclude=Exclusion(origins=frozenset({"test/test_human.json row 4"})))
    assert [origin for origin, _ in failures(version)] == [f"test/test_human.json row {n}" for n in (5, 6)]
    assert version.inputs["source_failures"] == 2


def test_names_that_take_nothing_down_are_told(store: Store) -> None:
    exclude = Exclusion(frozenset({"e" * 32}), frozenset({"nowhere.json row 1", "test/test_human.json row 1"}))
    outline = store.plan(exclude=exclude)
    store.make(outline)
    assert outline.unknown_origins == ("nowhere.json row 1",)
    assert tally_rungs(store.settings(outline)).unknown == ("e" * 32,)
