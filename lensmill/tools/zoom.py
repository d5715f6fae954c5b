"""Zoom: look closer at a part of the picture (Chain-of-Focus, section 3; its evaluation's constants)."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from PIL import Image

from lensmill.geometry import Box, Frame
from lensmill.picture import Picture
from lensmill.resolution import MAX_ASPECT, fit
from lensmill.tools.errors import ToolError, shown
from lensmill.tools.settings import ENLARGE, UPSCALE, ToolSettings
from lensmill.tools.spec import BOX_SCHEMA, Drawn, ToolContext, ToolSpec

ZOOM = "image_zoom_in_tool"

MIN_SIDE = 28
"""Pixels of each side of a zoomed box, at least."""


def zoom_region(box: Box, size: tuple[int, int], enlarge: float = ENLARGE) -> Box:
    """The whole-pixel rectangle that a zoom on `box` shows: enlarged about its centre, clipped to the picture.

    `box` and `size` are in pixels of the same picture.

    Raises:
        ToolError: the box lies outside, has no area, or the result is too small or too thin.
    """
    width, height = size
    if box.area <= 0:
        raise ToolError(f"the box {_show(box)} has no area: x1 < x2 and y1 < y2 are needed")
    bounds = Box(0, 0, width, height)
    clipped = box.scaled(enlarge).clip(bounds)
    if box.intersection(bounds) is None or clipped is None:
        raise ToolError(f"the box {_show(box)} lies outside the image of {width}x{height} pixels")
    x1, y1, x2, y2 = clipped.rounded_out()
    region = Box(max(0, x1), max(0, y1), min(width, x2), min(height, y2))
    if min(region.width, region.height) < MIN_SIDE:
        raise ToolError(
            f"the box {_show(box)} is too small: after enlarging, each side must have at least {MIN_SIDE} pixels"
        )
    if max(region.width, region.height) > MAX_ASPECT * min(region.width, region.height):
        raise ToolError(f"the box {_show(box)} is longer than {MAX_ASPECT}:1")
    return region


def zoom(
    source: Picture,
    box: Box,
    max_pixels: int,
    factor: int,
    enlarge: float = ENLARGE,
    upscale: float = UPSCALE,
    min_pixels: int = 0,
) -> Picture:
    """The crop around `box`, upscaled within a pixel budget.

    Args:
        source: what is cropped: the whole original as a picture, or a view.
        box: in original pixels.
        max_pixels: the most the crop may have, snapped; a larger one is drawn smaller.
        factor: its sides become multiples of this.
        min_pixels: a crop with fewer is drawn larger, for models whose servers would else enlarge it themselves.

    Raises:
        ToolError: see `zoom_region`.
    """
    inside, frame = _placed(source.frame, box, max_pixels, factor, enlarge, upscale, min_pixels)
    size = (frame.width, frame.height)
    pixels = source.pixels.resize(size, Image.Resampling.LANCZOS, box=inside.xyxy, reducing_gap=3.0)
    return Picture(pixels, frame)


def zoom_frame(source: Frame, box: Box, settings: ToolSettings, max_pixels: int) -> Frame:
    """The frame of the crop that a zoom draws, without drawing the crop.

    Args:
        source: of the original or of the view, from which the crop is cut.
        box: in original pixels.
        max_pixels: see `zoom`.

    Raises:
        ToolError: see `zoom_region`.
    """
    enlarge, upscale = settings.zoom_enlarge, settings.zoom_upscale
    return _placed(source, box, max_pixels, settings.factor, enlarge, upscale, settings.min_pixels)[1]


def _placed(
    source: Frame, box: Box, max_pixels: int, factor: int, enlarge: float, upscale: float, min_pixels: int
) -> tuple[Box, Frame]:
    """The rectangle that a zoom cuts, in whole pixels of its source, and the frame of the crop."""
    inside = zoom_region(source.from_original(box), (source.width, source.height), enlarge)
    size = fit(inside.width * upscale, inside.height * upscale, max_pixels, factor, min_pixels)
    return inside, Frame(source.to_original(inside), *size)


def _show(box: Box) -> str:
    return "[" + ", ".join(f"{n:.4g}" for n in box.xyxy) + "]"


def draw_zoom(source: Picture, box: Box, settings: ToolSettings, max_pixels: int) -> Picture:
    """The crop around `box` as the tool draws it; see `zoom`."""
    enlarge, upscale = settings.zoom_enlarge, settings.zoom_upscale
    return zoom(source, box, max_pixels, settings.factor, enlarge, upscale, settings.min_pixels)


def _run(context: ToolContext, arguments: Mapping[str, Any]) -> Drawn:
    settings = context.settings
    box = context.read_box(arguments.get("bbox_2d"))
    draw = partial(draw_zoom, box=box, settings=settings, max_pixels=context.max_pixels)
    source = context.original if settings.zoom_source == "original" else context.pictures[0]
    return context.drawn(source, draw, boxes=((shown(arguments.get("label") or "", 200), box),))


SPEC = ToolSpec(
    name=ZOOM,
    version=1,
    kind="zoom",
    description="Zoom in on a part of a picture: shows the region around the box at a higher resolution.",
    properties={
        "bbox_2d": {**BOX_SCHEMA, "description": "the part to look at, as [x1, y1, x2, y2]"},
        "label": {"type": "string", "description": "what is to be seen there"},
    },
    required=("bbox_2d",),
    run=_run,
)
