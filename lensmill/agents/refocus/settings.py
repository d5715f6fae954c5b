"""What can be set about the refocus agent."""

from dataclasses import dataclass
from typing import Literal

from lensmill.agents.settings import ModelAgentSettings, require_at_least, require_zoom_floor
from lensmill.tools import ZOOM_FLOOR


@dataclass(frozen=True, slots=True, kw_only=True)
class RefocusSettings(ModelAgentSettings):
    """ReFocus: the model edits the picture by writing Python, which runs in a sandbox. Needs a model."""

    name: Literal["refocus"] = "refocus"
    max_turns: int = 6
    """replies at most in one episode"""
    max_pictures: int = 16
    """in one conversation, the view included; not above the server's own limit"""
    zoom_floor: int = ZOOM_FLOOR
    """a picture that code shows has at most max(rung, zoom_floor)^2 pixels, and no more than the model takes"""

    def __post_init__(self) -> None:
        require_at_least(self, 1, "max_turns")
        require_at_least(self, 2, "max_pictures")
        require_zoom_floor(self.zoom_floor)
        ModelAgentSettings.__post_init__(self)
