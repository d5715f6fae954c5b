"""Settings that only select are in no fingerprint: a run plans missing episodes only, and a version holds its own."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from PIL import Image

from actors.ingest.outline import PlanOutline
from actors.ingest.planning import Planner, PlanSettings
from lensmill.agents.zoom.settings import ZoomSettings
from lensmill.resolution import Ladder
from storage.builds.exclusion import Exclusion
from storage.builds.plan import Plan, PlannedEpisode
from storage.builds.scope import RunScope, run_scope
from storage.builds.source_state import SourceStates
from storage.files.store import Files
from storage.sources.chartqa import ChartQASettings

FINGERPRINT = "f" * 16

Split = Literal["train", "val", "test"]


def a_split(root: Path, split: Split, count: int, size: tuple[int, int] = (1000, 1000)) -> None:
    """Questions about pictures of this size, one each."""
    folder = root / "data" / split
    (folder / "png").mkdir(parents=True, exist_ok=True)
    shade = {"train": 1, "val": 2, "test": 3}[split]
    rows = []
    for number in range(count):
        Image.new("RGB", size, (shade, number, 0)).save(folder / "png" / f"{number}.png")
        rows.append({"imgname": f"{number}.png", "query": f"Question {number}?", "label": "1"})
    (folder / f"{split}_human.json").write_text(json.dumps(rows))


def plan(
    root: Path, rungs: tuple[int, ...] = (224, 448), samples: int = 1, limit: int | None = None, **source: Any
) -> PlanOutline:
    data, agent = ChartQASettings(path=str(root / "data"), **source), ZoomSettings(samples=samples, temperature=0.7)
    files = Files(str(root / "out"))
    planner = Planner(PlanSettings(files, FINGERPRINT, data, agent, None, Ladder(rungs), None, limit))
    planner.plan()
    return planner.outline(measure=False)


def selected(root: Path, outline: PlanOutline) -> list[PlannedEpisode]:
    """The episodes of a run, in the plan's order."""
    found = Plan(Files(str(root / "out")), FINGERPRINT)
    chunks = [found.read_chunk(chunk_id) for chunk_id in outline.chunk_ids]
    return [
        episode
        for chunk in chunks
        for episode in chunk.episodes
        if outline.scope.holds(episode, chunk.samples[episode.sample_id].image_id)
    ]


def keys(root: Path, outline: PlanOutline) -> set[tuple[str, int, int]]:
    episodes = selected(root, outline)
    found = {(episode.sample_id, episode.rung, episode.seed) for episode in episodes}
    assert len(found) == len(episodes) == sum(outline.asked.values())
    assert {sample_id for sample_id, _, _ in found} == {episode.sample_id for episode in episodes}
    assert outline.samples == len({sample_id for sample_id, _, _ in found})
    return found


def total(root: Path) -> dict[int, int]:
    """Episodes of the whole plan, by rung."""
    return dict(Plan(Files(str(root / "out")), FINGERPRINT).counts().episodes)


def files_of(root: Path) -> set[str]:
    return {path for path in Files(str(root / "out")).list("builds") if "/plan/" in path}


def test_one_rung_more_plans_that_rung_only(tmp_path: Path) -> None:
    a_split(tmp_path, "test", 5)
    first = plan(tmp_path)
    second = plan(tmp_path, rungs=(224, 448, 672))
    assert total(tmp_path) == {224: 5, 448: 5, 672: 5}
    assert second.chunk_ids[: len(first.chunk_ids)] == first.chunk_ids
    assert len(keys(tmp_path, second)) == 15


def test_a_run_with_fewer_rungs_keeps_the_other_rungs(tmp_path: Path) -> None:
    a_split(tmp_path, "test", 5)
    both = plan(tmp_path)
    before = files_of(tmp_path)
    one = plan(tmp_path, rungs=(448,))
    assert files_of(tmp_path) == before
    assert (one.chunk_ids, one.asked, one.episodes) == (both.chunk_ids, {448: 5}, {224: 5, 448: 5})
    assert {rung for _, rung, _ in keys(tmp_path, one)} == {448}


def test_chunks_that_hold_nothing_selected_are_not_in_the_run(tmp_path: Path) -> None:
    a_split(tmp_path, "test", 5)
    first = plan(tmp_path)
    more = plan(tmp_path, rungs=(672,))
    assert not {*more.chunk_ids} & {*first.chunk_ids}
    assert (more.planned_chunks, len(more.chunk_ids), more.asked) == (2, 1, {672: 5})


def test_more_samples_plan_the_new_seeds_only(tmp_path: Path) -> None:
    a_split(tmp_path, "test", 3)
    plan(tmp_path, samples=4)
    found = plan(tmp_path, samples=8)
    assert total(tmp_path) == {224: 24, 448: 24}
    assert {seed for _, _, seed in keys(tmp_path, found)} == {*range(8)}
    fewer = plan(tmp_path, samples=2)
    assert {seed for _, _, seed in keys(tmp_path, fewer)} == {0, 1}


def test_the_order_of_rungs_changes_nothing(tmp_path: Path) -> None:
    a_split(tmp_path, "test", 3)
    first = plan(tmp_path, rungs=(224, 448), samples=2)
    before = files_of(tmp_path)
    assert plan(tmp_path, rungs=(448, 224), samples=2) == first
    assert files_of(tmp_path) == before
    one = [(episode.rung, episode.seed) for episode in selected(tmp_path, first)][:4]
    assert one == [(224, 0), (224, 1), (448, 0), (448, 1)]


def test_another_split_adds_its_samples_and_the_run_holds_its_own(tmp_path: Path) -> None:
    for split in ("val", "test"):
        a_split(tmp_path, split, 3)
    val = plan(tmp_path, splits=("val",))
    test = plan(tmp_path, splits=("test",))
    assert not keys(tmp_path, val) & keys(tmp_path, test)
    assert keys(tmp_path, plan(tmp_path)) == keys(tmp_path, val) | keys(tmp_path, test)
    assert total(tmp_path) == {224: 6, 448: 6}


@pytest.mark.parametrize("withdrawn", ["drop", "keep"])
def test_samples_of_a_split_that_is_not_asked_for_are_not_withdrawn(tmp_path: Path, withdrawn: str) -> None:
    for split in ("val", "test"):
        a_split(tmp_path, split, 3)
    plan(tmp_path)
    found = plan(tmp_path, splits=("val",), withdrawn=withdrawn)
    assert found.scope.source is not None
    assert (found.scope.source.samples, found.scope.source.withdrawn, found.samples) == (3, 0, 3)
    a_split(tmp_path, "val", 2)
    found = plan(tmp_path, splits=("val",), withdrawn=withdrawn)
    assert found.scope.source is not None
    assert (found.scope.source.withdrawn, found.samples) == (1, 2 if withdrawn == "drop" else 3)


def test_a_rung_that_a_lower_one_makes_needless_is_not_in_the_run(tmp_path: Path) -> None:
    """A picture of 300 x 300 is shown whole on 672 where that follows 224, and on 448 where there is one."""
    a_split(tmp_path, "test", 2, size=(300, 300))
    plan(tmp_path, rungs=(224, 672))
    found = plan(tmp_path, rungs=(224, 448, 672))
    assert {rung for _, rung, _ in keys(tmp_path, found)} == {224, 448}
    assert len(found.scope.beyond) == 2
    again = plan(tmp_path, rungs=(224, 672))
    assert {rung for _, rung, _ in keys(tmp_path, again)} == {224, 672}
    assert again.scope.beyond == frozenset()


def test_a_limit_with_one_rung_more_plans_that_rung_of_these_samples(tmp_path: Path) -> None:
    a_split(tmp_path, "test", 5)
    plan(tmp_path)
    found = plan(tmp_path, rungs=(224, 672), limit=2)
    assert total(tmp_path) == {224: 5, 448: 5, 672: 2}
    assert len(keys(tmp_path, found)) == 4


def test_a_later_job_selects_what_the_last_run_selected(tmp_path: Path) -> None:
    a_split(tmp_path, "test", 3, size=(300, 300))
    plan(tmp_path, rungs=(224, 672), samples=2)
    outline = plan(tmp_path, rungs=(224, 448, 672), samples=1)
    files = Files(str(tmp_path / "out"))
    found: RunScope = run_scope(Plan(files, FINGERPRINT), SourceStates(files, FINGERPRINT).last(), Exclusion())
    assert (found.scope, found.chunk_ids, found.episodes) == (outline.scope, outline.chunk_ids, outline.asked)


def test_a_sample_that_moved_to_another_split_stays_as_planned_and_is_counted(tmp_path: Path) -> None:
    a_split(tmp_path, "val", 3)
    assert plan(tmp_path).changed == 0
    (tmp_path / "data" / "val").rename(tmp_path / "data" / "test")
    (tmp_path / "data" / "test" / "val_human.json").rename(tmp_path / "data" / "test" / "test_human.json")
    before = files_of(tmp_path)
    found = plan(tmp_path)
    assert (found.changed, found.first_changed, found.samples) == (3, "test/test_human.json row 1", 3)
    assert files_of(tmp_path) == before


def test_rows_that_only_moved_have_not_changed(tmp_path: Path) -> None:
    a_split(tmp_path, "val", 3)
    plan(tmp_path)
    place = tmp_path / "data" / "val" / "val_human.json"
    place.write_text(json.dumps(json.loads(place.read_text())[::-1]))
    assert plan(tmp_path).changed == 0
