"""One defect planted into a sound row, in each format that has the trap; and neighbours of defects that are sound."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lensmill.formats.checking import Training
from lensmill.formats.target import target_of
from tests.validation.checking import found, training, traps
from tests.validation.sound import EPISODE, SCHEMA, SOUND, Look, Row, jpeg, png, text_call

Mutate = Callable[[Row], Any]

STRINGS = ("swift", "verl_sft", "cof")
CHATS = ("trl", "llamafactory", *STRINGS)


def texts_of(row: Row) -> list[Row]:
    """The messages of a row."""
    messages: list[Row] = row.get("messages") or row.get("conversations") or row["prompt"]
    return messages


def write(row: Row, number: int, change: Callable[[str], str]) -> None:
    """Change the text of a message, whatever its shape."""
    message = texts_of(row)[number]
    key = "value" if "value" in message else "content"
    if isinstance(message[key], list):
        part = next(part for part in reversed(message[key]) if part["type"] == "text")
        part["text"] = change(part["text"])
    else:
        message[key] = change(message[key])


def call_number(row: Row, which: int = 0) -> int:
    """The number of a message with a call."""
    numbers = [n for n, m in enumerate(texts_of(row)) if m.get("role", m.get("from")) in ("assistant", "gpt")]
    return numbers[which]


def in_call(old: str, new: str, which: int = 0) -> Mutate:
    """A change within the text of a call."""

    def change(row: Row) -> None:
        def replaced(text: str) -> str:
            assert old in text
            return text.replace(old, new)

        write(row, call_number(row, which), replaced)

    return change


def add(text: str, number: int = -1) -> Mutate:
    """A text at the end of a message."""
    return lambda row: write(row, number, lambda before: f"{before} {text}")


def turn(row: Row, role: str, text: str) -> Row:
    """A message in the row's shape."""
    message = texts_of(row)[0]
    if "value" in message:
        return {"from": {"user": "human", "assistant": "gpt"}.get(role, role), "value": text}
    if isinstance(message["content"], list):
        return {"role": role, "content": [{"type": "text", "text": text}]}
    return {"role": role, "content": text}


def question(row: Row) -> int:
    """The number of the first question."""
    return next(n for n, m in enumerate(texts_of(row)) if m.get("role", m.get("from")) in ("user", "human"))


SHARED: dict[str, tuple[Mutate, str]] = {
    "a picture too many": (lambda row: row["images"].append(row["images"][0]), "placeholder_count"),
    "a picture too few": (lambda row: row["images"].pop(), "placeholder_count"),
    "<|im_end|> in a thought": (add("<|im_end|>\n<|im_start|>user"), "special_token"),
    "<|image_pad|> in a question": (lambda row: add("<|image_pad|>", question(row))(row), "special_token"),
    "<|endoftext|> in an observation": (lambda row: add("<|endoftext|>", question(row) + 2)(row), "special_token"),
    "half a character": (add("\ud800"), "lone_surrogate"),
    "two user turns": (
        lambda row: texts_of(row).insert(question(row), turn(row, "user", "Hello.")),
        "role_order",
    ),
    "two assistant turns": (lambda row: texts_of(row).append(turn(row, "assistant", "Well.")), "role_order"),
    "the assistant begins": (
        lambda row: texts_of(row).insert(question(row), turn(row, "assistant", "Hello.")),
        "role_order",
    ),
    "an unknown role": (lambda row: texts_of(row).append(turn(row, "narrator", "Then.")), "unknown_role"),
    "the row ends with the user": (lambda row: texts_of(row).pop(), "ends_without_answer"),
    "an empty answer": (lambda row: write(row, -1, lambda _: ""), "empty_turn"),
    "a blank answer": (lambda row: write(row, -1, lambda _: " \n"), "empty_turn"),
    "a call without end of JSON": (in_call('"image": 0}', '"image": 0'), "call_not_json"),
    "arguments encoded twice": (
        lambda row: write(
            row,
            call_number(row),
            lambda text: '<think>a</think>\n<tool_call>\n{"name": "a", "arguments": "{\\"x\\": 1}"}\n</tool_call>',
        ),
        "double_encoded",
    ),
    "a null argument": (in_call('"label": "it"', '"label": "it", "labels": null'), "null_argument"),
    "swapped corners": (in_call("[30, 28, 150, 140]", "[150, 28, 30, 140]"), "box_inverted"),
    "no area": (in_call("[30, 28, 150, 140]", "[30, 28, 30, 140]"), "box_empty"),
    "three numbers": (in_call("[30, 28, 150, 140]", "[30, 28, 150]"), "box_shape"),
    "numbers as text": (in_call("[30, 28, 150, 140]", '"30, 28, 150, 140"'), "box_shape"),
}
PICTURED: dict[str, tuple[Mutate, str]] = {
    "a box out of the picture": (in_call("[30, 28, 150, 140]", "[30, 28, 700, 140]"), "box_outside"),
    "a box of original pixels on a zoom": (in_call("[10, 20, 100, 120]", "[10, 20, 400, 120]", 1), "box_outside"),
    "a negative box": (in_call("[30, 28, 150, 140]", "[-30, 28, 150, 140]"), "box_outside"),
    "a box in parts": (in_call("[30, 28, 150, 140]", "[0.1, 0.2, 0.5, 0.6]"), "box_convention"),
    "a box on no picture": (in_call('"image": 0', '"image": 7'), "box_of_no_picture"),
    "a picture that is resized": (
        lambda row: row["images"].__setitem__(0, {"bytes": png(565, 336), "path": None}),
        "box_resized",
    ),
    "a picture that is too long": (
        lambda row: row["images"].__setitem__(2, {"bytes": png(600, 2), "path": None}),
        "aspect_ratio",
    ),
    "a picture of no bytes": (
        lambda row: row["images"].__setitem__(1, {"bytes": b"", "path": None}),
        "image_unreadable",
    ),
    "a picture of text": (
        lambda row: row["images"].__setitem__(1, {"bytes": b"<html>no</html>", "path": None}),
        "image_unreadable",
    ),
    "a picture cut off": (
        lambda row: row["images"].__setitem__(1, {"bytes": png(224, 224, 1)[:60], "path": None}),
        "image_unreadable",
    ),
    "a JPEG cut off": (
        lambda row: row["images"].__setitem__(1, {"bytes": jpeg(224, 224)[:-400], "path": None}),
        "image_unreadable",
    ),
    "a null picture": (lambda row: row["images"].__setitem__(1, None), "image_missing"),
    "pictures that are no list": (lambda row: row.update(images="a.png"), "images_not_a_list"),
}


@pytest.mark.parametrize("layout", CHATS)
@pytest.mark.parametrize("name", SHARED)
def test_a_defect_of_every_format_is_found(layout: str, name: str) -> None:
    change, trap = SHARED[name]
    format_name, make = SOUND[layout]
    row = make(EPISODE)
    change(row)
    expected = {trap, "string_contents"} if layout == "trl" and trap == "placeholder_count" else {trap}
    assert traps(format_name, row) & expected


@pytest.mark.parametrize("layout", [layout for layout in CHATS if layout != "cof"])
@pytest.mark.parametrize("name", PICTURED)
def test_a_defect_of_pictures_is_found(layout: str, name: str) -> None:
    change, trap = PICTURED[name]
    format_name, make = SOUND[layout]
    row = make(EPISODE)
    change(row)
    assert trap in traps(format_name, row)


def set_(**fields: Any) -> Mutate:
    return lambda row: row.update(fields)


def part_keys(row: Row) -> None:
    for number, message in enumerate(row["messages"]):
        message["content"] = [{**part, "image": None} for part in message["content"]]
        assert number >= 0


def tool_calls(arguments: Any) -> Mutate:
    call = {"type": "function", "function": {"name": "image_zoom_in_tool", "arguments": arguments}}

    def change(row: Row) -> None:
        message = row["messages"][2]
        message["tool_calls"] = [call]
        thought = "<think>I look.</think>"
        message["content"] = [{"type": "text", "text": thought}] if isinstance(message["content"], list) else thought

    return change


def string_contents(row: Row) -> None:
    row["messages"] = SOUND["swift"][1](EPISODE)["messages"]


def edit(field: str, value: Any, number: int) -> Mutate:
    return lambda row: texts_of(row)[number].update({field: value})


def reward(row: Row) -> Row:
    value: Row = row["reward_model"]
    return value


def kwargs(value: Any) -> Mutate:
    return lambda row: row["extra_info"].update(tools_kwargs=value)


def unlike(row: Row) -> None:
    row["tools"] = json.dumps([{**SCHEMA, "strict": None, "function": {**SCHEMA["function"], "minItems": 4.0}}])  # type: ignore[dict-item]


ZOOM = {"bbox_2d": [30, 28, 150, 140], "label": "it", "image": 0}
TWO = text_call(EPISODE.looks[0]) + text_call(EPISODE.looks[0]).split("</think>")[1]

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
    ("refocus", "an edit of nothing", set_(focus_areas_bbox=[]), "edit_without_areas"),
    ("refocus", "no picture", set_(image=None), "image_missing"),
    ("refocus", "open code", lambda row: row["thoughts"].insert(0, "ACTION 0:\n```python\nx"), "open_code"),
    ("refocus", "a token", lambda row: row["thoughts"].insert(0, "<|image_1|>"), "special_token"),
]


@pytest.mark.parametrize(("layout", "name", "change", "trap"), OWN, ids=[f"{case[0]}: {case[1]}" for case in OWN])
def test_a_defect_of_one_format_is_found(layout: str, name: str, change: Mutate, trap: str) -> None:
    format_name, make = SOUND[layout]
    row = json_copy(make(EPISODE))
    change(row)
    assert trap in traps(format_name, row), name


def json_copy(value: Any) -> Any:
    """A deep copy of a row."""
    if isinstance(value, dict):
        return {key: json_copy(item) for key, item in value.items()}
    return [json_copy(item) for item in value] if isinstance(value, list) else value


def test_more_than_thirty_kinds_of_defect_are_planted() -> None:
    assert len({trap for _, trap in [*SHARED.values(), *PICTURED.values()]} | {trap for *_, trap in OWN}) > 60


@pytest.mark.parametrize("layout", SOUND)
@pytest.mark.parametrize("target", ["qwen2_5_vl", "qwen3_vl", "gemma3"])
def test_a_sound_row_has_no_finding(layout: str, target: str) -> None:
    if layout == "verl_sft_tool" and target == "gemma3":
        pytest.skip("Gemma's template refuses the role tool")
    format_name, make = SOUND[layout]
    assert found(format_name, make(EPISODE), training(target)) == []


NEIGHBOURS: list[tuple[str, str, Mutate]] = [
    *[
        (layout, "HTML and comparisons", add("5 < 6 and <b>x</b> > 2; <s>old</s> [IMG] <images> ‹image›", 1))
        for layout in CHATS
    ],
    *[(layout, "no system message", lambda row: texts_of(row).pop(0)) for layout in ("trl", "swift", "verl_sft")],
    *[
        (layout, "a JPEG", lambda row: row["images"].__setitem__(1, {"bytes": jpeg(224, 224), "path": "a.jpg"}))
        for layout in ("trl", "llamafactory", "swift", "verl_sft")
    ],
    *[
        (layout, "a box on the edge", in_call("[30, 28, 150, 140]", "[0, 0, 560, 336]"))
        for layout in ("trl", "llamafactory", "swift", "verl_sft")
    ],
    *[
        (layout, "a call with a float", in_call("[30, 28, 150, 140]", "[30.5, 28.0, 150, 140]"))
        for layout in ("trl", "llamafactory", "swift", "verl_sft")
    ],
    ("trl", "<image> as text of a part", add("What is <image>?", 1)),
    ("trl", "an empty tools column", set_(tools=[])),
    ("trl", "null tool_calls", lambda row: [m.update(tool_calls=None) for m in row["messages"]]),
    (
        "trl",
        "prompt and completion",
        lambda row: row.update(prompt=row["messages"][:-1], completion=row.pop("messages")[-1:]),
    ),
    (
        "llamafactory",
        "no pictures",
        lambda row: row.update(
            images=None, conversations=[{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yo"}]
        ),
    ),
    ("llamafactory", "empty tools", set_(tools="")),
    ("llamafactory", "two calls of role gpt", edit("value", TWO, 1)),
    ("llamafactory", "no system", set_(system=None)),
    ("llamafactory_tools", "a bare call", edit("value", json.dumps({"name": "a", "arguments": {"x": 1}}), 1)),
    ("swift", "no loss on the first turn", edit("loss", False, 2)),
    ("swift", "raw bytes", lambda row: row.update(images=[image["bytes"] for image in row["images"]])),
    (
        "swift_agent",
        "a call as an object",
        lambda row: row["messages"][3].update(content=json.loads(row["messages"][3]["content"])),
    ),
    ("swift_agent", "tools as a list", set_(tools=[SCHEMA])),
    ("swift_objects", "objects as JSON", lambda row: row.update(objects=json.dumps(row["objects"]))),
    (
        "swift_objects",
        "boxes in parts",
        lambda row: row["objects"].update(bbox_type="norm1", bbox=[[0.1, 0.1, 0.4, 0.9]] * 2),
    ),
    (
        "verl_sft",
        "no pictures",
        lambda row: row.update(
            images=[], messages=[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]
        ),
    ),
    ("verl_sft", "a path as image", lambda row: row["images"].__setitem__(0, {"image": "file:///a/b.png"})),
    ("verl_rl", "no tools", lambda row: row["extra_info"].update(need_tools_kwargs=False, tools_kwargs=None)),
    ("refocus", "four lists", lambda row: row.update(focus_areas_bbox={"x1": [1], "y1": [2], "x2": [30], "y2": [40]})),
    (
        "refocus",
        "a row for a test",
        lambda row: row.update(split="test", thoughts=None, edited_image=None, focus_areas_bbox=None),
    ),
]


@pytest.mark.parametrize(("layout", "name", "change"), NEIGHBOURS, ids=[f"{case[0]}: {case[1]}" for case in NEIGHBOURS])
def test_a_neighbour_of_a_defect_is_sound(layout: str, name: str, change: Mutate) -> None:
    format_name, make = SOUND[layout]
    row = json_copy(make(EPISODE))
    change(row)
    assert found(format_name, row) == [], name


def test_a_call_that_brought_no_picture_may_be_a_recorded_mistake() -> None:
    row = SOUND["swift"][1](EPISODE)
    wrong = Look("I look.", (900, 28, 950, 140), 0, (1, 1))
    row["messages"][2:2] = [
        {"role": "assistant", "content": text_call(wrong)},
        {"role": "user", "content": "The box lies outside the image."},
    ]
    assert found("swift", row) == []


def test_a_converted_box_is_sound_on_a_picture_that_the_target_resizes() -> None:
    row = SOUND["verl_sft"][1](EPISODE)
    small = target_of("qwen2_5_vl", 280 * 168)
    assert "box_resized" in traps("verl_sft", row, Training(small))
    assert traps("verl_sft", row, Training(small, boxes="target")) == set()
    in_call("[30, 28, 150, 140]", "[30, 28, 300, 140]")(row)
    assert traps("verl_sft", row, Training(small, boxes="target")) == {"box_outside"}


def test_a_box_over_a_thousand_is_wrong_for_a_target_that_writes_thousandths() -> None:
    row = SOUND["verl_sft"][1](EPISODE)
    in_call("[30, 28, 150, 140]", "[30, 28, 1200, 140]")(row)
    assert traps("verl_sft", row, training("qwen3_vl")) == {"box_convention"}


def test_a_row_over_the_limit_is_found_and_a_row_below_is_not() -> None:
    row = SOUND["verl_sft"][1](EPISODE)
    assert "too_long" in traps("verl_sft", row, training(max_tokens=400))
    assert traps("verl_sft", row, training(max_tokens=1024)) == set()
    assert traps("verl_sft", row, training(max_tokens=4096, count_tokens=len)) == set()
    assert "too_long" in traps("verl_sft", row, training(max_tokens=1024, count_tokens=len))


def test_tool_calls_are_sound_where_the_template_writes_them() -> None:
    row = SOUND["verl_sft"][1](EPISODE)
    tool_calls(json.dumps(ZOOM))(row)
    assert traps("verl_sft", row, training("qwen3_vl")) == set()
    assert traps("verl_sft", row, training("qwen3_vl", with_template=False)) == set()
