"""The picture during drawing, in whole pixels, so that the box of everything drawn is known exactly."""

import io
from typing import Literal

from PIL import Image, ImageDraw

from lensmill.geometry import Box
from storage.sources.synthetic.style import Colour, Font, font

FULL_SIDE = 3840
PNG_LEVEL = 4
"""zlib's level; higher levels take several times as long and save a few per cent."""

LEAST_TEXT = 34
"""The smallest em in pixels of the design; its capitals are about 24 px high."""

SMOOTHING = 2
"""Slanted edges are drawn this many times larger and averaged down."""


class Cramped(ValueError):
    """There is not enough space to draw something legibly. The content is valid, but must go elsewhere."""


Anchor = Literal["left", "centre", "right"]


class Canvas:
    """A picture of `width` x `height` pixels, designed with 3840 pixels on the longer side and drawn with `side`.

    Lengths in layouts (`px`) are pixels of the design, and so is the smallest em that text may have (`least_text`). All
    coordinates and boxes are pixels of the picture.
    """

    def __init__(self, width: int, height: int, side: int, background: Colour, least_text: float = LEAST_TEXT) -> None:
        self.scale = side / FULL_SIDE
        self.least_text = least_text
        self.width, self.height = self.px(width), self.px(height)
        self.image = Image.new("RGB", (self.width, self.height), background)
        self.background = background
        self._draw = ImageDraw.Draw(self.image)

    def px(self, length: float) -> int:
        """A length of the design in pixels of the picture, at least one."""
        return max(1, round(length * self.scale))

    @property
    def bounds(self) -> Box:
        """The whole picture."""
        return Box(0, 0, self.width, self.height)

    def around(self, box: Box, rim: float) -> Box:
        """A box enlarged by `rim` pixels of the design on every side, clipped to the picture."""
        return box.padded(self.px(rim)).clip(self.bounds) or box

    def font(self, family: str, size: float, bold: bool = False) -> Font:
        """A typeface with an em of `size` pixels of the design."""
        return font(family, max(6, self.px(size)), bold)

    def rectangle(self, x1: int, y1: int, x2: int, y2: int, fill: Colour | None, outline: Colour | None = None) -> Box:
        """Fill [x1, x2) x [y1, y2). An outline is drawn inside it. Return the box."""
        self._draw.rectangle((x1, y1, x2 - 1, y2 - 1), fill=fill, outline=outline, width=self.px(4))
        return Box(x1, y1, x2, y2)

    def line(self, x1: int, y1: int, x2: int, y2: int, fill: Colour, thickness: float, dashed: bool = False) -> None:
        """Draw a horizontal or vertical line, centred on its coordinate."""
        width = self.px(thickness)
        level = y1 == y2
        start, end = sorted((x1, x2) if level else (y1, y2))
        dash = self.px(18) if dashed else max(1, end - start)
        for at in range(start, end, 2 * dash if dashed else dash):
            stop = min(end, at + dash)
            low = (y1 if level else x1) - width // 2
            box = (at, low, stop - 1, low + width - 1) if level else (low, at, low + width - 1, stop - 1)
            self._draw.rectangle(box, fill=fill)

    def text_size(self, text: str, face: Font) -> tuple[int, int]:
        """Width and line height of a text on one line, in pixels of the picture."""
        ascent, descent = face.getmetrics()
        return (round(face.getlength(text)), ascent + descent)

    def text(self, x: int, y: int, text: str, face: Font, fill: Colour, anchor: Anchor = "left") -> Box:
        """Draw one line of text with its middle at y. Return the box of its ink."""
        spot = {"left": "l", "centre": "m", "right": "r"}[anchor] + "m"
        self._draw.text((x, y), text, font=face, fill=fill, anchor=spot)
        left, top, right, bottom = self._draw.textbbox((x, y), text, font=face, anchor=spot)
        return Box(left, top, max(right, left + 1), max(bottom, top + 1)).clip(self.bounds) or Box(x, y, x, y)

    def upright_text(self, x: int, y: int, text: str, face: Font, fill: Colour) -> Box:
        """Draw one line of text, rotated to read upwards, centred on (x, y). Return the box of its ink."""
        width, height = self.text_size(text, face)
        stamp = Image.new("L", (width, height), 0)
        ImageDraw.Draw(stamp).text((width // 2, height // 2), text, font=face, fill=255, anchor="mm")
        turned = stamp.transpose(Image.Transpose.ROTATE_90)
        corner = (x - height // 2, y - width // 2)
        self.image.paste(fill, corner, turned)
        ink = turned.getbbox() or (0, 0, *turned.size)
        box = Box(corner[0] + ink[0], corner[1] + ink[1], corner[0] + ink[2], corner[1] + ink[3])
        return box.clip(self.bounds) or Box(x, y, x, y)

    def polyline(self, points: list[tuple[int, int]], fill: Colour, thickness: float) -> None:
        """Draw joined segments with smooth edges."""
        width = self.px(thickness)
        left, top = min(x for x, _ in points) - width, min(y for _, y in points) - width
        right, bottom = max(x for x, _ in points) + width, max(y for _, y in points) + width
        mask = Image.new("L", ((right - left) * SMOOTHING, (bottom - top) * SMOOTHING), 0)
        moved = [((x - left) * SMOOTHING, (y - top) * SMOOTHING) for x, y in points]
        ImageDraw.Draw(mask).line(moved, fill=255, width=width * SMOOTHING, joint="curve")
        self.image.paste(fill, (left, top), mask.reduce(SMOOTHING))

    def disc(self, x: int, y: int, radius: int, fill: Colour) -> Box:
        """Draw a filled circle around (x, y). Return its box."""
        return self.wedge(x, y, radius, 0, 360, fill)

    def wedge(self, x: int, y: int, radius: int, start: float, end: float, fill: Colour, edge: float = 0) -> Box:
        """Draw a slice from `start` to `end` degrees, clockwise from the right; `edge` leaves a seam of that width.
        Return its box."""
        side = 2 * radius
        mask = Image.new("L", (side * SMOOTHING, side * SMOOTHING), 0)
        pen = ImageDraw.Draw(mask)
        extent = (0, 0, side * SMOOTHING - 1, side * SMOOTHING - 1)
        if end - start >= 360:
            pen.ellipse(extent, fill=255)
        else:
            pen.pieslice(extent, start, end, fill=255, outline=0 if edge else None, width=self.px(edge) * SMOOTHING)
        mask = mask.reduce(SMOOTHING)
        self.image.paste(fill, (x - radius, y - radius), mask)
        ink = mask.getbbox() or (0, 0, side, side)
        return Box(x - radius + ink[0], y - radius + ink[1], x - radius + ink[2], y - radius + ink[3])

    def png(self) -> bytes:
        """The picture's file. The same pixels give the same bytes."""
        stream = io.BytesIO()
        self.image.save(stream, "PNG", compress_level=PNG_LEVEL)
        return stream.getvalue()
