"""Decodes untrusted picture files: returns one upright RGB original, or one clear reason for a refusal.

Files from data sets count as hostile. The format is chosen here, from the first bytes and a short list, and the decoder
of that format is called by name. No other decoder can be reached, above all not those that start programs, such as EPS.
The size is checked from the header, before pixels take memory. No setting of Pillow changes, so a process may decode in
many threads and use Pillow for other purposes.

Embedded colour profiles are ignored: the stored values are used unchanged. Models' own preprocessors do the same, so a
view shows what a model sees at training time; and one hostile parser less is reachable. Other metadata, which may be
damaged or large, is ignored too, except the EXIF orientation (`lensmill.mending`). Animated and multi-picture files
give their first frame. Transparent pixels are blended with white, as on a web page. For deep colours see
`lensmill.colour`.
"""

import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from PIL import (
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageChops,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from lensmill import mending
from lensmill.colour import UndefinedColour, colour_route, to_rgb
from lensmill.resolution import MAX_ASPECT

MAX_PIXELS = 100_000_000
"""Maximum pixels of an original: 400 MB in memory while it is open."""

MAX_JPEG_SCANS = 200
"""Maximum scans of a progressive JPEG. An ordinary one has about ten; thousands in a small file would take minutes to
decode."""

ImageErrorClass = Literal[
    "image_empty",
    "image_not_an_image",
    "image_unsupported",
    "image_truncated",
    "image_damaged",
    "image_too_large",
    "image_too_long",
    "image_too_small",
]
FormatName = Literal["PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "TIFF"]


class ImageError(ValueError):
    """A picture file that cannot be used. The message says in one sentence why, and what to do."""

    def __init__(self, error_class: ImageErrorClass, message: str) -> None:
        super().__init__(message)
        self.error_class: ImageErrorClass = error_class


@dataclass(frozen=True, slots=True)
class Header:
    """The size that a picture file declares. `width` and `height` are those of the upright picture, in pixels."""

    width: int
    height: int
    format: FormatName
    lossless: bool


@dataclass(frozen=True, slots=True)
class Original:
    """A decoded picture file: upright RGB pixels, its size in pixels, and whether the file's format is lossless."""

    pixels: Image.Image
    width: int
    height: int
    format: FormatName
    lossless: bool


_OPENERS: tuple[tuple[Callable[[bytes], bool], Callable[[io.BytesIO], ImageFile.ImageFile]], ...] = (
    (lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), PngImagePlugin.PngImageFile),
    (lambda head: head.startswith(b"\xff\xd8\xff"), JpegImagePlugin.JpegImageFile),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", WebPImagePlugin.WebPImageFile),
    (lambda head: head[:6] in (b"GIF87a", b"GIF89a"), GifImagePlugin.GifImageFile),
    (lambda head: head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), TiffImagePlugin.TiffImageFile),
    (lambda head: head[:2] == b"BM", BmpImagePlugin.BmpImageFile),
)
_ALLOWED = "PNG, JPEG, MPO, WebP, GIF, BMP and TIFF"
_OTHER_PICTURES: tuple[tuple[bytes, int, str], ...] = (
    (b"%PDF", 0, "a PDF document"),
    (b"%!PS", 0, "a PostScript (EPS) file"),
    (b"\xc5\xd0\xd3\xc6", 0, "a PostScript (EPS) file"),
    (b"ftyp", 4, "an AVIF, HEIC or video file"),
    (b"\x00\x00\x00\x0cjP  ", 0, "a JPEG 2000 file"),
    (b"\xff\x4f\xff\x51", 0, "a JPEG 2000 file"),
    (b"8BPS", 0, "a Photoshop file"),
    (b"\x00\x00\x01\x00", 0, "an icon file"),
    (b"\x00\x00\x02\x00", 0, "a cursor file"),
    (b"\xff\x0a", 0, "a JPEG XL file"),
    (b"\x00\x00\x00\x0cJXL ", 0, "a JPEG XL file"),
    (b"\x1f\x8b", 0, "compressed by gzip"),
    (b"BZh", 0, "compressed by bzip2"),
    (b"\xfd7zXZ", 0, "compressed by xz"),
    (b"\x28\xb5\x2f\xfd", 0, "compressed by zstd"),
    (b"PK\x03\x04", 0, "a ZIP archive"),
    (b"data:image/", 0, "base64 text"),
    (b"iVBORw0KGgo", 0, "base64 text"),
    (b"/9j/", 0, "base64 text"),
)
_TRUNCATED_WORDS = ("truncated", "unexpected end", "not enough", "end of file", "eof")


def load_original(data: bytes, max_pixels: int = MAX_PIXELS) -> Original:
    """Decode a picture file to its upright RGB original.

    The pixels are decoded at full size (JPEG draft mode is never used), so every machine with the same decoder gets the
    same pixels.

    Args:
        data: the file.
        max_pixels: maximum width times height.

    Raises:
        ImageError: the file is empty, not a picture, of another format, damaged, or too large.
    """
    with _open(data, max_pixels) as (image, header):
        rotation = _orientation(image)
        image = _decoded(image, data)
        try:
            pixels = to_rgb(image, data)
        except UndefinedColour as error:
            raise ImageError("image_unsupported", str(error)) from error
        if rotation is not None:
            pixels = pixels.transpose(rotation)
    return Original(pixels, header.width, header.height, header.format, header.lossless)


def check_image(data: bytes, max_pixels: int = MAX_PIXELS) -> Header:
    """Check that `load_original` would succeed, at less cost: nothing is converted, rotated or kept.

    A JPEG is read to its end but drawn at an eighth of its size, so checking a large photograph takes a few megabytes.

    Args:
        data: the file.
        max_pixels: maximum width times height.

    Raises:
        ImageError: as in `load_original`, for the same files.
    """
    with _open(data, max_pixels) as (image, header):
        # at an eighth, passes that end early would go unnoticed
        if image.format not in ("JPEG", "MPO") or not mending.is_progressive(data):
            image.draft(None, (1, 1))
        image = _decoded(image, data)
        try:
            colour_route(image, data)
        except UndefinedColour as error:
            raise ImageError("image_unsupported", str(error)) from error
    return header


def read_header(data: bytes, max_pixels: int = MAX_PIXELS) -> Header:
    """Read the file's header without decoding. Damage after the header is not noticed.

    Args:
        data: the file.
        max_pixels: maximum width times height.

    Raises:
        ImageError: the file is empty, not a picture, of another format, or too large.
    """
    with _open(data, max_pixels) as (_, header):
        return header


@contextmanager
def _open(data: bytes, max_pixels: int) -> Iterator[tuple[ImageFile.ImageFile, Header]]:
    """Open a file without decoding it. Yields the file and its header."""
    opener = _opener_for(data)
    try:
        image = _opened(opener, data)
    except mending.Unsupported as error:
        raise ImageError("image_unsupported", f"{error}, which is not supported; convert it") from error
    except Exception as error:
        raise _broken(error, "header") from error
    with image:
        yield image, _judged_header(image, data, max_pixels)


def _opened(opener: Callable[[io.BytesIO], ImageFile.ImageFile], data: bytes) -> ImageFile.ImageFile:
    if opener is PngImagePlugin.PngImageFile:
        data = mending.plain_png(data)
    elif opener is JpegImagePlugin.JpegImageFile:
        data = mending.plain_jpeg(data)
        mending.require_8_bit_jpeg(data)
    elif opener is GifImagePlugin.GifImageFile:
        data = mending.plain_gif(data)
    elif opener is TiffImagePlugin.TiffImageFile and (at := mending.white_is_zero(data)) is not None:
        try:
            return opener(io.BytesIO(data))
        except Exception:  # for some depths Pillow reads only the other kind
            return opener(io.BytesIO(mending.as_positive_tiff(data, at)))
    return opener(io.BytesIO(data))


def _opener_for(data: bytes) -> Callable[[io.BytesIO], ImageFile.ImageFile]:
    if not data:
        raise ImageError("image_empty", "the file has no bytes; fetch or write it again")
    head = data[:64]
    for matches, opener in _OPENERS:
        if matches(head):
            if head[:4] == b"RIFF" and len(data) < 8 + int.from_bytes(head[4:8], "little"):
                raise ImageError("image_truncated", "the WebP file ends before the length it names; fetch it again")
            return opener
    for magic, at, what in _OTHER_PICTURES:
        if head[at : at + len(magic)] == magic:
            raise ImageError(
                "image_unsupported", f"the file is {what}, and only {_ALLOWED} are read; convert or unpack it"
            )
    text = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in text:
        raise ImageError("image_unsupported", f"the file is an SVG drawing, and only {_ALLOWED} are read; render it")
    if text.startswith(b"version https://git-lfs"):
        raise ImageError("image_not_an_image", "the file is a Git LFS pointer, not the picture; run `git lfs pull`")
    if text.startswith((b"<", b"{", b"[")):
        raise ImageError("image_not_an_image", "the file is a web page or text, not a picture; fetch it again")
    raise ImageError("image_not_an_image", f"the file's first bytes are not of a picture; {_ALLOWED} are read")


def _judged_header(image: ImageFile.ImageFile, data: bytes, max_pixels: int) -> Header:
    width, height = image.size
    if width < 2 or height < 2:
        raise ImageError("image_too_small", f"the picture is {width}x{height} px and shows nothing; replace it")
    if width * height > max_pixels:
        raise ImageError(
            "image_too_large",
            f"the picture is {width}x{height} px, more than the {max_pixels} px that are allowed; scale it down",
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise ImageError(
            "image_too_long", f"the picture is {width}x{height} px, longer than {MAX_ASPECT}:1; cut it into pieces"
        )
    name = _format_name(image)
    if name in ("JPEG", "MPO") and data.count(b"\xff\xda") > MAX_JPEG_SCANS:
        raise ImageError(
            "image_too_large",
            f"the JPEG has more than {MAX_JPEG_SCANS} scans and would decode for minutes; save it anew",
        )
    # Pillow turns TIFF files upright itself and reports their upright size.
    if name != "TIFF" and _orientation(image) in _SIDEWAYS:
        width, height = height, width
    return Header(width, height, name, _is_lossless(image, name, data))


def _format_name(image: ImageFile.ImageFile) -> FormatName:
    match image.format:
        case "PNG" | "WEBP" | "GIF" | "BMP" | "TIFF" as name:
            return name
        case _:
            return "MPO" if "mp" in image.info else "JPEG"


def _is_lossless(image: ImageFile.ImageFile, name: FormatName, data: bytes) -> bool:
    match name:
        case "PNG" | "GIF" | "BMP":
            return True
        case "TIFF":
            return str(image.info.get("compression")) not in ("jpeg", "tiff_jpeg", "webp")
        case "WEBP":
            return _first_webp_bitstream(data) == b"VP8L"
        case _:
            return False


def _first_webp_bitstream(data: bytes) -> bytes:
    """`VP8L` (lossless), `VP8 ` (lossy), or nothing if neither is among the first chunks."""
    at = 12
    for _ in range(64):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name in (b"VP8L", b"VP8 "):
            return name
        at += 24 if name == b"ANMF" else 8 + size + size % 2
    return b""


def _decoded(image: ImageFile.ImageFile, data: bytes) -> ImageFile.ImageFile:
    if image.format == "PNG":
        _require_intact_chunks(data)
    try:
        image.load()
    except Exception as error:
        whole = _without_end(data) if image.format == "JPEG" and "truncated" in str(error) else None
        if whole is None:
            raise _broken(error, "pixels") from error
        return whole
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        _require_all_pixels(image, data)
    return image


def _require_all_pixels(image: JpegImagePlugin.JpegImageFile, data: bytes) -> None:
    """Refuse a JPEG that was cut off and closed again: the decoder silently makes up the missing pixels."""
    more = mending.with_more_before_end(data)
    if more is not None:
        with JpegImagePlugin.JpegImageFile(io.BytesIO(more)) as other:
            if image.size != other.size:  # it was drawn smaller
                other.draft(None, (1, 1))
            other.load()
            if other.mode == image.mode and not ImageChops.difference(other, image).getbbox():
                return
    raise ImageError("image_damaged", "its pixel data ends before the picture does; fetch or write it again")


def _without_end(data: bytes) -> ImageFile.ImageFile | None:
    """A JPEG that lacks only its end marker, opened; None for any other."""
    ended = mending.with_jpeg_end(data)
    if ended is None:
        return None
    try:
        one, other = (JpegImagePlugin.JpegImageFile(io.BytesIO(file)) for file in ended)
        return one if one.tobytes() == other.tobytes() else None
    except Exception:
        return None


def _require_intact_chunks(data: bytes) -> None:
    """Check the checksums of a PNG's pixel data, which Pillow skips: damaged data could decode without an error."""
    view, at = memoryview(data), 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(view[at : at + 4], "big")
        whole_pixels = data[at + 4 : at + 8] == b"IDAT" and end + 4 <= len(data)
        if whole_pixels and zlib.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise ImageError("image_damaged", "the checksum of its pixel data is wrong; fetch or write it again")
        if data[at + 4 : at + 8] == b"IEND":
            break
        at = end + 4


def _broken(error: Exception, part: str) -> ImageError:
    detail = " ".join(str(error).split())[:200] or type(error).__name__
    if isinstance(error, (Image.DecompressionBombError, MemoryError)) or "too large" in detail.lower():
        return ImageError("image_too_large", f"its {part} would unpack to too much ({detail}); save it anew, smaller")
    if isinstance(error, EOFError) or any(word in detail.lower() for word in _TRUNCATED_WORDS):
        return ImageError("image_truncated", f"the file ends within its {part} ({detail}); fetch or write it again")
    return ImageError("image_damaged", f"its {part} cannot be decoded ({detail}); fetch or write it again")


_UPRIGHT: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = {_UPRIGHT[tag] for tag in (5, 6, 7, 8)}


def _orientation(image: ImageFile.ImageFile) -> Image.Transpose | None:
    """The rotation that makes the picture upright; none if the EXIF data cannot be read."""
    if image.format == "TIFF":
        return None
    try:
        tag = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:
        return None
    return _UPRIGHT.get(tag) if isinstance(tag, int) else None


__all__ = [
    "MAX_PIXELS",
    "Header",
    "ImageError",
    "ImageErrorClass",
    "Original",
    "check_image",
    "load_original",
    "read_header",
]
