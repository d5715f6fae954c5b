"""What can be set about the recorded agent."""

from dataclasses import dataclass
from typing import Literal

from lensmill.agents.settings import AgentSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSettings(AgentSettings):
    """Hands in the trajectory that came with a sample, from sources such as refocus_data and cof_sft. No model."""

    name: Literal["recorded"] = "recorded"
