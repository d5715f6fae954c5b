"""The operations of the small PIL: functions behind the names of `lensmill.sandbox.pil_names`, on a session's pictures.

Every operation checks its arguments (`lensmill.sandbox.arguments`) and takes time that grows with the pixels alone. It
either updates the frame or refuses: a turned or mirrored picture has no frame.
"""

from collections.abc import Callable
from typing import Any

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from lensmill.geometry import Box, Frame
from lensmill.sandbox import arguments
from lensmill.sandbox.picture_session import MODES, Held, Operation, PictureSession, changeable, flat, register
from lensmill.sandbox.pil_draw import DRAWING
from lensmill.sandbox.pil_names import FILTERS
from lensmill.sandbox.values import Handle
from lensmill.tools import ToolError
from lensmill.tools.errors import shown

MAX_RADIUS = 100
MAX_WINDOW = 9
MAX_RANKED = 360_000_000  # pixels times the window's area, for filters that sort each window; takes about two seconds
MAX_BORDER = 1_000

OPERATIONS: dict[str, Operation] = dict(DRAWING)


def _operation(*names: str) -> Callable[[Operation], Operation]:
    return register(OPERATIONS, *names)


def _held(session: PictureSession, on: int) -> Held:
    return session.held(Handle("image", on))


def _like(session: PictureSession, held: Held, pixels: Image.Image) -> Handle:
    """Store new pixels of the same place and size."""
    return session.keep(Held(pixels, held.frame, owned=True))


@_operation("image.crop")
def crop(session: PictureSession, on: int, box: Any = None) -> Handle:
    """Image.crop: cut `box` (pixels of the picture), clamped to the picture."""
    held = _held(session, on)
    if box is None:
        return _like(session, held, held.pixels.copy())
    x1, y1, x2, y2 = arguments.box_of(box, "the box to crop").rounded()
    width, height = held.pixels.size
    inside = (max(0, x1), max(0, y1), min(width, x2), min(height, y2))
    if inside[0] >= inside[2] or inside[1] >= inside[3]:
        raise ToolError(f"the box ({x1}, {y1}, {x2}, {y2}) lies outside the image of {width}x{height} pixels")
    return session.keep(Held(held.pixels.crop(inside), _part(held.frame, inside), owned=True))


def _part(frame: Frame | None, box: tuple[int, int, int, int]) -> Frame | None:
    if frame is None:
        return None
    return Frame(frame.to_original(Box(*box)), box[2] - box[0], box[3] - box[1])


@_operation("image.resize")
def resize(session: PictureSession, on: int, size: Any, resample: Any = None, *, reducing_gap: Any = None) -> Handle:
    """Image.resize: the same region at another size."""
    del reducing_gap  # would make shrinking faster but change the pixels slightly
    held = _held(session, on)
    wanted = arguments.size(size, session.limits.pixels)
    filtering = arguments.resampling(resample, Image.Resampling.BICUBIC)
    if held.pixels.mode == "1":
        filtering = Image.Resampling.NEAREST
    frame = Frame(held.frame.region, *wanted) if held.frame else None
    return session.keep(Held(held.pixels.resize(wanted, filtering), frame, owned=True))


@_operation("image.copy", "PIL.ImageOps.exif_transpose")
def copy(session: PictureSession, on: Any) -> Handle:
    """Image.copy and ImageOps.exif_transpose: the same pixels in a new picture."""
    held = session.held(on) if isinstance(on, Handle) else _held(session, on)
    return _like(session, held, held.pixels.copy())


@_operation("image.convert")
def convert(session: PictureSession, on: int, mode: Any = "RGB") -> Handle:
    """Image.convert: the picture in one of MODES."""
    held = _held(session, on)
    if mode not in MODES:
        raise ToolError(f"an image can be converted to {', '.join(MODES)}, not to {shown(mode, 40)}")
    return _like(session, held, held.pixels.convert(mode))


@_operation("image.save")
def save(session: PictureSession, on: int, fp: Any = None, format: Any = None, **_options: Any) -> None:
    """Image.save: keep the picture under a virtual file name."""
    del format
    if not isinstance(fp, str) or len(fp) > arguments.MAX_TEXT:
        raise ToolError("an image is saved under a name")
    if len(session.files) >= 200:
        raise ToolError("too many images were saved")
    held = _held(session, on)
    held.owned = False  # later drawing must not change the file
    session.files[fp] = session.keep(Held(held.pixels, held.frame), count=False).number


@_operation("PIL.Image.open")
def open_(session: PictureSession, fp: Any, mode: Any = "r") -> Handle:
    """Image.open: a picture of the episode, or one that the code saved."""
    del mode
    name = fp if isinstance(fp, str) else ""
    number = session.files.get(name) or session.files.get(name.rsplit("/", 1)[-1])
    if number is None:
        known = ", ".join(n for n in list(session.files)[:40] if n.endswith(".png"))
        raise FileNotFoundError(f"there is no image {shown(fp, 60)!r}; there are: {known}")
    held = _held(session, number)
    held.owned = False
    return session.keep(Held(held.pixels, held.frame), count=False)


@_operation("image.show")
def show(session: PictureSession, on: int, *_title: Any) -> None:
    """Image.show: the same as `display`."""
    session.call("display", None, [Handle("image", on)], {})


@_operation("image.load", "image.close")
def nothing(_session: PictureSession, _on: int) -> None:
    """Image.load and Image.close do nothing: pictures are always loaded and stay until the session ends."""


@_operation("image.getpixel")
def getpixel(session: PictureSession, on: int, xy: Any) -> Any:
    """Image.getpixel: the value of one pixel."""
    held = _held(session, on)
    x, y = (round(n) for n in arguments.points(xy)[:2])
    if not (0 <= x < held.pixels.width and 0 <= y < held.pixels.height):
        raise ToolError(f"({x}, {y}) lies outside the image of {held.pixels.width}x{held.pixels.height} pixels")
    return held.pixels.getpixel((x, y))


@_operation("image.rotate", "image.transpose", "image.transform", "PIL.ImageOps.mirror", "PIL.ImageOps.flip")
def unplaced(_session: PictureSession, *_args: Any, **_kwargs: Any) -> None:
    """Refuse operations after which a picture has no place on the original."""
    raise ToolError("images cannot be turned or mirrored here: it could not be said where on the original they lie")


@_operation("image.thumbnail")
def thumbnail(_session: PictureSession, *_args: Any, **_kwargs: Any) -> None:
    """Refuse Image.thumbnail and name the alternative."""
    raise ToolError("thumbnail is not available here: use image.resize((width, height))")


@_operation("image.filter")
def filter_(session: PictureSession, on: int, filter: Any) -> Handle:
    """Image.filter: one of the named filters, or a filter with a radius or window."""
    held = _held(session, on)
    pixels = held.pixels if held.pixels.mode != "1" else held.pixels.convert("L")
    if isinstance(filter, str) and filter in FILTERS:
        return _like(session, held, pixels.filter(getattr(ImageFilter, filter)))
    if isinstance(filter, tuple | list) and filter and isinstance(filter[0], str):
        made = _filter(filter[0], list(filter[1:]))
        if isinstance(made, ImageFilter.RankFilter) and pixels.width * pixels.height * made.size**2 > MAX_RANKED:
            raise ToolError("the filter's window is too large for an image of this size: resize it first")
        return _like(session, held, pixels.filter(made))
    raise ToolError(f"there is no filter {shown(filter, 60)}")


def _filter(name: str, settings: list[Any]) -> ImageFilter.Filter:
    match name:
        case "GaussianBlur" | "BoxBlur":
            radius = arguments.number(settings[0] if settings else 2, "the radius", 0, MAX_RADIUS)
            return ImageFilter.GaussianBlur(radius) if name == "GaussianBlur" else ImageFilter.BoxBlur(radius)
        case "UnsharpMask":
            radius, percent, threshold = (*settings, *(2, 150, 3)[len(settings) :])[:3]
            return ImageFilter.UnsharpMask(
                arguments.number(radius, "the radius", 0, MAX_RADIUS),
                arguments.whole(percent, "percent", 0, 1_000),
                arguments.whole(threshold, "the threshold", 0, 255),
            )
        case "MedianFilter" | "MinFilter" | "MaxFilter":
            window = arguments.whole(settings[0] if settings else 3, "the window", 1, MAX_WINDOW) | 1
            kinds = {
                "MedianFilter": ImageFilter.MedianFilter,
                "MinFilter": ImageFilter.MinFilter,
                "MaxFilter": ImageFilter.MaxFilter,
            }
            return kinds[name](window)
    raise ToolError(f"there is no filter {shown(name, 60)}")


def _filter_maker(name: str) -> Operation:
    def make(_session: PictureSession, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        return (name, *args, *kwargs.values())

    return make


for _name in ("GaussianBlur", "BoxBlur", "UnsharpMask", "MedianFilter", "MinFilter", "MaxFilter"):
    OPERATIONS[f"PIL.ImageFilter.{_name}"] = _filter_maker(_name)


@_operation("image.paste")
def paste(session: PictureSession, on: int, im: Any, box: Any = None, mask: Any = None) -> None:
    """Image.paste: put a picture or a colour onto this one."""
    held = _held(session, on)
    target = changeable(held)
    place: Any = None
    if box is not None:
        numbers = [round(n) for n in arguments.points(box)]
        place = tuple(numbers) if len(numbers) in (2, 4) else None
    through = session.held(mask).pixels if mask is not None else None
    if through is not None and through.mode not in ("1", "L", "RGBA"):
        through = through.convert("L")
    if isinstance(im, Handle):
        source = session.held(im).pixels
        target.paste(source if source.mode == target.mode else source.convert(target.mode), place, through)
    else:
        target.paste(arguments.colour(im, target.mode), place, through)


@_operation("PIL.Image.new")
def new(session: PictureSession, mode: Any, size: Any, color: Any = 0) -> Handle:
    """Image.new: an empty canvas without a frame."""
    if mode not in MODES:
        raise ToolError(f"an image has one of the modes {', '.join(MODES)}, not {shown(mode, 40)}")
    wanted = arguments.size(size, session.limits.pixels)
    return session.keep(Held(Image.new(mode, wanted, arguments.colour(color, mode)), None, owned=True))


def _pair(session: PictureSession, one: Any, other: Any) -> tuple[Held, Held, Frame | None]:
    first, second = session.held(one), session.held(other)
    if first.pixels.size != second.pixels.size:
        raise ToolError(f"both images need the same size, got {first.pixels.size} and {second.pixels.size}")
    return first, second, first.frame or second.frame


@_operation("PIL.Image.blend")
def blend(session: PictureSession, im1: Any, im2: Any, alpha: Any) -> Handle:
    """Image.blend of two pictures of equal size."""
    first, second, frame = _pair(session, im1, im2)
    mixed = Image.blend(flat(first.pixels), flat(second.pixels), arguments.number(alpha, "alpha", 0, 1))
    return session.keep(Held(mixed, frame, owned=True))


@_operation("PIL.Image.alpha_composite")
def alpha_composite(session: PictureSession, im1: Any, im2: Any) -> Handle:
    """Image.alpha_composite of two pictures of equal size."""
    first, second, frame = _pair(session, im1, im2)
    mixed = Image.alpha_composite(first.pixels.convert("RGBA"), second.pixels.convert("RGBA"))
    return session.keep(Held(mixed, frame, owned=True))


def _enhancer_maker(name: str) -> Operation:
    def make(session: PictureSession, image: Any) -> Handle:
        session.held(image)
        return session.keep_other("enhancer", ("enhancer", name, image))

    return make


for _name in ("Brightness", "Color", "Contrast", "Sharpness"):
    OPERATIONS[f"PIL.ImageEnhance.{_name}"] = _enhancer_maker(_name)


@_operation("enhancer.enhance")
def enhance(session: PictureSession, on: int, factor: Any) -> Handle:
    """ImageEnhance: change brightness, colour, contrast or sharpness by `factor`."""
    _, name, image = session.thing(on)
    held = session.held(image)
    enhancer = getattr(ImageEnhance, name)(held.pixels if held.pixels.mode != "1" else held.pixels.convert("L"))
    return _like(session, held, enhancer.enhance(arguments.number(factor, "the factor", 0, 100)))


@_operation("PIL.ImageOps.grayscale")
def grayscale(session: PictureSession, image: Any) -> Handle:
    """ImageOps.grayscale: the picture in mode "L"."""
    held = session.held(image)
    return _like(session, held, held.pixels.convert("L"))


def _tones_maker(name: str) -> Operation:
    def change(session: PictureSession, image: Any, cutoff: Any = 0) -> Handle:
        held = session.held(image)
        pixels = held.pixels if held.pixels.mode in ("L", "RGB") else flat(held.pixels)
        if name == "autocontrast":
            return _like(session, held, ImageOps.autocontrast(pixels, arguments.number(cutoff, "the cutoff", 0, 49)))
        return _like(session, held, ImageOps.invert(pixels) if name == "invert" else ImageOps.equalize(pixels))

    return change


for _name in ("autocontrast", "equalize", "invert"):
    OPERATIONS[f"PIL.ImageOps.{_name}"] = _tones_maker(_name)


@_operation("PIL.ImageOps.expand")
def expand(session: PictureSession, image: Any, border: Any = 0, fill: Any = 0) -> Handle:
    """ImageOps.expand: add a border in pixels. The frame grows with it."""
    held = session.held(image)
    sides = arguments.points([border] * 4 if not isinstance(border, list | tuple) else [*border, *border][:4])
    left, top, right, bottom = (min(max(0, round(side)), MAX_BORDER) for side in sides)
    width, height = held.pixels.size
    outer = arguments.size((width + left + right, height + top + bottom), session.limits.pixels)
    pixels = Image.new(held.pixels.mode, outer, arguments.colour(fill, held.pixels.mode))
    pixels.paste(held.pixels, (left, top))
    frame = _part(held.frame, (-left, -top, width + right, height + bottom))
    return session.keep(Held(pixels, frame, owned=True))
