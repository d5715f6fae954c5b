"""Tools: a call of an agent in, a picture out; one spec a tool."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lensmill.geometry import Box, Frame
from lensmill.picture import Picture
from lensmill.sample import Region
from lensmill.specs import Registry
from lensmill.tools.album import Album, Drawing
from lensmill.tools.arguments import checked_box
from lensmill.tools.errors import ToolError
from lensmill.tools.settings import ToolSettings

ToolKind = Literal["zoom", "edit", "code"]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The result of a successful call.

    Attributes:
        picture: the new one.
        text: a description of what was done.
        boxes: the parts that the call is about: label -> box in original pixels.
    """

    picture: Picture
    text: str
    boxes: tuple[tuple[str, Box], ...]


@dataclass(frozen=True, slots=True)
class ToolContext:
    """The parts of the episode that a tool may use.

    Attributes:
        original: the whole original as a picture.
        pictures: the view, then what each call drew.
        about: number of the picture that the call names.
        regions: named parts that came with the sample.
        max_pixels: maximum pixels of a new picture.
    """

    original: Picture
    pictures: Album
    about: int
    regions: tuple[Region, ...]
    settings: ToolSettings
    max_pixels: int

    @property
    def frame(self) -> Frame:
        """The place of the picture that the call names; nothing is drawn."""
        return self.pictures.frames[self.about]

    def read_box(self, numbers: object) -> Box:
        """A box that an agent wrote about the picture, in original pixels.

        Raises:
            ToolError: the numbers are not a box.
        """
        try:
            return self.settings.convention.read_original(checked_box(numbers), self.frame)
        except ToolError:
            raise
        except ValueError as error:
            raise ToolError(f"bbox_2d is not a box: {error}") from error

    def drawn(
        self,
        source: Picture | int,
        draw: Callable[[Picture], Picture],
        text: str = "",
        boxes: tuple[tuple[str, Box], ...] = (),
    ) -> "Drawn":
        """Draw the new picture.

        Args:
            source: the original, the view, or the number of an earlier picture.
            draw: gives the same pixels every time.
            text, boxes: see `ToolResult`.
        """
        picture = draw(self.pictures[source] if isinstance(source, int) else source)
        return Drawn(ToolResult(picture, text, boxes), Drawing(picture.frame, source, draw))


@dataclass(frozen=True, slots=True)
class Drawn:
    """The return value of a tool: the result, and how its picture can be drawn again."""

    result: ToolResult
    drawing: Drawing


Run = Callable[[ToolContext, Mapping[str, Any]], Drawn]
"""Raises ToolError if the call cannot be done. The same call gives the same pixels: a replay runs the call again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """One tool.

    Attributes:
        name: as models call it.
        version: raised when the same call draws something else.
        kind: "zoom" shows a part of the picture, "edit" the same part with other pixels; "code" is the record of a step
            in which an agent's own code ran.
        description: for the model.
        properties: JSON schemas of the arguments, by name; `image` is added, and names the picture.
        required: names of the arguments that every call has.
        run: None for "code", which the agent runs itself.
    """

    name: str
    version: int
    kind: ToolKind
    description: str
    properties: Mapping[str, Any]
    required: tuple[str, ...] = ()
    run: Run | None = None

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema, in the function-calling shape that chat models are trained on."""
        parameters = {
            "type": "object",
            "properties": {**self.properties, "image": IMAGE_SCHEMA},
            "required": list(self.required),
        }
        function = {"name": self.name, "description": self.description, "parameters": parameters}
        return {"type": "function", "function": function}


BOX_SCHEMA = {
    "type": "array",
    "items": {"type": "number"},
    "minItems": 4,
    "maxItems": 4,
}

IMAGE_SCHEMA = {
    "type": "integer",
    "minimum": 0,
    "description": "which picture the call is about: 0 is the first, 1 the first observation, and so on",
}

TOOLS = Registry("tool", "lensmill.tools", ToolSpec)
"""Every tool of ours, by name."""
