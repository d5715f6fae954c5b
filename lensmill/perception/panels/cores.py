"""The cores of panels: large connected parts of a figure that are no text, such as axes or a frame."""

import functools
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lensmill.geometry import Box
from lensmill.perception.canvas import Canvas
from lensmill.perception.text import TextLine

BLOCK = 4
"""Cores are found on a grid of squares of this many canvas pixels."""

PAPER = 20
"""Levels of 255 by which a pixel of the background may differ from the background's colour."""

LEAST_WIDTH, LEAST_HEIGHT, LEAST_SHARE = 0.06, 0.06, 0.1
"""A core is at least as wide and high as this share of the figure, and as large as this share of the largest core."""

SOLID, BAR_AREA = 0.85, 0.05
"""A part that fills this share of its box, and not more than that share of the figure, is a bar."""

NEIGHBOUR = 1.3
"""Bars on one base line that are less than this many bar widths apart belong together."""


def drawn_on(canvas: Canvas) -> NDArray[np.bool_]:
    """Where the canvas differs from its background, the most common colour of its rim: height x width booleans."""
    pixels = canvas.pixels.astype(np.int32)
    rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    colours, counts = np.unique(rim @ (1 << 16, 1 << 8, 1), return_counts=True)
    code = int(colours[counts.argmax()])
    drawn: NDArray[np.bool_] = np.abs(pixels - (code >> 16, code >> 8 & 255, code & 255)).max(axis=2) > PAPER
    return drawn


def cores_of(drawn: NDArray[np.bool_], lines: Sequence[TextLine]) -> list[Box]:
    """The boxes of the large connected parts that are no text. Parts whose boxes overlap are one."""
    marks = drawn.copy()
    for line in lines:
        x1, y1, x2, y2 = line.box.rounded_out()
        inside = marks[max(0, y1) : max(0, y2), max(0, x1) : max(0, x2)]
        inside[:] = False
    height, width = drawn.shape
    rows, columns = height // BLOCK, width // BLOCK
    if not rows or not columns:
        return []
    squares = marks[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    blocks = np.asarray(squares.any(axis=(1, 3)))
    boxes = _merged(_components(blocks))
    largest = max((box.area for box in boxes), default=0.0)
    return [
        Box(BLOCK * box.x1, BLOCK * box.y1, BLOCK * box.x2, BLOCK * box.y2)
        for box in boxes
        if box.width >= LEAST_WIDTH * columns
        and box.height >= LEAST_HEIGHT * rows
        and box.area >= LEAST_SHARE * largest
    ]


@dataclass(frozen=True, slots=True)
class _Part:
    """A connected part in blocks: its box, and whether it is a bar, a small filled rectangle."""

    box: Box
    bar: bool


def _components(blocks: NDArray[np.bool_]) -> list[_Part]:
    """The connected parts; blocks two apart are connected, so that dashed lines hold together."""
    left = set(zip(*(places.tolist() for places in np.nonzero(blocks)), strict=True))
    near = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if dy or dx]
    parts = []
    for start in sorted(left):
        if start not in left:
            continue
        left.remove(start)
        todo, count = deque([start]), 0
        y1, x1, y2, x2 = *start, *start
        while todo:
            y, x = todo.popleft()
            count += 1
            y1, x1, y2, x2 = min(y1, y), min(x1, x), max(y2, y), max(x2, x)
            for dy, dx in near:
                spot = (y + dy, x + dx)
                if spot in left:
                    left.remove(spot)
                    todo.append(spot)
        box = Box(float(x1), float(y1), float(x2) + 1, float(y2) + 1)
        parts.append(_Part(box, count >= SOLID * box.area and box.area < BAR_AREA * blocks.size))
    return parts


def _merged(parts: Iterable[_Part]) -> list[Box]:
    """The boxes of the parts; those of bars on one base line are joined, and then all that overlap."""
    large = sorted((part for part in parts if part.box.area >= 4), key=lambda part: part.box.xyxy)
    rows: list[list[Box]] = []
    for bar in (part.box for part in large if part.bar):
        row = next((row for row in rows if any(_beside(bar, other) for other in row)), None)
        if row is None:
            rows.append([bar])
        else:
            row.append(bar)
    boxes = [functools.reduce(Box.union, row) for row in rows] + [part.box for part in large if not part.bar]
    kept: list[Box] = []
    for box in boxes:
        joined = box
        while near := [other for other in kept if other.intersection(joined)]:
            kept = [other for other in kept if other not in near]
            joined = functools.reduce(Box.union, near, joined)
        kept.append(joined)
    return kept


def _beside(one: Box, other: Box) -> bool:
    """Whether two bars stand on one base line, close to each other."""
    across, down = max(one.x1, other.x1) - min(one.x2, other.x2), max(one.y1, other.y1) - min(one.y2, other.y2)
    if abs(one.y2 - other.y2) <= 1 and across < NEIGHBOUR * min(one.width, other.width):
        return True
    return abs(one.x1 - other.x1) <= 1 and down < NEIGHBOUR * min(one.height, other.height)
