"""The episode of a row, and the origin of its sample."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from lensmill.facts.measure import Column, Episode, Making, Measure

SHOWN = 200
"""Maximum characters of a text in the ledger: texts are there to recognise a row."""


def _of(episode: Episode, making: Making) -> Mapping[str, Any]:
    planned, sample, trajectory = episode.planned, episode.sample, episode.trajectory
    return {
        "episode_id": planned.episode_id,
        "sample_id": planned.sample_id,
        "image_id": sample.image_id,
        "rung": planned.rung,
        "agent": planned.agent,
        "seed": planned.seed,
        "source": sample.source,
        "subset": sample.subset,
        "split": sample.split,
        "licence": sample.licence,
        "question": sample.question[:SHOWN],
        "reference": sample.answers[0][:SHOWN],
        "answer": None if trajectory is None or trajectory.answer is None else trajectory.answer[:SHOWN],
        "choices": len(sample.choices),
        "recipe": making.fingerprint,
        "judge": making.judge,
        "prompts": _prompts(making.recipe),
    }


def _prompts(recipe: Mapping[str, Any]) -> str | None:
    """One hash of all prompts and tool schemas of the agent; None for an agent that asks no model."""
    hashes = recipe.get("agent", {}).get("prompts")
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()[:16] if hashes else None


SPEC = Measure(
    "identity",
    (
        Column("episode_id", "string", "hash of recipe, sample, rung, agent and seed"),
        Column("sample_id", "string", "hash of picture, question, answers and choices"),
        Column("image_id", "string", "sha256 of the original picture's file"),
        Column("rung", "int32", "resolution of the view: it has at most rung x rung pixels"),
        Column("agent", "string", "name of the agent"),
        Column("seed", "int64", "number of the attempt at the same sample on the same rung"),
        Column("source", "string", "name of the data set that the sample comes from"),
        Column("subset", "string", "part of the source, e.g. human"),
        Column("split", "string", "split of the source, e.g. train"),
        Column("licence", "string", "licence of the sample"),
        Column("question", "string", f"its first {SHOWN} characters"),
        Column("reference", "string", f"the first accepted answer, its first {SHOWN} characters"),
        Column("answer", "string", f"the agent's answer, its first {SHOWN} characters; null if it gave none"),
        Column("choices", "int32", "options of a multiple-choice question; 0 for an open question"),
        Column("recipe", "string", "fingerprint of the recipe"),
        Column("judge", "string", "fingerprint of the judge"),
        Column("prompts", "string", "hash of the agent's prompts and tool schemas; null without a model"),
    ),
    _of,
)
