"""What can be set about the reader."""

from dataclasses import dataclass
from typing import Literal

from lensmill.agents.settings import AgentSettings, require_at_least, require_zoom_floor
from lensmill.tools import EDIT_TOOLS, ZOOM_FLOOR

EDITS = tuple(name for name, (_, part) in EDIT_TOOLS.items() if part != "subplots")
"""The tools that the reader uses besides the zoom, in every episode's system message: the agent `zoom` with these
`tools` sends the same messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderSettings(AgentSettings):
    """No model: OCR and chart geometry on the CPU. Edits and zooms like the others, and abstains when unsure."""

    name: Literal["reader"] = "reader"
    max_turns: int = 11
    """as of zoom: each tool call is a turn, and so is the answer"""
    zoom_floor: int = ZOOM_FLOOR
    """a zoomed picture has at most max(rung, zoom_floor)^2 pixels, and no more than the model takes"""

    def __post_init__(self) -> None:
        require_at_least(self, 2, "max_turns")
        require_zoom_floor(self.zoom_floor)
