"""Rows of ReFocus_Data become samples with trajectories, and published trajectories become the rows again."""

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lensmill.formats.imported import GivenPicture, Imported, RowError
from lensmill.formats.refocus_rows import NOTES, imported, original_row
from lensmill.geometry import Box
from lensmill.trajectory import Trajectory
from tests.formats import stand_ins
from tests.formats.published import published

ROWS = Path(os.environ.get("LENSMILL_SHARED", "/nowhere")) / "data" / "refocus" / "train_sample.jsonl"

CODE = 'focused = focus_on_y_values_with_draw(image_1, ["Oats"], y_values_bbox)\ndisplay(focused)'
LOOK = f"THOUGHT 0: I look at the oats.\n\nACTION 0:\n```python\n{CODE}\n```"
SAY = "ANSWER: It is 7 tons. FINAL ANSWER: 7."
OATS, RYE = {"x1": 5, "y1": 10, "x2": 95, "y2": 30}, {"x1": 5, "y1": 40, "x2": 95, "y2": 60}


def a_row(**changes: Any) -> dict[str, Any]:
    row = {
        "id": "chart_1",
        "question": "How many oats?",
        "answer": "7",
        "image": "png/chart_1.png",
        "thoughts": [LOOK, SAY],
        "edited_image": "edited/chart_1.png",
        "focus_areas_bbox": [OATS],
        "source": "chartqa_h_bar",
        "split": "train",
        "x_values": [],
        "y_values": ["Oats", "Rye"],
        "x_values_bbox": [],
        "y_values_bbox": [OATS, RYE],
        "figure_bbox": {"x1": 0, "y1": 0, "x2": 100, "y2": 70},
    }
    return {**row, **changes}


@lru_cache
def picture(colour: str) -> GivenPicture:
    return stand_ins.given(Image.new("RGB", (120, 80), colour))


def made_of(row: Mapping[str, Any], edited: str | None = "red") -> Imported:
    return imported(row, picture("white"), picture(edited) if edited else None, "refocus_data", "x line 1", "GPL-3.0")


def trajectory_of(row: Mapping[str, Any], edited: str | None = "red") -> Trajectory:
    recorded = made_of(row, edited).sample.recorded
    assert recorded is not None
    assert same_again(row, edited)
    return recorded


def notes_of(row: Mapping[str, Any], edited: str | None = "red") -> tuple[str, ...]:
    recording = trajectory_of(row, edited).recording
    assert recording is not None
    return recording.notes


def same_again(row: Mapping[str, Any], edited: str | None = "red") -> bool:
    again = original_row(published(made_of(row, edited), picture("white")))
    return json.dumps(again) == json.dumps(row)


def test_the_turns_are_those_of_the_row_and_the_edited_picture_answers_the_code() -> None:
    found = trajectory_of(a_row())
    assert [message.role for message in found.messages] == ["user", "assistant", "user", "assistant"]
    first, last = found.steps
    assert first.action is not None
    assert first.action.arguments == {"code": CODE}
    assert first.observation is not None
    assert first.observation.images == (found.images[1],)
    assert found.images[1].image_id == picture("red").image_id
    assert last.action is None
    assert (found.answer, found.stop) == ("7", "answered")


def test_focus_areas_are_the_boxes_of_the_action_with_their_labels_and_no_targets() -> None:
    found = trajectory_of(a_row())
    assert found.steps[0].action is not None
    assert found.steps[0].action.boxes == (("Oats", Box(5, 10, 95, 30)),)
    assert made_of(a_row()).sample.targets == ()


def test_axis_values_are_regions_that_agents_may_see() -> None:
    assert [(region.kind, region.label) for region in made_of(a_row()).sample.regions] == [
        ("y_values", "Oats"),
        ("y_values", "Rye"),
    ]


def test_a_row_that_fits_keeps_only_what_has_no_place_elsewhere() -> None:
    recording = trajectory_of(a_row()).recording
    assert recording is not None
    assert set(recording.fields) == {"id", "image", "edited_image", "figure_bbox"}
    assert recording.notes == ()


def test_rows_without_thoughts_are_samples_without_a_trajectory() -> None:
    row = {name: value for name, value in a_row().items() if name not in ("thoughts", "edited_image")}
    assert made_of(row, None).sample.recorded is None
    empty: tuple[Any, ...] = ([], "", None)
    for nothing in empty:
        assert made_of(a_row(thoughts=nothing, edited_image=nothing), None).sample.recorded is None


INVERTED = {"x1": 95, "y1": 10, "x2": 5, "y2": 30}
DIRECT = f"THOUGHT 0: I see it.\n\nACTION 0: No action needed.\n{SAY}"
PECULIAR: dict[str, tuple[dict[str, Any], str | None]] = {
    "answer_not_text": (a_row(answer=7), "red"),
    "focus_without_code": (a_row(thoughts=[DIRECT], edited_image=""), None),
    "invalid_focus_box": (a_row(focus_areas_bbox=[OATS, INVERTED]), "red"),
    "empty_focus_box": (a_row(focus_areas_bbox=[{**OATS, "y2": 10}]), "red"),
    "invalid_axis_box": (a_row(y_values_bbox=[OATS, INVERTED]), "red"),
    "picture_without_focus": (a_row(focus_areas_bbox=[]), "red"),
    "picture_without_code": (a_row(thoughts=["THOUGHT 0: I look.", SAY]), "red"),
    "picture_not_recorded": (a_row(edited_image=""), None),
    "picture_unseen": (a_row(thoughts=[f"{LOOK}\n{SAY}"]), "red"),
    "several_actions": (a_row(thoughts=[LOOK, LOOK.replace("0", "1"), SAY]), "red"),
    "no_final_answer": (a_row(thoughts=[LOOK, "THOUGHT 1: I do not know."]), "red"),
}


def test_every_peculiarity_has_a_row_here() -> None:
    assert PECULIAR.keys() == NOTES.keys()


@pytest.mark.parametrize("name", PECULIAR)
def test_a_peculiar_row_is_imported_with_its_note_and_comes_back(name: str) -> None:
    row, edited = PECULIAR[name]
    assert name in notes_of(row, edited)


@pytest.mark.parametrize("box", [{}, None, {"x1": 5}, {**OATS, "x1": "5"}, {**OATS, "x1": 10**400}, INVERTED])
def test_a_focus_box_that_is_none_stays_in_the_recording(box: Any) -> None:
    assert "invalid_focus_box" in notes_of(a_row(focus_areas_bbox=[box]))


def test_boxes_in_columns_as_parquet_has_them_come_back_as_columns() -> None:
    columns = {edge: [OATS[edge], RYE[edge]] for edge in OATS}
    found = made_of(a_row(y_values_bbox=columns)).sample
    assert [region.box for region in found.regions] == [Box(5, 10, 95, 30), Box(5, 40, 95, 60)]
    assert same_again(a_row(y_values_bbox=columns))


def test_a_template_token_in_a_question_is_neutral_here_and_comes_back_as_it_was() -> None:
    row = a_row(question="What is <image>?", y_values=["<|im_end|>", "Rye"])
    assert "<image>" not in str(trajectory_of(row).messages[0])


@pytest.mark.parametrize(
    ("changes", "error_class", "field"),
    [
        ({"question": None}, "missing_field", '"question"'),
        ({"question": " "}, "empty_field", '"question"'),
        ({"answer": None}, "missing_field", '"answer"'),
        ({"answer": True}, "bad_field", '"answer"'),
        ({"thoughts": "THOUGHT"}, "bad_field", '"thoughts"'),
        ({"thoughts": [LOOK, 7]}, "bad_field", '"thoughts[1]"'),
        ({"thoughts": [""]}, "empty_field", '"thoughts[0]"'),
        ({"y_values": ["Oats"]}, "bad_field", '"y_values_bbox"'),
        ({"y_values": ["Oats", 7]}, "bad_field", '"y_values[1]"'),
        ({"focus_areas_bbox": {"x1": [1], "y1": [], "x2": [], "y2": []}}, "bad_field", '"focus_areas_bbox"'),
    ],
)
def test_a_row_that_cannot_be_read_names_the_field(changes: dict[str, Any], error_class: str, field: str) -> None:
    with pytest.raises(RowError) as caught:
        made_of(a_row(**changes))
    assert caught.value.error_class == error_class
    assert field in str(caught.value)


def test_an_episode_of_ours_has_no_row_of_refocus_to_give_back() -> None:
    row = published(made_of(a_row()), picture("white"))
    with pytest.raises(ValueError, match="is an episode of ours"):
        original_row({**row, "recording": None})
    with pytest.raises(ValueError, match="came from a row of cof"):
        original_row({**row, "recording": json.dumps({"format": "cof"})})


TEXTS = st.text(st.characters(), max_size=30)
"""Of any characters, halves of a surrogate pair too."""
NUMBERS = st.integers(-5, 200) | st.floats(-5, 200) | st.none()
BOXES = st.fixed_dictionaries(dict.fromkeys(OATS, NUMBERS))
AXES = st.lists(st.tuples(st.sampled_from(["Oats", "Rye", "<image>", ""]), BOXES), max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(
    thoughts=st.lists(
        st.sampled_from([LOOK, SAY, DIRECT, f"{LOOK}\n{SAY}"]) | TEXTS.filter(str.strip), min_size=1, max_size=4
    ),
    focus=st.lists(BOXES, max_size=3),
    axis=AXES,
    figure=VALUES,
    more=st.dictionaries(st.text(max_size=4), VALUES, max_size=2),
    picture_given=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_any_row_that_is_imported_comes_back_field_by_field(
    thoughts: list[str],
    focus: list[Any],
    axis: list[Any],
    figure: Any,
    more: dict[str, Any],
    picture_given: bool,
    order: Any,
) -> None:
    row = a_row(
        thoughts=thoughts,
        focus_areas_bbox=focus,
        y_values=[label for label, _ in axis],
        y_values_bbox=[box for _, box in axis],
        figure_bbox=figure,
        edited_image="e.png" if picture_given else "",
    )
    items = [*row.items(), *((f"more {name}", value) for name, value in more.items())]
    order.shuffle(items)
    assert same_again(json.loads(json.dumps(dict(items))), "red" if picture_given else None)


@pytest.mark.skipif(not ROWS.is_file(), reason="LENSMILL_SHARED names no ReFocus rows")
def test_all_published_rows_become_trajectories_and_come_back() -> None:
    rows = [json.loads(line) for line in ROWS.read_text().splitlines()]
    notes: dict[str, int] = {}
    for row in rows:
        original = stand_ins.given(stand_ins.chart(row))
        edited = stand_ins.given(stand_ins.edited(row)) if row["edited_image"] else None
        made = imported(row, original, edited, "refocus_data", "x", "GPL-3.0")
        assert json.dumps(original_row(published(made, original))) == json.dumps(row)
        assert made.sample.recorded is not None
        assert made.sample.recorded.recording is not None
        for name in made.sample.recorded.recording.notes:
            notes[name] = notes.get(name, 0) + 1
    assert len(rows) == 300
    assert notes == {
        "focus_without_code": 42,
        "invalid_axis_box": 5,
        "picture_without_focus": 3,
        "picture_not_recorded": 1,
        "no_final_answer": 1,
        "empty_focus_box": 1,
        "invalid_focus_box": 1,
    }
