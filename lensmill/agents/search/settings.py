"""What can be set about the search agent."""

from dataclasses import dataclass
from typing import Literal

from lensmill.agents.settings import ModelAgentSettings, require_at_least, require_zoom_floor
from lensmill.tools import ZOOM_FLOOR, ZoomSource


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings(ModelAgentSettings):
    """How Chain-of-Focus builds its data: a search with instruments, a verifier who knows the answer and never tells
    it, and a summary as zooms. Needs a model; locate, vlm, adjust_box, verifier and summariser may each have another.
    """

    name: Literal["search"] = "search"
    max_turns: int = 12
    """replies of the searching agent, in all its rounds"""
    max_rounds: int = 3
    """times that the verifier is asked"""
    max_zooms: int = 5
    """in a summary"""
    summary_tries: int = 3
    """summaries at most; none that is true to the search fails the episode (bad_summary)"""
    zoom_source: ZoomSource = "original"
    """crops are cut from the original, or (view) from what the model saw"""
    zoom_floor: int = ZOOM_FLOOR
    """a zoomed picture has at most max(rung, zoom_floor)^2 pixels, and no more than the model takes"""

    def __post_init__(self) -> None:
        require_at_least(self, 1, "max_turns", "max_rounds", "max_zooms", "summary_tries")
        require_zoom_floor(self.zoom_floor)
        ModelAgentSettings.__post_init__(self)
