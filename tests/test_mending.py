"""Files with intact pixels and an obstacle for decoders, and files that only look like that."""

import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms

from lensmill.decoding import ImageError, check_image, load_original
from lensmill.mending import plain_png
from tests.test_decoding import error_class, marked, png, png_chunk, saved

DETAIL = Image.fromarray(np.random.default_rng(1).integers(0, 256, (12, 16, 3), np.uint8)).resize((320, 240))
"""Smooth noise: every block of a JPEG has something of its own."""

MARKED_PIXELS = png_chunk(b"IDAT", zlib.compress(b"".join(b"\0" + bytes([200, 30, 30] * 4) for _ in range(4))))


def with_chunks(*chunks: bytes) -> bytes:
    """A PNG of 4x4 red pixels with other chunks before them."""
    return png(4, 4, *chunks, MARKED_PIXELS)


def damaged(chunk: bytes) -> bytes:
    return chunk[:-4] + bytes([chunk[-4] ^ 1]) + chunk[-3:]


def is_red(data: bytes) -> bool:
    assert check_image(data).width == 4
    return load_original(data).pixels.getcolors() == [(16, (200, 30, 30))]


BOMB = zlib.compress(bytes(50_000_000), 9)


@pytest.mark.parametrize(
    "chunk",
    [
        png_chunk(b"zTXt", b"Comment\0\0" + BOMB),
        png_chunk(b"iCCP", b"profile\0\0" + BOMB),
        png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB),
        png_chunk(b"tEXt", b"Comment\0" + b"x" * 3_000_000),
        damaged(png_chunk(b"tEXt", b"Comment\0hello")),
        damaged(png_chunk(b"gAMA", struct.pack(">I", 45455))),
        damaged(png_chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\0")),
        png_chunk(b"iCCP", b"no zero byte in this profile"),
        png_chunk(b"pHYs", b"\0"),
        png_chunk(b"acTL", b"\xff" * 8),
        png_chunk(b"eXIf", b"MM\0*" + b"\xff" * 70_000),
    ],
    ids=lambda chunk: f"{chunk[4:8].decode()} of {len(chunk)}",
)
def test_damaged_or_large_metadata_costs_a_png_nothing(chunk: bytes) -> None:
    data = with_chunks(chunk)
    tracemalloc.start()
    assert is_red(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12_000_000


def test_a_large_true_profile_is_left_out() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + bytes(2_000_000)
    assert load_original(saved(marked(), "PNG", icc_profile=profile)).pixels.tobytes() == marked().tobytes()


def test_the_sum_of_pixels_palette_and_header_still_counts() -> None:
    assert error_class(png(4, 4, damaged(MARKED_PIXELS))) == "image_damaged"
    sound = with_chunks()
    assert error_class(sound[:29] + b"\0\0\0\0" + sound[33:]) == "image_damaged"
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    data = bytearray(saved(palette, "PNG"))
    data[data.index(b"PLTE") + 4] ^= 0xFF
    assert error_class(bytes(data)) == "image_damaged"


def test_bytes_after_the_end_of_a_png_are_ignored() -> None:
    assert is_red(with_chunks() + b"trailing" * 100 + MARKED_PIXELS + b"<html>")


def test_a_png_that_lacks_only_its_end_is_a_picture() -> None:
    assert is_red(with_chunks()[:-12])
    assert is_red(with_chunks()[:-5])


def test_a_png_that_lacks_pixels_is_not() -> None:
    raw = zlib.compress(b"".join(b"\0" + row.tobytes() for row in np.asarray(DETAIL)))
    parts = [png_chunk(b"IDAT", raw[at : at + 5000]) for at in range(0, len(raw), 5000)]
    assert error_class(png(320, 240, *parts[: len(parts) // 2])) == "image_truncated"


def test_a_png_with_an_unknown_critical_chunk_is_refused_by_its_name() -> None:
    assert error_class(png(4, 4, png_chunk(b"CgBI", b"\x50\0\x20\x06"), MARKED_PIXELS)) == "image_unsupported"


def test_a_png_of_a_million_chunks_is_refused_at_once() -> None:
    data = with_chunks(png_chunk(b"tEXt", b"") * 1_000_000)
    started = time.process_time()
    assert error_class(data) == "image_damaged"
    assert time.process_time() - started < 5


def test_a_plain_png_is_not_copied() -> None:
    data = with_chunks()
    assert plain_png(data) is data


def test_an_apng_gives_its_first_picture() -> None:
    frames = [Image.new("RGB", (40, 24), (0, 0, 255))] * 3
    data = saved(marked(), "PNG", save_all=True, append_images=frames)
    assert b"fdAT" in data
    assert load_original(data).pixels.tobytes() == marked().tobytes()


def test_comments_of_megabytes_cost_a_gif_nothing() -> None:
    data = saved(marked(), "GIF")
    at = 13 + (3 << (data[10] & 7) + 1)
    comment = b"\x21\xfe" + (b"\xff" + b"c" * 255) * 40_000 + b"\0"
    started = time.process_time()
    pixels = load_original(data[:at] + comment + data[at:]).pixels
    assert time.process_time() - started < 1
    assert pixels.tobytes() == load_original(data).pixels.tobytes()


def test_a_gifs_transparency_survives_its_comments() -> None:
    image = Image.new("P", (8, 8), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    data = saved(image, "GIF", transparency=0, comment=b"hello")
    assert load_original(data).pixels.getcolors() == [(64, (255, 255, 255))]


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


@pytest.mark.parametrize(
    "part",
    [
        segment(0xFE, b"c" * 65_000) * 200,
        segment(0xE1, b"Exif\0\0" + b"c" * 65_000) * 200,
        segment(0xE2, b"ICC_PROFILE\0\1\1" + b"c" * 65_000) * 200,
        segment(0xED, b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\0\0\0\0" * 5000) * 200,
        segment(0xE5, b"") * 150_000,
    ],
    ids=["comments", "exif", "profiles", "photoshop", "empty"],
)
def test_metadata_of_megabytes_costs_a_jpeg_nothing(part: bytes) -> None:
    data = saved(marked(), "JPEG")
    started = time.process_time()
    pixels = load_original(data[:2] + part + data[2:]).pixels
    assert time.process_time() - started < 2
    assert pixels.tobytes() == load_original(data).pixels.tobytes()


def test_a_jpeg_of_millions_of_parts_is_refused_at_once() -> None:
    data = saved(marked(), "JPEG")
    started = time.process_time()
    assert error_class(data[:2] + segment(0xE5, b"") * 2_000_000 + data[2:]) == "image_damaged"
    assert time.process_time() - started < 5


def test_a_turn_survives_the_metadata_around_it() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(marked(), "JPEG", exif=exif, comment=b"hello", icc_profile=b"x" * 200_000)
    assert load_original(data).pixels.size == (24, 40)


JPEGS: dict[str, dict[str, object]] = {
    "baseline": {},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 4},
    "optimised": {"optimize": True, "subsampling": 0},
}


def jpeg(options: dict[str, object], image: Image.Image = DETAIL) -> bytes:
    return saved(image, "JPEG", quality=90, **options)


@pytest.mark.parametrize("options", JPEGS.values(), ids=JPEGS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_that_lacks_only_its_end_is_a_picture(options: dict[str, object], mode: str) -> None:
    data = jpeg(options, DETAIL.convert(mode))
    assert data.endswith(b"\xff\xd9")
    whole = load_original(data).pixels.tobytes()
    for cut in (data[:-2], data[:-1], data[:-2] + b"\xff"):
        assert check_image(cut).width == 320
        assert load_original(cut).pixels.tobytes() == whole


@pytest.mark.parametrize("options", JPEGS.values(), ids=JPEGS)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.75, 0.9, 0.97])
def test_a_jpeg_that_lacks_rows_stays_refused(options: dict[str, object], share: float) -> None:
    data = jpeg(options)
    assert error_class(data[: round(len(data) * share)]) == "image_truncated"


def test_a_jpeg_that_ends_where_a_decoder_may_start_again_stays_refused() -> None:
    data = jpeg({"restart_marker_blocks": 4})
    starts = [at for at in range(len(data)) if data[at] == 0xFF and 0xD0 <= data[at + 1] <= 0xD7]
    assert len(starts) > 20
    for at in (*starts[:: len(starts) // 10], starts[-1]):
        for cut in (at, at + 2):
            assert error_class(data[:cut]) == "image_truncated"


@pytest.mark.parametrize("missing", [6, 20, 60])
def test_a_jpeg_that_lacks_its_last_blocks_stays_refused(missing: int) -> None:
    assert error_class(jpeg({})[: -2 - missing]) == "image_truncated"


def test_a_progressive_jpeg_that_lacks_whole_passes_stays_refused() -> None:
    data = jpeg({"progressive": True})
    passes = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]
    assert len(passes) > 4
    for at in passes[1:]:
        table = data.rfind(b"\xff\xc4", 0, at)
        for cut in (at, table):
            assert error_class(data[:cut]) == "image_truncated"


@pytest.mark.parametrize("options", JPEGS.values(), ids=JPEGS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.75, 0.9, 0.97])
def test_a_jpeg_that_was_cut_off_and_closed_again_is_damaged(
    options: dict[str, object], mode: str, share: float
) -> None:
    data = jpeg(options, DETAIL.convert(mode))
    cut = data[: round(len(data) * share)] + b"\xff\xd9"
    for read in (load_original, check_image):
        with pytest.raises(ImageError) as error:
            read(cut)
        assert error.value.error_class in ("image_damaged", "image_truncated")


def test_a_jpeg_whose_header_has_more_rows_than_its_pixels_is_damaged() -> None:
    data = bytearray(jpeg({}))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 2] = struct.pack(">H", 2 * int.from_bytes(data[at : at + 2], "big"))
    assert error_class(bytes(data)) == "image_damaged"


def test_a_jpeg_of_12_bits_is_refused_by_name() -> None:
    data = bytearray(jpeg({}))
    data[data.index(b"\xff\xc0") + 4] = 12
    assert error_class(bytes(data)) == "image_unsupported"


def tiff(levels: np.ndarray, order: str, white_is_zero: bool, depth: int = 16) -> bytes:
    """An uncompressed grey TIFF of one strip."""
    height, width = levels.shape
    tags = [(256, 4, width), (257, 4, height), (258, 3, depth), (259, 3, 1), (262, 3, 0 if white_is_zero else 1)]
    strip = levels.astype(f"{order}u{depth // 8}").tobytes()
    tags += [(273, 4, 0), (277, 3, 1), (278, 4, height), (279, 4, len(strip))]
    offset = 8 + 2 + 12 * len(tags) + 4
    entries = b""
    for tag, kind, value in tags:
        value = offset if tag == 273 else value
        packed = struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value)
        entries += struct.pack(order + "HHI", tag, kind, 1) + packed
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return head + struct.pack(order + "H", len(tags)) + entries + bytes(4) + strip


RAMP = np.linspace(0, 65535, 64 * 48).astype(np.uint16).reshape(48, 64)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("depth", "shift"), [(16, 0), (8, 8)])
def test_a_tiff_whose_white_is_zero_is_a_picture(order: str, depth: int, shift: int) -> None:
    positive = load_original(tiff(RAMP >> shift, order, False, depth)).pixels
    negative = load_original(tiff((65535 - RAMP) >> shift, order, True, depth)).pixels
    assert np.asarray(positive)[-1, -1, 0] == 255
    assert np.abs(np.asarray(positive, int) - np.asarray(negative, int)).max() <= 1
    check_image(tiff(RAMP >> shift, order, True, depth))


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize(
    "file",
    [
        lambda levels: saved(Image.fromarray(levels), "PNG"),
        lambda levels: tiff(levels, "<", False),
        lambda levels: tiff(levels, ">", False),
        lambda levels: tiff(int(levels.max()) - levels, ">", True),
    ],
    ids=["png", "tiff-little", "tiff-big", "tiff-white-is-zero"],
)
def test_grey_of_few_bits_in_16_spans_black_to_white(bits: int, file: Callable[[np.ndarray], bytes]) -> None:
    pixels = np.asarray(load_original(file(RAMP >> 16 - bits)).pixels, int)
    assert np.abs(pixels[:, :, 0] - (RAMP >> 8)).max() <= 1


def test_the_significant_bits_of_a_png_are_used() -> None:
    def grey(levels: list[int], bits: int) -> list[int]:
        rows = (b"\0" + struct.pack(">4H", *levels)) * 4
        body = (png_chunk(b"sBIT", bytes([bits])), png_chunk(b"IDAT", zlib.compress(rows)))
        pixels = load_original(png(4, 4, *body, depth=16, colour=0)).pixels
        return [pixels.getpixel((x, 0))[0] for x in range(4)]  # type: ignore[index]

    assert grey([0, 100, 200, 500], 10) == [0, 25, 50, 125]
    assert grey([0, 4096, 8192, 12_288], 10) == [0, 16, 32, 48]
    assert grey([0, 1, 2, 15], 4) == [0, 16, 32, 240]


@pytest.mark.parametrize("colour", [2, 4, 6])
def test_deep_colour_of_few_bits_is_refused_and_not_black(colour: int) -> None:
    channels = {2: 3, 4: 2, 6: 4}[colour]

    def file(level: int) -> bytes:
        rows = (b"\0" + struct.pack(f">{4 * channels}H", *[level] * 4 * channels)) * 4
        return png(4, 4, png_chunk(b"IDAT", zlib.compress(rows)), depth=16, colour=colour)

    assert error_class(file(1023)) == "image_unsupported"
    assert load_original(file(65535)).pixels.getpixel((0, 0)) == (255, 255, 255)


def test_black_ink_on_transparent_16_bit_paper_is_a_picture() -> None:
    rows = (b"\0" + struct.pack(">16H", *[0, 0, 0, 65535, 0, 0, 0, 0] * 2)) * 4
    pixels = load_original(png(4, 4, png_chunk(b"IDAT", zlib.compress(rows)), depth=16, colour=6)).pixels
    assert [pixels.getpixel((x, 0)) for x in (0, 1)] == [(0, 0, 0), (255, 255, 255)]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\x1f\x8b\x08\0" + bytes(60), "gzip"),
        (b"PK\x03\x04" + bytes(60), "ZIP"),
        (b"\0\0\x02\0\x01\0" + bytes(60), "cursor"),
        (b"\0\0\x01\0\x01\0" + bytes(60), "icon"),
        (b"\xff\x0a" + bytes(60), "JPEG XL"),
        (b"\0\0\0\x1cftypheic" + bytes(60), "HEIC"),
        (b"data:image/png;base64,iVBORw0KGgo=", "base64"),
        (b"iVBORw0KGgoAAAANSUhEUgAA", "base64"),
    ],
)
def test_other_files_are_refused_by_their_name(data: bytes, name: str) -> None:
    assert error_class(data) == "image_unsupported"
    with pytest.raises(ValueError, match=name):
        load_original(data)


@pytest.mark.parametrize("text", [b"<!-- x --><html>", b"  <head>", b'[{"error": 1}]', b"<Error><Code>NoSuchKey"])
def test_web_pages_are_refused_as_such(text: bytes) -> None:
    with pytest.raises(ValueError, match="web page or text"):
        load_original(text)


def test_interlaced_pngs_are_read() -> None:
    """Adam7 of 8x8: the seven passes, each with a filter byte before its rows."""
    side, passes = 8, [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    raw = b""
    for x0, y0, dx, dy in passes:
        for y in range(y0, side, dy):
            raw += b"\0" + bytes(channel for x in range(x0, side, dx) for channel in (x * 30, y * 30, 9))
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 1))
    data = b"\x89PNG\r\n\x1a\n" + head + png_chunk(b"IDAT", zlib.compress(raw)) + png_chunk(b"IEND", b"")
    pixels = load_original(data).pixels
    assert all(pixels.getpixel((x, y)) == (x * 30, y * 30, 9) for x in range(side) for y in range(side))


def bmp(header: bytes, body: bytes) -> bytes:
    offset = 14 + len(header)
    return b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + header + body


def test_bmps_of_odd_headers_are_read() -> None:
    rows = [bytes([0, 0, 255] * 4), bytes([255, 0, 0] * 4)]  # BGR: red above blue
    top_down = bmp(struct.pack("<IiiHHIIiiII", 40, 4, -2, 1, 24, 0, 24, 0, 0, 0, 0), b"".join(rows))
    core = bmp(struct.pack("<IHHHH", 12, 4, 2, 1, 24), b"".join(rows[::-1]))
    for data in (top_down, core):
        pixels = load_original(data).pixels
        assert [pixels.getpixel((0, y)) for y in (0, 1)] == [(255, 0, 0), (0, 0, 255)]


@pytest.mark.parametrize("size", [(0, 4), (4, 0), (0, 0)])
def test_pictures_of_no_size_are_refused(size: tuple[int, int]) -> None:
    assert error_class(png(*size, MARKED_PIXELS)) in ("image_too_small", "image_damaged")
    data = bytearray(saved(marked(), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", *size)
    assert error_class(bytes(data)) in ("image_too_small", "image_damaged")


def test_two_bytes_of_a_name_are_no_picture() -> None:
    for data in (b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"BM", b"RIFF\0\0\0\0WEBP", b"MM\0+"):
        error_class(data)
        for junk in (bytes(40), b"\xff" * 40):
            error_class(data + junk)
