"""Reward functions with the signature of TRL's GRPOTrainer (checked against TRL 1.16):

    GRPOTrainer(..., reward_funcs=[grpo_reward("accuracy"), grpo_reward("format")],
                args=GRPOConfig(..., reward_weights=[0.9, 0.1]))

The columns of the dataset besides `prompt` reach the function as lists: see `lensmill.rewards.asked.read_asked` for
their names. A grouped term (agar, curiosity) sees the rollouts of a question that are in the call, which
are those of one process.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lensmill.judging.rules import Policy
from lensmill.rewards.asked import read_asked
from lensmill.rewards.attempt import read_attempt
from lensmill.rewards.groups import score_groups
from lensmill.rewards.recipe import Recipe, recipe_of

Reward = Callable[..., list[float]]


def grpo_reward(
    recipe: str | Mapping[str, float] | Recipe = "chain_of_focus",
    tools: Mapping[str, Any] | None = None,
    policy: Policy = "strict",
) -> Reward:
    """A reward function for GRPOTrainer: `(prompts, completions, **columns) -> list[float]`.

    Args:
        recipe: name of a recipe or a term, or weights by term. TRL logs a function by its name, which is the recipe's.
        tools, policy: see `read_asked`.

    Raises:
        ValueError: there is no such recipe or term.
    """
    chosen = recipe_of(recipe)

    def reward(prompts: Sequence[Any], completions: Sequence[Any], **columns: Any) -> list[float]:
        """The reward of each completion.

        Raises:
            ValueError: a column is missing; the message names the row of the batch.
        """
        del prompts
        attempts = []
        for place, completion in enumerate(completions):
            row = {
                name: values[place]
                for name, values in columns.items()
                if isinstance(values, Sequence) and not isinstance(values, str) and len(values) == len(completions)
            }
            try:
                asked = read_asked(row, row.get("ground_truth"), tools, policy)
                attempts.append(read_attempt(completion, asked, row.get("num_turns")))
            except ValueError as error:
                raise ValueError(f"row {place} of the batch: {error}") from error
        return [scored["score"] for scored in score_groups(chosen, attempts)]

    reward.__name__ = chosen.name
    return reward
