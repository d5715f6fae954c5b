"""What can be set about the program agent."""

from dataclasses import dataclass
from typing import Literal

from lensmill.agents.settings import ModelAgentSettings, require_at_least, require_zoom_floor
from lensmill.tools import ZOOM_FLOOR


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSettings(ModelAgentSettings):
    """A program from one reply, run once, without a loop: the baseline of VisProg's kind. Needs a model."""

    name: Literal["program"] = "program"
    max_pictures: int = 16
    """in one conversation, the view included; not above the server's own limit"""
    zoom_floor: int = ZOOM_FLOOR
    """a picture that the program shows has at most max(rung, zoom_floor)^2 pixels, and no more than the model takes"""

    def __post_init__(self) -> None:
        require_at_least(self, 2, "max_pictures")
        require_zoom_floor(self.zoom_floor)
        ModelAgentSettings.__post_init__(self)
