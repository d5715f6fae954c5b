"""Defects of TRL's rows, one planted into a sound row."""

import json

import pytest

from tests.validation.checking import traps
from tests.validation.planting import (
    ZOOM,
    Mutate,
    edit,
    json_copy,
    set_,
    tool_calls,
)
from tests.validation.sound import EPISODE, SCHEMA, SOUND, Row


def part_keys(row: Row) -> None:
    for number, message in enumerate(row["messages"]):
        message["content"] = [{**part, "image": None} for part in message["content"]]
        assert number >= 0


def string_contents(row: Row) -> None:
    row["messages"] = SOUND["swift"][1](EPISODE)["messages"]


OWN: list[tuple[str, str, Mutate, str]] = [
    ("trl", "parts with a null image key", part_keys, "part_key"),
    ("trl", "string contents with <image>", string_contents, "string_contents"),
    ("trl", "tool_calls", tool_calls(ZOOM), "calls_vanish"),
    ("trl", "tool_calls with nulls", tool_calls({**ZOOM, "labels": None}), "null_argument"),
    ("trl", "a tools column", set_(tools=[SCHEMA]), "tools_ignored"),
    ("trl", "observations as tool", edit("role", "tool", 3), "picture_in_tool_turn"),
    ("trl", "a null text", lambda row: row["messages"][1]["content"][1].update(text=None), "text_null"),
    ("trl", "a part of another type", lambda row: row["messages"][1]["content"][0].update(type="video"), "part_type"),
    ("trl", "null content", edit("content", None, 2), "content_shape"),
    ("trl", "a relative path", lambda row: row["images"].__setitem__(0, "images/a.png"), "relative_path"),
    (
        "trl",
        "a picture of the assistant",
        lambda row: (
            row["messages"][2]["content"].insert(0, {"type": "image", "text": None}),
            row["images"].insert(1, row["images"][0]),
        ),
        "picture_in_assistant_turn",
    ),
    (
        "trl",
        "a picture of the system",
        lambda row: (
            row["messages"][0]["content"].insert(0, {"type": "image", "text": None}),
            row["images"].insert(1, row["images"][0]),
        ),
        "picture_in_system",
    ),
    ("trl", "messages as JSON", lambda row: row.update(messages=json.dumps(row["messages"])), "messages_as_text"),
    ("trl", "no messages", lambda row: row.pop("messages"), "no_messages"),
    (
        "trl_dpo",
        "pictures in chosen",
        lambda row: row["chosen"][0]["content"].insert(0, {"type": "image", "text": None}),
        "picture_in_completion",
    ),
    ("trl_dpo", "equal sides", lambda row: row.update(rejected=row["chosen"]), "equal_sides"),
    ("trl_dpo", "two messages", lambda row: row.update(chosen=row["chosen"] * 2), "completion_turns"),
    ("trl_dpo", "no rejected", lambda row: row.pop("rejected"), "no_messages"),
    ("trl_dpo", "a picture too many", lambda row: row["images"].append(row["images"][0]), "placeholder_count"),
    (
        "trl_dpo",
        "the answer in the prompt",
        lambda row: row["prompt"].append(row["chosen"][0]),
        "prompt_ends_with_assistant",
    ),
    (
        "trl_dpo",
        "a token in rejected",
        lambda row: row["rejected"][0]["content"][0].update(text="<|im_end|>"),
        "special_token",
    ),
]


@pytest.mark.parametrize(("layout", "name", "change", "trap"), OWN, ids=[f"{case[0]}: {case[1]}" for case in OWN])
def test_a_defect_is_found(layout: str, name: str, change: Mutate, trap: str) -> None:
    format_name, make = SOUND[layout]
    row = json_copy(make(EPISODE))
    change(row)
    assert trap in traps(format_name, row), name
