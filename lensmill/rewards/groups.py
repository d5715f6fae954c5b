"""Batches of rollouts: those of the same question form a group."""

from collections.abc import Sequence

from lensmill.rewards.attempt import Attempt
from lensmill.rewards.recipe import Recipe


def score_groups(recipe: Recipe, attempts: Sequence[Attempt]) -> list[dict[str, float]]:
    """The scores of a batch, in its order; see `Recipe.scores`. Groups may be interleaved."""
    groups: dict[str, list[int]] = {}
    for place, attempt in enumerate(attempts):
        groups.setdefault(attempt.asked.key, []).append(place)
    scored: dict[int, dict[str, float]] = {}
    for places in groups.values():
        scored |= zip(places, recipe.scores([attempts[place] for place in places]), strict=True)
    return [scored[place] for place in range(len(attempts))]
