"""The rows of each format."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from lensmill.formats.checking import Needs
from lensmill.formats.example import LeftOut, PictureFile
from lensmill.formats.llamafactory import TEMPLATES, LlamaFactorySettings
from lensmill.formats.recorded import named
from lensmill.formats.settings import FormatSettings
from lensmill.formats.spec import FORMATS, Exported
from lensmill.formats.swift import SwiftSettings
from lensmill.formats.swift_pairs import SwiftPairsSettings
from lensmill.formats.target import TARGETS
from lensmill.formats.trl import TrlSettings
from lensmill.formats.trl_dpo import TrlDpoSettings
from lensmill.formats.turns import call_of
from lensmill.formats.verl_rl import VerlRlSettings
from lensmill.formats.verl_sft import VerlSftSettings
from lensmill.geometry import Box
from lensmill.rewards.asked import read_asked
from lensmill.sample import Region
from lensmill.tools import ZOOM
from tests.formats.examples import BOX, CROP, ORIGINAL, VIEW, an_example, png, without_messages

EPISODE_FORMATS = [
    *(TrlSettings(), TrlSettings(rows="turn"), LlamaFactorySettings(), LlamaFactorySettings(layout="tools")),
    *(SwiftSettings(), SwiftSettings(layout="agent"), SwiftSettings(layout="objects"), VerlSftSettings()),
]


def rows(settings: FormatSettings, **how: Any) -> list[Mapping[str, Any]]:
    return [*FORMATS.of(settings).rows(settings, an_example(**how))]


def names(pictures: list[PictureFile]) -> list[str]:
    return [picture.name[:64].lstrip("0") or "0" for picture in pictures]


def test_trl_has_a_part_for_each_picture_where_the_picture_stands() -> None:
    (row,) = rows(TrlSettings())
    assert [part["type"] for part in row["messages"][1]["content"]] == ["image", "text"]
    assert {key for message in row["messages"] for part in message["content"] for key in part} == {"type", "text"}
    assert sum(part["type"] == "image" for message in row["messages"] for part in message["content"]) == 3
    assert names(row["images"]) == ["0", "1", "2"]


def test_trl_by_turn_has_a_row_for_each_reply_with_the_pictures_so_far() -> None:
    found = rows(TrlSettings(rows="turn"))
    assert [len(row["images"]) for row in found] == [1, 2, 3]
    assert all(len(row["completion"]) == 1 and row["completion"][0]["role"] == "assistant" for row in found)


def test_llamafactory_alternates_human_and_gpt_with_one_placeholder_for_each_picture() -> None:
    (row,) = rows(LlamaFactorySettings())
    assert [turn["from"] for turn in row["conversations"]] == ["human", "gpt"] * 3
    assert sum(turn["value"].count("<image>") for turn in row["conversations"]) == len(row["images"]) == 3
    assert row["system"].startswith("You look.")


def test_llamafactory_with_tools_moves_the_schemas_from_the_system_text_into_a_column() -> None:
    (row,) = rows(LlamaFactorySettings(layout="tools"))
    kinds = ["human", "function_call", "observation", "function_call", "observation", "gpt"]
    assert [turn["from"] for turn in row["conversations"]] == kinds
    assert "<tools>" not in row["system"]
    assert "tool_call" not in row["system"]
    assert "Boxes are [x1, y1, x2, y2] in pixels" in row["system"]
    assert json.loads(row["tools"])[0]["function"]["name"] == ZOOM


def test_swift_agent_splits_thought_and_call_and_keeps_the_newline_of_the_thought() -> None:
    (row,) = rows(SwiftSettings(layout="agent"))
    kinds = ["system", "user", "assistant", "tool_call", "tool_response", "assistant", "tool_call", "tool_response"]
    assert [message["role"] for message in row["messages"]] == [*kinds, "assistant"]
    assert row["messages"][2]["content"] == "<think>The bar is small.</think>\n"
    assert json.loads(row["messages"][3]["content"])["name"] == ZOOM


def test_swift_objects_have_boxes_in_pixels_of_the_picture_that_each_call_names() -> None:
    (row,) = rows(SwiftSettings(layout="objects", pictures="files"))
    assert row["objects"]["image_id"] == [0, 1]
    assert row["objects"]["bbox"][0] == [round(number) for number in VIEW.from_original(BOX).xyxy]
    assert row["objects"]["bbox"][1] == [round(number) for number in CROP.from_original(BOX).xyxy]
    text = "".join(message["content"] for message in row["messages"])
    assert text.count("<bbox>") == 2
    assert '"bbox_2d": <bbox>' in text


def test_swift_takes_the_loss_from_all_turns_but_the_last() -> None:
    (row,) = rows(SwiftSettings(loss="last"))
    assert [message["loss"] for message in row["messages"] if message["role"] == "assistant"] == [False, False, True]


def test_swift_takes_the_loss_from_a_turn_whose_call_failed() -> None:
    for layout in ("plain", "agent"):
        (row,) = rows(SwiftSettings(layout=layout, loss="successful"), error=True)
        kinds = [message["loss"] for message in row["messages"] if message["role"] == "assistant"]
        assert kinds == [True, False, True]
        assert [message["loss"] for message in row["messages"] if message["role"] == "tool_call"] == (
            [True, False] if layout == "agent" else []
        )


def test_verl_sft_gives_observations_the_chosen_role() -> None:
    (row,) = rows(VerlSftSettings(observations="tool"))
    assert [message["role"] for message in row["messages"]] == [
        "system",
        "user",
        *["assistant", "tool"] * 2,
        "assistant",
    ]


def test_verl_rl_is_a_question_with_its_view_and_no_reply() -> None:
    (row,) = rows(VerlRlSettings())
    assert [message["role"] for message in row["prompt"]] == ["system", "user"]
    assert names(row["images"]) == ["0"]
    assert row["reward_model"]["ground_truth"] == ["7"]
    assert "7" not in row["prompt"][1]["content"].replace("bar 7", "")


def test_verl_rl_has_the_columns_that_rewards_read() -> None:
    (row,) = rows(VerlRlSettings())
    asked = read_asked(row["extra_info"], row["reward_model"]["ground_truth"])
    assert asked.references == ("7",)
    assert asked.targets == (BOX,)
    assert asked.original == ORIGINAL
    assert asked.view == VIEW
    assert asked.rung == 448


def test_verl_rl_gives_rewards_the_view_as_the_model_sees_it() -> None:
    (row,) = rows(VerlRlSettings(target="qwen3_vl"))
    assert row["extra_info"]["view"] == {"width": 576, "height": 416}


def test_verl_rl_gives_tools_the_original_its_rung_and_its_regions() -> None:
    region = Region("x_values", "2001", Box(10, 20, 30, 40))
    example = an_example()
    example = replace(example, sample=replace(example.sample, regions=(region,)))
    (row,) = FORMATS.get("verl_rl").rows(VerlRlSettings(), example)
    opening = row["extra_info"]["tools_kwargs"][ZOOM]["create_kwargs"]
    assert opening["image"].data == png(*ORIGINAL)
    assert opening["rung"] == 448
    assert opening["regions"] == [{"kind": "x_values", "label": "2001", "box": [10, 20, 30, 40]}]


def test_an_episode_whose_original_is_missing_is_no_question_for_verl() -> None:
    with pytest.raises(LeftOut) as found:
        list(FORMATS.get("verl_rl").rows(VerlRlSettings(), replace(an_example(), original=None)))
    assert found.value.reason == "no_original"


@pytest.mark.parametrize("target", TARGETS)
def test_the_readme_names_a_model_of_the_target_and_its_template(target: str) -> None:
    for settings in (LlamaFactorySettings(target=target), SwiftSettings(target=target), VerlSftSettings(target=target)):
        exported = Exported("x", {"train": ("train/00000.parquet",)}, Needs(), settings)
        assert TARGETS[target].model in FORMATS.of(settings).command(exported)
        if isinstance(settings, LlamaFactorySettings):
            assert f"template: {TEMPLATES[target]}\n" in FORMATS.of(settings).command(exported)


def test_trl_dpo_parts_where_the_replies_differ() -> None:
    settings = TrlDpoSettings()
    spec = FORMATS.of(settings)
    assert spec.pairs is not None
    (row,) = spec.pairs(settings, an_example(), an_example(answer="8"))
    assert len(row["prompt"]) == 6
    assert len(row["images"]) == 3
    assert "7</answer>" in row["chosen"][0]["content"][0]["text"]
    assert "8</answer>" in row["rejected"][0]["content"][0]["text"]


def test_trl_dpo_leaves_out_episodes_that_do_not_part() -> None:
    settings = TrlDpoSettings()
    pairs = FORMATS.of(settings).pairs
    assert pairs is not None
    with pytest.raises(LeftOut):
        list(pairs(settings, an_example(), an_example()))


def test_trl_dpo_leaves_out_episodes_whose_pictures_differ_before_they_part() -> None:
    settings = TrlDpoSettings()
    pairs = FORMATS.of(settings).pairs
    assert pairs is not None
    other = an_example(answer="8")
    moved = [PictureFile(one.data, f"9{one.name[1:]}", one.frame) for one in other.pictures[1:]]
    with pytest.raises(LeftOut):
        list(pairs(settings, an_example(), replace(other, pictures=(*other.pictures[:1], *moved))))


def test_swift_pairs_keep_the_pictures_of_each_side_apart() -> None:
    settings = SwiftPairsSettings()
    pairs = FORMATS.of(settings).pairs
    assert pairs is not None
    (row,) = pairs(settings, an_example(), an_example(answer="8", error=True))
    assert len(row["images"]) == 3
    assert len(row["rejected_images"]) == 2


@pytest.mark.parametrize("settings", EPISODE_FORMATS, ids=repr)
def test_an_episode_without_messages_is_left_out(settings: FormatSettings) -> None:
    with pytest.raises(LeftOut) as found:
        list(FORMATS.of(settings).rows(settings, without_messages(an_example())))
    assert found.value.reason == "no_messages"


@pytest.mark.parametrize("settings", EPISODE_FORMATS, ids=repr)
def test_a_row_has_the_columns_that_its_format_declares(settings: FormatSettings) -> None:
    spec = FORMATS.of(settings)
    assert all({*row} == {*spec.columns(settings)} for row in spec.rows(settings, an_example()))


def test_thoughts_alone_are_one_turn_with_the_view_and_no_tool() -> None:
    (row,) = rows(TrlSettings(chain="thoughts"))
    assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
    assert row["messages"][1]["content"][0]["text"] == (
        "<think>The bar is small. Closer. It says 7.</think>\n<answer>7</answer>"
    )
    assert names(row["images"]) == ["0"]


def test_the_answer_alone_is_the_bare_answer() -> None:
    (row,) = rows(VerlSftSettings(chain="answer"))
    assert [message["content"] for message in row["messages"]] == ["<image>\nQuestion: What is bar 7?", "7"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("<think>a</think>\n<tool_call>\n{}\n</tool_call>\n<tool_call>\n{}\n</tool_call>", "several_calls"),
        ('<think>a</think>\n<tool_call>\n{"name": "z", "arguments": {}}\n</tool_call> and more', "text_around_call"),
        ("<think>a</think>\n<tool_call>\nnot json\n</tool_call>", "call_unreadable"),
        ('<think>a</think>\n<tool_call>\n{"name": "z"}\n</tool_call>', "call_unreadable"),
    ],
)
def test_a_turn_that_the_tool_layout_cannot_hold_leaves_the_episode_out(reply: str, reason: str) -> None:
    with pytest.raises(LeftOut) as found:
        call_of(reply)
    assert found.value.reason == reason


def test_swift_objects_take_the_boxes_of_edits_too_and_say_how_the_target_writes_boxes() -> None:
    call = json.dumps({"name": "draw", "arguments": {"labels": ["a"], "boxes": {"a": [10, 20, 30, 40]}, "image": 0}})
    (row,) = rows(SwiftSettings(layout="objects", pictures="files", target="qwen3_vl"), call=call)
    assert row["objects"]["bbox"][0] == [10, 20, 30, 40]
    assert '{"a": <bbox>}' in row["messages"][2]["content"]
    assert "in thousandths" in row["messages"][0]["content"]


def test_swift_objects_say_how_the_target_writes_boxes_and_name_the_picture_of_each_box() -> None:
    (row,) = rows(SwiftSettings(layout="objects", target="qwen3_vl"))
    assert "[x1, y1, x2, y2] in thousandths" in row["messages"][0]["content"]
    objects = row["objects"]
    assert objects["image_id"] == [0, 1]
    assert objects["bbox"][0] == [round(number) for number in VIEW.from_original(BOX).xyxy]


@pytest.mark.parametrize("image", [True, -1, "1", 1.5, 9])
def test_swift_objects_leave_out_a_call_that_names_no_picture(image: object) -> None:
    call = json.dumps({"name": ZOOM, "arguments": {"bbox_2d": [1, 2, 3, 4], "image": image}})
    with pytest.raises(LeftOut, match="cannot be re"):
        rows(SwiftSettings(layout="objects"), call=call)


def test_swift_objects_refuse_a_convention_since_ms_swift_writes_the_numbers() -> None:
    with pytest.raises(ValueError, match="convention"):
        SwiftSettings(layout="objects", convention="unit")


def test_llamafactory_with_tools_refuses_a_chain_without_calls() -> None:
    with pytest.raises(ValueError, match="chain=pictures"):
        LlamaFactorySettings(layout="tools", chain="answer")


@pytest.mark.parametrize(
    "call",
    [
        '{"name": "image_zoom_in_tool", "arguments": ' + "[" * 100_000,
        '{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [1e999, 0, 1e999, 3]}}',
        '{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [' + "9" * 400 + ", 0, 1, 3]}}",
    ],
)
@pytest.mark.parametrize("settings", [TrlSettings(target="qwen3_vl"), SwiftSettings(layout="objects")])
def test_a_hostile_call_is_left_out(call: str, settings: FormatSettings) -> None:
    with pytest.raises(LeftOut, match="cannot be re"):
        rows(settings, call=call)


def test_verl_rl_says_what_rewards_need_to_try_a_call_again() -> None:
    (row,) = rows(VerlRlSettings())
    asked = read_asked(row["extra_info"], row["reward_model"]["ground_truth"])
    assert (asked.original, asked.view, asked.rung, asked.targets) == ((1120, 840), VIEW, 448, (BOX,))


def test_verl_rl_says_the_size_at_which_the_target_sees_the_view() -> None:
    settings = VerlRlSettings(max_pixels=50_000)
    (row,) = rows(settings)
    assert row["extra_info"]["view"] == dict(zip(("width", "height"), settings.trained.resized(560, 420), strict=True))


@pytest.mark.parametrize("settings", [VerlRlSettings(), TrlDpoSettings()])
def test_no_prompt_holds_the_answer(settings: FormatSettings) -> None:
    right, wrong = an_example(answer="secret"), an_example(answer="hidden")
    right = replace(right, sample=replace(right.sample, answers=("secret",)))
    spec = FORMATS.of(settings)
    (row,) = spec.rows(settings, right) if spec.pairs is None else spec.pairs(settings, right, wrong)
    assert "secret" not in repr(row["prompt"])
    assert "hidden" not in repr(row["prompt"])


@pytest.mark.parametrize(
    ("path", "recorded"),
    [
        ("ChartQA/png/a b.png", "ChartQA/png/a b.png"),
        ("./1/0.jpg", "1/0.jpg"),
        ("../a.png", ""),
        ("/etc/passwd", ""),
        ("a/../../b", ""),
        ("a\nb", ""),
        ("", ""),
        (None, ""),
        (7, ""),
        ("x" * 600, ""),
    ],
)
def test_an_imported_picture_keeps_its_path_unless_the_path_leads_elsewhere(path: object, recorded: str) -> None:
    assert named(an_example().pictures[0], path).recorded == recorded
