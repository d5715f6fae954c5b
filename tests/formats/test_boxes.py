"""Boxes in messages are rewritten for the model that will be trained, and nothing else is."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.formats.boxes import CALL, for_target
from lensmill.formats.example import Example, LeftOut, conversation
from lensmill.formats.target import TARGETS, target_of
from lensmill.geometry import Box, Convention, Frame
from lensmill.trajectory import Message
from tests.formats.examples import BOX, CROP, VIEW, an_example

QWEN2_5, QWEN3 = TARGETS["qwen2_5_vl"], TARGETS["qwen3_vl"]


def calls(messages: tuple[Message, ...]) -> list[list[float]]:
    texts = [part.text for message in messages if message.role == "assistant" for part in message.parts]
    return [json.loads(match.group(1))["arguments"]["bbox_2d"] for text in texts for match in CALL.finditer(text)]


def rewritten(example: Example, target: str = "qwen3_vl", max_pixels: int = 0) -> tuple[Message, ...]:
    return for_target(example, conversation(example), target_of(target, max_pixels))


def test_messages_stay_verbatim_where_the_target_writes_boxes_alike() -> None:
    example = an_example()
    assert for_target(example, conversation(example), QWEN2_5) == example.trajectory.messages


def test_pixels_become_thousandths_for_a_model_that_writes_thousandths() -> None:
    x1, y1, x2, y2 = calls(rewritten(an_example()))[0]
    assert (x1, y1, x2, y2) == (round(200 / 1.12), round(160 / 0.84), round(400 / 1.12), round(320 / 0.84))


def test_a_box_about_a_crop_is_converted_in_the_frame_of_the_crop() -> None:
    found = calls(rewritten(an_example()))[1]
    assert found == pytest.approx(Convention.THOUSAND.write_original(BOX, CROP), abs=2.5)  # of rounding twice


def test_the_words_about_boxes_change_with_the_boxes() -> None:
    text = rewritten(an_example())[0].parts[0].text
    assert "[x1, y1, x2, y2] in thousandths of the width and height" in text
    assert "in pixels" not in text


def test_thoughts_and_observations_stay_to_the_letter() -> None:
    example = an_example()
    for before, after in zip(conversation(example), rewritten(example), strict=True):
        if before.role == "assistant":
            assert before.parts[0].text.split("<tool_call>")[0] == after.parts[0].text.split("<tool_call>")[0]
        elif before.role == "user":
            assert before == after


def test_a_lower_limit_of_pixels_moves_pixel_boxes_with_the_resize() -> None:
    x1, *_ = calls(rewritten(an_example(), "qwen2_5_vl", 280 * 210))[0]
    assert x1 == pytest.approx(200 / 1120 * QWEN2_5.resized(280, 210)[0], abs=1.5)


def test_a_call_that_cannot_be_read_leaves_the_episode_out() -> None:
    for call in ("{", '{"name": "z"}', '{"name": "z", "arguments": {"bbox_2d": [1, 2, 3]}}', "[]", "7"):
        with pytest.raises(LeftOut) as found:
            rewritten(an_example(call=call))
        assert found.value.reason == "call_unreadable"


def test_a_call_about_a_picture_that_does_not_exist_leaves_the_episode_out() -> None:
    for image in (7, -1, "x", True, None):
        call = json.dumps({"name": "z", "arguments": {"bbox_2d": [1, 2, 3, 4], "image": image}})
        with pytest.raises(LeftOut):
            rewritten(an_example(call=call))


def test_an_episode_that_does_not_say_how_boxes_are_written_is_left_out() -> None:
    example = an_example()
    messages = example.trajectory.messages
    silent = replace(messages[0], parts=(replace(messages[0].parts[0], text="You look."),))
    with pytest.raises(LeftOut) as found:
        for_target(example, (silent, *messages[1:]), QWEN3)
    assert found.value.reason == "convention_unsaid"


def test_every_box_of_an_edit_is_rewritten_in_the_frame_of_its_picture() -> None:
    boxes = {"2020": [28, 42, 280, 210], 'ü "boxes": {} ': [0, 0, 560, 420]}
    arguments = {"labels": ["2020"], "image": 0, "boxes": boxes}
    call = json.dumps({"name": "focus_on_x_values_with_draw", "arguments": arguments}, ensure_ascii=False)
    (said,) = CALL.findall(rewritten(an_example(call=call))[2].parts[0].text)
    new = {"2020": [50, 100, 500, 500], 'ü "boxes": {} ': [0, 0, 1000, 1000]}
    assert said == call.replace(json.dumps(boxes, ensure_ascii=False), json.dumps(new, ensure_ascii=False))


def test_an_edit_whose_boxes_cannot_be_read_leaves_the_episode_out() -> None:
    for boxes in ([1, 2, 3, 4], {"a": [1, 2, 3]}, {"a": None}, {"a": [1, 2, 3, "x"]}, "a"):
        call = json.dumps({"name": "z", "arguments": {"labels": ["a"], "boxes": boxes}})
        with pytest.raises(LeftOut):
            rewritten(an_example(call=call))


def test_a_call_without_a_box_stays_as_it_is() -> None:
    call = '{"name": "draw", "arguments": {"labels": ["a"],  "image": 0}}'
    assert call in rewritten(an_example(call=call))[2].parts[0].text


@given(
    corners=st.tuples(*[st.integers(0, 559)] * 2, *[st.integers(0, 419)] * 2).filter(
        lambda c: c[0] != c[1] and c[2] != c[3]
    ),
    convention=st.sampled_from([Convention.PIXELS, Convention.THOUSAND]),
    target=st.sampled_from(["qwen2_5_vl", "qwen3_vl", "internvl"]),
)
def test_a_rewritten_box_covers_the_same_part_of_the_original(
    corners: tuple[int, int, int, int], convention: Convention, target: str
) -> None:
    xs, ys = sorted(corners[:2]), sorted(corners[2:])
    box = VIEW.to_original(Box(xs[0], ys[0], xs[1], ys[1]))
    numbers = calls(rewritten(an_example(convention, box=box), target))[0]
    family = TARGETS[target].family
    seen = TARGETS[target].seen(VIEW)
    x1, y1, x2, y2 = numbers
    found = family.convention.read_original((x1, y1, x2, y2), seen)
    unit = max(1120 / seen.width, 840 / seen.height, 1.2, 2.0)  # one unit of either convention, in original pixels
    assert found.xyxy == pytest.approx(box.xyxy, abs=1.1 * unit)


@given(st.integers(28, 5000), st.integers(28, 5000), st.sampled_from(["qwen2_5_vl", "qwen3_vl"]))
def test_a_target_resizes_to_multiples_of_its_factor_within_its_limits(width: int, height: int, name: str) -> None:
    target = TARGETS[name]
    w, h = target.resized(width, height)
    assert w % target.family.factor == h % target.family.factor == 0
    assert target.family.min_pixels <= w * h <= target.family.max_pixels
    assert target.resized(w, h) == (w, h)


def test_an_unknown_target_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="choose one of qwen2_5_vl"):
        target_of("qwen9")


def test_a_frame_after_the_resize_shows_the_same_part_of_the_original() -> None:
    frame = Frame(Box(10, 20, 500, 400), 449, 337)
    assert QWEN3.seen(frame).region == frame.region


@given(st.lists(st.sampled_from(["<tool_call>", "</tool_call>", " ", "\n", "{", "a", "<", "</tool"]), max_size=14))
def test_a_call_is_the_text_between_its_tags_without_the_blanks_around_it(pieces: list[str]) -> None:
    text = "".join(pieces)
    plain = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)
    assert [match.groups() for match in CALL.finditer(text)] == [match.groups() for match in plain.finditer(text)]


def test_a_call_without_an_end_and_with_a_million_blanks_is_searched_once() -> None:
    assert CALL.search("<tool_call>" + " " * 1_000_000) is None
    assert CALL.search("<tool_call>" + "a \n" * 300_000) is None
