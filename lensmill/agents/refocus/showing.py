"""Which pictures of an agent's code are shown, and at which size: only such as the model's server takes as they are."""

from collections.abc import Sequence

from PIL import Image

from lensmill.geometry import Frame
from lensmill.models.families import ModelFamily
from lensmill.picture import Picture
from lensmill.resolution import MAX_ASPECT, fit


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
    if max(width, height) > MAX_ASPECT * min(width, height):
        return f"has {width}x{height} pixels, and a side may be at most {MAX_ASPECT} times the other"
    return None


def _size(picture: Picture, most: int, family: ModelFamily) -> tuple[int, int]:
    width, height = picture.pixels.size
    most = max(min(most, family.max_pixels), family.factor**2)
    return fit(width, height, most, family.factor, family.min_pixels)


def _fitted(picture: Picture, most: int, family: ModelFamily) -> Picture:
    size = _size(picture, most, family)
    if size == picture.pixels.size:
        return picture
    return Picture(picture.pixels.resize(size, Image.Resampling.LANCZOS), Frame(picture.frame.region, *size))
