"""Defects of ms-swift's rows, one planted into a sound row."""

import json

import pytest

from tests.validation.checking import traps
from tests.validation.planting import Mutate, add, edit, json_copy, set_
from tests.validation.sound import EPISODE, SOUND

OWN: list[tuple[str, str, Mutate, str]] = [
    ("swift", "<image> in a question", add("What is <image>?", 1), "placeholder_count"),
    ("swift", "<image> in the system", add("It is <image>.", 0), "picture_in_system"),
    ("swift", "<bbox> without objects", add("What is <bbox>?", 1), "placeholder_literal"),
    ("swift", "<ref-object> without objects", add("<ref-object>", 1), "placeholder_literal"),
    ("swift", "<cot-process>", add("<cot-process>"), "placeholder_literal"),
    ("swift", "<start-image>", add("<start-image>"), "placeholder_literal"),
    ("swift", "<img>", add("<img>a.png</img>", 1), "placeholder_literal"),
    ("swift", "<audio>", add("<audio>", 1), "placeholder_literal"),
    ("swift", "a relative path", lambda row: row["images"].__setitem__(0, "images/a.png"), "relative_path"),
    ("swift", "no loss", lambda row: [m.update(loss=False) for m in row["messages"][2::2]], "no_loss"),
    (
        "swift_agent",
        "a thought without its newline",
        lambda row: row["messages"][2].update(content="<think>a</think>"),
        "thought_without_newline",
    ),
    ("swift_agent", "a call that is no JSON", edit("content", "zoom(1, 2)", 3), "call_not_json"),
    (
        "swift_agent",
        "<bbox> in a call",
        edit("content", '{"name": "a", "arguments": {"bbox_2d": <bbox>}}', 3),
        "bbox_in_tool_call",
    ),
    ("swift_agent", "a null in a call", edit("content", {"name": "a", "arguments": {"x": None}}, 3), "null_argument"),
    (
        "swift_agent",
        "<image> in a call",
        edit("content", '{"name": "a", "arguments": {"x": "<image>"}}', 3),
        "placeholder_literal",
    ),
    ("swift_agent", "tools that are no JSON", set_(tools="zoom(image)"), "tools_not_json"),
    ("swift_agent", "a rejected text", set_(rejected_response="I guess."), "rejected_response"),
    ("swift_agent", "an answer of no tool", lambda row: row["messages"].insert(2, row["messages"][4]), "role_order"),
    ("swift", "equal sides", lambda row: row.update(rejected_response=row["messages"][-1]["content"]), "equal_sides"),
    ("swift_pair", "no rejected pictures", lambda row: row.pop("rejected_images"), "rejected_images"),
    (
        "swift_pair",
        "a rejected picture too many",
        lambda row: row["rejected_images"].append(row["images"][0]),
        "placeholder_count",
    ),
    (
        "swift_pair",
        "a rejected token",
        lambda row: row["rejected_messages"][-1].update(content="<|im_end|>"),
        "special_token",
    ),
    ("swift_objects", "objects as JSON", lambda row: row.update(objects=json.dumps(row["objects"])), "objects_as_text"),
    ("swift_objects", "a box too many", lambda row: row["objects"]["bbox"].append([1, 2, 3, 4]), "bbox_count"),
    ("swift_objects", "no image_id", lambda row: row["objects"].pop("image_id"), "no_image_id"),
    ("swift_objects", "image_id too short", lambda row: row["objects"]["image_id"].pop(), "image_id_count"),
    (
        "swift_objects",
        "a picture that is not there",
        lambda row: row["objects"].update(image_id=[0, 9]),
        "box_of_no_picture",
    ),
    (
        "swift_objects",
        "swapped corners",
        lambda row: row["objects"]["bbox"].__setitem__(0, [90, 2, 3, 4]),
        "box_inverted",
    ),
    (
        "swift_objects",
        "a box outside",
        lambda row: row["objects"]["bbox"].__setitem__(1, [1, 2, 500, 40]),
        "box_outside",
    ),
    (
        "swift_objects",
        "a box in parts",
        lambda row: row["objects"]["bbox"].__setitem__(0, [0.1, 0.1, 0.4, 0.9]),
        "box_convention",
    ),
    ("swift_objects", "no box", lambda row: row.pop("objects"), "placeholder_literal"),
    ("swift_objects", "another type", lambda row: row["objects"].update(bbox_type="pixels"), "bbox_type"),
]


@pytest.mark.parametrize(("layout", "name", "change", "trap"), OWN, ids=[f"{case[0]}: {case[1]}" for case in OWN])
def test_a_defect_is_found(layout: str, name: str, change: Mutate, trap: str) -> None:
    format_name, make = SOUND[layout]
    row = json_copy(make(EPISODE))
    change(row)
    assert trap in traps(format_name, row), name
