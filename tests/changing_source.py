"""A source that changes from night to night, and a store beside it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from PIL import Image

from actors.ingest.outline import PlanOutline
from actors.ingest.planning import Planner, PlanSettings
from actors.publishing.publishing import PublishSettings, inputs_of, prepare, publish_prepared
from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Task
from lensmill.agents.reader.settings import ReaderSettings
from lensmill.agents.zoom.settings import ZoomSettings
from lensmill.curation.settings import CurationSettings
from lensmill.decoding import load_original
from lensmill.models.families import ModelFamily
from lensmill.picture import draw_view
from lensmill.resolution import Ladder
from lensmill.sample import Sample
from storage.builds.episodes import EpisodeRow, EpisodeStore
from storage.builds.exclusion import Exclusion
from storage.builds.images import ImageStore
from storage.builds.plan import Plan, PlannedEpisode
from storage.builds.verdicts import VerdictRow, VerdictStore
from storage.datasets.version import CardSettings, PublishedDataset, manifest_inputs
from storage.files.store import Files
from storage.sources.chartqa import ChartQASettings
from tests.inline_tasks import inline
from tests.judged_build import CORRECT

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
        source = ChartQASettings(path=str(self.root / "data"), withdrawn="keep" if keep else "drop")
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
        environment = Environment(Task(sample.question, 224), original.pixels, view, lossless=original.lossless)
        return EpisodeRow(episode, "done", environment.hand_in("It is clear.", sample.answers[0], ()).trajectory)

    def settings(self, outline: PlanOutline) -> PublishSettings:
        where = (self.files, FINGERPRINT, JUDGE)
        curation = CurationSettings(validation=0)
        chunk_ids, keys = outline.chunk_ids, outline.failure_keys
        return PublishSettings(*where, chunk_ids, keys, curation, None, "made", scope=outline.scope)

    def inputs(self, outline: PlanOutline) -> dict[str, Any]:
        """What the manifest of a version would name as its inputs now."""
        settings, inputs = inputs_of(self.settings(outline))
        return manifest_inputs(inputs, CardSettings(settings.name))

    def publish(self, settings: PublishSettings) -> PublishedDataset:
        return publish_prepared(prepare(settings, tasks=inline), tasks=inline)

    def night(self, **settings: Any) -> PublishedDataset:
        outline = self.plan(**settings)
        self.make(outline)
        return self.publish(self.settings(outline))


def row(name: str, number: int = 0) -> Row:
    return {"imgname": name, "query": f"Question {number} of {name}?", "label": str(number)}


def table(version: PublishedDataset, name: str, *columns: str) -> list[tuple[Any, ...]]:
    """Rows of a table, sorted."""
    store = Path(version.path).parents[1]
    parts = [pq.read_table(store / shard.path, columns=list(columns)) for shard in version.shards_of(name)]
    return sorted(tuple(found.values()) for part in parts for found in part.to_pylist())


def questions(version: PublishedDataset) -> list[str]:
    return [question for (question,) in table(version, "train", "question")]


def failures(version: PublishedDataset) -> list[tuple[Any, ...]]:
    return table(version, "failures", "origin", "error_class")


def nine_rows(root: Path) -> Store:
    """Three pictures with three questions each."""
    store = Store(root)
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


def the_source_grows_and_shrinks(store: Store) -> None:
    store.picture("d.png")
    store.rows(row("d.png"), *all_rows()[2:], row("d.png", 5))


def the_rows_are_reversed(store: Store) -> None:
    store.rows(*reversed(all_rows()))


def every_row_is_replaced(store: Store) -> None:
    store.picture("z.png")
    store.rows(*(row("z.png", number) for number in range(12)))


CHANGES = (
    *(a_picture_is_deleted, a_picture_is_damaged, a_picture_is_drawn_anew, a_label_is_changed, a_question_is_changed),
    *(a_row_is_removed, a_row_is_broken, the_source_grows_and_shrinks, the_rows_are_reversed, every_row_is_replaced),
)
