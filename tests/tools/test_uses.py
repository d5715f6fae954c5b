"""What counts as a step, a call, a zoom and an edit."""

from dataclasses import replace

from lensmill.geometry import Box, Frame
from lensmill.tools import PYTHON, ZOOM, Uses, edit_name, uses_of
from lensmill.trajectory import Action, ImageRef, Observation, Step, Trajectory
from tests.storage.made import an_image

VIEW, CROP, DRAWN, MASKED = (an_image(name) for name in (b"view", b"crop", b"drawn", b"masked"))
DRAW = edit_name("draw", "x_values")


def used(tool: str, *shown: ImageRef, error: bool = False) -> Step:
    return Step("I look.", Action(tool, {}), Observation("", shown, error))


def counted(*steps: Step) -> Uses:
    every = tuple(ref for step in steps if step.observation for ref in step.observation.images)
    return uses_of(Trajectory((VIEW, *every), (*steps, Step("It is clear.")), (), "7", "answered"))


def test_a_zoom_and_an_edit_are_calls_that_showed_a_picture() -> None:
    assert counted(used(ZOOM, CROP), used(DRAW, DRAWN)) == Uses(steps=3, calls=2, zooms=1, edits=1)


def test_a_call_that_failed_is_a_call_and_nothing_else() -> None:
    assert counted(used(ZOOM, error=True), used(DRAW, error=True), used(PYTHON, error=True)) == Uses(4, 3)


def test_code_that_shows_several_pictures_is_one_edit() -> None:
    assert counted(used(PYTHON, DRAWN, MASKED)) == Uses(2, 1, 0, 1)


def test_code_that_shows_only_what_was_there_is_no_edit() -> None:
    assert counted(used(PYTHON, VIEW)) == Uses(2, 1)
    assert counted(used(PYTHON, DRAWN), used(PYTHON, DRAWN)) == Uses(3, 2, 0, 1)


def test_code_that_drew_before_its_error_edited() -> None:
    assert counted(used(PYTHON, DRAWN, error=True)) == Uses(2, 1, 0, 1)


def test_an_edit_that_changed_no_pixel_is_none() -> None:
    assert counted(used(DRAW, VIEW)) == Uses(2, 1)


def test_a_tool_from_outside_zooms_where_it_shows_another_part_and_edits_where_it_does_not() -> None:
    closer = replace(CROP, frame=Frame(Box(0, 0, 8, 8), 80, 80))
    assert counted(used("my_zoom", closer)) == Uses(2, 1, 1, 0)
    assert counted(used("my_edit", DRAWN)) == Uses(2, 1, 0, 1)


def test_an_instrument_that_only_tells_is_neither() -> None:
    assert counted(used("locate")) == Uses(2, 1)


def test_a_reply_that_could_not_be_read_is_a_step_without_a_call() -> None:
    assert counted(Step("", None, Observation("write JSON", error=True))) == Uses(steps=2)


def test_counts_add_up() -> None:
    assert counted(used(ZOOM, CROP)) + counted(used(DRAW, DRAWN)) == Uses(4, 2, 1, 1)
