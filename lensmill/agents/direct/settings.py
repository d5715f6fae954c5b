"""What can be set about the direct agent."""

from dataclasses import dataclass
from typing import Literal

from lensmill.agents.settings import ModelAgentSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectSettings(ModelAgentSettings):
    """One question, one answer, no tools: the papers' baseline. Needs a model."""

    name: Literal["direct"] = "direct"
    think: bool = True
    """ask for a chain of thought before the answer"""
    max_tokens: int = 1024
    """of one reply, reasoning included"""
