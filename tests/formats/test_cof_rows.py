"""Rows of CoF-SFT-Data become samples with trajectories, and published trajectories become the rows again."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lensmill.formats.cof_rows import MAX_PICTURES, NOTES, imported, original_row, picture_names, seen_size
from lensmill.formats.imported import GivenPicture, Imported, RowError
from lensmill.geometry import Box
from lensmill.tools import kind_of
from lensmill.trajectory import Trajectory
from tests.formats.published import published
from tests.formats.stand_ins import given as as_file

ASK = "Think in the mind first, and then decide whether to call tools one or more times OR provide final answer."
SYSTEM = "You are a helpful assistant.\n<tools>\n{}\n</tools>"
SIZE = (560, 280)
BOX = [100, 100, 200, 160]
CALL = {"name": "image_zoom_in_tool", "arguments": {"bbox_2d": BOX, "label": "the sign"}}


@lru_cache
def scene(size: tuple[int, int] = SIZE) -> GivenPicture:
    """A picture of which no two parts look alike."""
    across, down = Image.linear_gradient("L").rotate(90), Image.linear_gradient("L")
    return as_file(Image.merge("RGB", [band.resize(size) for band in (across, down, Image.radial_gradient("L"))]))


def crop(box: Sequence[float], enlarge: float = 1.0) -> GivenPicture:
    """A part of the scene at twice its size."""
    region = Box(*box).scaled(enlarge)
    return as_file(scene().pixels.resize((round(region.width * 2), round(region.height * 2)), box=region.xyxy))


def zoom(call: Mapping[str, Any] | str = CALL) -> str:
    text = call if isinstance(call, str) else json.dumps(call)
    return f"<think> I look at the sign. </think>\n<tool_call>\n{text}\n</tool_call>"


SAY = "<think> It reads STOP. </think>\n<answer> A </answer>"


def a_row(*turns: str, seen: Sequence[str] = (f"<image>\n{ASK}",), **changes: Any) -> dict[str, Any]:
    """A row with these turns of the assistant, and a turn of the user between each two."""
    said = turns or (zoom(), SAY)
    messages = [{"role": "system", "content": SYSTEM}]
    messages.append({"role": "user", "content": f"<image> Question: What does it say?\nA. STOP\nB. GO\n{ASK}"})
    for at, text in enumerate(said):
        messages.append({"role": "assistant", "content": text})
        if at + 1 < len(said):
            messages.append({"role": "user", "content": seen[min(at, len(seen) - 1)]})
    count = sum(message["content"].count("<image>") for message in messages)
    return {"messages": messages, "images": [f"7/{number}.jpg" for number in range(count)], **changes}


def made_of(row: Mapping[str, Any], *crops: GivenPicture, original: GivenPicture | None = None) -> Imported:
    names = picture_names(row)
    given_pictures = [original or scene(), *crops, *[crop(BOX)] * len(names)]
    return imported(row, given_pictures[: len(names)], "cof_sft", "x row 1")


def trajectory_of(row: Mapping[str, Any], *crops: GivenPicture, original: GivenPicture | None = None) -> Trajectory:
    made = made_of(row, *crops, original=original)
    assert json.dumps(original_row(published(made, original or scene()))) == json.dumps(row)
    assert made.sample.recorded is not None
    return made.sample.recorded


def notes_of(row: Mapping[str, Any], *crops: GivenPicture, original: GivenPicture | None = None) -> tuple[str, ...]:
    recording = trajectory_of(row, *crops, original=original).recording
    assert recording is not None
    return recording.notes


def test_a_conversation_becomes_steps_and_comes_back() -> None:
    found = trajectory_of(a_row())
    first, last = found.steps
    assert first.thought == "I look at the sign."
    assert first.action is not None
    assert first.action.arguments == {"bbox_2d": BOX, "label": "the sign"}
    assert first.action.boxes == (("the sign", Box(*BOX)),)
    assert first.observation is not None
    assert first.observation.images == (found.images[1],)
    assert kind_of(first, found) == "zoom"
    assert last.thought == "It reads STOP."
    assert found.answer == "A"


def test_the_question_is_without_the_instruction() -> None:
    assert made_of(a_row()).sample.question == "What does it say?\nA. STOP\nB. GO"


def test_a_box_is_converted_from_the_size_that_the_model_saw_to_the_original() -> None:
    odd = scene((575, 290))
    assert seen_size(odd) == (588, 280)
    found = trajectory_of(a_row(), original=odd)
    assert found.steps[0].action is not None
    (_, box), *_ = found.steps[0].action.boxes
    assert box.xyxy == pytest.approx((100 * 575 / 588, 100 * 290 / 280, 200 * 575 / 588, 160 * 290 / 280))


@pytest.mark.parametrize("enlarge", [1.0, 1.5])
def test_the_region_of_a_crop_is_found_by_its_pixels(enlarge: float) -> None:
    found = trajectory_of(a_row(), crop(BOX, enlarge))
    assert found.images[1].frame.region == Box(*BOX).scaled(enlarge)


def test_entries_of_pictures_are_paths_or_objects_and_come_back_as_they_were() -> None:
    row = a_row(images=[{"image": "7/0.jpg"}, "./7/1.jpg"])
    assert picture_names(row) == ("7/0.jpg", "7/1.jpg")
    trajectory_of(row)


def test_two_calls_in_a_turn_have_a_picture_each_in_order() -> None:
    other = {**CALL, "arguments": {"bbox_2d": [300, 50, 400, 150]}}
    turn = f"{zoom()}\n<tool_call>{json.dumps(other)}</tool_call>"
    found = trajectory_of(a_row(turn, SAY, seen=[f"<image>\n<image>\n{ASK}"]), crop(BOX), crop([300, 50, 400, 150]))
    regions = [step.observation.images[0].frame.region for step in found.steps[:2] if step.observation]
    assert regions == [Box(*BOX), Box(300, 50, 400, 150)]


def test_a_row_with_a_reference_answer_is_judged_by_it() -> None:
    made = made_of(a_row(groundtruth="B"))
    assert made.sample.answers == ("B",)
    assert "own_reference" not in notes_of(a_row(groundtruth="B"))


NO_BOX = {"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [200, 100, 100, 160]}}
PECULIAR: dict[str, tuple[dict[str, Any], tuple[GivenPicture, ...], GivenPicture | None]] = {
    "own_reference": (a_row(), (), None),
    "boxes_resized": (a_row(), (), scene((575, 290))),
    "crop_region_unknown": (a_row(), (as_file(Image.new("RGB", (50, 50), "lime")),), None),
    "unreadable_call": (a_row(zoom("no call"), SAY), (), None),
    "invalid_box": (a_row(zoom(NO_BOX), SAY), (), None),
    "call_without_picture": (a_row(zoom(), SAY, seen=["It failed."]), (), None),
    "picture_without_call": (a_row("<think> I wait. </think>", SAY), (), None),
    "no_final_answer": (a_row(zoom(), "<think> I do not know. </think>", answer="B"), (), None),
}


def test_every_peculiarity_has_a_row_here() -> None:
    assert PECULIAR.keys() == NOTES.keys()


@pytest.mark.parametrize("name", PECULIAR)
def test_a_peculiar_row_is_imported_with_its_note_and_comes_back(name: str) -> None:
    row, crops, original = PECULIAR[name]
    assert name in notes_of(row, *crops, original=original)


USER = {"role": "user", "content": "<image> Why?"}
BLIND, TWICE = {**USER, "content": "Why?"}, {**USER, "content": "<image><image> Why?"}
TURN = {"role": "assistant", "content": SAY}


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"messages": [USER, TURN]}, '"images"'),
        ({"messages": [USER, TURN], "images": "a.jpg"}, '"images"'),
        ({"messages": [USER, TURN], "images": ["a.jpg"] * (MAX_PICTURES + 1)}, '"images"'),
        ({"messages": [USER, TURN], "images": [{"path": "a.jpg"}]}, '"images[0]"'),
        ({"messages": [USER, TURN], "images": ["a.jpg", "b.jpg"]}, "1 times <image>"),
        ({"messages": [USER, {"role": "tool", "content": ""}], "images": ["a.jpg"]}, '"messages[1].role"'),
        ({"messages": [USER, {"role": "user", "content": None}], "images": ["a.jpg"]}, '"messages[1].content"'),
        ({"messages": [USER], "images": ["a.jpg"]}, "no turn of the assistant"),
        ({"messages": [{**USER, "content": "<image>"}, TURN], "images": ["a.jpg"]}, "no question"),
        (
            {"messages": [{**USER, "content": "Why?"}, {**TURN, "content": f"<image>{SAY}"}], "images": ["a.jpg"]},
            "show",
        ),
        (
            {"messages": [{**USER, "content": "<image><image> Why?"}, TURN], "images": ["a.jpg"] * 2},
            "before a first turn",
        ),
        ({"messages": [USER, {**TURN, "content": "Hm."}], "images": ["a.jpg"]}, "no answer"),
    ],
)
def test_a_row_that_cannot_be_read_names_the_field(row: dict[str, Any], field: str) -> None:
    with pytest.raises(RowError) as caught:
        made_of(row)
    assert field in str(caught.value)


TEXTS = st.text(st.characters(), max_size=20) | st.sampled_from(
    ["<image>", "<tool_call>", zoom(), zoom(NO_BOX), SAY, "<answer>A</answer>", "<image>\n<image>"]
)
CONTENTS = st.lists(TEXTS, max_size=3).map("".join)


@settings(max_examples=150, deadline=None)
@given(
    turns=st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), CONTENTS), max_size=5),
    more=st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=4), max_size=2),
)
def test_any_row_that_is_imported_comes_back_field_by_field(turns: list[Any], more: dict[str, Any]) -> None:
    messages = [{"role": "user", "content": "<image> Why?"}, *({"role": r, "content": c} for r, c in turns)]
    count = sum(message["content"].count("<image>") for message in messages)
    row = {"messages": [*messages, TURN], "images": [f"{number}.jpg" for number in range(count)], **more}
    try:
        made = made_of(row)
    except RowError:
        return
    again = original_row(published(made, scene()))
    assert json.dumps(again) == json.dumps(row)
