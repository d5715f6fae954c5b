from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lensmill.geometry import Box, Frame
from lensmill.sample import Region, Sample
from lensmill.trajectory import Action, ImageRef, Message, Observation, Part, Step, Stop, Trajectory
from storage.builds.schema import (
    TRAJECTORY,
    clean,
    from_parquet,
    sample_json,
    sample_of,
    to_json,
    to_parquet,
    trajectory_of,
    trajectory_row,
)

TEXT = st.text(max_size=20)
SIDE = st.floats(0.001, 1e5)
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)


@st.composite
def _boxes(draw: Callable[..., Any]) -> Box:
    x, y = draw(st.floats(-1e5, 1e5)), draw(st.floats(-1e5, 1e5))
    return Box.from_xywh(x, y, draw(SIDE), draw(SIDE))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FRAMES = st.builds(Frame, _boxes(), st.integers(1, 10_000), st.integers(1, 10_000))
IMAGES = st.builds(ImageRef, HASHES, HASHES, FRAMES)
ACTIONS = st.builds(
    Action, TEXT, st.dictionaries(TEXT, JSON, max_size=3), st.lists(st.tuples(TEXT, _boxes()), max_size=2).map(tuple)
)
OBSERVATIONS = st.builds(Observation, TEXT, st.lists(IMAGES, max_size=3).map(tuple), st.booleans())
STEPS = st.builds(Step, TEXT, st.none() | ACTIONS, st.none() | OBSERVATIONS)
PARTS = st.builds(Part, TEXT)
MESSAGES = st.builds(Message, st.sampled_from(("system", "user", "assistant")), st.lists(PARTS, max_size=3).map(tuple))


@st.composite
def _trajectories(draw: Callable[..., Any]) -> Trajectory:
    answer = draw(st.none() | TEXT)
    stop: Stop = "answered" if answer is not None else draw(st.sampled_from(("abstained", "turn_limit")))
    images = tuple(draw(st.lists(IMAGES, min_size=1, max_size=3)))
    pictures = tuple(
        Message("user", (Part(draw(TEXT)), Part(image=number), Part(draw(TEXT)))) for number in range(len(images))
    )
    return Trajectory(
        images,
        tuple(draw(st.lists(STEPS, max_size=3))),
        (*draw(st.lists(MESSAGES, max_size=3)), *pictures),
        answer,
        stop,
        draw(st.integers(0, 9)),
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(_trajectories(), max_size=3))
def test_a_trajectory_comes_back_exactly(trajectories: list[Trajectory]) -> None:
    rows = [{"trajectory": trajectory_row(trajectory)} for trajectory in trajectories]
    read = from_parquet(to_parquet(rows, pa.schema([("trajectory", TRAJECTORY)])))
    assert [trajectory_of(row["trajectory"]) for row in read] == trajectories


@settings(max_examples=100, deadline=None)
@given(
    st.text(min_size=1).filter(str.strip),
    st.lists(TEXT, min_size=1, max_size=3),
    st.lists(st.builds(Region, st.sampled_from(("rows", "columns")), TEXT, _boxes()), max_size=3),
    st.lists(_boxes(), max_size=3),
)
def test_a_sample_comes_back_exactly(
    question: str, answers: list[str], regions: list[Region], boxes: list[Box]
) -> None:
    sample = Sample(
        "s",
        "i",
        10,
        20,
        question,
        tuple(answers),
        tuple(answers),
        tuple(regions),
        tuple(boxes),
        "a",
        "b",
        "c",
        "d",
        "e",
    )
    assert sample_of(sample_json(sample)) == sample


def test_half_a_character_becomes_the_replacement_character_in_text() -> None:
    assert clean("a\ud83d b\udc80") == "a\ufffd b\ufffd"
    assert clean("grün 😀 \0") == "grün 😀 \0"


def test_half_a_character_survives_in_json() -> None:
    sample = Sample("s", "i", 1, 1, "half \ud83d?", ("\udc80",))
    written = sample_json(sample)
    assert sample_of(written) == sample
    assert written.encode()


def test_a_whole_trajectory_of_half_characters_can_be_stored() -> None:
    half = "\ud83d"
    image = ImageRef("0" * 64, "1" * 64, Frame.whole((1, 1)))
    step = Step(half, Action(half, {half: half}, ((half, Box(0, 0, 1, 1)),)), Observation(half))
    trajectory = Trajectory((image,), (step,), (Message("user", (Part(half), Part(image=0))),), half, "answered")
    data = to_parquet([{"trajectory": trajectory_row(trajectory)}], pa.schema([("trajectory", TRAJECTORY)]))
    back = trajectory_of(from_parquet(data)[0]["trajectory"])
    assert back.answer == "\ufffd"
    assert back.steps[0].action is not None
    assert back.steps[0].action.arguments == {half: half}


@pytest.mark.parametrize("value", [{"b": 1, "a": [1.5, None]}, "é", [], {"数": "値"}])
def test_json_keeps_order_and_script(value: Any) -> None:
    assert "\\u" not in to_json(value)
    assert list(to_json({"b": 1, "a": 2})) == list('{"b":1,"a":2}')
