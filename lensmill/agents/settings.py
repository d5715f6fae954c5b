"""The common settings of agents. Each agent's own settings are in its folder. All are part of the recipe."""

from dataclasses import asdict, dataclass
from typing import Self

from lensmill.geometry import Convention
from lensmill.models.chat import Sampling
from lensmill.resolution import Ladder
from lensmill.specs import PluginSettings
from lensmill.tools import ToolSettings
from lensmill.tools.settings import chosen_by


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings(PluginSettings):
    """Base of the settings of all agents. A field with a name of `ToolSettings` (`zoom_source`, `zoom_floor`, `tools`)
    sets that field."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of one sample's episodes on one rung."""
        return (0,)

    @property
    def given(self) -> str | None:
        """The build whose trajectories the episodes begin with (`Environment.begin_with`); None without a build."""
        return None

    def with_given(self, build: str) -> Self:
        """The settings with another name of that build: its whole fingerprint, for the recipe and the workers."""
        raise ValueError(f"the agent {self.name} begins with no given trajectory, not of {build} either")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAgentSettings(AgentSettings):
    """Base of the agents that ask a model."""

    samples: int = 1
    """episodes for each sample and rung, with seeds 0, 1, ...; more than one needs a temperature"""
    temperature: float = 0.0
    """0 takes the likeliest token"""
    top_p: float = 1.0
    """draw from the likeliest tokens that make up this share"""
    max_tokens: int = 2048
    """of one reply, reasoning included"""
    structured: bool = False
    """hold replies to the protocol by a regular expression, where the server can (vLLM)"""

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= 1000:
            raise ValueError("samples must be from 1 to 1000")
        if self.samples > 1 and self.temperature == 0:
            raise ValueError("temperature 0 makes every sample the same: set a higher temperature, or samples=1")
        _ = self.sampling  # the class checks its values

    @property
    def seeds(self) -> tuple[int, ...]:
        """See `AgentSettings`."""
        return tuple(range(self.samples))

    @property
    def sampling(self) -> Sampling:
        """How replies are drawn."""
        return Sampling(self.temperature, self.top_p, self.max_tokens)


def tool_settings(settings: AgentSettings, ladder: Ladder, convention: Convention = Convention.PIXELS) -> ToolSettings:
    """How the agent's tools read and draw.

    Args:
        ladder: how large pictures are, within the limits of the agent's models.
        convention: how the agent's model writes boxes.
    """
    return ToolSettings(
        convention=convention,
        factor=ladder.factor,
        min_pixels=ladder.min_pixels,
        max_pixels=ladder.max_pixels,
        **chosen_by(asdict(settings)),
    )


def require_at_least(settings: object, least: int, *names: str) -> None:
    """Check that fields are at least `least`.

    Raises:
        ValueError: a field is smaller; the message names the field.
    """
    for name in names:
        if getattr(settings, name) < least:
            raise ValueError(f"{name} must be at least {least}")


def require_zoom_floor(zoom_floor: int) -> None:
    """Check a `zoom_floor`, in pixels of a side.

    Raises:
        ValueError: the value is smaller than the lowest rung.
    """
    if zoom_floor < 224:
        raise ValueError("zoom_floor must be at least 224 pixels")
