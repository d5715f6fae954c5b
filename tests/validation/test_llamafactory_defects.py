"""Defects of LLaMA-Factory's rows, one planted into a sound row."""

import json

import pytest

from tests.validation.checking import traps
from tests.validation.planting import (
    TWO,
    Mutate,
    add,
    edit,
    json_copy,
    set_,
)
from tests.validation.sound import EPISODE, SCHEMA, SOUND, Row, png


def unlike(row: Row) -> None:
    row["tools"] = json.dumps([{**SCHEMA, "strict": None, "function": {**SCHEMA["function"], "minItems": 4.0}}])  # type: ignore[dict-item]


OWN: list[tuple[str, str, Mutate, str]] = [
    ("llamafactory", "<image> in the system", set_(system="Pictures are <image>."), "picture_in_system"),
    ("llamafactory", "<image> in a question", add("What is <image>?", 0), "placeholder_count"),
    ("llamafactory", "<video> in a question", add("What is <video>?", 0), "placeholder_literal"),
    ("llamafactory", "{image: path}", lambda row: row["images"].__setitem__(0, {"image": "a.png"}), "image_entry"),
    (
        "llamafactory",
        "a picture below 32 px",
        lambda row: row["images"].__setitem__(2, {"bytes": png(28, 28), "path": None}),
        "small_picture",
    ),
    ("llamafactory", "system in the middle", edit("from", "system", 2), "role_order"),
    ("llamafactory", "tool_calls", edit("tool_calls", [{"function": {"name": "a"}}], 1), "tool_calls"),
    ("llamafactory", "no text", edit("value", None, 1), "content_not_text"),
    ("llamafactory_tools", "tools as a list", set_(tools=[SCHEMA]), "tools_not_text"),
    ("llamafactory_tools", "tools that are no JSON", set_(tools="zoom(image)"), "tools_not_json"),
    ("llamafactory_tools", "a schema with nulls", unlike, "schema_changed_by_arrow"),
    ("llamafactory_tools", "two calls", edit("value", TWO, 1), "two_calls"),
    (
        "llamafactory_tools",
        "no tags",
        edit("value", '<think>a</think>\n{"name": "a", "arguments": {}}', 1),
        "call_without_tags",
    ),
    ("llamafactory_tools", "no call", edit("value", "<think>hm</think> no call", 1), "call_without_tags"),
    (
        "llamafactory_tools",
        "arguments as text",
        edit("value", '<tool_call>\n{"name": "a", "arguments": "{\\"x\\": 1}"}\n</tool_call>', 1),
        "double_encoded",
    ),
    ("llamafactory_pair", "equal sides", lambda row: row.update(rejected=row["chosen"]), "equal_sides"),
    ("llamafactory_pair", "no rejected", lambda row: row.pop("rejected"), "side_shape"),
    ("llamafactory_pair", "a list", lambda row: row.update(chosen=[row["chosen"]]), "side_shape"),
    (
        "llamafactory_pair",
        "the model speaks before the sides",
        lambda row: row["conversations"].append(row["chosen"]),
        "prompt_ends_with_assistant",
    ),
]


@pytest.mark.parametrize(("layout", "name", "change", "trap"), OWN, ids=[f"{case[0]}: {case[1]}" for case in OWN])
def test_a_defect_is_found(layout: str, name: str, change: Mutate, trap: str) -> None:
    format_name, make = SOUND[layout]
    row = json_copy(make(EPISODE))
    change(row)
    assert trap in traps(format_name, row), name
