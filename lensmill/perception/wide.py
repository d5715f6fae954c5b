"""Reading large pictures: a glance at the whole first, then full resolution only where fine print is left.

A detector's cost grows with the pixels, and most of a large chart is empty paper or plain bars. So a picture above
`GLANCE_AREA` is read scaled down, and cut into tiles at its full resolution; a tile is read only where the glance
found print too small to trust, or where fine detail lies that the glance did not read.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lensmill.geometry import Box, Frame
from lensmill.perception.text import Reader, TextLine
from lensmill.picture import Picture

GLANCE_AREA = 900 * 900
TILE = 1280
OVERLAP = 128
"""Tiles share this many pixels, so that a line cut by one is whole in its neighbour."""

SURE_HEIGHT = 15.0
"""A line of the glance that is lower than this, in pixels of the glance, is read again."""

BLOCK = 32
STRONG = 48
"""A step in brightness between neighbouring pixels that print has, and shading has not."""
FINE_STEPS = 40
"""A block with this many strong steps both along x and along y holds detail like print's, not a line or an edge."""
FINE_BLOCKS = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """A line as it was read; `line` and `part` in pixels of the picture.

    Attributes:
        height: of the text in pixels of what the engine was shown: what legibility depends on.
        part: the part of the picture that was shown.
    """

    line: TextLine
    height: float
    part: Box


def read_wide(reader: Reader, picture: Picture) -> tuple[Reading, ...]:
    """Every reading of a picture of any size; the same print may be read twice, by the glance and by tiles."""
    width, height = picture.pixels.size
    whole = picture.frame.bounds
    if width * height <= GLANCE_AREA and max(width, height) <= TILE:
        return _read_part(reader, picture, whole, 1.0)
    shrink = min(1.0, math.sqrt(GLANCE_AREA / (width * height)))
    glance = _read_part(reader, picture, whole, shrink)
    sure = [reading for reading in glance if reading.height >= SURE_HEIGHT]
    unsure = [reading.line.box for reading in glance if reading.height < SURE_HEIGHT]
    fine = _fine_blocks(picture.pixels, [reading.line.box for reading in sure])
    found = list(sure)
    for part in tiles_of(width, height):
        if any(box.intersection(part) for box in unsure) or _count(fine, part) >= FINE_BLOCKS:
            found.extend(_read_part(reader, picture, part, 1.0))
    return tuple(found)


def tiles_of(width: int, height: int, tile: int = TILE, overlap: int = OVERLAP) -> tuple[Box, ...]:
    """Overlapping tiles that cover a picture of this size, row by row, each side at most `tile` pixels."""
    columns, rows = _cuts(width, tile, overlap), _cuts(height, tile, overlap)
    return tuple(Box(x1, y1, x2, y2) for y1, y2 in rows for x1, x2 in columns)


def _cuts(length: int, tile: int, overlap: int) -> tuple[tuple[int, int], ...]:
    if length <= tile:
        return ((0, length),)
    count = -(-(length - overlap) // (tile - overlap))
    starts = [round(i * (length - tile) / (count - 1)) for i in range(count)]
    return tuple((start, start + tile) for start in starts)


def _read_part(reader: Reader, picture: Picture, part: Box, shrink: float) -> tuple[Reading, ...]:
    """Read a part of a picture, scaled down by `shrink`."""
    size = (max(1, round(part.width * shrink)), max(1, round(part.height * shrink)))
    frame = Frame(part, *size)  # from what the engine is shown to the picture
    pixels = picture.pixels
    if part != picture.frame.bounds:
        pixels = pixels.crop(part.rounded())
    if pixels.size != size:
        pixels = pixels.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)
    lines = reader.read(Picture(pixels, Frame(picture.frame.to_original(part), *size)))
    return tuple(Reading(line.on_original(frame), min(line.box.width, line.box.height), part) for line in lines)


def _fine_blocks(pixels: Image.Image, read: Sequence[Box]) -> NDArray[np.bool_]:
    """Which blocks hold detail like print's outside what was read: an array of booleans, one a block."""
    grey = np.asarray(pixels.convert("L")).astype(np.int16)
    rows, columns = grey.shape[0] // BLOCK, grey.shape[1] // BLOCK
    along_x = np.abs(np.diff(grey, axis=1))[: rows * BLOCK - 1, :] > STRONG
    along_y = np.abs(np.diff(grey, axis=0))[:, : columns * BLOCK - 1] > STRONG
    steps = np.minimum(_sums(along_x, rows, columns), _sums(along_y, rows, columns))
    fine: NDArray[np.bool_] = steps >= FINE_STEPS
    for box in read:
        x1, y1, x2, y2 = (n / BLOCK for n in box.padded(0.3 * box.height).xyxy)
        fine[max(0, math.floor(y1)) : math.ceil(y2), max(0, math.floor(x1)) : math.ceil(x2)] = False
    return fine


def _sums(steps: NDArray[np.bool_], rows: int, columns: int) -> NDArray[np.int64]:
    padded = np.zeros((rows * BLOCK, columns * BLOCK), dtype=bool)
    height, width = min(steps.shape[0], rows * BLOCK), min(steps.shape[1], columns * BLOCK)
    padded[:height, :width] = steps[:height, :width]
    sums: NDArray[np.int64] = padded.reshape(rows, BLOCK, columns, BLOCK).sum(axis=(1, 3))
    return sums


def _count(fine: NDArray[np.bool_], part: Box) -> int:
    x1, y1, x2, y2 = (round(n / BLOCK) for n in part.xyxy)
    return int(fine[y1:y2, x1:x2].sum())
