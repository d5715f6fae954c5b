"""Samples, trajectories and verdicts: plain values that refuse impossible content."""

import dataclasses

import pytest

from lensmill.geometry import Frame
from lensmill.sample import Sample, sample_id_of
from lensmill.trajectory import ImageRef, Message, Part, Stop, Trajectory
from lensmill.verdict import Verdict

VIEW = ImageRef("file", "pixels", Frame.whole((10, 10)))


def sample(question: str = "How many?", answers: tuple[str, ...] = ("3",)) -> Sample:
    return Sample("id", "image", 10, 10, question, answers)


@pytest.mark.parametrize("question", ["", "  ", "\n\t"])
def test_a_sample_needs_a_question(question: str) -> None:
    with pytest.raises(ValueError, match="needs a question"):
        sample(question)


def test_a_sample_needs_an_answer() -> None:
    with pytest.raises(ValueError, match="at least one answer"):
        sample(answers=())


def test_a_sample_id_follows_from_content_alone() -> None:
    assert sample_id_of("i", "q", ("a",)) == sample_id_of("i", "q", ("a",))
    ids = {
        sample_id_of("i", "q", ("a",)),
        sample_id_of("j", "q", ("a",)),
        sample_id_of("i", "r", ("a",)),
        sample_id_of("i", "q", ("b",)),
        sample_id_of("i", "q", ("a",), ("a", "b")),
        sample_id_of("i", "q", ("a", "b")),
    }
    assert len(ids) == 6


def test_a_sample_id_takes_any_text() -> None:
    assert len(sample_id_of("i", "\ud800 مرحبا 你好", ("\x00",))) == 32


def test_a_trajectory_needs_its_view() -> None:
    with pytest.raises(ValueError, match="at least its view"):
        Trajectory((), (), (), "3", "answered")


@pytest.mark.parametrize(("answer", "stop"), [(None, "answered"), ("3", "abstained"), ("3", "turn_limit")])
def test_answer_and_stop_must_agree(answer: str | None, stop: Stop) -> None:
    with pytest.raises(ValueError, match="stop is"):
        Trajectory((VIEW,), (), (), answer, stop)


def test_the_view_is_the_first_image() -> None:
    assert Trajectory((VIEW,), (), (), None, "abstained").view is VIEW


@pytest.mark.parametrize("named", [(2,), (-1,), (0, 0), (1, 0)])
def test_messages_name_each_picture_at_most_once_in_order(named: tuple[int, ...]) -> None:
    message = Message("user", (Part("Look:"), *(Part(image=index) for index in named)))
    with pytest.raises(ValueError, match="in order"):
        Trajectory((VIEW, VIEW), (), (message,), "3", "answered")


@pytest.mark.parametrize("record", [sample(), VIEW, Verdict("correct", "number")])
def test_records_are_frozen(record: object) -> None:
    field = dataclasses.fields(record)[0].name  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, field, None)
