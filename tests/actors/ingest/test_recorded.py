"""Planning of recorded trajectories: one rung each, pictures in the store, no answers in other agents' plans."""

from pathlib import Path
from typing import Any

from actors.ingest.planning import Planner, PlanSettings
from lensmill.agents.reader.settings import ReaderSettings
from lensmill.agents.recorded.settings import RecordedSettings
from lensmill.agents.settings import AgentSettings
from lensmill.resolution import LADDER, Ladder
from storage.builds.images import ImageStore
from storage.builds.plan import Plan
from storage.checks.chunks import BuildWork, ChunkItem, check_chunks
from storage.checks.replays import ReplayChoice
from storage.files.store import Files
from storage.sources.refocus_data import RefocusDataSettings
from tests.formats.test_refocus_rows import SAY
from tests.storage.sources.test_recorded import a_folder, numbered


def plan(root: Path, agent: AgentSettings, rungs: tuple[int, ...] = LADDER, **changes: Any) -> Plan:
    data = a_folder(root / "data", [numbered(1), numbered(2, thoughts=[], edited_image="", **changes)])
    files = Files(str(root / agent.name))
    ladder = Ladder(rungs)
    source = RefocusDataSettings(path=str(data))
    Planner(PlanSettings(files, "f" * 16, source, agent, None, ladder, None, None)).plan()
    return Plan(files, "f" * 16)


def test_a_recorded_trajectory_is_planned_once_on_the_rung_of_the_picture_s_own_size(
    tmp_path: Path,
) -> None:
    found = plan(tmp_path, RecordedSettings(), (112, 224, 448))
    (chunk_id,) = found.chunk_ids()
    chunk = found.read_chunk(chunk_id)
    assert [episode.rung for episode in chunk.episodes] == [112]
    (sample,) = chunk.samples.values()
    assert sample.recorded is not None
    (given,) = sample.recorded.images[1:]
    assert ImageStore(Files(str(tmp_path / "recorded"))).size(given.image_id) > 0


def test_verification_asks_for_the_given_pictures_of_planned_trajectories(tmp_path: Path) -> None:
    found = plan(tmp_path, RecordedSettings())
    (chunk_id,) = found.chunk_ids()
    work = BuildWork(Files(str(tmp_path / "recorded")), "f" * 16, None, ReplayChoice(), "once")
    needed = {image_id for image_id, _ in check_chunks(work, [ChunkItem(chunk_id)]).needs}
    (sample,) = found.read_chunk(chunk_id).samples.values()
    assert sample.recorded is not None
    assert needed == {sample.image_id, sample.recorded.images[1].image_id}


def test_a_row_without_a_trajectory_is_a_failure_that_names_the_row(tmp_path: Path) -> None:
    (failure,) = plan(tmp_path, RecordedSettings()).failures()
    assert (failure.origin, failure.error_class) == ("train.jsonl line 2", "no_recording")


def test_a_ladder_without_the_pictures_own_size_is_a_failure_that_says_so(tmp_path: Path) -> None:
    failure, *_ = plan(tmp_path, RecordedSettings(), (56,)).failures()
    assert (failure.origin, failure.error_class) == ("train.jsonl line 1", "no_own_rung")


def test_the_plan_of_another_agent_holds_every_row_and_no_recorded_answer(tmp_path: Path) -> None:
    found = plan(tmp_path, ReaderSettings())
    samples = [sample for chunk in found.chunk_ids() for sample in found.read_chunk(chunk).samples.values()]
    assert len(samples) == 2
    assert all(sample.recorded is None for sample in samples)
    files = Files(str(tmp_path / "reader"))
    assert len(list(files.list("images"))) == 2
    assert SAY not in str(list(found.rows("sample")))
