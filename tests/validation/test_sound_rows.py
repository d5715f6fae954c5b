"""Sound rows, and neighbours of defects, have no finding."""

import json

import pytest

from lensmill.formats.checking import Training
from lensmill.formats.spec import FORMATS
from lensmill.formats.target import target_of
from lensmill.validation.spec import examine
from tests.validation.checking import found, training, traps
from tests.validation.planting import (
    CHATS,
    TWO,
    ZOOM,
    Mutate,
    add,
    edit,
    in_call,
    json_copy,
    set_,
    texts_of,
    tool_calls,
)
from tests.validation.sound import EPISODE, SCHEMA, SOUND, Look, jpeg, text_call


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


def test_a_row_over_the_context_of_the_model_is_too_long() -> None:
    row = SOUND["swift"][1](EPISODE)
    row["messages"][1]["content"] += " and more" * 100_000
    assert "too_long" in traps("swift", row)


def test_a_call_without_a_thought_is_no_empty_turn() -> None:
    row = SOUND["swift_agent"][1](EPISODE)
    row["messages"][2]["content"] = ""
    assert found("swift", row) == []


def test_a_box_that_may_be_in_thousandths_says_so() -> None:
    row = SOUND["verl_sft"][1](EPISODE)
    in_call("[30, 28, 150, 140]", "[30, 28, 900, 140]")(row)
    (finding,) = found("verl_sft", row)
    assert "it may be in 0 to 1000" in finding.message


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


@pytest.mark.parametrize("layout", ["llamafactory_tools", "swift_agent"])
def test_the_schemas_of_a_column_of_tools_count(layout: str) -> None:
    name, make = SOUND[layout]
    row = json_copy(make(EPISODE))
    _, needs = examine(FORMATS.get(name).validator, row, training())
    _, without = examine(FORMATS.get(name).validator, {**row, "tools": ""}, training())
    assert needs is not None
    assert without is not None
    assert needs.tokens - without.tokens >= len(row["tools"]) // 5


def test_the_schemas_of_a_prompt_for_verls_tools_count_twice() -> None:
    row = json_copy(SOUND["verl_rl"][1](EPISODE))
    _, needs = examine(FORMATS.get("verl_rl").validator, row, training())
    text = row["prompt"][0]["content"]
    row["prompt"][0]["content"] = text.replace("<tools>", "<toolz>")
    _, without = examine(FORMATS.get("verl_rl").validator, row, training())
    assert needs is not None
    assert without is not None
    assert needs.tokens - without.tokens >= len(text.split("<tools>")[1].split("</tools>")[0]) // 5


def test_a_file_that_is_not_written_yet_is_read_from_memory() -> None:
    row = json_copy(SOUND["cof"][1](EPISODE))
    files = dict(zip(row["images"], EPISODE.images, strict=True))
    _, needs = examine(FORMATS.get("cof").validator, row, training(files=files))
    assert needs is not None
    assert needs.pixels == 560 * 336
    damaged = {**files, row["images"][0]: b"no picture"}
    assert "image_unreadable" in traps("cof", row, training(files=damaged))
