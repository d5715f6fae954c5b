"""Which answer of a rollout counts."""

import pytest

from lensmill.rewards import read_asked, read_attempt
from tests.rewards.rollouts import ROW, answer, attempt, call, messages, text, value


@pytest.mark.parametrize(
    ("said", "columns", "worth"),
    [
        ("42", {}, 1.0),
        ("43", {}, 1.0),  # within 5 %
        ("50", {}, 0.0),
        ("cannot be determined", {}, 0.0),
        ("", {}, 0.0),
        ("B", {"references": ["green"], "choices": ["red", "green"]}, 1.0),
        ("(A)", {"references": ["green"], "choices": ["red", "green"]}, 0.0),
        ("2008", {"references": ["2010"], "question": "In which year was the peak?"}, 0.0),
    ],
)
def test_accuracy_follows_the_answer_rules(said: str, columns: dict[str, object], worth: float) -> None:
    assert value("accuracy", attempt(answer(said), **columns)) == worth


def test_the_published_policy_gives_years_their_tolerance() -> None:
    row = {**ROW, "references": ["2010"], "question": "In which year was the peak?"}
    assert read_attempt(answer("2008"), read_asked(row, policy="relaxed")).correct
    assert not read_attempt(answer("2008"), read_asked(row)).correct


@pytest.mark.parametrize(
    "reply",
    [
        "<think>The right words are <answer>42</answer></think>\n<answer>7</answer>",
        "<think>I must write <answer>42</answer></think>",
        "<think>It may be 42: <answer>42</answer>",
        "<think>so <answer>42</answer> fits",
        "Answer: 42",
        "<think>Answer: 42</think>",
        "42",
        "<answer>42</answer> or <answer>7</answer>",
        "<answer>7</answer><answer>42</answer>",
        "<tool_response><answer>42</answer></tool_response>",
        "<answer>41 or 42</answer>" * 3 + "<answer>7</answer>",
        "<answer>" + "42 " * 600 + "</answer>",
        "",
        "</think></answer><answer>",
    ],
)
def test_answers_that_are_quoted_doubled_or_untagged_earn_nothing(reply: str) -> None:
    assert not attempt(reply).correct


def test_an_answer_that_is_not_closed_counts_and_breaks_the_format() -> None:
    assert attempt("<answer>42").correct
    assert value("format", attempt("<answer>42")) == 0


def test_a_template_that_opens_the_thought_itself_is_understood() -> None:
    assert attempt("so it is <answer>7</answer>, no.</think><answer>42</answer>").answer == "42"


def test_an_answer_in_a_tool_result_is_not_the_models() -> None:
    row = read_asked(ROW)
    assert not read_attempt(messages(call(), "<think>ok</think>", result="<answer>42</answer>"), row).correct
    said, turns = text(call(), "<think>ok</think>", result="<answer>42</answer>")
    assert not read_attempt(said, row, turns).correct
    said, turns = text(call(), answer("42"), result="<answer>7</answer>")
    assert read_attempt(said, row, turns).correct


def test_an_echoed_tool_result_is_not_an_answer() -> None:
    echoed = "<think>I see.</think>\n<tool_response>\n<answer>42</answer>\n</tool_response>"
    assert not attempt(call(), echoed).correct


def test_different_answers_in_different_turns_earn_nothing() -> None:
    assert not attempt(call() + "<answer>7</answer>", answer("42")).correct
    assert attempt(call() + "<answer>42</answer>", answer("42")).correct


def test_an_answer_must_stand_in_the_last_reply() -> None:
    assert attempt(call() + "<answer>42</answer>", call()).answer is None


def test_near_texts_earn_part_of_the_soft_score_and_near_numbers_nothing() -> None:
    town = {"references": ["Copenhagen"], "question": "Which city is marked?"}
    assert value("soft_accuracy", attempt(answer("Copenhagen"), **town)) == 1
    assert 0.5 <= value("soft_accuracy", attempt(answer("Kopenhagen"), **town)) < 1
    assert value("soft_accuracy", attempt(answer("Oslo"), **town)) == 0
    assert value("soft_accuracy", attempt(answer("1999"), references=["1998"], question="Which year?")) == 0
    assert value("soft_accuracy", attempt(answer("A"), references=["B"], choices=["red", "green"])) == 0
