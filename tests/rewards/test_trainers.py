"""The functions that trainers call."""

import inspect
from typing import Any

import numpy as np
import pytest

from lensmill.rewards import compute_score, compute_scores, grpo_reward
from tests.rewards.rollouts import ROW, answer, call, messages, text

INFO: dict[str, Any] = {name: value for name, value in ROW.items() if name != "references"}


def test_verl_gets_the_score_and_each_term() -> None:
    solution, turns = text(call(), answer())
    found = compute_score(
        data_source="lensmill", solution_str=solution, ground_truth="42", extra_info={**INFO, "num_turns": turns},
        recipe="deepeyes",
    )  # fmt: skip
    assert found == {"score": 2.0, "accuracy": 1.0, "format_penalty": 0.0, "tool_bonus": 1.0}


def test_verls_own_signature_comes_first() -> None:
    names = list(inspect.signature(compute_score).parameters)
    assert names[:4] == ["data_source", "solution_str", "ground_truth", "extra_info"]
    assert compute_score("lensmill", answer(), ["41.9", "42"], reward_router_address="x")["score"] == 1.0


def test_values_may_be_arrays_as_pandas_reads_them() -> None:
    targets = np.empty(1, dtype=object)
    targets[0] = np.array([600.0, 450.0, 700.0, 500.0])
    info = {**INFO, "targets": targets, "choices": np.array([], dtype=object), "rung": np.int32(448)}
    solution, turns = text(call(), answer())
    info["num_turns"] = np.int32(turns)
    found = compute_score("lensmill", solution, np.array(["42"], dtype=object), info, {"target_iou": 1.0})
    assert found["score"] > 0.9


@pytest.mark.parametrize(
    ("truth", "info", "words"),
    [
        ("", {}, "lensmill, row 7: a reward needs the answer"),
        (None, {}, "lensmill, row 7: a reward needs the answer"),
        (True, {}, "lensmill, row 7: references: must be a text"),
        ("42", {"targets": [[1, 2]]}, "lensmill, row 7: targets: must be boxes"),
        ("42", {"targets": 3}, "lensmill, row 7: targets: must be a list"),
        ("42", {"rung": "wide"}, "lensmill, row 7: rung: must be a number"),
        ("42", {"view": [1, 2, 3]}, "lensmill, row 7: view: must have"),
        ("42", {"original_width": 0}, "lensmill, row 7: original_width: must be from 1"),
    ],
)
def test_a_bad_row_is_named_with_its_column(truth: Any, info: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        compute_score("lensmill", answer(), truth, {**INFO, "index": 7, **info})


def test_grouped_terms_need_the_batch() -> None:
    with pytest.raises(ValueError, match="needs all rollouts of a question"):
        compute_score("lensmill", answer(), "42", INFO, "adaptive_chain_of_focus")
    zoomed, turns = text(call(), answer())
    info = [{**INFO, "num_turns": turns}, {**INFO, "num_turns": 2}, {**INFO, "question": "Another?", "num_turns": 2}]
    solutions = [zoomed, answer(), answer("7")]
    found = compute_scores(["lensmill"] * 3, solutions, ["42"] * 3, info, "adaptive_chain_of_focus")
    assert [one["score"] for one in found] == [0.8, 1.0, pytest.approx(0.1)]


def test_settings_of_the_tools_are_checked() -> None:
    with pytest.raises(ValueError, match="the fields are those of lensmill"):
        compute_score("lensmill", answer(), "42", INFO, tools={"speed": 3})


def test_trl_gets_one_float_a_completion_and_a_name() -> None:
    reward = grpo_reward("deepeyes")
    assert reward.__name__ == "deepeyes"
    completions = [messages(call(), answer()), messages(answer("7")), [{"role": "assistant", "content": "?"}]]
    columns: dict[str, Any] = {name: [value] * 3 for name, value in ROW.items()}
    found = reward(
        prompts=["?"] * 3, completions=completions, completion_ids=[[1]] * 3, trainer_state=object(),
        log_extra=print, log_metric=print, **columns,
    )  # fmt: skip
    assert found == [2.0, 0.0, pytest.approx(-0.2)]


def test_trl_groups_the_rollouts_of_a_question() -> None:
    columns: dict[str, Any] = {name: [value] * 4 for name, value in ROW.items()}
    columns["question"] = ["a?", "b?", "a?", "b?"]
    completions = [messages(call(), answer()), messages(call(), answer()), messages(answer()), messages(answer("7"))]
    assert grpo_reward("agar")(["?"] * 4, completions, **columns) == [0.8, 1.0, 1.0, pytest.approx(0.1)]


def test_trl_texts_are_single_replies() -> None:
    columns: dict[str, Any] = {name: [value] for name, value in ROW.items()}
    assert grpo_reward("chain_of_focus")(["?"], [answer()], **columns) == [1.0]
    assert grpo_reward("tool_bonus")(["?"], [text(call(), answer())[0]], **columns) == [0.0]


def test_trl_is_told_the_row_of_a_missing_column() -> None:
    with pytest.raises(ValueError, match="row 0 of the batch: a reward needs the answer"):
        grpo_reward("accuracy")(["?"], [answer()], question=["Which?"])
