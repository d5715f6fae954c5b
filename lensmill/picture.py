"""Pictures: pixels with a frame that gives their place on the original; views, hashes and encoding."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from lensmill.geometry import Frame
from lensmill.resolution import Ladder
from lensmill.trajectory import ImageRef

SMALL_ORIGINAL = 2_000_000
"""Pixels. Below this size drawing a view takes a few milliseconds with any method, and small print needs the best
filter."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels (an RGB image, never modified in place) and their place on the original.

    Raises:
        ValueError: the image is not RGB, or pixels and frame differ in size.
    """

    pixels: Image.Image
    frame: Frame

    def __post_init__(self) -> None:
        if self.pixels.mode != "RGB":
            raise ValueError(f"a picture is RGB, got {self.pixels.mode}")
        if self.pixels.size != (self.frame.width, self.frame.height):
            raise ValueError(
                f"the pixels are {self.pixels.size}, the frame says {self.frame.width}x{self.frame.height}"
            )


@dataclass(frozen=True, slots=True)
class Encoded:
    """The one encoding of a picture: the bytes that are stored and sent on every turn."""

    ref: ImageRef
    data: bytes
    format: str


def draw_view(original: Image.Image, rung: int, ladder: Ladder | None = None) -> Picture:
    """The view of an upright RGB original on one rung.

    It depends only on the original, the rung and the ladder's settings, never on other views, so that a replay can draw
    it again. `ladder` need not contain the rung.
    """
    return draw_views(original, (rung,), ladder)[0]


def draw_views(original: Image.Image, rungs: Sequence[int], ladder: Ladder | None = None) -> tuple[Picture, ...]:
    """The views of an upright RGB original on several rungs, each with the pixels that `draw_view` gives.

    Averages that several rungs share are computed once.
    """
    ladder = ladder or Ladder()
    averaged: dict[tuple[int, int], Image.Image] = {}
    return tuple(_draw(original, ladder.frame(original.size, rung), averaged) for rung in rungs)


def _draw(original: Image.Image, frame: Frame, averaged: dict[tuple[int, int], Image.Image]) -> Picture:
    """Draw with Lanczos; large originals are averaged first, which is faster (figures: `benchmarks/views.py`)."""
    size = (frame.width, frame.height)
    if original.size == size:
        return Picture(original, frame)
    cells = _cells(original.size, size)
    if cells == (1, 1):
        sharp = original.width * original.height < SMALL_ORIGINAL or _shrink(original.size, size) >= 2
        resample = Image.Resampling.LANCZOS if sharp else Image.Resampling.BICUBIC
        return Picture(original.resize(size, resample), frame)
    if cells not in averaged:
        averaged[cells] = original.reduce(cells)
    # The edge may cut the last row and column of cells: the extent is counted in cells, not in pixels of the average.
    extent = (0, 0, original.width / cells[0], original.height / cells[1])
    return Picture(averaged[cells].resize(size, Image.Resampling.LANCZOS, box=extent), frame)


def _cells(original: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """The number of original pixels, across and down, that may be averaged into one before the filter.

    At least 1.7 averaged pixels remain for each pixel of the view; more than six saves nothing. Just below that limit,
    halving the rows alone saves half the work, because the filter runs along the rows first.
    """
    shrink = _shrink(original, size)
    if original[0] * original[1] < SMALL_ORIGINAL or shrink < 2.4:
        return (1, 1)
    cells = min(6, int(shrink / 1.7))
    return (1, 2) if cells == 1 else (cells, cells)


def _shrink(original: tuple[int, int], size: tuple[int, int]) -> float:
    """Original pixels per pixel of the view, along the side that shrinks less."""
    return min(original[0] / size[0], original[1] / size[1])


def pixel_hash(pixels: Image.Image) -> str:
    """sha256 over size and RGB bytes: equal if and only if every pixel is equal."""
    digest = hashlib.sha256(f"{pixels.width}x{pixels.height}:".encode())
    digest.update(pixels.tobytes())
    return digest.hexdigest()


def encode(picture: Picture, lossless: bool = True) -> Encoded:
    """The picture's file: PNG, or JPEG (quality 95, full chroma) if `lossless` is False."""
    buffer = io.BytesIO()
    if lossless:
        picture.pixels.save(buffer, "PNG", compress_level=6)
    else:
        picture.pixels.save(buffer, "JPEG", quality=95, subsampling=0)
    data = buffer.getvalue()
    ref = ImageRef(hashlib.sha256(data).hexdigest(), pixel_hash(picture.pixels), picture.frame)
    return Encoded(ref, data, "png" if lossless else "jpeg")
