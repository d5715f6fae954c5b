"""Boxes and frames: the only module where coordinates change their meaning.

Every stored box is xyxy in pixels of the *original* image (design invariant 1). A picture shown to a model is a
rectangle of the original drawn at some size. Its `Frame` names the rectangle and the size, and converts in both
directions. A `Convention` is the way a model writes numbers about a picture that it sees.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned rectangle, xyxy, in pixels of the picture that the owner of the box names.

    Coordinates are edges, not pixel centres: all of a W x H picture is `Box(0, 0, W, H)`.

    Raises:
        ValueError: a coordinate is not finite, or two corners are swapped. Zero area is allowed.
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
        """A box from corner and size, as ChartQA annotations, V* and RefChartQA write boxes."""
        return cls(x, y, x + width, y + height)

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom edge."""
        return (self.x1, self.y1, self.x2, self.y2)

    @property
    def width(self) -> float:
        """Right edge minus left edge."""
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        """Bottom edge minus top edge."""
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        """Width times height."""
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        """x and y of the centre."""
        return ((self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2)

    def intersection(self, other: "Box") -> "Box | None":
        """The shared rectangle, or None if the two share no area."""
        x1, y1 = max(self.x1, other.x1), max(self.y1, other.y1)
        x2, y2 = min(self.x2, other.x2), min(self.y2, other.y2)
        return Box(x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None

    def union(self, other: "Box") -> "Box":
        """The smallest box that contains both."""
        return Box(
            min(self.x1, other.x1),
            min(self.y1, other.y1),
            max(self.x2, other.x2),
            max(self.y2, other.y2),
        )

    def iou(self, other: "Box") -> float:
        """Intersection over union, 0 to 1; 0 if either box has no area."""
        shared = self.intersection(other)
        if shared is None:
            return 0.0
        covered = self.area + other.area - shared.area
        return shared.area / covered if covered > 0 else 0.0

    def contains(self, other: "Box") -> bool:
        """Whether the other box lies within this box; shared edges count as within."""
        return self.x1 <= other.x1 and self.y1 <= other.y1 and self.x2 >= other.x2 and self.y2 >= other.y2

    def clip(self, bounds: "Box") -> "Box | None":
        """This box cut to `bounds`, or None if nothing remains."""
        return self.intersection(bounds)

    def scaled(self, factor: float) -> "Box":
        """This box scaled by `factor` about its centre."""
        cx, cy = self.centre
        half_width, half_height = self.width * factor / 2, self.height * factor / 2
        return Box(cx - half_width, cy - half_height, cx + half_width, cy + half_height)

    def padded(self, pixels: float) -> "Box":
        """This box with every side moved outwards by `pixels` (inwards if negative, at most to the centre lines)."""
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
        """This box with each edge at the nearest whole pixel."""
        return (round(self.x1), round(self.y1), round(self.x2), round(self.y2))


@dataclass(frozen=True, slots=True)
class Frame:
    """The place of a picture of `width` x `height` pixels on the original.

    `region` is the rectangle of the original that the picture shows, in original pixels. Each axis has its own scale,
    because snapping sides to a patch factor changes the aspect ratio slightly.

    Raises:
        ValueError: a side is below one pixel, or the region has no area.
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
        """The frame of a picture that shows all of an original.

        Args:
            original: (width, height) of the original.
            shown: (width, height) of the picture; None for the original's size.
        """
        width, height = shown or original
        return cls(Box(0, 0, *original), width, height)

    @property
    def bounds(self) -> Box:
        """The picture's extent in its own pixels."""
        return Box(0, 0, self.width, self.height)

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels of the picture per original pixel, along x and y."""
        return (self.width / self.region.width, self.height / self.region.height)

    def to_original(self, box: Box) -> Box:
        """Convert a box from the picture's pixels to original pixels."""
        sx, sy = self.scale
        left, top = self.region.x1, self.region.y1
        return Box(box.x1 / sx + left, box.y1 / sy + top, box.x2 / sx + left, box.y2 / sy + top)

    def from_original(self, box: Box) -> Box:
        """Convert a box from original pixels to the picture's pixels, without clipping."""
        sx, sy = self.scale
        left, top = self.region.x1, self.region.y1
        return Box((box.x1 - left) * sx, (box.y1 - top) * sy, (box.x2 - left) * sx, (box.y2 - top) * sy)


class Convention(StrEnum):
    """How a model writes a box about a picture of `width` x `height` pixels.

    Qwen2.5-VL writes patch-snapped ("smart-resized") pixels. These are PIXELS of a view whose sides were snapped:
    snapping belongs to the view (`lensmill.resolution`), not to the numbers.
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
        """Convert a box in the frame's pixels to the four numbers of this convention, not rounded."""
        sx, sy = self._spans(frame.width, frame.height)
        return (box.x1 / sx, box.y1 / sy, box.x2 / sx, box.y2 / sy)

    def read(self, numbers: tuple[float, float, float, float], frame: Frame) -> Box:
        """Convert four numbers of this convention to a box in the frame's pixels, not clipped.

        Raises:
            ValueError: a number is not finite, or corners are swapped.
        """
        sx, sy = self._spans(frame.width, frame.height)
        x1, y1, x2, y2 = numbers
        return Box(x1 * sx, y1 * sy, x2 * sx, y2 * sy)

    def write_original(self, box: Box, frame: Frame) -> tuple[float, float, float, float]:
        """Convert a box in original pixels to the numbers that a model would write about the picture."""
        return self.write(frame.from_original(box), frame)

    def read_original(self, numbers: tuple[float, float, float, float], frame: Frame) -> Box:
        """Convert the numbers that a model wrote about the picture to a box in original pixels."""
        return frame.to_original(self.read(numbers, frame))
