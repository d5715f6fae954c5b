"""Rewards for reinforcement learning on visual questions: separate terms, and recipes of weights.

`TERMS` has every term with its meaning, `RECIPES` the weights of papers. `lensmill.rewards.verl` and
`lensmill.rewards.trl` have the functions that trainers call.
"""

from lensmill.rewards.asked import Asked, read_asked
from lensmill.rewards.attempt import Attempt, Look, read_attempt
from lensmill.rewards.groups import score_groups
from lensmill.rewards.recipe import RECIPES, Recipe, recipe_of
from lensmill.rewards.term import TERMS, Term
from lensmill.rewards.trl import grpo_reward
from lensmill.rewards.verl import compute_score, compute_scores

__all__ = [
    "RECIPES",
    "TERMS",
    "Asked",
    "Attempt",
    "Look",
    "Recipe",
    "Term",
    "compute_score",
    "compute_scores",
    "grpo_reward",
    "read_asked",
    "read_attempt",
    "recipe_of",
    "score_groups",
]
