"""The pictures of an episode: their number and size, and how much of the original the view keeps."""

import math
from collections.abc import Mapping
from typing import Any

from lensmill.facts.measure import Column, Episode, Making, Measure
from lensmill.models.families import ModelFamily


def _of(episode: Episode, making: Making) -> Mapping[str, Any]:
    sample, trajectory = episode.sample, episode.trajectory
    original = {"original_width": sample.width, "original_height": sample.height}
    if trajectory is None:
        return original
    family, view = _family(making.recipe), trajectory.view.frame
    sizes = [(ref.frame.width, ref.frame.height) for ref in trajectory.shown]
    return original | {
        "pictures": len(sizes),
        "pixels": sum(width * height for width, height in sizes),
        "image_tokens": sum(family.image_tokens(width, height) for width, height in sizes),
        "view_width": view.width,
        "view_height": view.height,
        "view_scale": math.sqrt(view.width * view.height / (sample.width * sample.height)),
    }


def _family(recipe: Mapping[str, Any]) -> ModelFamily:
    """How the agent's model counts pictures; without a model, in patches of the ladder's factor."""
    model, ladder = recipe.get("models", {}).get("agent", {}), recipe.get("ladder", {})
    family = ModelFamily()
    factor = model.get("factor", ladder.get("factor", family.factor))
    return ModelFamily(factor=factor, tokens_per_image=model.get("tokens_per_image"))


SPEC = Measure(
    "pictures",
    (
        Column("original_width", "int32", "pixels of the original picture"),
        Column("original_height", "int32", "pixels of the original picture"),
        Column("pictures", "int32", "pictures that the agent saw: the view, and those of the observations"),
        Column("pixels", "int64", "pixels of these pictures, in sum"),
        Column("image_tokens", "int64", "tokens that a model of the build's family spends on them, once each"),
        Column("view_width", "int32", "pixels of the view"),
        Column("view_height", "int32", "pixels of the view"),
        Column("view_scale", "float32", "pixels of the view for one of the original, along a side; 1 is full size"),
    ),
    _of,
)
