"""The part of PIL's ImageDraw and ImageFont that Monty offers: lines, shapes and text on the session's pictures."""

from collections.abc import Callable
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from lensmill.sandbox import arguments
from lensmill.sandbox.picture_session import Operation, PictureSession, changeable, register
from lensmill.sandbox.values import Handle
from lensmill.tools import ToolError

MAX_FONT = 300
MAX_WIDTH = 1_000

DRAWING: dict[str, Operation] = {}


def _operation(*names: str) -> Callable[[Operation], Operation]:
    return register(DRAWING, *names)


def _font(value: Any) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    size = value[1] if isinstance(value, tuple | list) and len(value) == 2 else 12
    return ImageFont.load_default(arguments.number(size, "the font's size", 1, MAX_FONT))


@_operation("PIL.ImageFont.truetype", "PIL.ImageFont.load_default")
def font(_session: PictureSession, *args: Any, size: Any = 12, **_options: Any) -> tuple[str, float]:
    """A font of the default family, as ("font", size in pixels)."""
    numbers = [value for value in args if isinstance(value, int | float)]
    return ("font", arguments.number(numbers[0] if numbers else size, "the font's size", 1, MAX_FONT))


@_operation("PIL.ImageDraw.Draw")
def draw(session: PictureSession, image: Any, mode: Any = None) -> Handle:
    """PIL.ImageDraw.Draw: a handle that draws on `image`."""
    del mode  # the blend mode of ImageDraw; pictures are blended by alpha_composite
    session.held(image)
    return session.keep_other("draw", ("draw", image))


def _pen(session: PictureSession, on: int) -> tuple[ImageDraw.ImageDraw, str]:
    target = changeable(session.held(session.thing(on)[1]))
    return ImageDraw.Draw(target), target.mode


def _shape_maker(name: str) -> Operation:
    def shape(session: PictureSession, on: int, xy: Any, fill: Any = None, outline: Any = None, width: Any = 1) -> None:
        pen, mode = _pen(session, on)
        flat_points: Any = arguments.points(xy)
        inside = arguments.colour(fill, mode) if fill is not None else None
        edge = arguments.colour(outline, mode) if outline is not None else None
        thick = arguments.whole(width, "the width", 0, MAX_WIDTH)
        if name in ("rectangle", "ellipse"):
            if len(flat_points) != 4:
                raise ToolError(f"a {name} has two corners: [x1, y1, x2, y2]")
            x1, y1, x2, y2 = flat_points
            corners = [min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)]
            (pen.rectangle if name == "rectangle" else pen.ellipse)(corners, inside, edge, thick)
        elif name == "polygon":
            pen.polygon(flat_points, inside, edge, thick)
        elif name == "line":
            pen.line(flat_points, inside, thick)
        else:
            pen.point(flat_points, inside)

    return shape


for _name in ("rectangle", "ellipse", "polygon", "line", "point"):
    DRAWING[f"draw.{_name}"] = _shape_maker(_name)


@_operation("draw.text")
def text(
    session: PictureSession, on: int, xy: Any, text: Any, fill: Any = None, font: Any = None, **_options: Any
) -> None:
    """ImageDraw.text: draw text at `xy`."""
    pen, mode = _pen(session, on)
    x, y = arguments.points(xy)[:2]
    words = text if isinstance(text, str) else str(arguments.number(text, "the text"))
    pen.text((x, y), words[: arguments.MAX_TEXT], arguments.colour(fill or "white", mode), _font(font))


@_operation("draw.textbbox", "draw.textsize", "draw.textlength")
def text_size(_session: PictureSession, _on: int, *args: Any, font: Any = None, **_options: Any) -> Any:
    """ImageDraw.textbbox: the box of a text in pixels."""
    words = next((value for value in args if isinstance(value, str)), "")[: arguments.MAX_TEXT]
    x, y = next(((value[0], value[1]) for value in args if isinstance(value, tuple | list) and len(value) == 2), (0, 0))
    pen = ImageDraw.Draw(Image.new("L", (1, 1)))
    return tuple(pen.textbbox((arguments.number(x, "x"), arguments.number(y, "y")), words, _font(font)))
