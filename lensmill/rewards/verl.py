"""Reward functions with verl's signatures (checked against verl 0.9.1). In verl's configuration:

    reward.custom_reward_function.path=pkg://lensmill.rewards.verl
    reward.custom_reward_function.name=compute_score
    +reward.custom_reward_function.reward_kwargs.recipe=chain_of_focus

Rows need `data_source`, `reward_model.ground_truth` and, in `extra_info`, the columns of `read_asked`. verl's reward
loop adds `num_turns` to `extra_info`, from which the turns of the decoded text can be trusted.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lensmill.judging.rules import Policy
from lensmill.rewards.asked import read_asked
from lensmill.rewards.attempt import Attempt, read_attempt
from lensmill.rewards.groups import score_groups
from lensmill.rewards.recipe import Recipe, recipe_of

DEFAULT = "chain_of_focus"


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: Mapping[str, Any] | None = None,
    recipe: str | Mapping[str, float] | Recipe = DEFAULT,
    tools: Mapping[str, Any] | None = None,
    policy: Policy = "strict",
    max_parallel_calls: int = 1,
    **_: Any,
) -> dict[str, float]:
    """The reward of one rollout: `score`, and the value of each term, which verl logs.

    Args:
        data_source: of the row; for messages only.
        solution_str: the decoded response, tool turns included.
        ground_truth: the reference, or a list of references.
        extra_info: see `lensmill.rewards.asked.read_asked`, and `num_turns`.
        recipe: name of a recipe or a term, or weights by term.
        tools, policy: see `read_asked`.
        max_parallel_calls: as in verl's configuration of multi-turn rollouts.

    Raises:
        ValueError: the recipe has a term that needs the whole group (agar, curiosity), or the row lacks a column.
    """
    chosen = recipe_of(recipe)
    if chosen.grouped:
        raise ValueError(
            f"recipe {chosen.name}: a term needs all rollouts of a question, and compute_score gets one: call "
            "compute_scores from a reward manager that passes whole groups, or choose another recipe"
        )
    attempt = _attempt(data_source, solution_str, ground_truth, extra_info, tools, policy, max_parallel_calls)
    return chosen.scores([attempt])[0]


def compute_scores(
    data_sources: Sequence[str],
    solution_strs: Sequence[str],
    ground_truths: Sequence[Any],
    extra_infos: Sequence[Mapping[str, Any] | None],
    recipe: str | Mapping[str, float] | Recipe = DEFAULT,
    tools: Mapping[str, Any] | None = None,
    policy: Policy = "strict",
    max_parallel_calls: int = 1,
    **_: Any,
) -> list[dict[str, float]]:
    """The rewards of a batch, as verl's batch reward manager asks for them; rollouts of one question form a group.

    Raises:
        ValueError: the lists have different lengths, or a row lacks a column.
    """
    chosen = recipe_of(recipe)
    rows = zip(data_sources, solution_strs, ground_truths, extra_infos, strict=True)
    return score_groups(chosen, [_attempt(*row, tools, policy, max_parallel_calls) for row in rows])


def _attempt(
    data_source: str,
    solution: str,
    ground_truth: Any,
    extra_info: Mapping[str, Any] | None,
    tools: Mapping[str, Any] | None,
    policy: Policy,
    parallel_calls: int,
) -> Attempt:
    info = extra_info or {}
    try:
        asked = read_asked(info, ground_truth, tools, policy)
        return read_attempt(solution, asked, info.get("num_turns"), parallel_calls)
    except ValueError as error:
        raise ValueError(f"{data_source}, row {info.get('index', '?')}: {error}") from error
