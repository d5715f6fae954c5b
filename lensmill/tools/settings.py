"""How the tools of one agent read and draw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lensmill.geometry import Convention
from lensmill.resolution import MAX_PIXELS, MIN_PIXELS, PATCH_FACTOR

ZoomSource = Literal["original", "view"]

ZOOM_FLOOR = 896
"""Pixels of a side: the default of every `zoom_floor`."""

ENLARGE, UPSCALE = 1.5, 2.0
"""Chain-of-Focus's constants; see `ToolSettings`."""

_OF_AGENT = ("zoom_source", "zoom_floor", "tools")
"""Fields that an agent's settings may have too, with the same meaning."""


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """How tools read and draw; part of the recipe.

    Attributes:
        convention: how boxes in arguments are written, about the picture that the call names.
        zoom_source: crops come from the "original", or (as in Chain-of-Focus's own code) from the "view".
        zoom_enlarge: a zoomed box is enlarged about its centre by this factor.
        zoom_upscale: a crop is drawn this many times larger, within the budget.
        zoom_floor: side in pixels, for the budget of crops (`most_pixels`).
        factor: sides of drawn pictures are multiples of this.
        min_pixels, max_pixels: of any picture; models' servers resize others, and boxes about them go astray.
        tools: tools from outside, as `module:NAME`.
    """

    convention: Convention = Convention.PIXELS
    zoom_source: ZoomSource = "original"
    zoom_enlarge: float = ENLARGE
    zoom_upscale: float = UPSCALE
    zoom_floor: int = ZOOM_FLOOR
    factor: int = PATCH_FACTOR
    min_pixels: int = MIN_PIXELS
    max_pixels: int = MAX_PIXELS
    tools: tuple[str, ...] = ()

    def most_pixels(self, rung: int) -> int:
        """The budget of a crop on a rung: max(rung, zoom_floor) squared pixels, and no more than a model takes."""
        return min(max(rung, self.zoom_floor) ** 2, self.max_pixels)


def chosen_by(agent: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of ToolSettings that an agent's settings choose.

    Args:
        agent: the settings as values by name, or what a recipe records of them.
    """
    chosen = {name: agent[name] for name in _OF_AGENT if name in agent}
    if "tools" in chosen:  # a recipe has the version of each beside it
        chosen["tools"] = tuple(chosen["tools"])
    return chosen
