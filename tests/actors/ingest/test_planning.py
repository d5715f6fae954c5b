"""What a run plans, and what it says of it."""

import json
from pathlib import Path

from PIL import Image

from actors.ingest.outline import PlanOutline
from actors.ingest.planning import Planner, PlanSettings
from lensmill.agents.reader.settings import ReaderSettings
from lensmill.agents.zoom.settings import ZoomSettings
from lensmill.models.families import ModelFamily
from lensmill.resolution import Ladder
from storage.builds.plan import Plan
from storage.files.store import Files
from storage.sources.chartqa import ChartQASettings


def a_folder(tmp_path: Path, bad: bool = True) -> Path:
    """Three questions about one picture, the third about a picture that is not there unless `bad` is false."""
    png = tmp_path / "data" / "test" / "png"
    png.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (1200, 900), "white").save(png / "a.png")
    names = ["a.png", "a.png", "b.png" if bad else "a.png"]
    rows = [{"imgname": name, "query": f"Question {i}?", "label": str(i)} for i, name in enumerate(names)]
    (tmp_path / "data" / "test" / "test_human.json").write_text(json.dumps(rows))
    return tmp_path / "data"


def outline(tmp_path: Path, limit: int | None = None, family: ModelFamily | None = None) -> PlanOutline:
    agent = ZoomSettings() if family else ReaderSettings()
    source = ChartQASettings(path=str(tmp_path / "data"))
    ladder = Ladder((224, 448, 1344))
    planner = Planner(PlanSettings(Files(str(tmp_path / "out")), "f" * 16, source, agent, family, ladder, 1, limit))
    planner.plan()
    return planner.outline(measure=True)


def test_an_outline_counts_samples_episodes_and_failures(tmp_path: Path) -> None:
    a_folder(tmp_path)
    found = outline(tmp_path)
    assert (found.samples, found.episodes) == (2, {224: 2, 448: 2, 1344: 2})
    assert found.failures == {"image_missing": 1}
    assert found.first_failure.startswith("test/test_human.json row 3: ")
    assert found.originals_size == (tmp_path / "data" / "test" / "png" / "a.png").stat().st_size


def test_a_smaller_run_reports_only_its_own_rows(tmp_path: Path) -> None:
    a_folder(tmp_path)
    outline(tmp_path)
    found = outline(tmp_path, limit=1)
    assert (found.samples, len(found.chunk_ids), found.planned_chunks) == (1, 1, 2)
    assert (found.failures, found.failure_keys) == ({}, frozenset())


def test_a_row_that_was_mended_is_a_failure_no_more(tmp_path: Path) -> None:
    a_folder(tmp_path)
    outline(tmp_path)
    a_folder(tmp_path, bad=False)
    found = outline(tmp_path)
    assert (found.samples, found.failures) == (3, {})


def test_a_rung_beyond_the_models_context_fails_by_name(tmp_path: Path) -> None:
    a_folder(tmp_path)
    found = outline(tmp_path, family=ModelFamily(context_length=3000))
    assert found.episodes == {224: 2, 448: 2}
    assert found.failures == {"image_missing": 1, "context_length": 2}


def test_a_row_that_repeats_another_could_be_planned(tmp_path: Path) -> None:
    place = a_folder(tmp_path) / "test" / "test_human.json"
    rows = json.loads(place.read_text())
    place.write_text(json.dumps([*rows, *rows[:2]]))
    found = outline(tmp_path)
    assert (found.failures, len(found.failure_keys)) == ({"image_missing": 1}, 3)
    assert found.scope.source is not None
    assert found.scope.source.unreadable == 1


def test_a_row_that_fits_on_no_rung_is_one_row(tmp_path: Path) -> None:
    a_folder(tmp_path, bad=False)
    found = outline(tmp_path, family=ModelFamily(context_length=1000))
    assert (found.samples, found.failures, len(found.failure_keys)) == (0, {"context_length": 3}, 9)


def test_episodes_of_samples_that_are_left_out_are_not_asked_for(tmp_path: Path) -> None:
    a_folder(tmp_path, bad=False)
    first = planner(tmp_path)
    first.plan()
    assert first.outline(measure=False).asked == {224: 3, 448: 3}
    place = tmp_path / "data" / "test" / "test_human.json"
    place.write_text(json.dumps(json.loads(place.read_text())[1:]))
    second = planner(tmp_path)
    second.plan()
    found = second.outline(measure=False)
    assert (found.samples, found.asked, found.episodes) == (2, {224: 2, 448: 2}, {224: 3, 448: 3})


def planner(tmp_path: Path) -> Planner:
    source, files = ChartQASettings(path=str(tmp_path / "data")), Files(str(tmp_path / "out"))
    return Planner(PlanSettings(files, "f" * 16, source, ReaderSettings(), None, Ladder((224, 448)), 4, None))


def grow(tmp_path: Path, *names: str) -> None:
    """Put questions about new pictures before those that are there, and turn the old ones round."""
    place = tmp_path / "data" / "test" / "test_human.json"
    for number, name in enumerate(names):
        Image.new("RGB", (1200, 900), (number, 1, 2)).save(place.parent / "png" / name)
    rows = json.loads(place.read_text())
    new = [{"imgname": name, "query": f"And {name}?", "label": "1"} for name in names]
    place.write_text(json.dumps([*new, *reversed(rows)]))


def stored(tmp_path: Path) -> dict[str, bytes]:
    folder = tmp_path / "out"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_grown_source_plans_only_new_samples_as_new_chunks(tmp_path: Path) -> None:
    a_folder(tmp_path, bad=False)
    first = planner(tmp_path)
    first.plan()
    before, old = stored(tmp_path), first.outline(measure=False)
    assert (len(old.chunk_ids), old.samples) == (2, 3)

    grow(tmp_path, "c.png", "d.png", "e.png")
    second = planner(tmp_path)
    second.plan()
    found = second.outline(measure=False)
    assert found.chunk_ids[:2] == old.chunk_ids
    assert (len(found.chunk_ids), found.samples, found.episodes) == (4, 6, {224: 6, 448: 6})
    plan = Plan(Files(str(tmp_path / "out")), "f" * 16)
    questions = [sample.question for i in found.chunk_ids[2:] for sample in plan.read_chunk(i).samples.values()]
    assert questions == ["And c.png?", "And d.png?", "And e.png?"]
    after = stored(tmp_path)
    assert {path: after[path] for path in before} == before
    assert sum(path.startswith("images/") for path in after.keys() - before.keys()) == 3


def test_pictures_of_planned_samples_are_not_stored_again(tmp_path: Path) -> None:
    a_folder(tmp_path, bad=False)
    planner(tmp_path).plan()
    for path in (tmp_path / "out" / "images").rglob("*"):
        if path.is_file():
            path.unlink()
    grow(tmp_path, "c.png")
    planner(tmp_path).plan()
    assert sum(path.is_file() for path in (tmp_path / "out" / "images").rglob("*")) == 1


def test_failures_of_planned_samples_are_reported_again(tmp_path: Path) -> None:
    a_folder(tmp_path)
    family = ModelFamily(context_length=3000)
    outline(tmp_path, family=family)
    before = stored(tmp_path)
    assert outline(tmp_path, family=family).failures == {"image_missing": 1, "context_length": 2}
    assert stored(tmp_path) == before


def test_progress_tells_samples_failures_pictures_and_the_last_row(tmp_path: Path) -> None:
    a_folder(tmp_path)
    reading = planner(tmp_path)
    assert reading.progress() == (0, 0, 0, "")
    reading.plan()
    assert reading.progress() == (2, 1, 1, "test/test_human.json row 3")
