"""Recorded: an episode is the trajectory that came with its sample; the rest of the job treats it like any other."""

from typing import Any

from lensmill.agents.recorded.agent import RecordedAgent
from lensmill.agents.recorded.settings import RecordedSettings
from lensmill.agents.spec import Agent, AgentSpec, Resources


def _build(_settings: Any, _resources: Resources) -> Agent:
    return RecordedAgent()


SPEC = AgentSpec(
    settings=RecordedSettings,
    build=_build,
    version=1,
    needs=frozenset({"recording"}),
)
