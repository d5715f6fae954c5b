"""The recorded agent hands in the trajectory that came with the sample."""

import asyncio

import pytest

from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout, Task
from lensmill.agents.recorded.agent import NoRecording, RecordedAgent
from lensmill.decoding import load_original
from lensmill.picture import Encoded, draw_view, encode
from lensmill.replay import Replayer, ReplaySettings, stored_pictures
from tests.formats.test_refocus_rows import a_row, made_of, picture

ORIGINAL = load_original(picture("white").data)


def recorded() -> Rollout:
    sample = made_of(a_row()).sample
    assert sample.recorded is not None
    (edited,) = sample.recorded.images[1:]
    return Rollout(sample.recorded, (Encoded(edited, picture("red").data, "png"),))


def an_environment(given: Rollout | None) -> Environment:
    return Environment(Task("How many?", 224), ORIGINAL.pixels, draw_view(ORIGINAL.pixels, 224), recorded=given)


def handed_in() -> Rollout:
    return asyncio.run(RecordedAgent().run(an_environment(recorded())))


def test_the_rollout_is_the_recorded_trajectory_with_the_view_in_place_of_the_original() -> None:
    given, found = recorded().trajectory, handed_in()
    view = encode(draw_view(ORIGINAL.pixels, 224))
    assert found.trajectory.view == view.ref
    assert (found.trajectory.steps, found.trajectory.messages) == (given.steps, given.messages)
    assert [image.data for image in found.images] == [view.data, picture("red").data]


def test_a_sample_without_a_trajectory_fails_with_a_name() -> None:
    with pytest.raises(NoRecording):
        asyncio.run(RecordedAgent().run(an_environment(None)))


def test_the_view_of_a_recorded_trajectory_replays_and_its_given_pictures_are_stored() -> None:
    trajectory = handed_in().trajectory
    assert stored_pictures(trajectory) == {picture("red").image_id}
    with Replayer(ReplaySettings(), lambda _: picture("white").data) as replayer:
        (again,) = replayer.replay(picture("white").image_id, 224, (), trajectory)
    assert (again.index, again.differences) == (0, ())
