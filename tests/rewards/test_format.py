"""The protocol's form, strictly."""

import pytest

from tests.rewards.rollouts import answer, attempt, call, value


@pytest.mark.parametrize(
    "turns",
    [
        (answer(),),
        (call(), answer()),
        (call(name="focus_on_rows_with_mask"), answer()),
        (call(), call((0, 0, 90, 90), 1), answer("cannot be determined")),
        (call() + call().partition("</think>")[2], answer()),
        ("\n" + answer() + "\n",),
    ],
)
def test_a_rollout_of_the_protocol_is_well_formed(turns: tuple[str, ...]) -> None:
    assert value("format", attempt(*turns)) == 1
    assert value("format_penalty", attempt(*turns)) == 0


CALL = call().partition("</think>")[2].strip()


@pytest.mark.parametrize(
    "turns",
    [
        ("<answer>42</answer>",),
        ("<think></think><answer>42</answer>",),
        ("<think>a</think><answer></answer>",),
        ("<think>a</think><answer>42</answer> Done.",),
        ("<think>a</think> so <answer>42</answer>",),
        ("<think>a</think><answer>42</answer><answer>42</answer>",),
        ("<think>a<answer>42</answer></think><answer>42</answer>",),
        ("<think>a</think><think>b</think><answer>42</answer>",),
        ("<think>a</think><answer>42<|im_end|></answer>",),
        ("<THINK>a</THINK><answer>42</answer>",),
        ("<think>a</think><answer>42",),
        (f"<think>a</think>{CALL}<answer>42</answer>",),
        (call(),),
        (answer(), answer()),
        ("<think>a</think><tool_call>zoom</tool_call>", answer()),
        ('<think>a</think><tool_call>{"name": "image_zoom_in_tool"}</tool_call>', answer()),
        ('<think>a</think><tool_call>{"name": "search", "arguments": {}}</tool_call>', answer()),
        ('<think>a</think><tool_call>{"name": ["a"], "arguments": {}}</tool_call>', answer()),
        (call((1, 2)), answer()),
        (call(name="python"), answer()),
        (call() + CALL * 4, answer()),
        ("<think>a</think><tool_call>" + "[" * 9000 + "</tool_call>", answer()),
        ("<think>a</think><tool_call>" + "1" * 9000 + "</tool_call>", answer()),
        ("",),
    ],
)
def test_anything_else_is_not(turns: tuple[str, ...]) -> None:
    assert value("format", attempt(*turns)) == 0
    assert value("format_penalty", attempt(*turns)) == -1
