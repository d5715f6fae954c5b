"""A build in a store, made by hand: finished episodes with the answers that a test wants judged."""

import json
from collections.abc import Sequence
from dataclasses import replace

from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Task
from lensmill.decoding import load_original
from lensmill.picture import draw_view
from lensmill.sample import Sample
from lensmill.tools import ZOOM
from lensmill.trajectory import Trajectory
from lensmill.verdict import Verdict
from storage.builds.episodes import EpisodeRow, EpisodeStore, Failure
from storage.builds.images import ImageStore
from storage.builds.plan import Plan, plan_sample
from storage.files.store import Files
from tests.storage.made import FINGERPRINT
from tests.storage.published_rows import seen

CORRECT, INCORRECT = Verdict("correct", "model"), Verdict("incorrect", "model")


def build_of(files: Files, answers: Sequence[str | None], chunk_size: int = 2, fingerprint: str = FINGERPRINT) -> Plan:
    """Episode i is about "What is bar i?", whose answer is i; an answer of None failed. Returns the plan."""
    plan, store, images = Plan(files, fingerprint), EpisodeStore(files, fingerprint), ImageStore(files)
    made = [looked(images, number) for number in range(len(answers))]
    plan.append((plan_sample(fingerprint, sample, (224,), ("reader",), (0,)) for sample, _ in made), chunk_size)
    said = {sample.sample_id: (trajectory, answer) for (sample, trajectory), answer in zip(made, answers, strict=True)}
    for chunk_id in plan.chunk_ids():
        rows = []
        for planned in plan.read_chunk(chunk_id).episodes:
            trajectory, answer = said[planned.sample_id]
            if answer is None:
                rows.append(EpisodeRow(planned, "failed", None, Failure("timeout", "took too long")))
            else:
                rows.append(EpisodeRow(planned, "done", replace(trajectory, answer=answer)))
        store.commit(chunk_id, rows)
    ladder = {"factor": 28, "upscale": False, "rungs": [224], "min_pixels": 3136, "max_pixels": 12_845_056}
    recipe = {"source": {"name": "made"}, "agent": {"name": "reader"}, "ladder": ladder}
    files.create(f"builds/{fingerprint}/recipe.json", json.dumps(recipe).encode())
    return plan


def looked(images: ImageStore, number: int) -> tuple[Sample, Trajectory]:
    """A sample whose original is in the store, and a trajectory with a zoom that was really made."""
    sample, _ = seen(images, number)
    original = load_original(images.get(sample.image_id))
    environment = Environment(
        Task(sample.question, 224), original.pixels, draw_view(original.pixels, 224), lossless=original.lossless
    )
    environment.act("I look closer.", ZOOM, {"bbox_2d": [20, 20, 120, 100]})
    return sample, environment.hand_in("It is clear now.", "7", ()).trajectory
