"""Pictures: pixels with the frame that says where on the original they lie; views, hashes and encoding."""

import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from PIL import Image

from lensmill.geometry import Frame
from lensmill.resolution import PATCH_FACTOR, view_frame
from lensmill.trajectory import ImageRef


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels (an RGB image, never modified in place) and their place on the original.

    Raises:
        ValueError: not RGB, or pixels and frame differ in size.
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
    """A picture's one encoding: the bytes that are stored and sent on every turn."""

    ref: ImageRef
    data: bytes
    format: str


def draw_views(
    original: Image.Image,
    rungs: Iterable[int],
    factor: int = PATCH_FACTOR,
    upscale: bool = False,
) -> Mapping[int, Picture]:
    """The views of an upright RGB original on several rungs.

    Drawn from the largest to the smallest: where a larger view has at least three times the resolution, the smaller
    one is drawn from it instead of from the original, which Lanczos' own filter makes indistinguishable.
    """
    views: dict[int, Picture] = {}
    for rung in sorted(set(rungs), reverse=True):
        frame = view_frame(original.size, rung, factor, upscale)
        views[rung] = Picture(_resize(original, frame), frame)
    return dict(sorted(views.items()))


def draw_view(original: Image.Image, rung: int, factor: int = PATCH_FACTOR, upscale: bool = False) -> Picture:
    """The view of an upright RGB original on one rung."""
    return draw_views(original, [rung], factor, upscale)[rung]


def _resize(source: Image.Image, frame: Frame) -> Image.Image:
    if source.size == (frame.width, frame.height):
        return source
    return source.resize((frame.width, frame.height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def pixel_hash(pixels: Image.Image) -> str:
    """sha256 over size and RGB bytes: equal exactly when every pixel is."""
    digest = hashlib.sha256(f"{pixels.width}x{pixels.height}:".encode())
    digest.update(pixels.tobytes())
    return digest.hexdigest()


def encode(picture: Picture, lossless: bool = True) -> Encoded:
    """The picture's file: PNG, or JPEG (quality 95, full chroma) for pictures that came from a lossy file."""
    buffer = io.BytesIO()
    if lossless:
        picture.pixels.save(buffer, "PNG", compress_level=6)
    else:
        picture.pixels.save(buffer, "JPEG", quality=95, subsampling=0)
    data = buffer.getvalue()
    ref = ImageRef(hashlib.sha256(data).hexdigest(), pixel_hash(picture.pixels), picture.frame)
    return Encoded(ref, data, "png" if lossless else "jpeg")
