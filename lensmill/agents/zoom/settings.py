"""What can be set about the zoom agent."""

from dataclasses import dataclass
from typing import Literal

from lensmill.agents.settings import ModelAgentSettings, require_at_least, require_zoom_floor
from lensmill.tools import ZOOM_FLOOR, ZoomSource


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoomSettings(ModelAgentSettings):
    """Chain-of-Focus: the model zooms into the picture until it sees the answer. Needs a model."""

    name: Literal["zoom"] = "zoom"
    max_turns: int = 6
    """replies at most in one episode"""
    max_pictures: int = 16
    """in one conversation, the view included; not above the server's own limit"""
    zoom_source: ZoomSource = "original"
    """crops are cut from the original, or (view) from what the model saw, as Chain-of-Focus does"""
    zoom_floor: int = ZOOM_FLOOR
    """a zoomed picture has at most max(rung, zoom_floor)^2 pixels, and no more than the model takes"""
    tools: tuple[str, ...] = ()
    """tools beside the zoom: ours by name, e.g. [focus_on_x_values_with_draw], your own as module:NAME"""

    def __post_init__(self) -> None:
        require_at_least(self, 1, "max_turns")
        require_at_least(self, 2, "max_pictures")
        require_zoom_floor(self.zoom_floor)
        if self.tools and self.structured:
            raise ValueError("structured holds replies to calls of the zoom tool: leave tools or structured out")
        ModelAgentSettings.__post_init__(self)
