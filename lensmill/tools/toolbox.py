"""The toolbox of one episode: runs a named call against the pictures seen so far, deterministically.

The same class runs an agent's calls and replays a recorded trajectory (design invariant 2).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from lensmill.geometry import Frame
from lensmill.picture import Picture
from lensmill.sample import Region
from lensmill.tools.album import Album
from lensmill.tools.errors import ToolError, shown
from lensmill.tools.settings import ToolSettings
from lensmill.tools.spec import TOOLS, Drawn, ToolContext, ToolResult, ToolSpec


def tool_schema(name: str) -> dict[str, Any]:
    """The JSON schema of a tool, by its name or as `module:NAME`; see `ToolSpec.schema`.

    Raises:
        SpecError: there is no such tool.
    """
    return TOOLS.get(name).schema


def tools_of(settings: ToolSettings) -> dict[str, ToolSpec]:
    """The tools that a toolbox with these settings can run, by name: ours, then those from outside.

    Raises:
        SpecError: a tool from outside cannot be used.
    """
    outside = [TOOLS.get(reference) for reference in settings.tools]
    return {spec.name: spec for spec in (*TOOLS.own.values(), *outside) if spec.run is not None}


class Toolbox:
    """Runs calls for one episode.

    Args:
        original: the upright RGB original.
        view: what the agent saw first.
        rung: the episode's rung, for the crops' pixel budget.
        regions: named parts that came with the sample.

    Attributes:
        pictures: the view, then what each call drew. Only the original and the view are held as pixels.
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
        self._tools = tools_of(self.settings)
        self._original = Picture(original, Frame.whole(original.size))
        self._regions = tuple(regions)
        self._max_pixels = self.settings.most_pixels(rung)
        self.pictures = Album(view)

    def __contains__(self, tool: str) -> bool:
        return tool in self._tools

    def call(self, tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Run one call; its picture becomes the next of `pictures`.

        Raises:
            ToolError: the call cannot be done; nothing has changed.
        """
        if not isinstance(arguments, Mapping):
            raise ToolError(f"arguments must be an object with names and values, got {shown(arguments)}")
        about = self._number(arguments.get("image", 0))
        spec = self._tools.get(tool)
        if spec is None or spec.run is None:
            raise ToolError(f"there is no tool {shown(tool)!r}; the tools are: {', '.join(self._tools)}")
        context = ToolContext(self._original, self.pictures, about, self._regions, self.settings, self._max_pixels)
        drawn = spec.run(context, arguments)
        if spec.name not in TOOLS.own:
            _check(spec, drawn, context)
        self.pictures.add(drawn.drawing)
        return drawn.result

    def _number(self, index: object) -> int:
        if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(self.pictures):
            return index
        raise ToolError(f"image must be from 0 to {len(self.pictures) - 1}, got {shown(index, 40)}")


def _check(spec: ToolSpec, drawn: Drawn, context: ToolContext) -> None:
    """Check a tool from outside against its kind: `lensmill.tools.uses` tells zooms from edits by the kind."""
    frame = drawn.result.picture.frame
    if drawn.result.picture.pixels.size != (frame.width, frame.height):
        raise TypeError(f"the tool {spec.name} drew a picture whose frame has another size")
    if frame.width * frame.height > context.settings.max_pixels:
        raise ToolError(f"the picture would have more than {context.settings.max_pixels} pixels: ask for a smaller one")
    if (frame == context.frame) != (spec.kind == "edit"):
        fault = "another part or size than" if spec.kind == "edit" else "the same part at the same size as"
        raise TypeError(f"the tool {spec.name} is of the kind {spec.kind}, and shows {fault} the picture it was given")
