"""What can be set about the direct agent."""

from dataclasses import dataclass, replace
from typing import Literal, Self

from lensmill.agents.settings import ModelAgentSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectSettings(ModelAgentSettings):
    """One question, one answer, no tools: the papers' baseline. Needs a model."""

    name: Literal["direct"] = "direct"
    think: bool = True
    """ask for a chain of thought before the answer"""
    pictures: Literal["view", "none", "last", "all"] = "view"
    """the pictures that the model sees: its view; none (how far words alone go); of a given trajectory the last picture
    or all. Episodes with none or last are never trained on"""
    trajectories: str | None = None
    """for pictures=last and all: the build of the given trajectories, in the same out=; its fingerprint or the
    beginning of that, or the name of its agent"""
    max_tokens: int = 1024
    """of one reply, reasoning included"""

    def __post_init__(self) -> None:
        if (self.pictures in ("last", "all")) != (self.trajectories is not None):
            raise ValueError(
                f"pictures={self.pictures} needs trajectories=, the build whose pictures are shown"
                if self.trajectories is None
                else f"trajectories is for pictures=last and pictures=all, and pictures is {self.pictures}"
            )
        ModelAgentSettings.__post_init__(self)

    @property
    def given(self) -> str | None:
        """See `AgentSettings`."""
        return self.trajectories

    def with_given(self, build: str) -> Self:
        """See `AgentSettings`."""
        return replace(self, trajectories=build)
