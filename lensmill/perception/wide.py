"""Reads large pictures: first the whole at low resolution, then only the parts with fine print at full resolution.

The detector's time grows with the pixels, and most of a large chart is empty paper or plain bars. So a picture above
`GLANCE_AREA` is first read scaled down, then in tiles at one or two finer levels. A tile is read only if the level
before found print too small to trust, or if it holds fine detail that was not read yet. Detectors also miss very large
print, so one fine level alone would not be enough.
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
"""Tiles share this many pixels, so that a line cut by one tile is whole in its neighbour."""

SURE_HEIGHT = 15.0
"""A line lower than this in the scaled-down picture, in its pixels, is read again."""

BLOCK = 32
LEVEL_STEP = 2.5
"""Each level is at most this many times finer than the level before."""

STRONG = 48
"""A step in brightness between neighbouring pixels that print has and shading lacks."""
FINE_STEPS = 40
"""A block with this many strong steps both along x and along y holds detail like print, not a line or an edge."""
FINE_BLOCKS = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """A line of text, with `line` and `part` in pixels of the picture.

    Attributes:
        height: of the text in pixels of the image that the engine read. Legibility depends on it.
        part: the part of the picture that the engine read.
    """

    line: TextLine
    height: float
    part: Box


def read_wide(reader: Reader, picture: Picture) -> tuple[Reading, ...]:
    """All readings of a picture of any size. The same print may be read twice: scaled down, and in tiles."""
    width, height = picture.pixels.size
    whole = picture.frame.bounds
    if width * height <= GLANCE_AREA and max(width, height) <= TILE:
        return _read_part(reader, picture, whole, 1.0)
    levels = _levels(min(1.0, math.sqrt(GLANCE_AREA / (width * height))))
    found = _read_part(reader, picture, whole, levels[0])
    sure = [reading for reading in found if reading.height >= SURE_HEIGHT]
    for level in levels[1:]:
        unsure = [reading.line.box for reading in found if reading.height < SURE_HEIGHT]
        fine = _fine_blocks(picture.pixels, [reading.line.box for reading in sure])
        parts = [
            part
            for part in _parts(width, height, level)
            if any(box.intersection(part) for box in unsure) or _count(fine, part) >= FINE_BLOCKS
        ]
        found = tuple(reading for part in parts for reading in _read_part(reader, picture, part, level))
        sure += [reading for reading in found if reading.height >= SURE_HEIGHT or level == levels[-1]]
    return tuple(sure)


def _levels(glance: float) -> tuple[float, ...]:
    """The scales from `glance` to 1, in even steps."""
    steps = max(1, math.ceil(math.log(1 / glance) / math.log(LEVEL_STEP)))
    return tuple(glance ** (1 - step / steps) for step in range(steps + 1))


def _parts(width: int, height: int, level: float) -> tuple[Box, ...]:
    """The tiles of a level, in pixels of the picture."""
    shown = Frame.whole((width, height), (round(width * level), round(height * level)))
    return tuple(shown.to_original(tile) for tile in tiles_of(shown.width, shown.height))


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
    if size != pixels.size:
        pixels = pixels.resize(size, Image.Resampling.BICUBIC, box=part.xyxy, reducing_gap=3.0)
    lines = reader.read(Picture(pixels, Frame(picture.frame.to_original(part), *size)))
    return tuple(Reading(line.on_original(frame), min(line.box.width, line.box.height), part) for line in lines)


def _fine_blocks(pixels: Image.Image, read: Sequence[Box]) -> NDArray[np.bool_]:
    """Blocks with detail like print outside the boxes that were read: an array of booleans, one for each block."""
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
