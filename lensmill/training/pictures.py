"""Tools as plain functions, picture in and picture out, with the pixels that an episode of ours has."""

from collections.abc import Mapping, Sequence

from PIL import Image

from lensmill.geometry import Frame
from lensmill.picture import Picture, draw_view
from lensmill.tools import Toolbox, ToolError, ToolSettings
from lensmill.tools.arguments import checked_box
from lensmill.tools.zoom import draw_zoom


def view(original: Image.Image, rung: int) -> Image.Image:
    """What a model sees first of an upright RGB original on a rung: at most rung x rung pixels.

    Raises:
        ValueError: no view is drawn on this rung, or the original is too long.
    """
    return draw_view(original, rung).pixels


def zoom(
    picture: Image.Image,
    bbox_2d: Sequence[float],
    *,
    shown: tuple[int, int] | None = None,
    rung: int = 0,
    settings: ToolSettings | None = None,
) -> Image.Image:
    """The part of a picture around a box, enlarged (Chain-of-Focus, section 3).

    Args:
        picture: RGB, from which the crop is cut: the original (as lensmill does) or the view (as Chain-of-Focus does).
        bbox_2d: four numbers as the model wrote them, in the convention of `settings` (default: pixels).
        shown: (width, height) of the picture to which the numbers refer, e.g. of the view; None for `picture`.
        rung: of the episode. The crop has at most max(rung, settings.zoom_floor) squared pixels.
        settings: how the tool reads and draws.

    Raises:
        ToolError: the box is no box, lies outside, or is too small or too long; the message is meant for the model.
        ValueError: the picture is not RGB.
    """
    settings = settings or ToolSettings()
    whole = Picture(picture, Frame.whole(picture.size))
    numbers = checked_box(list(bbox_2d))
    try:
        box = settings.convention.read_original(numbers, Frame.whole(picture.size, shown))
    except ValueError as error:
        raise ToolError(f"bbox_2d is not a box: {error}") from error
    return draw_zoom(whole, box, settings, settings.most_pixels(rung)).pixels


def edit(
    picture: Image.Image,
    tool: str,
    labels: Sequence[str],
    boxes: Mapping[str, Sequence[float]],
    *,
    settings: ToolSettings | None = None,
) -> Image.Image:
    """A picture with an edit of ReFocus (section 3).

    Args:
        picture: RGB; it stays as it is.
        tool: name of the edit, e.g. "focus_on_x_values_with_draw"; `lensmill.tools.EDIT_TOOLS` has all.
        labels: parts to focus on.
        boxes: the box of every known part, by label, about `picture`, in the convention of `settings`.

    Raises:
        ToolError: there is no such edit or label; the message is meant for the model.
        ValueError: the picture is not RGB.
    """
    toolbox = Toolbox(picture, Picture(picture, Frame.whole(picture.size)), 0, settings=settings)
    written = {label: list(box) for label, box in boxes.items()}
    return toolbox.call(tool, {"labels": list(labels), "boxes": written}).picture.pixels
