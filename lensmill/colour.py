"""Converts the colours of a decoded picture file to 8-bit RGB.

16-bit colour keeps its high byte. 16-bit grey counts as 8, 10, 12, 14 or 16 bits, whichever its largest level needs:
scanners and cameras store levels of fewer bits unscaled, and their high bytes would be black. If a PNG names the number
of significant bits (sBIT), that number is used.
"""

from typing import Literal

import numpy as np
from PIL import Image, TiffImagePlugin

from lensmill import mending

DARK = 64
"""High bytes below this, in all channels, come from levels of at most 14 bits that were not scaled up to 16."""


class UndefinedColour(ValueError):
    """Pixels whose white is unknown. The message says what to do."""


ColourRoute = Literal["plain", "on_white", "grey16"]


def colour_route(image: Image.Image, data: bytes) -> ColourRoute:
    """How `to_rgb` would convert a decoded picture. Cheap; raises for the same pictures.

    Args:
        image: the decoded picture.
        data: the file of the picture.

    Raises:
        UndefinedColour: the picture's white is unknown.
    """
    if image.mode.startswith("I;16"):
        return "grey16"
    if image.mode in ("I", "F", "LAB", "HSV"):
        raise UndefinedColour(
            f'the picture has pixels of mode "{image.mode}", whose white is not defined; save it as 8-bit RGB'
        )
    if _has_16_bits(image, data) and int(np.asarray(image).max()) < DARK:
        raise UndefinedColour("its 16-bit colours use the lower bits alone and would be black; save it as 8-bit RGB")
    return "on_white" if image.has_transparency_data else "plain"


def to_rgb(image: Image.Image, data: bytes) -> Image.Image:
    """A new RGB picture. Transparent pixels are blended with white.

    Args:
        image: the decoded picture.
        data: the file of the picture.

    Raises:
        UndefinedColour: the picture's white is unknown.
    """
    match colour_route(image, data):
        case "grey16":
            return _grey16_to_rgb(image, data)
        case "on_white":
            layer = image.convert("RGBA")
            page = Image.new("RGB", layer.size, "white")
            page.paste(layer, mask=layer.getchannel("A"))
            return page
        case "plain":
            return image.convert("RGB") if image.mode != "RGB" else image.copy()


def _has_16_bits(image: Image.Image, data: bytes) -> bool:
    if image.format == "PNG":
        return mending.png_depth(data)[0] == 16
    depths = image.tag_v2.get(258) if isinstance(image, TiffImagePlugin.TiffImageFile) else None
    return isinstance(depths, tuple) and 16 in depths


def _grey16_to_rgb(image: Image.Image, data: bytes) -> Image.Image:
    levels = np.asarray(image)
    most = int(levels.max())
    bits = next(bits for bits in (8, 10, 12, 14, 16) if most < 1 << bits)
    meant = mending.png_depth(data)[1] if image.format == "PNG" else None
    if meant is not None:
        bits = meant if most < 1 << meant else 16  # the standard scales levels of fewer bits up to 16
    grey = ((levels >> bits - 8) if bits >= 8 else (levels << 8 - bits)).astype(np.uint8)
    if image.format == "TIFF" and mending.white_is_zero(data) is not None:
        grey = 255 - grey
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey[levels == clear] = 255
    return Image.fromarray(grey).convert("RGB")
