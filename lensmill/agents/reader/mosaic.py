"""The mosaic: all that an episode has shown of a picture, put together at the sharpest scale seen."""

import math
from collections.abc import Sequence

from PIL import Image

from lensmill.geometry import Box, Frame
from lensmill.picture import Picture

MAX_PIXELS = 4_000_000


def mosaic(pictures: Sequence[Picture]) -> Picture:
    """The view with every sharper crop laid over it, as one picture of the whole original.

    Args:
        pictures: the view first; each shows its region of the original as it is (no edited ones).
    """
    view = pictures[0]
    sharper = sorted(pictures[1:], key=_scale)
    wanted = max(map(_scale, pictures))
    whole = view.frame.region
    scale = min(wanted, math.sqrt(MAX_PIXELS / whole.area))
    if scale <= _scale(view) * 1.05:
        return view
    size = (max(1, round(whole.width * scale)), max(1, round(whole.height * scale)))
    frame = Frame(whole, *size)
    canvas = view.pixels.resize(size, Image.Resampling.BICUBIC)
    for picture in sharper:
        place = frame.from_original(picture.frame.region).rounded()
        part = Box(*place).clip(frame.bounds)
        if part is not None and part.width >= 1 and part.height >= 1:
            x1, y1, x2, y2 = part.rounded()
            canvas.paste(picture.pixels.resize((x2 - x1, y2 - y1), Image.Resampling.LANCZOS), (x1, y1))
    return Picture(canvas, frame)


def _scale(picture: Picture) -> float:
    return min(picture.frame.scale)
