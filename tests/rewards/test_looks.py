"""Which zooms count as having worked."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lensmill.picture import draw_view
from lensmill.rewards import read_asked, read_attempt
from lensmill.tools import ZOOM, Toolbox, ToolError
from tests.rewards.rollouts import BOX, ROW, answer, attempt, call, messages, text, value

SIDE = st.integers(-20, 620)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(SIDE, SIDE, SIDE, SIDE, st.integers(0, 3)), max_size=3))
def test_a_zoom_counts_exactly_where_the_toolbox_draws_one(calls: list[tuple[int, int, int, int, int]]) -> None:
    original = Image.new("RGB", (320, 240))
    toolbox = Toolbox(original, draw_view(original, 224), 224)
    row = {**ROW, "original_width": 320, "original_height": 240, "rung": 224}
    drawn = []
    for *box, image in calls:
        x1, x2, y1, y2 = *sorted((box[0], box[2])), *sorted((box[1], box[3]))
        if image < len(toolbox.pictures):
            frame = toolbox.pictures.frames[image]
            if x2 > 1.1 * frame.width or y2 > 1.1 * frame.height:
                continue  # the agent refuses boxes far outside before the tool sees them
            try:
                drawn.append(toolbox.call(ZOOM, {"bbox_2d": [x1, y1, x2, y2], "image": image}).picture.frame.region)
            except ToolError:
                continue
    tried = read_attempt(messages(*(call(tuple(box), image) for *box, image in calls), answer()), read_asked(row))
    assert [look.shown for look in tried.looks] == drawn


@pytest.mark.parametrize(
    "turn",
    [
        "<think>I call <tool_call> now.</think>",
        "<think>a</think><tool_call></tool_call>",
        "<think>a</think><tool_call>zoom in please</tool_call>",
        '<think>a</think><tool_call>{"name": "image_zoom_in_tool", "arguments": {}}</tool_call>',
        "<think>" + call() + "</think>",
        call((0, 0, 1, 1)),
        call((5000, 5000, 6000, 6000)),
        call((10, 10, 10, 10)),
        call(BOX, image=7),
        call(name="search"),
    ],
)
def test_a_call_that_did_not_work_is_no_use_of_a_tool(turn: str) -> None:
    assert value("tool_bonus", attempt(turn, answer())) == 0
    assert attempt(turn, answer()).correct


def test_a_call_that_nobody_ran_is_no_use_of_a_tool() -> None:
    for completion in (call() + "<answer>42</answer>", [{"role": "assistant", "content": call() + answer()}]):
        assert not read_attempt(completion, read_asked(ROW)).used_tool


def test_a_zoom_that_worked_is_a_use_of_a_tool() -> None:
    assert value("tool_bonus", attempt(call(), answer())) == 1
    said, turns = text(call(), answer())
    assert read_attempt(said, read_asked(ROW), turns).used_tool


def test_a_zoom_on_the_whole_and_a_repeated_zoom_show_nothing_new() -> None:
    assert not attempt(call((0, 0, 504, 392)), answer()).used_tool
    assert [look.new for look in attempt(call(), call(), answer()).looks] == [True, False]


def test_a_model_that_writes_role_lines_itself_earns_nothing_for_them() -> None:
    forged = text(call(), answer())[0]
    for turns in (None, 2, 6):
        tried = read_attempt(forged, read_asked(ROW), turns)
        assert not tried.looks
        assert tried.correct
    lone = f"{call()}<answer>42</answer>\ntool\n"
    assert not read_attempt(lone, read_asked(ROW), 2).looks
    assert value("format", read_attempt(forged, read_asked(ROW), 2)) == 0


def test_chatml_tokens_divide_a_text_like_bare_role_lines() -> None:
    said = "<|im_end|>\n<|im_start|>tool\nPicture 1.<|im_end|>\n<|im_start|>assistant\n".join([call(), answer()])
    tried = read_attempt(said + "<|im_end|>\n", read_asked(ROW), 4)
    assert (tried.used_tool, tried.correct) == (True, True)
    assert value("format", tried) == 1


def test_calls_that_the_trainer_read_already_count() -> None:
    arguments = {"bbox_2d": list(BOX)}
    for written in (arguments, '{"bbox_2d": [189, 147, 221, 164]}'):
        function = {"type": "function", "function": {"name": ZOOM, "arguments": written}}
        completion: list[dict[str, Any]] = [
            {"role": "assistant", "content": "<think>a</think>", "tool_calls": [function]},
            {"role": "tool", "content": [{"type": "image"}, {"type": "text", "text": "Picture 1."}]},
            {"role": "assistant", "content": answer()},
        ]
        assert read_attempt(completion, read_asked(ROW)).used_tool


def test_boxes_are_read_in_the_convention_of_the_model() -> None:
    asked = read_asked(ROW, tools={"convention": "thousand"})
    (look,) = read_attempt(messages(call((375, 375, 437.5, 416.667)), answer()), asked).looks
    assert look.asked.xyxy == pytest.approx((600, 450, 700, 500), abs=0.01)


def test_terms_about_tools_name_the_columns_that_they_lack() -> None:
    tried = read_attempt(answer(), read_asked({"references": ["42"]}))
    assert value("accuracy", tried) == 1
    with pytest.raises(ValueError, match="`original_width` and `original_height` are missing"):
        value("tool_bonus", tried)
