"""The environment: what it keeps of the pictures that were shown at it."""

import gc
import weakref

from PIL import Image

from lensmill.geometry import Box, Frame
from lensmill.picture import Picture, pixel_hash
from lensmill.tools import ZOOM
from tests.agents.scripted import a_picture, an_environment, two_columns

BOX = {"bbox_2d": [40, 40, 200, 200]}
DRAW = "focus_on_x_values_with_draw"


def by_code() -> Picture:
    """A picture that an agent's own code made of the middle of the original."""
    return Picture(a_picture().crop((200, 200, 400, 400)), Frame(Box(200, 200, 400, 400), 200, 200))


def is_gone(pixels: "weakref.ref[Image.Image]") -> bool:
    gc.collect()
    return pixels() is None


def test_looking_hands_over_the_picture_that_is_recorded() -> None:
    environment = an_environment()
    observation, picture = environment.look("", ZOOM, BOX)
    assert picture is not None
    assert observation.images[0].pixel_hash == pixel_hash(picture.pixels)
    assert environment.look("", ZOOM, {}) == (environment.steps[1].observation, None)


def test_pictures_of_lossy_originals_are_drawn_again_without_loss() -> None:
    environment = an_environment(lossless=False)
    _, picture = environment.look("", ZOOM, BOX)
    assert environment.pictures[1] == picture


def test_a_call_can_name_a_picture_that_code_made() -> None:
    pictures = []
    for lossless in (True, False):
        environment = an_environment(regions=two_columns(), lossless=lossless)
        environment.show(by_code())
        _, picture = environment.look("", DRAW, {"labels": ["2019"], "image": 1})
        pictures.append(picture)
        assert environment.pictures[1] == by_code()
        assert environment.pictures[2] == picture
    assert pictures[0] == pictures[1] != by_code()


def test_pixels_that_code_made_are_let_go_where_the_file_has_them() -> None:
    environment, lossy = an_environment(), an_environment(lossless=False)
    shown, kept = by_code(), by_code()
    environment.show(shown)
    lossy.show(kept)
    pixels, kept_pixels = weakref.ref(shown.pixels), weakref.ref(kept.pixels)
    del shown, kept
    assert is_gone(pixels)
    assert not is_gone(kept_pixels)
