"""What can be set about the reader."""

from dataclasses import dataclass
from typing import Literal

from lensmill.agents.settings import AgentSettings, require_at_least, require_zoom_floor
from lensmill.tools import ZOOM_FLOOR


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderSettings(AgentSettings):
    """No model: OCR and chart geometry on the CPU. Edits and zooms like the others, and abstains when unsure."""

    name: Literal["reader"] = "reader"
    max_steps: int = 10
    """tool calls at most in one episode"""
    zoom_floor: int = ZOOM_FLOOR
    """a zoomed picture has at most max(rung, zoom_floor)^2 pixels, and no more than the model takes"""

    def __post_init__(self) -> None:
        require_at_least(self, 1, "max_steps")
        require_zoom_floor(self.zoom_floor)
