"""Pictures: views as good as plain Lanczos, hashes that distinguish pixels, files that decode to the same pixels."""

import hashlib
import io
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from lensmill.geometry import Box, Frame
from lensmill.picture import Picture, draw_view, draw_views, encode, pixel_hash
from lensmill.resolution import LADDER, Ladder, rungs_for


def detailed(width: int, height: int) -> Image.Image:
    """A soft background under small print, hairlines and discs."""
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    waves = np.sin(across * 40) * np.cos(down * 25)
    channels = [160 + 60 * waves, 200 - 80 * across, 120 + 100 * down * across]
    image = Image.fromarray(np.stack(channels, axis=2).clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=max(12, height // 60))
    for row in range(12):
        y = height * row // 12
        draw.text(
            (width // 20, y + 4), f"Row {row}: 27,876 and 14.05 % of 3,611 people" * 3, fill=(20, 20, 40), font=font
        )
        draw.line((0, y, width, y + height // 15), fill=(180, 30, 30), width=2)
        draw.ellipse((width * row // 12, y, width * row // 12 + height // 20, y + height // 20), fill=(30, 110, 60))
    return image


def psnr(image: Image.Image, reference: Image.Image) -> float:
    """Peak signal-to-noise ratio in decibels, over all channels."""
    error = np.asarray(image, dtype=np.float64) - np.asarray(reference, dtype=np.float64)
    mean = float((error**2).mean())
    return math.inf if mean == 0 else 10 * math.log10(255**2 / mean)


@pytest.mark.parametrize("size", [(2999, 2251), (900, 700)])
def test_views_are_as_good_as_plain_lanczos(size: tuple[int, int]) -> None:
    original = detailed(*size)
    rungs = rungs_for(size)
    for rung, view in zip(rungs, draw_views(original, rungs), strict=True):
        plain = original.resize(view.pixels.size, Image.Resampling.LANCZOS)
        assert psnr(view.pixels, plain) >= 40, rung


def test_a_view_is_the_same_alone_and_among_others() -> None:
    original = detailed(2600, 1800)
    together = draw_views(original, LADDER[:6])
    assert [pixel_hash(v.pixels) for v in together] == [pixel_hash(draw_view(original, r).pixels) for r in LADDER[:6]]


def test_drawing_a_view_leaves_the_original() -> None:
    original = detailed(600, 400)
    before = pixel_hash(original)
    draw_view(original, 224)
    assert pixel_hash(original) == before


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 600), st.integers(1, 600), st.sampled_from([224, 448]), st.sampled_from([28, 32]), st.booleans())
def test_any_small_picture_has_a_view(width: int, height: int, rung: int, factor: int, upscale: bool) -> None:
    if max(width, height) > 200 * min(width, height):
        return
    view = draw_view(Image.new("RGB", (width, height), (1, 2, 3)), rung, Ladder((rung,), factor, upscale))
    assert view.pixels.width * view.pixels.height <= rung * rung
    assert view.pixels.getcolors() == [(view.pixels.width * view.pixels.height, (1, 2, 3))]


def test_a_lossless_file_comes_back_pixel_for_pixel() -> None:
    picture = draw_view(detailed(500, 300), 224)
    encoded = encode(picture)
    back = Image.open(io.BytesIO(encoded.data))
    assert encoded.format == "png"
    assert back.format == "PNG"
    assert back.mode == "RGB"
    assert pixel_hash(back) == pixel_hash(picture.pixels) == encoded.ref.pixel_hash


def test_a_lossy_file_comes_back_almost_equal() -> None:
    picture = draw_view(detailed(500, 300), 224)
    encoded = encode(picture, lossless=False)
    back = Image.open(io.BytesIO(encoded.data))
    assert encoded.format == "jpeg"
    assert back.size == picture.pixels.size
    assert psnr(back.convert("RGB"), picture.pixels) > 30
    assert encoded.ref.pixel_hash == pixel_hash(picture.pixels)


@pytest.mark.parametrize("lossless", [True, False])
def test_a_picture_is_encoded_to_the_same_bytes_every_time(lossless: bool) -> None:
    picture = draw_view(detailed(500, 300), 224)
    first, second = encode(picture, lossless), encode(picture, lossless)
    assert first == second
    assert first.ref.image_id == hashlib.sha256(first.data).hexdigest()
    assert first.ref.frame == picture.frame


def test_the_hash_tells_one_pixel_and_one_shape_apart() -> None:
    image = Image.new("RGB", (6, 4))
    changed = image.copy()
    changed.putpixel((5, 3), (0, 0, 1))
    assert pixel_hash(image) == pixel_hash(image.copy())
    assert len({pixel_hash(image), pixel_hash(changed), pixel_hash(Image.new("RGB", (4, 6)))}) == 3


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "I;16"])
def test_a_picture_is_rgb(mode: str) -> None:
    with pytest.raises(ValueError, match="a picture is RGB"):
        Picture(Image.new(mode, (4, 4)), Frame.whole((4, 4)))


def test_a_picture_and_its_frame_agree_in_size() -> None:
    with pytest.raises(ValueError, match="the frame says 5x4"):
        Picture(Image.new("RGB", (4, 4)), Frame(Box(0, 0, 4, 4), 5, 4))
