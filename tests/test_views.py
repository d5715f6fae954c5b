"""Views of large originals: the same pixels alone or together, and close to plain Lanczos."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lensmill.picture import SMALL_ORIGINAL, draw_view, draw_views, pixel_hash
from lensmill.resolution import LADDER, Ladder, rungs_for, view_frame


def photo(width: int, height: int) -> Image.Image:
    """Smooth shapes with fine noise, as a camera gives."""
    noise = np.random.default_rng(3).integers(0, 256, (height // 4 + 1, width // 4 + 1, 3), np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def large() -> Image.Image:
    return photo(2100, 1401)


def plain(original: Image.Image, rung: int) -> Image.Image:
    frame = view_frame(original.size, rung)
    return original.resize((frame.width, frame.height), Image.Resampling.LANCZOS)


def psnr(one: Image.Image, other: Image.Image) -> float:
    mean = float(np.square(np.asarray(one, float) - np.asarray(other, float)).mean())
    return math.inf if mean == 0 else 10 * math.log10(255**2 / mean)


def test_views_drawn_together_are_those_drawn_alone(large: Image.Image) -> None:
    rungs = rungs_for(large.size)
    together = [pixel_hash(view.pixels) for view in draw_views(large, rungs)]
    assert together == [pixel_hash(draw_view(large, rung).pixels) for rung in rungs]
    assert [pixel_hash(view.pixels) for view in draw_views(large, rungs[::-1])] == together[::-1]


@pytest.mark.parametrize("rung", LADDER)
def test_a_view_is_close_to_plain_lanczos(large: Image.Image, rung: int) -> None:
    assert psnr(draw_view(large, rung).pixels, plain(large, rung)) >= 40


@pytest.mark.parametrize("rung", LADDER)
def test_the_view_of_a_small_original_is_plain_lanczos(rung: int) -> None:
    small = photo(850, 600)
    assert small.width * small.height < SMALL_ORIGINAL
    assert pixel_hash(draw_view(small, rung).pixels) == pixel_hash(plain(small, rung))


def test_an_original_of_the_views_own_size_is_the_view() -> None:
    original = photo(2240, 1120)
    assert draw_view(original, 3840).pixels is original


def test_the_original_stays_as_it_was(large: Image.Image) -> None:
    before = pixel_hash(large)
    draw_views(large, LADDER)
    assert pixel_hash(large) == before


def test_a_bright_edge_stays_in_its_place() -> None:
    """Averages that the picture's edge cuts must not shift the picture."""
    original = Image.new("RGB", (2503, 1999), "black")
    original.paste("white", (1501, 0, 2503, 1999))
    for rung in rungs_for(original.size):
        view = draw_view(original, rung)
        row = np.asarray(view.pixels)[view.frame.height // 2, :, 0].astype(float) / 255
        assert view.frame.width - row.sum() == pytest.approx(1501 * view.frame.width / 2503, abs=0.05)


@given(st.integers(1, 3000), st.integers(1, 3000), st.sampled_from(LADDER), st.booleans())
@settings(max_examples=30, deadline=None)
def test_a_view_has_the_size_that_its_frame_says(width: int, height: int, rung: int, upscale: bool) -> None:
    if max(width, height) > 200 * min(width, height) or (upscale and rung > 900):
        return
    view = draw_view(Image.new("RGB", (width, height)), rung, Ladder((rung,), upscale=upscale))
    assert view.pixels.size == (view.frame.width, view.frame.height)
