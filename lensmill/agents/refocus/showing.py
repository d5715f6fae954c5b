"""Which pictures of an agent's code are shown, and at which size: only such as the model's server takes as they are."""

from collections.abc import Sequence

from PIL import Image

from lensmill.geometry import Frame
from lensmill.models.families import ModelFamily
from lensmill.picture import Picture
from lensmill.resolution import MAX_ASPECT, fit
from lensmill.tools import ToolSettings

_MOST_ENLARGED = 1000
"""Sizes that leave no room between a family's least and most pixels are not sought for ever."""


def most_pixels(rung: int, settings: ToolSettings) -> int:
    """Pixels that a picture of an episode on this rung may have, as for a zoom."""
    return max(rung, settings.zoom_floor) ** 2


def showable(pictures: Sequence[Picture], most: int, family: ModelFamily) -> tuple[list[Picture], list[str]]:
    """The pictures that can be shown, fitted to the family's sizes, and sentences on why others were left out.

    Fitting changes a picture's size, never the region that it shows.

    Args:
        most: pixels; code that made a picture of more is told so, since shrinking would undo what it enlarged for.
    """
    kept, why = [], []
    for picture in pictures:
        reason = _refusal(picture, most, family)
        if reason is None:
            kept.append(_fitted(picture, most, family))
        else:
            why.append(f"A picture was not shown: it {reason}.")
    return kept, list(dict.fromkeys(why))


def _refusal(picture: Picture, most: int, family: ModelFamily) -> str | None:
    width, height = picture.pixels.size
    if width * height > most:
        return f"has more than {most} pixels"
    if min(width, height) < family.factor:
        return f"has {width}x{height} pixels, and each side needs at least {family.factor}"
    # snapping a short side down may make a long picture longer still
    if _long((width, height)) or _long(_size(picture, most, family)):
        return f"has {width}x{height} pixels, and a side may be at most {MAX_ASPECT} times the other"
    return None


def _long(size: tuple[int, int]) -> bool:
    return max(size) > MAX_ASPECT * min(size)


def _size(picture: Picture, most: int, family: ModelFamily) -> tuple[int, int]:
    width, height = picture.pixels.size
    most = max(min(most, family.max_pixels), family.factor**2)
    least, grow = min(family.min_pixels, most // 2), 1.0
    size = fit(width, height, most, family.factor)
    while size[0] * size[1] < least and grow < _MOST_ENLARGED:
        grow *= 1.1
        size = fit(width * grow, height * grow, most, family.factor)
    return size


def _fitted(picture: Picture, most: int, family: ModelFamily) -> Picture:
    size = _size(picture, most, family)
    if size == picture.pixels.size:
        return picture
    return Picture(picture.pixels.resize(size, Image.Resampling.LANCZOS), Frame(picture.frame.region, *size))
