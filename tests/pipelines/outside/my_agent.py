"""An agent without a model: it calls each of its tools once, and answers what it was told to."""

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout
from lensmill.agents.settings import AgentSettings
from lensmill.agents.spec import Agent, AgentSpec, Resources
from lensmill.tools import TOOLS
from lensmill.trajectory import Message, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class GuesserSettings(AgentSettings):
    """Looks at each picture with every tool, and always answers the same."""

    name: Literal["guesser"] = "guesser"
    answer: str
    """what to answer"""
    tools: tuple[str, ...] = ()
    """tools to use, as module:NAME"""
    tries: int = 2
    """episodes for each sample and rung"""

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(range(self.tries))


@dataclass(frozen=True)
class Guesser:
    settings: GuesserSettings
    name: str = "guesser"

    async def run(self, environment: Environment) -> Rollout:
        messages = [Message("user", (Part(image=0), Part(environment.task.question)))]
        for reference in self.settings.tools:
            tool = TOOLS.get(reference).name
            observation = await asyncio.to_thread(environment.act, "I look.", tool, {"image": 0})
            messages.append(Message("assistant", (Part(f"I call {tool}."),)))
            messages.append(Message("user", (Part(image=len(environment.images) - 1), Part(observation.text))))
        messages.append(Message("assistant", (Part(f"It is {self.settings.answer}."),)))
        return environment.hand_in("So be it.", self.settings.answer, tuple(messages))


def _build(settings: Any, _resources: Resources) -> Agent:
    return Guesser(settings)


SPEC = AgentSpec(settings=GuesserSettings, build=_build, version=5, not_in_recipe=frozenset({"tries"}))
