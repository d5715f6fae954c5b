"""Recipes: weighted sums of reward terms, named as in their papers or put together by the user."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from lensmill.rewards.attempt import Attempt
from lensmill.rewards.term import TERMS, Term


@dataclass(frozen=True, slots=True)
class Recipe:
    """A weighted sum of terms.

    Attributes:
        name: for logs.
        weights: weight of each term, by the term's name or `module:NAME`.
    """

    name: str
    weights: Mapping[str, float]

    def __post_init__(self) -> None:
        if not self.weights:
            raise ValueError(f"recipe {self.name}: it has no term; the terms are: {', '.join(TERMS.own)}")
        for name, weight in self.weights.items():
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight):
                raise ValueError(
                    f"recipe {self.name}: the weight of {name} must be a finite number, got {weight!r:.40}"
                )

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms, in the order of the weights.

        Raises:
            SpecError: there is no such term.
        """
        return tuple(TERMS.get(name) for name in self.weights)

    @property
    def grouped(self) -> bool:
        """Whether the reward needs all rollouts of a question at once."""
        return any(term.grouped for term in self.terms)

    def scores(self, group: Sequence[Attempt]) -> list[dict[str, float]]:
        """For each rollout of one question: `score`, the weighted sum, and the value of each term by its name.

        Raises:
            ValueError: the row lacks a column that a term needs.
        """
        terms, weights = self.terms, tuple(self.weights.values())
        scored = []
        for attempt in group:
            values = [term.of(attempt, group) for term in terms]
            total = math.fsum(weight * value for weight, value in zip(weights, values, strict=True))
            scored.append({"score": total, **{term.name: value for term, value in zip(terms, values, strict=True)}})
        return scored


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        recipe.name: recipe
        for recipe in (
            Recipe("chain_of_focus", {"accuracy": 0.9, "format": 0.1}),
            Recipe("adaptive_chain_of_focus", {"agar": 1.0}),
            Recipe("deepeyes", {"accuracy": 0.8, "format_penalty": 0.2, "tool_bonus": 1.2}),
            Recipe("pixel_reasoner", {"accuracy": 1.0, "curiosity": 0.5, "extra_calls": 0.05}),
        )
    }
)
"""The weights of papers: Chain-of-Focus (`zoomin_reward.py` of its code), its adaptive version (see terms/agar.py),
DeepEyes (0.8, 0.2, 1.2) and Pixel Reasoner (its code's halves and 0.05; without its further scaling of curiosity)."""


def recipe_of(chosen: str | Mapping[str, float] | Recipe) -> Recipe:
    """A recipe by its name, from one term's name, or from weights by term.

    Raises:
        ValueError: there is no recipe and no term of this name, or the weights are no numbers.
    """
    if isinstance(chosen, Recipe):
        return chosen
    if isinstance(chosen, Mapping):
        recipe = Recipe("own", {str(name): weight for name, weight in chosen.items()})
    elif chosen in RECIPES:
        return RECIPES[chosen]
    elif chosen in TERMS.own or ":" in chosen:
        recipe = Recipe(chosen.rpartition(":")[2], {chosen: 1.0})
    else:
        known = f"the recipes are {', '.join(RECIPES)}, and the terms {', '.join(TERMS.own)}"
        raise ValueError(f"there is no reward recipe or term {chosen!r:.80}: {known}")
    recipe.terms  # noqa: B018 (an unknown term is reported now, not in the first step of training)
    return recipe
