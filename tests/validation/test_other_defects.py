"""Defects of rows of verl, Chain-of-Focus and ReFocus, one planted into a sound row."""

import json
from typing import Any

import pytest

from tests.validation.checking import traps
from tests.validation.planting import (
    ZOOM,
    Mutate,
    add,
    edit,
    json_copy,
    set_,
    tool_calls,
)
from tests.validation.sound import EPISODE, SCHEMA, SOUND


def kwargs(value: Any) -> Mutate:
    return lambda row: row["extra_info"].update(tools_kwargs=value)


OWN: list[tuple[str, str, Mutate, str]] = [
    ("verl_sft", "<image> in the system", add("It is <image>.", 0), "picture_in_system"),
    ("verl_sft", "<image> in a question", add("What is <image>?", 1), "placeholder_count"),
    ("verl_sft", "<video> in a question", add("What is <video>?", 1), "placeholder_literal"),
    (
        "verl_sft",
        "contents as parts",
        lambda row: row.update(messages=SOUND["trl"][1](EPISODE)["messages"]),
        "content_not_text",
    ),
    (
        "verl_sft",
        "a path without bytes",
        lambda row: row["images"].__setitem__(0, {"bytes": None, "path": "/a.png"}),
        "image_entry",
    ),
    ("verl_sft", "paths", lambda row: row["images"].__setitem__(0, "/a.png"), "image_entry"),
    ("verl_sft", "images null", set_(images=None), "images_null"),
    ("verl_sft", "tools as text", set_(tools=json.dumps([SCHEMA])), "tools_as_text"),
    ("verl_sft", "tools with nulls", set_(tools=[{**SCHEMA, "strict": None}]), "schema_changed_by_arrow"),
    ("verl_sft", "tool_calls", tool_calls(ZOOM), "calls_vanish"),
    ("verl_sft", "content null", edit("content", None, 2), "content_not_text"),
    ("verl_sft", "a mask", edit("trainable", False, 2), "mask_ignored"),
    ("verl_sft", "another mask", edit("loss_mask", 0, 2), "mask_ignored"),
    ("verl_rl", "no ground truth", lambda row: row["reward_model"].pop("ground_truth"), "no_ground_truth"),
    ("verl_rl", "no reward", lambda row: row.pop("reward_model"), "no_ground_truth"),
    ("verl_rl", "no data source", lambda row: row.pop("data_source"), "no_data_source"),
    ("verl_rl", "no agent", lambda row: row.pop("agent_name"), "no_agent_name"),
    ("verl_rl", "empty create_kwargs", kwargs({"zoom": {"create_kwargs": {}}}), "empty_kwargs"),
    ("verl_rl", "unlike tools", kwargs({"zoom": {"create_kwargs": {"x": 1}}, "draw": None}), "tools_differ"),
    ("verl_rl", "unlike arguments", kwargs({"zoom": {"create_kwargs": {"x": 1, "y": None}}}), "null_kwarg"),
    ("verl_rl", "no tools", kwargs(None), "no_tools_kwargs"),
    (
        "verl_rl",
        "<image> in a question",
        lambda row: row["prompt"][1].update(content="<image> is <image>?"),
        "placeholder_count",
    ),
    (
        "verl_rl",
        "the answer in the prompt",
        lambda row: row["prompt"].append({"role": "assistant", "content": "2019"}),
        "prompt_ends_with_assistant",
    ),
    ("verl_rl", "a picture too many", lambda row: row["images"].append(row["images"][0]), "placeholder_count"),
    ("verl_rl", "a token", lambda row: row["prompt"][1].update(content="<image> <|im_end|>"), "special_token"),
    ("cof", "a role of a tool", edit("role", "observation", 3), "unknown_role"),
    ("cof", "no answer", lambda row: row["messages"][-1].update(content="<think>hm</think>"), "no_answer"),
    ("cof", "{image: path}", lambda row: row["images"].__setitem__(0, {"image": "a.png"}), "image_entry"),
    ("refocus", "no boxes for the values", lambda row: row["x_values_bbox"].pop(), "values_and_boxes"),
    ("refocus", "a swapped box", lambda row: row["focus_areas_bbox"][0].update(x1=900), "box_inverted"),
    ("refocus", "a box outside", lambda row: row["focus_areas_bbox"][0].update(x2=900), "box_outside"),
    ("refocus", "a box of lists", lambda row: row["focus_areas_bbox"].__setitem__(0, [1, 2, 3, 4]), "box_shape"),
    ("refocus", "an answer that is no text", set_(answer=2019), "no_text"),
    ("refocus", "no thoughts", set_(thoughts=[]), "no_thoughts"),
    ("refocus", "a row cut off", lambda row: row["thoughts"].pop(), "no_answer"),
    ("refocus", "no picture", set_(image=None), "image_missing"),
    ("refocus", "open code", lambda row: row["thoughts"].insert(0, "ACTION 0:\n```python\nx"), "open_code"),
    ("refocus", "a token", lambda row: row["thoughts"].insert(0, "<|image_1|>"), "special_token"),
]


@pytest.mark.parametrize(("layout", "name", "change", "trap"), OWN, ids=[f"{case[0]}: {case[1]}" for case in OWN])
def test_a_defect_is_found(layout: str, name: str, change: Mutate, trap: str) -> None:
    format_name, make = SOUND[layout]
    row = json_copy(make(EPISODE))
    change(row)
    assert trap in traps(format_name, row), name
