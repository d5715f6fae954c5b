"""A build in a store, made by hand: finished episodes with the answers that a test wants judged."""

import json
from collections.abc import Sequence
from dataclasses import replace

from lensmill.verdict import Verdict
from storage.episodes import EpisodeRow, EpisodeStore, Failure
from storage.files import Files
from storage.images import ImageStore
from storage.plan import Plan, plan_sample
from tests.storage.made import FINGERPRINT
from tests.storage.published_rows import seen

CORRECT, INCORRECT = Verdict("correct", "model"), Verdict("incorrect", "model")


def build_of(files: Files, answers: Sequence[str | None], chunk_size: int = 2, fingerprint: str = FINGERPRINT) -> Plan:
    """Episode i is about "What is bar i?", whose answer is i; an answer of None failed. Returns the plan."""
    plan, store, images = Plan(files, fingerprint), EpisodeStore(files, fingerprint), ImageStore(files)
    made = [seen(images, number) for number in range(len(answers))]
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
    recipe = {"source": {"name": "made"}, "agent": {"name": "reader"}, "ladder": {"factor": 28, "upscale": False}}
    files.create(f"builds/{fingerprint}/recipe.json", json.dumps(recipe).encode())
    return plan
