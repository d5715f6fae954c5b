"""Which pictures of code are shown, and how large."""

import pytest

from lensmill.agents.refocus.showing import showable
from lensmill.geometry import Box, Frame
from lensmill.models.families import ModelFamily
from lensmill.picture import Picture
from lensmill.resolution import MAX_ASPECT
from tests.agents.scripted import a_picture

MOST = 896 * 896


def picture(width: int, height: int) -> Picture:
    return Picture(a_picture((width, height)), Frame(Box(10, 20, 410, 320), width, height))


def test_a_picture_that_fits_is_left_as_it_is() -> None:
    given = picture(560, 280)
    (kept,), why = showable([given], MOST, ModelFamily())
    assert (kept is given, why) == (True, [])


@pytest.mark.parametrize("size", [(500, 301), (29, 29), (1000, 30), (895, 895), (28, 28), (801, 999)])
@pytest.mark.parametrize(
    "family",
    [ModelFamily(), ModelFamily(factor=32, min_pixels=65536), ModelFamily(factor=28, max_pixels=200_000)],
    ids=["28", "32", "small"],
)
def test_shown_pictures_have_a_size_that_the_server_keeps(size: tuple[int, int], family: ModelFamily) -> None:
    kept, why = showable([picture(*size)], MOST, family)
    assert len(kept) + len(why) == 1
    for shown in kept:
        width, height = shown.pixels.size
        assert (width % family.factor, height % family.factor) == (0, 0)
        assert family.min_pixels <= width * height <= min(MOST, family.max_pixels)
        assert max(width, height) <= MAX_ASPECT * min(width, height)
        assert shown.frame.region == Box(10, 20, 410, 320)


@pytest.mark.parametrize(
    ("size", "reason"),
    [
        ((1, 1), "each side needs at least 28"),
        ((840, 3), "each side needs at least 28"),
        ((6000, 29), "at most 200 times"),
        ((39, 8000), "at most 200 times"),
        ((897, 896), "more than 802816 pixels"),
    ],
)
def test_pictures_that_cannot_be_shown_are_left_out_with_the_reason(size: tuple[int, int], reason: str) -> None:
    kept, (why,) = showable([picture(*size)], MOST, ModelFamily())
    assert kept == []
    assert reason in why


def test_a_family_without_room_between_least_and_most_is_not_sought_a_size_for_ever() -> None:
    family = ModelFamily(min_pixels=7 * 784, max_pixels=7 * 784)
    (kept,), _ = showable([picture(196, 390)], MOST, family)
    assert kept.pixels.width * kept.pixels.height <= family.max_pixels
