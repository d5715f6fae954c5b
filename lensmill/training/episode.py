"""An episode of tool calls in a trainer's rollout, with the pixels and the words of lensmill's own environment."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import unquote, urlsplit

from PIL import Image

from lensmill.decoding import load_original
from lensmill.geometry import Box, Frame
from lensmill.picture import Picture, draw_view
from lensmill.resolution import Ladder
from lensmill.sample import Region, RegionKind
from lensmill.tools import Toolbox, ToolError, ToolSettings

MOST_BYTES = 256 << 20
"""Of a picture's file."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a call brings to the model.

    Attributes:
        text: to be put behind the picture.
        picture: the new picture; None if the call could not be done.
    """

    text: str
    picture: Image.Image | None


class Episode:
    """The pictures and tools of one rollout. Not thread-safe.

    Args:
        toolbox: with the view as its first picture.
    """

    def __init__(self, toolbox: Toolbox) -> None:
        self.toolbox = toolbox

    @property
    def view(self) -> Image.Image:
        """What the model sees first."""
        return self.toolbox.pictures[0].pixels

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Shown:
        """Run one call. A call that cannot be done gives a text that says why."""
        try:
            result = self.toolbox.call(tool, arguments)
        except ToolError as error:
            return Shown(str(error), None)
        return Shown(f"Picture {len(self.toolbox.pictures) - 1}. {result.text}".rstrip(), result.picture.pixels)


def open_episode(
    original: object,
    rung: int = 0,
    seen: Image.Image | None = None,
    regions: Sequence[Mapping[str, Any]] = (),
    settings: ToolSettings | None = None,
) -> Episode:
    """The start of an episode.

    Args:
        original: the picture: an RGB PIL image, the bytes of a file, {"bytes": ..., "path": ...} as `datasets` stores
            pictures, or the path of a local file.
        rung: of the view; 0 for a view that is the original itself.
        seen: the first picture as the trainer shows it to the model. If its size is not the view's, it is the view:
            the trainer has resized the view, and the model's boxes are about what it sees.
        regions: named parts of a published row: {"kind", "label", "box"}, in pixels of the original.

    Raises:
        ValueError: the original is no picture, a region is none, or no view is drawn on this rung.
    """
    settings = settings or ToolSettings()
    pixels = _pixels(original)
    ladder = Ladder((rung or settings.factor,), settings.factor, False, settings.min_pixels, settings.max_pixels)
    whole = Frame.whole(pixels.size)
    drawn = draw_view(pixels, rung, ladder) if rung else Picture(pixels, whole)
    if seen is not None and seen.size != drawn.pixels.size:
        drawn = Picture(seen.convert("RGB"), Frame.whole(pixels.size, seen.size))
    return Episode(Toolbox(pixels, drawn, rung, [_region(region) for region in regions], settings))


def _region(value: Mapping[str, Any]) -> Region:
    try:
        if value["kind"] not in get_args(RegionKind):
            raise ValueError(f"kind must be one of {', '.join(get_args(RegionKind))}")
        return Region(value["kind"], str(value["label"]), Box(*(float(number) for number in value["box"])))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"regions: a region has kind, label and box [x1, y1, x2, y2], got {value!r:.80}") from error


def _pixels(original: object) -> Image.Image:
    """The upright RGB pixels of a picture, whatever holds them."""
    if isinstance(original, Image.Image):
        return original if original.mode == "RGB" else original.convert("RGB")
    if isinstance(original, Mapping):
        held = original.get("bytes")
        return _pixels(held if held is not None else original.get("path") or original.get("image"))
    if isinstance(original, str):
        path = unquote(urlsplit(original).path) if original.startswith("file://") else original
        if os.path.getsize(path) > MOST_BYTES:
            raise ValueError(f"{path}: a picture's file has at most {MOST_BYTES >> 20} MiB")
        with open(path, "rb") as source:
            return load_original(source.read()).pixels
    if isinstance(original, bytes | bytearray | memoryview):
        return load_original(bytes(original)).pixels
    raise ValueError(f"image: must be a picture, a file's bytes or a path, got a {type(original).__name__}")
