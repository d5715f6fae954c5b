"""The toolbox of one episode: runs a named call against the pictures seen so far, deterministically.

The same class runs an agent's calls and replays a recorded trajectory (design invariant 2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

from PIL import Image

from lensmill.geometry import Box, Convention, Frame
from lensmill.picture import Picture
from lensmill.resolution import MAX_PIXELS, MIN_PIXELS, PATCH_FACTOR
from lensmill.sample import Region, RegionKind
from lensmill.tools.album import Album, Drawing
from lensmill.tools.edits import EditKind, focus
from lensmill.tools.errors import ToolError, shown
from lensmill.tools.zoom import ENLARGE, UPSCALE, checked_box, zoom

ZOOM = "image_zoom_in_tool"

PYTHON = "python"
"""Not one of the toolbox: the name in the record of a step in which an agent's own code ran."""

PART_WORDS: Mapping[RegionKind, str] = {
    "x_values": "values on the x axis",
    "y_values": "values on the y axis",
    "columns": "columns of the table",
    "rows": "rows of the table",
    "subplots": "panels of the figure",
}

_EDIT_WORDS: Mapping[EditKind, str] = {
    "mask": "whitens all the others",
    "draw": "outlines each with a red box",
    "highlight": "lays translucent red over each",
}


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """How tools read and draw; part of the recipe.

    Attributes:
        convention: how boxes in arguments are written, about the picture that the call names.
        zoom_source: crops come from the "original", or (as in Chain-of-Focus's own code) from the "view".
        zoom_enlarge: a zoomed box is enlarged about its centre by this.
        zoom_upscale: a crop is drawn this many times larger, within the budget.
        zoom_floor: side in pixels, for the budget of crops (`most_pixels`).
        factor: sides of drawn pictures are multiples of this.
        min_pixels, max_pixels: of any picture; models' servers resize others, and boxes about them go astray.
    """

    convention: Convention = Convention.PIXELS
    zoom_source: Literal["original", "view"] = "original"
    zoom_enlarge: float = ENLARGE
    zoom_upscale: float = UPSCALE
    zoom_floor: int = 896
    factor: int = PATCH_FACTOR
    min_pixels: int = MIN_PIXELS
    max_pixels: int = MAX_PIXELS

    def most_pixels(self, rung: int) -> int:
        """The budget of a crop on a rung: max(rung, zoom_floor) squared pixels, and no more than a model takes."""
        return min(max(rung, self.zoom_floor) ** 2, self.max_pixels)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A call that worked: the new picture, what was done in words, and what it looked at in original pixels."""

    picture: Picture
    text: str
    boxes: tuple[tuple[str, Box], ...]


def edit_name(kind: EditKind, part: RegionKind) -> str:
    """The edit's name as ReFocus has it, e.g. focus_on_x_values_with_draw."""
    return f"focus_on_{part}_with_{kind}"


EDIT_TOOLS: Mapping[str, tuple[EditKind, RegionKind]] = {
    edit_name(kind, part): (kind, part) for part in get_args(RegionKind) for kind in get_args(EditKind)
}

_BOX_SCHEMA = {
    "type": "array",
    "items": {"type": "number"},
    "minItems": 4,
    "maxItems": 4,
}
_IMAGE_SCHEMA = {
    "type": "integer",
    "minimum": 0,
    "description": "which picture the call is about: 0 is the first, 1 the first observation, and so on",
}


def tool_schema(name: str) -> dict[str, Any]:
    """The JSON schema of a tool, in the function-calling shape that chat models are trained on.

    Raises:
        ToolError: there is no such tool.
    """
    if name == ZOOM:
        text = "Zoom in on a part of a picture: shows the region around the box at a higher resolution."
        properties: dict[str, Any] = {
            "bbox_2d": {**_BOX_SCHEMA, "description": "the part to look at, as [x1, y1, x2, y2]"},
            "label": {"type": "string", "description": "what is to be seen there"},
            "image": _IMAGE_SCHEMA,
        }
        required = ["bbox_2d"]
    elif name in EDIT_TOOLS:
        kind, part = EDIT_TOOLS[name]
        text = f"Focus on some {PART_WORDS[part]}: {_EDIT_WORDS[kind]}."
        properties = {
            "labels": {
                "type": "array",
                "items": {"type": "string"},
                "description": "the labels to focus on",
            },
            "boxes": {
                "type": "object",
                "additionalProperties": _BOX_SCHEMA,
                "description": "every label's box, as [x1, y1, x2, y2]; without it, the boxes that came with the image",
            },
            "image": _IMAGE_SCHEMA,
        }
        required = ["labels"]
    else:
        raise ToolError(f"there is no tool {shown(name)!r}; the tools are: {ZOOM}, {', '.join(EDIT_TOOLS)}")
    parameters = {"type": "object", "properties": properties, "required": required}
    return {"type": "function", "function": {"name": name, "description": text, "parameters": parameters}}


class Toolbox:
    """Runs calls for one episode.

    Args:
        original: the upright RGB original.
        view: what the agent saw first.
        rung: the episode's rung, for the crops' pixel budget.
        regions: named parts that came with the sample.

    Attributes:
        pictures: the view, then what each call drew. Beside the original and the view no pixels are held.
    """

    def __init__(
        self,
        original: Image.Image,
        view: Picture,
        rung: int,
        regions: Sequence[Region] = (),
        settings: ToolSettings | None = None,
    ) -> None:
        self.settings = settings or ToolSettings()
        self._original = Picture(original, Frame.whole(original.size))
        self._regions = tuple(regions)
        self._max_pixels = self.settings.most_pixels(rung)
        self.pictures = Album(view)

    def call(self, tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Run one call; its picture becomes the next of `pictures`.

        Raises:
            ToolError: the call cannot be done; nothing has changed.
        """
        if not isinstance(arguments, Mapping):
            raise ToolError(f"arguments must be an object with names and values, got {shown(arguments)}")
        about = self._number(arguments.get("image", 0))
        if tool == ZOOM:
            result, drawing = self._zoom(about, arguments)
        elif tool in EDIT_TOOLS:
            result, drawing = self._edit(about, *EDIT_TOOLS[tool], arguments)
        else:
            raise ToolError(f"there is no tool {shown(tool)!r}; the tools are: {ZOOM}, {', '.join(EDIT_TOOLS)}")
        self.pictures.add(drawing)
        return result

    def _number(self, index: object) -> int:
        if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(self.pictures):
            return index
        raise ToolError(f"image must be from 0 to {len(self.pictures) - 1}, got {shown(index, 40)}")

    def _read(self, numbers: object, frame: Frame) -> Box:
        """A box that an agent wrote about one of the pictures, in original pixels."""
        try:
            return self.settings.convention.read_original(checked_box(numbers), frame)
        except ToolError:
            raise
        except ValueError as error:
            raise ToolError(f"bbox_2d is not a box: {error}") from error

    def _zoom(self, about: int, arguments: Mapping[str, Any]) -> tuple[ToolResult, Drawing]:
        settings = self.settings
        box = self._read(arguments.get("bbox_2d"), self.pictures.frames[about])
        source = self._original if settings.zoom_source == "original" else self.pictures[0]
        draw = partial(
            zoom,
            box=box,
            max_pixels=self._max_pixels,
            factor=settings.factor,
            enlarge=settings.zoom_enlarge,
            upscale=settings.zoom_upscale,
            min_pixels=settings.min_pixels,
        )
        picture = draw(source)
        label = shown(arguments.get("label") or "", 200)
        return ToolResult(picture, "", ((label, box),)), Drawing(picture.frame, source, draw)

    def _edit(
        self, about: int, kind: EditKind, part: RegionKind, arguments: Mapping[str, Any]
    ) -> tuple[ToolResult, Drawing]:
        frame = self.pictures.frames[about]
        labels = arguments.get("labels")
        if not isinstance(labels, Sequence) or isinstance(labels, str) or len(labels) > 200:
            raise ToolError(f"labels must be a list of at most 200 strings, got {shown(labels)}")
        names = [_label(label) for label in labels]
        written = arguments.get("boxes")
        if written is None:
            boxes = {r.label: r.box for r in self._regions if r.kind == part}
        elif isinstance(written, Mapping) and len(written) <= 500:
            boxes = {_label(label): self._read(numbers, frame) for label, numbers in written.items()}
        else:
            raise ToolError(f"boxes must map at most 500 labels to boxes, got {shown(written)}")
        here = {label: frame.from_original(box) for label, box in boxes.items()}

        def draw(source: Picture) -> Picture:
            return Picture(focus(source.pixels, kind, names, here)[0], frame)

        pixels, text = focus(self.pictures[about].pixels, kind, names, here)
        result = ToolResult(Picture(pixels, frame), text, tuple((name, boxes[name]) for name in names))
        return result, Drawing(frame, about, draw)


def _label(written: object) -> str:
    """A label as the agent wrote it; a plain number (a year on an axis) is taken as its text."""
    if isinstance(written, str):
        return written
    if isinstance(written, int | float) and not isinstance(written, bool) and abs(written) < 1e15:
        return str(written)
    raise ToolError(f"a label must be a text, got {shown(written)}")
