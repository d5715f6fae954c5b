"""Terms of papers, grounding, and recipes."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lensmill.rewards import RECIPES, TERMS, Recipe, read_asked, read_attempt, recipe_of
from tests.rewards.rollouts import ROW, answer, attempt, call, value

DIRECT, WRONG = attempt(answer()), attempt(answer("7"))
ZOOMED, ZOOMED_WRONG = attempt(call(), answer()), attempt(call(), answer("7"))


def test_agar_prefers_a_direct_answer_where_one_is_right() -> None:
    group = (DIRECT, ZOOMED, ZOOMED_WRONG, WRONG, attempt("<answer>7</answer>"))
    values = [TERMS.get("agar").of(one, group) for one in group]
    assert values == [1.0, 0.8, 0.5, 0.1, 0.0]


def test_agar_prefers_a_zoom_where_only_zooms_are_right() -> None:
    group = (ZOOMED, ZOOMED_WRONG, WRONG)
    assert [TERMS.get("agar").of(one, group) for one in group] == [1.0, 0.5, 0.1]


def test_agar_leaves_a_single_rollout_its_plain_score() -> None:
    assert TERMS.get("agar").of(DIRECT, (DIRECT,)) == 1.0
    assert TERMS.get("agar").of(WRONG, (WRONG,)) == pytest.approx(0.1)


def test_agar_takes_a_pretended_call_for_a_direct_answer() -> None:
    pretended = attempt("<think>a</think><tool_call>zoom</tool_call>", answer("7"))
    assert TERMS.get("agar").of(pretended, (pretended, ZOOMED)) == 0.0


def test_curiosity_pays_for_rare_tools_only() -> None:
    assert value("curiosity", ZOOMED, *[DIRECT] * 9) == pytest.approx(0.2)
    assert value("curiosity", ZOOMED, ZOOMED, DIRECT) == 0
    assert value("curiosity", DIRECT, *[DIRECT] * 9) == 0


def test_every_call_after_the_first_costs_and_failed_calls_too() -> None:
    assert value("extra_calls", DIRECT) == 0
    assert value("extra_calls", ZOOMED) == 0
    assert value("extra_calls", attempt(call(), call((0, 0, 1, 1)), call(), answer())) == -2


def test_recipes_have_the_weights_of_their_papers() -> None:
    def score(recipe: str) -> float:
        return RECIPES[recipe].scores([ZOOMED])[0]["score"]

    assert score("chain_of_focus") == pytest.approx(1.0)
    assert score("deepeyes") == pytest.approx(2.0)
    assert RECIPES["deepeyes"].scores([WRONG, attempt("x")]) == [
        {"score": 0.0, "accuracy": 0.0, "format_penalty": 0.0, "tool_bonus": 0.0},
        {"score": -0.2, "accuracy": 0.0, "format_penalty": -1.0, "tool_bonus": 0.0},
    ]
    three = attempt(call(), call((0, 0, 90, 90)), call((300, 200, 400, 300)), answer())
    assert RECIPES["pixel_reasoner"].scores([three])[0]["score"] == pytest.approx(1.0 - 0.1)


def test_grounding_is_the_overlap_of_all_zooms_with_all_targets() -> None:
    assert value("target_iou", ZOOMED) == pytest.approx(1.0, abs=0.08)
    assert value("target_coverage", ZOOMED) == 1.0
    assert value("target_iou", DIRECT) == value("target_coverage", DIRECT) == 0
    assert value("target_iou", attempt(call(), answer(), targets=[])) == 0


def test_spraying_zooms_and_zooming_on_everything_do_not_pay() -> None:
    sprayed = attempt(*(call((x, y, x + 90, y + 90)) for x in (0, 200, 400) for y in (0, 140, 280)), answer())
    assert value("target_iou", sprayed) < 0.1
    whole = attempt(call((0, 0, 504, 392)), answer())
    assert value("target_iou", whole) < 0.05
    assert value("target_coverage", whole) == 0


def test_a_recipe_of_ones_own_is_weights_by_term() -> None:
    recipe = recipe_of({"accuracy": 0.7, "target_iou": 0.3})
    assert recipe.scores([ZOOMED])[0]["score"] == pytest.approx(1.0, abs=0.03)
    assert recipe_of("accuracy") == Recipe("accuracy", {"accuracy": 1.0})
    for wrong, words in (("speed", "the recipes are"), ({"speed": 1.0}, "no reward term 'speed'"), ({}, "no term")):
        with pytest.raises(ValueError, match=words):
            recipe_of(wrong)
    with pytest.raises(ValueError, match="must be"):
        recipe_of({"accuracy": math.nan})


TAGS = ["<think>", "</think>", "<answer>", "</answer>", "<tool_call>", "</tool_call>", "<tool_response>"]
ROLES = ["\ntool\n", "\nassistant\n", "<|im_end|>\n", "<|im_start|>"]
PIECES = st.sampled_from([*TAGS, *ROLES, call(), answer(), call((0, 0, 9, 9)), "42", "7", " ", "{", "\\"])


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join), st.none() | st.integers(0, 9))
def test_every_term_of_any_text_is_within_its_bounds(text: str, num_turns: int | None) -> None:
    tried = read_attempt(text, read_asked(ROW), num_turns)
    for term in TERMS.own.values():
        assert term.low <= term.of(tried, (tried, DIRECT)) <= term.high


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_no_text_of_one_reply_earns_a_bonus_for_a_tool(text: str) -> None:
    """The trainer counted the prompt and one reply, so nothing can have run."""
    tried = read_attempt(text, read_asked(ROW), 2)
    assert not tried.looks


@pytest.mark.parametrize(
    "piece", ["<think>", "</think>", "<answer>", "<tool_call>", "\ntool\n", "<|im_end|>\n", "{", "< "]
)
def test_long_rollouts_are_read_in_time(piece: str) -> None:
    many = piece * (300_000 // len(piece))
    tried = read_attempt(many, read_asked(ROW), 2)
    assert not tried.correct
