"""One raster of an episode's pictures: each place of the original at the best resolution that any picture shows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lensmill.geometry import Box, Frame
from lensmill.perception.text import TextLine, Word
from lensmill.picture import Picture

MAX_AREA = 1_000_000
"""Marks are measured on at most this many pixels. More pixels do not improve the result, and the time stays bounded."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """RGB pixels (height x width x 3, uint8) and the frame that places them on the original."""

    pixels: NDArray[np.uint8]
    frame: Frame

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.frame.width

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.frame.height

    def line(self, line: TextLine) -> TextLine:
        """Convert a line from original pixels to canvas pixels."""
        words = tuple(Word(word.text, self.frame.from_original(word.box)) for word in line.words)
        return TextLine(line.text, self.frame.from_original(line.box), line.score, line.angle, words)

    def patch(self, box: Box) -> NDArray[np.uint8]:
        """The pixels under a box, clipped to the canvas; may be empty."""
        x1, y1, x2, y2 = box.rounded()
        return self.pixels[max(0, y1) : max(0, y2), max(0, x1) : max(0, x2)]


def compose(pictures: Sequence[Picture]) -> Canvas:
    """Lay the pictures over one another, the coarsest first.

    Raises:
        ValueError: there are no pictures.
    """
    if not pictures:
        raise ValueError("reading a chart needs at least one picture")
    region = pictures[0].frame.region
    for picture in pictures[1:]:
        region = region.union(picture.frame.region)
    shrink = min(1.0, math.sqrt(MAX_AREA / region.area))
    size = (max(1, round(region.width * shrink)), max(1, round(region.height * shrink)))
    frame = Frame(region, *size)
    order = sorted(range(len(pictures)), key=lambda i: (pictures[i].frame.scale[0] * pictures[i].frame.scale[1], i))
    sheet = Image.new("RGB", size, "white")
    for index in order:
        x1, y1, x2, y2 = frame.from_original(pictures[index].frame.region).rounded()
        if x2 > x1 and y2 > y1:
            pixels = pictures[index].pixels
            if pixels.size != (x2 - x1, y2 - y1):
                pixels = pixels.resize((x2 - x1, y2 - y1), Image.Resampling.BICUBIC)
            sheet.paste(pixels, (x1, y1))
    return Canvas(np.asarray(sheet), frame)
