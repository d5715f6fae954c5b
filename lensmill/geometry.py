"""Boxes and frames: the only place where coordinates change meaning.

Every box that is stored is xyxy in pixels of the *original* image (design invariant 1). A picture shown to a
model is a rectangle of the original drawn at some size; its `Frame` says which rectangle and which size, and
converts both ways. A `Convention` is how a model writes numbers about a picture it sees.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned rectangle, xyxy, in pixels of whichever picture the holder names.

    Coordinates are edges, not pixel centres: the whole of a W x H picture is `Box(0, 0, W, H)`.

    Raises:
        ValueError: a coordinate is not finite, or a corner is swapped. Zero area is allowed.
    """

    x1: float
    y1: float
    x2: float
    y2: float

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, self.xyxy)):
            raise ValueError(f"a box needs four finite numbers, got {self.xyxy}")
        if self.x2 < self.x1 or self.y2 < self.y1:
            raise ValueError(f"a box needs x1 <= x2 and y1 <= y2, got {self.xyxy}")

    @classmethod
    def from_xywh(cls, x: float, y: float, width: float, height: float) -> Self:
        """From corner and size, as ChartQA annotations, V* and RefChartQA write boxes."""
        return cls(x, y, x + width, y + height)

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        return (self.x1, self.y1, self.x2, self.y2)

    @property
    def width(self) -> float:
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        return ((self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2)

    def intersection(self, other: "Box") -> "Box | None":
        """The shared rectangle, or None where the two share no area."""
        x1, y1 = max(self.x1, other.x1), max(self.y1, other.y1)
        x2, y2 = min(self.x2, other.x2), min(self.y2, other.y2)
        return Box(x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None

    def union(self, other: "Box") -> "Box":
        """The smallest box that holds both."""
        return Box(
            min(self.x1, other.x1),
            min(self.y1, other.y1),
            max(self.x2, other.x2),
            max(self.y2, other.y2),
        )

    def iou(self, other: "Box") -> float:
        """Intersection over union, 0 to 1; 0 where either has no area."""
        shared = self.intersection(other)
        if shared is None:
            return 0.0
        covered = self.area + other.area - shared.area
        return shared.area / covered if covered > 0 else 0.0

    def contains(self, other: "Box") -> bool:
        return self.x1 <= other.x1 and self.y1 <= other.y1 and self.x2 >= other.x2 and self.y2 >= other.y2

    def clip(self, bounds: "Box") -> "Box | None":
        """This box cut to `bounds`, or None where nothing is left."""
        return self.intersection(bounds)

    def scaled(self, factor: float) -> "Box":
        """Enlarged (or shrunk) about its own centre."""
        cx, cy = self.centre
        half_width, half_height = self.width * factor / 2, self.height * factor / 2
        return Box(cx - half_width, cy - half_height, cx + half_width, cy + half_height)

    def padded(self, pixels: float) -> "Box":
        """Moved outwards on every side (inwards if negative, down to its centre lines)."""
        cx, cy = self.centre
        x1, x2 = (self.x1 - pixels, self.x2 + pixels) if self.width + 2 * pixels > 0 else (cx, cx)
        y1, y2 = (self.y1 - pixels, self.y2 + pixels) if self.height + 2 * pixels > 0 else (cy, cy)
        return Box(x1, y1, max(x1, x2), max(y1, y2))

    def rounded_out(self) -> tuple[int, int, int, int]:
        """The smallest rectangle of whole pixels that covers this box."""
        return (
            math.floor(self.x1),
            math.floor(self.y1),
            math.ceil(self.x2),
            math.ceil(self.y2),
        )

    def rounded(self) -> tuple[int, int, int, int]:
        """Each edge at the nearest whole pixel."""
        return (round(self.x1), round(self.y1), round(self.x2), round(self.y2))


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a picture of `width` x `height` pixels lies on the original.

    `region` is the rectangle of the original that it shows, in original pixels. The two axes scale on their
    own, since snapping sides to a patch factor bends the aspect ratio slightly.

    Raises:
        ValueError: a side below one pixel, or a region without area.
    """

    region: Box
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a frame needs sides of at least 1 px, got {self.width}x{self.height}")
        if self.region.area <= 0:
            raise ValueError(f"a frame must show some of the original, got {self.region.xyxy}")

    @classmethod
    def whole(cls, original: tuple[int, int], shown: tuple[int, int] | None = None) -> Self:
        """The frame of a picture that shows all of an original of size (width, height)."""
        width, height = shown or original
        return cls(Box(0, 0, *original), width, height)

    @property
    def bounds(self) -> Box:
        """The picture's own extent, in its own pixels."""
        return Box(0, 0, self.width, self.height)

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels of the picture for one original pixel, along x and y."""
        return (self.width / self.region.width, self.height / self.region.height)

    def to_original(self, box: Box) -> Box:
        """From this picture's pixels to original pixels."""
        sx, sy = self.scale
        left, top = self.region.x1, self.region.y1
        return Box(box.x1 / sx + left, box.y1 / sy + top, box.x2 / sx + left, box.y2 / sy + top)

    def from_original(self, box: Box) -> Box:
        """From original pixels to this picture's pixels (not clipped to it)."""
        sx, sy = self.scale
        left, top = self.region.x1, self.region.y1
        return Box((box.x1 - left) * sx, (box.y1 - top) * sy, (box.x2 - left) * sx, (box.y2 - top) * sy)


class Convention(StrEnum):
    """How a model writes a box about a picture of `width` x `height` pixels.

    Patch-snapped ("smart-resized") pixels, as Qwen2.5-VL writes them, are PIXELS of a view whose sides were
    snapped: the snapping belongs to the view (`lensmill.resolution`), not to the numbers.
    """

    PIXELS = "pixels"
    UNIT = "unit"
    THOUSAND = "thousand"

    def _spans(self, width: int, height: int) -> tuple[float, float]:
        match self:
            case Convention.PIXELS:
                return (1.0, 1.0)
            case Convention.UNIT:
                return (width, height)
            case Convention.THOUSAND:
                return (width / 1000, height / 1000)

    def write(self, box: Box, frame: Frame) -> tuple[float, float, float, float]:
        """A box in the frame's pixels -> the four numbers of this convention, not rounded."""
        sx, sy = self._spans(frame.width, frame.height)
        return (box.x1 / sx, box.y1 / sy, box.x2 / sx, box.y2 / sy)

    def read(self, numbers: tuple[float, float, float, float], frame: Frame) -> Box:
        """Four numbers of this convention -> a box in the frame's pixels (not clipped).

        Raises:
            ValueError: not finite, or corners swapped.
        """
        sx, sy = self._spans(frame.width, frame.height)
        x1, y1, x2, y2 = numbers
        return Box(x1 * sx, y1 * sy, x2 * sx, y2 * sy)

    def write_original(self, box: Box, frame: Frame) -> tuple[float, float, float, float]:
        """A box in original pixels -> the numbers a model would write about the picture."""
        return self.write(frame.from_original(box), frame)

    def read_original(self, numbers: tuple[float, float, float, float], frame: Frame) -> Box:
        """The numbers a model wrote about the picture -> a box in original pixels."""
        return frame.to_original(self.read(numbers, frame))
