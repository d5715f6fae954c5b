"""The closing table, the card and the metrics count one build alike, with failed episodes and calls in it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from actors.publishing.publishing import Progress, PublishSettings, prepare, publish_prepared
from actors.rollouts.worker_metrics import Watch, WatchSettings
from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Task
from lensmill.curation.settings import CurationSettings
from lensmill.decoding import load_original
from lensmill.picture import Picture, draw_view
from lensmill.sample import Sample
from lensmill.tools import PYTHON, ZOOM
from lensmill.trajectory import Action, Observation, Step, Trajectory
from lensmill.verdict import Verdict
from monitoring.report import RungTally
from storage.builds.episodes import EpisodeRow, EpisodeStore, Failure
from storage.builds.images import ImageStore
from storage.builds.plan import Plan, plan_sample
from storage.builds.verdicts import VerdictRow, VerdictStore
from storage.files.store import Files
from tests.inline_tasks import inline
from tests.judged_build import CORRECT, INCORRECT
from tests.storage.made import FINGERPRINT
from tests.storage.published_rows import seen

JUDGE = "j" * 16


def an_environment(images: ImageStore, number: int) -> tuple[Sample, Environment]:
    sample, _ = seen(images, number)
    original = load_original(images.get(sample.image_id))
    view = draw_view(original.pixels, 224)
    return sample, Environment(Task(sample.question, 224), original.pixels, view, lossless=original.lossless)


def drawn(images: ImageStore, environment: Environment, colours: Sequence[str]) -> Step:
    """Code that showed a picture of each colour; "view" is the view again."""
    refs = []
    for colour in colours:
        if colour == "view":
            refs.append(environment.show(environment.view))
            continue
        size = (environment.view.frame.width, environment.view.frame.height)
        picture = Picture(Image.new("RGB", size, colour), environment.view.frame)
        refs.append(environment.show(picture))
    for image in environment.images:
        images.put(image.ref.image_id, image.data)
    return Step("I draw.", Action(PYTHON, {"code": "display(...)"}), Observation("Displayed.", tuple(refs)))


def zoomed(images: ImageStore, number: int) -> tuple[Sample, Trajectory]:
    """One zoom that worked and one that failed."""
    sample, environment = an_environment(images, number)
    environment.act("I look closer.", ZOOM, {"bbox_2d": [20, 20, 120, 100]})
    environment.act("Again.", ZOOM, {"bbox_2d": "there"})
    return sample, environment.hand_in("It is clear now.", "7", ()).trajectory


def coded(images: ImageStore, number: int, *colours: str) -> tuple[Sample, Trajectory]:
    sample, environment = an_environment(images, number)
    environment.record(drawn(images, environment, colours))
    return sample, environment.hand_in("It is clear now.", "7", ()).trajectory


@pytest.fixture
def rows(tmp_path: Path) -> tuple[Files, list[tuple[Sample, EpisodeRow, Verdict | None]]]:
    """A zoom, an edit by code of two pictures, code that edits nothing (judged incorrect), and a failed episode."""
    files = Files(str(tmp_path))
    images = ImageStore(files)
    made = [
        (*zoomed(images, 0), 2.0, CORRECT),
        (*coded(images, 1, "red", "blue"), 4.0, CORRECT),
        (*coded(images, 2, "view"), 6.0, INCORRECT),
        (*coded(images, 3, "green"), 1000.0, None),
    ]
    plan = Plan(files, FINGERPRINT)
    plan.append((plan_sample(FINGERPRINT, one[0], (224,), ("refocus",), (0,)) for one in made), 4)
    (chunk_id,) = plan.chunk_ids()
    episodes = {episode.sample_id: episode for episode in plan.read_chunk(chunk_id).episodes}
    ended = []
    for sample, trajectory, seconds, verdict in made:
        row = EpisodeRow(episodes[sample.sample_id], "done", trajectory, None, seconds)
        if verdict is None:
            row = replace(row, outcome="failed", trajectory=None, failure=Failure("timeout", "took too long"))
        ended.append((sample, row, verdict))
    EpisodeStore(files, FINGERPRINT).commit(chunk_id, [row for _, row, _ in ended])
    given = [VerdictRow(row.planned.episode_id, verdict) for _, row, verdict in ended if verdict is not None]
    VerdictStore(files, FINGERPRINT, JUDGE).commit(chunk_id, given, 0)
    ladder = {"factor": 28, "upscale": False, "rungs": [224], "min_pixels": 3136, "max_pixels": 12_845_056}
    recipe = {"source": {"name": "made"}, "agent": {"name": "refocus"}, "ladder": ladder}
    files.create(f"builds/{FINGERPRINT}/recipe.json", json.dumps(recipe).encode())
    return files, ended


Rows = tuple[Files, list[tuple[Sample, EpisodeRow, Verdict | None]]]


def test_table_card_and_metrics_agree_on_steps_zooms_and_edits(rows: Rows) -> None:
    files, ended = rows
    chunk_ids = Plan(files, FINGERPRINT).chunk_ids()
    curation, told = CurationSettings(validation=0), list[Progress]()
    settings = PublishSettings(files, FINGERPRINT, JUDGE, chunk_ids, None, curation, "test", "made")
    prepared = prepare(settings, tasks=inline)
    published = publish_prepared(prepared, show=told.append, tasks=inline)
    assert prepared.tally.rungs[224] == RungTally(
        episodes=4, accepted=2, wrong=1, failed=1, steps=7, zooms=1, edits=1, zoomed=1, edited=1, seconds=12.0
    )
    card = (Path(published.path) / "README.md").read_text()
    assert "| rung | accepted | rejected | failed | accepted with zoom | with edit | steps of an accepted one |" in card
    assert "| 224 | 2 | 1 | 1 | 1 | 1 | 2.50 |" in card
    watch = Watch(WatchSettings(metrics=True), FINGERPRINT, files, (224,))
    for sample, row, verdict in ended:
        watch.episode(row, sample, "failed" if verdict is None else "accepted" if verdict == CORRECT else "rejected")
    series = watch.report({})
    names = ("steps_total", "zooms_total", "edits_total", "episode_seconds|refocus|sum")
    assert [series[f"lensmill_{name}"] for name in names] == [7, 1, 1, 12]
    assert (told[-1].total, told[-1].rows, told[-1].pictures) == (4, 4, 7)
