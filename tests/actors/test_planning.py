"""What a run plans, and what it says of it."""

import json
from pathlib import Path

from PIL import Image

from actors.planning import Planner, PlanOutline, PlanSettings
from lensmill.agents.settings import ReaderSettings, ZoomSettings
from lensmill.models.families import ModelFamily
from lensmill.resolution import Ladder
from storage.files import Files
from storage.sources.settings import ChartQASettings


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
    source = ChartQASettings(str(tmp_path / "data"))
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


def test_a_smaller_run_speaks_of_its_own_rows_only(tmp_path: Path) -> None:
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


def test_a_rung_that_does_not_fit_into_the_models_context_is_a_failure_that_names_it(tmp_path: Path) -> None:
    a_folder(tmp_path)
    found = outline(tmp_path, family=ModelFamily(context_length=3000))
    assert found.episodes == {224: 2, 448: 2}
    assert found.failures == {"image_missing": 1, "context_length": 2}
