"""Decoding of every kind of picture file: good, unusual and hostile ones."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from lensmill.decoding import ImageError, check_image, load_original, read_header

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def marked(size: tuple[int, int] = (40, 24)) -> Image.Image:
    """White, with a red top left corner, so that any turn or flip is visible."""
    image = Image.new("RGB", size, WHITE)
    image.paste(RED, (0, 0, size[0] // 4, size[1] // 4))
    return image


def colour_at(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    """The pixel at (x, y) of an image with several bands."""
    colour = image.getpixel((x, y))
    assert isinstance(colour, tuple)
    return colour


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + png_chunk(b"IEND", b"")


def error_class(data: bytes) -> str:
    """The class on which loading and checking agree."""
    with pytest.raises(ImageError) as loading:
        load_original(data)
    with pytest.raises(ImageError) as checking:
        check_image(data)
    assert loading.value.error_class == checking.value.error_class
    assert "\n" not in str(loading.value)
    return loading.value.error_class


LOSSY = {"JPEG": {"quality": 95}, "WEBP": {"quality": 95}}


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF", "JPEG", "WEBP"])
def test_every_allowed_format_gives_an_upright_rgb_original(kind: str) -> None:
    original = load_original(saved(marked(), kind, **LOSSY.get(kind, {})))
    assert (original.format, original.width, original.height) == (kind, 40, 24)
    assert original.pixels.mode == "RGB"
    assert original.pixels.size == (40, 24)
    assert original.lossless == (kind not in LOSSY)
    assert np.abs(np.asarray(original.pixels, int) - np.asarray(marked(), int)).mean() < 4


def test_a_lossless_webp_is_known_as_such() -> None:
    assert load_original(saved(marked(), "WEBP", lossless=True)).lossless
    assert load_original(saved(marked(), "WEBP", lossless=True, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")).lossless


def test_a_tiff_of_jpeg_strips_is_lossy() -> None:
    assert not load_original(saved(marked(), "TIFF", compression="jpeg")).lossless


def test_an_mpo_gives_its_first_frame() -> None:
    data = saved(marked(), "MPO", save_all=True, append_images=[Image.new("RGB", (40, 24), BLUE)])
    original = load_original(data)
    assert original.format == "MPO"
    assert not original.lossless
    assert colour_at(original.pixels, 30, 20)[0] > 200


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_gives_its_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (32, 32), BLUE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(marked((32, 32)), kind, save_all=True, append_images=frames, **options)
    assert load_original(data).pixels.getpixel((31, 31)) == WHITE
    assert load_original(data).pixels.getpixel((0, 0)) == RED


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(kind: str, orientation: int) -> None:
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = marked().transpose(turns[orientation]) if orientation > 1 else marked()
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(stored, kind, exif=exif, **LOSSY.get(kind, {}))
    original = load_original(data)
    assert original.pixels.size == (original.width, original.height) == (40, 24)
    assert np.abs(np.asarray(original.pixels, int) - np.asarray(marked(), int)).mean() < 4
    header = read_header(data)
    assert (header.width, header.height) == (40, 24)


def test_exif_that_cannot_be_read_turns_nothing() -> None:
    data = saved(marked(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert load_original(data).pixels.size == (40, 24)


def test_cmyk_jpegs_keep_their_colours() -> None:
    """Pillow, like every Adobe program, stores CMYK in JPEG inverted."""
    image = Image.new("RGB", (32, 32), (200, 40, 40)).convert("CMYK")
    red, green, blue = colour_at(load_original(saved(image, "JPEG", quality=95)).pixels, 16, 16)
    assert red > 180
    assert green < 60
    assert blue < 60


def test_cmyk_tiffs_keep_their_colours() -> None:
    image = Image.new("RGB", (32, 32), (200, 40, 40)).convert("CMYK")
    assert load_original(saved(image, "TIFF")).pixels.getpixel((16, 16)) == (200, 40, 40)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(kind: str) -> None:
    levels = np.linspace(0, 65535, 64 * 4).astype(np.uint16).reshape(4, 64)
    pixels = np.asarray(load_original(saved(Image.fromarray(levels), kind)).pixels)
    assert (pixels == (levels >> 8)[:, :, None]).all()
    assert pixels.min() == 0
    assert pixels.max() == 255


def test_the_clear_level_of_16_bit_grey_is_white() -> None:
    rows = b"".join(b"\0" + struct.pack(">4H", 0, 1000, 1000, 65535) for _ in range(4))
    body = (png_chunk(b"tRNS", struct.pack(">H", 1000)), png_chunk(b"IDAT", zlib.compress(rows)))
    pixels = load_original(png(4, 4, *body, depth=16, colour=0)).pixels
    assert [colour_at(pixels, x, 0)[0] for x in range(4)] == [0, 255, 255, 255]


def test_16_bit_rgb_is_scaled() -> None:
    rows = b"".join(b"\0" + struct.pack(">6H", 65535, 0, 32768, 256, 65280, 255) for _ in range(2))
    pixels = load_original(png(2, 2, png_chunk(b"IDAT", zlib.compress(rows)), depth=16)).pixels
    assert pixels.getpixel((0, 0)) == (255, 0, 128)
    assert pixels.getpixel((1, 1)) == (1, 255, 0)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(mode: str) -> None:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 4, 8))
    pixels = load_original(saved(image.convert(mode), "PNG")).pixels
    assert pixels.getpixel((0, 0)) == (0, 0, 0)
    assert pixels.getpixel((7, 0)) == WHITE


def test_half_transparent_colour_is_mixed_with_white() -> None:
    pixels = load_original(saved(Image.new("RGBA", (8, 8), (255, 0, 0, 128)), "PNG")).pixels
    assert pixels.getpixel((4, 4)) == (255, 127, 127)


def test_a_palette_with_alpha_is_laid_on_white() -> None:
    image = Image.new("P", (8, 8), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.paste(1, (0, 0, 4, 8))
    pixels = load_original(saved(image, "PNG", transparency=bytes([0, 255]))).pixels
    assert pixels.getpixel((0, 0)) == RED
    assert pixels.getpixel((7, 0)) == WHITE


def test_a_clear_palette_entry_of_a_gif_is_white() -> None:
    image = Image.new("P", (8, 8), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.paste(1, (0, 0, 4, 8))
    pixels = load_original(saved(image, "GIF", transparency=0)).pixels
    assert pixels.getpixel((0, 0)) == RED
    assert pixels.getpixel((7, 0)) == WHITE


def test_a_one_bit_picture_is_black_and_white() -> None:
    image = Image.new("1", (9, 9), 1)
    image.putpixel((0, 0), 0)
    pixels = load_original(saved(image, "PNG")).pixels
    assert pixels.getpixel((0, 0)) == (0, 0, 0)
    assert pixels.getpixel((8, 8)) == WHITE


def test_a_colour_profile_changes_nothing() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert load_original(saved(marked(), "PNG", icc_profile=profile)).pixels.tobytes() == marked().tobytes()


@pytest.mark.parametrize("mode", ["F", "I"])
def test_pixels_without_a_defined_white_are_refused(mode: str) -> None:
    assert error_class(saved(Image.new(mode, (8, 8), 7), "TIFF")) == "image_unsupported"


def test_an_empty_file_is_named_as_such() -> None:
    assert error_class(b"") == "image_empty"


@pytest.mark.parametrize(
    "data",
    [b"hello", b"\0" * 1000, b"<!DOCTYPE html><html></html>", b"version https://git-lfs.github.com/spec/v1\noid x"],
)
def test_a_file_that_is_not_a_picture_is_refused(data: bytes) -> None:
    assert error_class(data) == "image_not_an_image"


@pytest.mark.parametrize(
    "data",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b'<?xml version="1.0"?>\n<svg/>',
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"\xc5\xd0\xd3\xc6" + b"\0" * 60,
        b"\0\0\0\x1cftypavif" + b"\0" * 60,
        b"8BPS" + b"\0" * 60,
    ],
)
def test_formats_outside_the_list_are_refused(data: bytes) -> None:
    assert error_class(data) == "image_unsupported"


@pytest.mark.parametrize("mode_and_kind", [("RGB", "PPM"), ("RGB", "TGA"), ("RGB", "PCX"), ("RGB", "EPS")])
def test_pillows_other_decoders_cannot_be_reached(mode_and_kind: tuple[str, str]) -> None:
    mode, kind = mode_and_kind
    assert error_class(saved(marked().convert(mode), kind)) in ("image_not_an_image", "image_unsupported")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_a_truncated_file_is_named_as_such(kind: str, part: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = saved(Image.fromarray(noise), kind)
    assert error_class(data[: int(len(data) * part)]) == "image_truncated"


def test_a_truncated_tiff_is_refused() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    data = saved(noise, "TIFF", compression="tiff_lzw")
    assert error_class(data[: len(data) // 2]) in ("image_truncated", "image_damaged")


def test_flipped_bits_are_damage() -> None:
    data = bytearray(saved(marked(), "PNG"))
    at = data.index(b"IDAT") + 8
    data[at : at + 8] = b"\xff" * 8
    assert error_class(bytes(data)) == "image_damaged"


def test_a_bomb_is_refused_from_its_header() -> None:
    data = png(30_000, 30_000, png_chunk(b"IDAT", zlib.compress(bytes(1000))))
    tracemalloc.start()
    assert error_class(data) == "image_too_large"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000


def test_a_bomb_in_every_format_is_refused_from_its_header() -> None:
    gif = bytearray(saved(marked(), "GIF"))
    gif[6:10] = struct.pack("<HH", 30_000, 30_000)
    bmp = bytearray(saved(marked(), "BMP"))
    bmp[18:26] = struct.pack("<ii", 30_000, 30_000)
    jpeg = bytearray(saved(marked(), "JPEG"))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", 30_000, 30_000)
    vp8x = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + struct.pack("<I", 15_999)[:3] * 2
    webp = b"RIFF" + struct.pack("<I", 4 + len(vp8x)) + b"WEBP" + vp8x
    for data in (gif, bmp, jpeg):
        assert error_class(bytes(data)) == "image_too_large"
    assert error_class(webp) in ("image_too_large", "image_damaged")


def test_the_caller_sets_the_pixel_limit() -> None:
    data = saved(marked(), "PNG")
    with pytest.raises(ImageError, match="40x24"):
        load_original(data, max_pixels=959)
    assert load_original(data, max_pixels=960).width == 40


def test_a_jpeg_of_thousands_of_scans_is_refused() -> None:
    data = saved(marked(), "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    scan = data[at:-2]
    assert load_original(data).width == 40
    assert error_class(data[:at] + scan * 3000 + b"\xff\xd9") == "image_too_large"


def test_a_single_pixel_shows_nothing() -> None:
    assert error_class(saved(Image.new("RGB", (1, 1)), "PNG")) == "image_too_small"
    assert error_class(saved(Image.new("RGB", (1, 300)), "PNG")) == "image_too_small"


def test_a_ribbon_is_too_long_for_any_view() -> None:
    assert error_class(saved(Image.new("RGB", (402, 2)), "PNG")) == "image_too_long"
    assert load_original(saved(Image.new("RGB", (400, 2)), "PNG")).width == 400


def test_pillows_own_settings_stay_as_they_are() -> None:
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    load_original(saved(marked(), "PNG"))
    error_class(png(30_000, 30_000))
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


@given(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"]), st.data())
@settings(max_examples=150, deadline=None)
def test_any_damage_gives_a_picture_or_an_image_error(kind: str, data: st.DataObject) -> None:
    file = bytearray(saved(marked(), kind))
    for _ in range(data.draw(st.integers(1, 8))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(file)))
    try:
        original = load_original(bytes(file[:end]), max_pixels=1_000_000)
    except ImageError:
        return
    assert original.pixels.mode == "RGB"
    assert original.pixels.size == (original.width, original.height)


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_random_bytes_never_raise_anything_else(data: bytes) -> None:
    with pytest.raises(ImageError):
        load_original(data)
