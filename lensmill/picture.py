"""Pictures: pixels with the frame that says where on the original they lie; views, hashes and encoding."""

import hashlib
import io
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


def draw_view(original: Image.Image, rung: int, factor: int = PATCH_FACTOR, upscale: bool = False) -> Picture:
    """The view of an upright RGB original on one rung.

    It follows from the original and the rung alone, never from other views, so that a replay can draw it again.
    Large reductions average whole pixels first and leave at least a factor of three to the Lanczos filter.
    """
    frame = view_frame(original.size, rung, factor, upscale)
    size = (frame.width, frame.height)
    if original.size == size:
        return Picture(original, frame)
    return Picture(original.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0), frame)


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
