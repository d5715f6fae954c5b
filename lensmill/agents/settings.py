"""What can be set about each agent; part of the recipe."""

from dataclasses import dataclass
from typing import Literal

from lensmill.agents.protocol import Agent
from lensmill.tools import ToolSettings


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """The reader: OCR and chart geometry, no model.

    Attributes:
        max_steps: tool calls at most in one episode.
        zoom_floor: side in pixels; a zoomed picture has at most max(rung, zoom_floor) squared pixels.
    """

    name: Literal["reader"] = "reader"
    max_steps: int = 10
    zoom_floor: int = 896

    def __post_init__(self) -> None:
        if self.max_steps < 1:
            raise ValueError("max_steps must be at least 1")
        if self.zoom_floor < 224:
            raise ValueError("zoom_floor must be at least 224 pixels")


AgentSettings = ReaderSettings


def build_agent(settings: AgentSettings) -> Agent:
    """The agent that the settings describe."""
    from lensmill.agents.reader.agent import ReaderAgent  # its OCR takes a while to import

    return ReaderAgent(max_steps=settings.max_steps)


def tool_settings(settings: AgentSettings, factor: int) -> ToolSettings:
    """How the agent's tools read and draw; sides of pictures are multiples of `factor`."""
    return ToolSettings(zoom_floor=settings.zoom_floor, factor=factor)
