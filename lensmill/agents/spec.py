"""What an agent is, and the registry of all: one folder an agent, with one spec."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from lensmill.agents.environment import Environment
from lensmill.agents.prompts import sha256_of
from lensmill.agents.protocol import Rollout, Task, Verifier
from lensmill.agents.settings import AgentSettings, ModelAgentSettings
from lensmill.models.chat import ChatModel, ModelCall
from lensmill.models.families import ModelFamily
from lensmill.picture import Encoded
from lensmill.sandbox.protocol import Sandbox
from lensmill.specs import Registry, plugin_name
from lensmill.tools import tool_schema
from lensmill.trajectory import Message
from lensmill.verdict import Verdict

AGENT = "agent"
"""The role of an agent's own model."""

Need = Literal["sandbox", "ocr", "recording"]

READING_VERSION = 5
"""Raised when pictures are read differently (`lensmill.perception`), for all agents that need "ocr"."""


class Agent(Protocol):
    """A strategy for answering one question about one picture.

    An agent's CPU-heavy work must not block the event loop (`asyncio.to_thread`), and everything that the agent does
    must follow from the task, the pictures and the seed: the same episode gives the same rollout.
    """

    @property
    def name(self) -> str:
        """The agent's name in recipes and rows."""

    async def run(self, environment: Environment) -> Rollout:
        """Run one episode."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What a worker has for its agent.

    Attributes:
        models: by role; a role without a model of its own is missing.
        sandbox: for agents that need one.
    """

    models: Mapping[str, ChatModel] = field(default_factory=dict)
    sandbox: Sandbox | None = None

    def model(self, role: str = AGENT) -> ChatModel:
        """The model of a role; the agent's own where the role has none.

        Raises:
            ValueError: there is no model.
        """
        found = self.models.get(role, self.models.get(AGENT))
        if found is None:
            raise ValueError(f"the agent needs a model for the role {AGENT}")
        return found


@dataclass(frozen=True, slots=True)
class Reviewing:
    """What a verifier of one episode may know: the answers too.

    Attributes:
        task: as the agent has it.
        judge: decides about an answer of the sample.
        view: what the agent sees.
        episode: its id.
        calls: each call of a model is added.
    """

    task: Task
    answers: tuple[str, ...]
    judge: Callable[[str], Awaitable[Verdict]]
    view: Encoded
    episode: str
    calls: list[ModelCall]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpec:
    """One agent.

    Attributes:
        settings: class of its settings; the default of its field `name` is the agent's name.
        build: makes the agent. Import what is heavy (OCR, the sandbox) in there.
        version: raised when the agent does something else with the same replies; prompts have hashes of their own.
        roles: of the models that it asks, `AGENT` first; empty for an agent without a model. The others may each have
            a model of their own, and take the agent's otherwise.
        opening: the messages of the first call, for the check whether the view fits into the model, which happens at
            planning: (settings, task, size of the view in pixels, family of the model). Raises EpisodeError too.
        prompts: every text that decides a request, by name.
        tools: names of our tools that it offers.
        own_tools: schemas of calls that it runs by itself, by name.
        needs: "sandbox" to run code, "ocr" to read pictures, "recording" to hand in the trajectory that came with the
            sample. Such an agent runs on one rung, which shows the picture at its own size.
        packages: names of Python packages whose versions decide what the agent does.
        verifier: makes the verifier of one episode, for agents that are built on one.
        not_in_recipe: settings that select episodes, and decide nothing about one.
    """

    settings: type[AgentSettings]
    build: Callable[[Any, Resources], Agent]
    version: int
    roles: tuple[str, ...] = ()
    opening: Callable[[Any, Task, tuple[int, int], ModelFamily], Sequence[Message]] | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)
    tools: tuple[str, ...] = ()
    own_tools: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    needs: frozenset[Need] = frozenset()
    packages: tuple[str, ...] = ()
    verifier: Callable[[Any, Resources, Reviewing], Verifier] | None = None
    not_in_recipe: frozenset[str] = frozenset({"samples"})

    def __post_init__(self) -> None:
        if self.roles and (self.roles[0] != AGENT or not issubclass(self.settings, ModelAgentSettings)):
            raise TypeError(f"{self.name}: an agent with models has the role {AGENT} first, and ModelAgentSettings")

    @property
    def name(self) -> str:
        """The name of the plug-in, from its settings."""
        return plugin_name(self.settings)

    @property
    def other_roles(self) -> tuple[str, ...]:
        """The roles beside the agent's own."""
        return self.roles[1:]


AGENTS = Registry("agent", "lensmill.agents", AgentSpec)
"""Every agent of ours, by name."""


def build_agent(
    settings: AgentSettings, models: Mapping[str, ChatModel] | None = None, sandbox: Sandbox | None = None
) -> Agent:
    """The agent that the settings describe.

    Args:
        models: by role; see `AgentSpec.roles`.
        sandbox: for an agent that needs one.

    Raises:
        ValueError: the agent needs a model or a sandbox, and there is none.
    """
    spec, resources = AGENTS.of(settings), Resources(models or {}, sandbox)
    if spec.roles and AGENT not in resources.models:
        raise ValueError(f"the agent {spec.name} needs a model for the role {AGENT}")
    if "sandbox" in spec.needs and sandbox is None:
        raise ValueError(f"the agent {spec.name} needs a sandbox to run its code in")
    return spec.build(settings, resources)


def prompt_hashes(settings: AgentSettings) -> Mapping[str, str]:
    """sha256 of every text that decides an agent's requests: its prompts, and its tools' schemas ("tool:<name>")."""
    spec = AGENTS.of(settings)
    texts, schemas = dict(spec.prompts), dict(spec.own_tools)
    for tool in (*spec.tools, *getattr(settings, "tools", ())):
        schema = tool_schema(tool)
        schemas[schema["function"]["name"]] = schema
    texts |= {f"tool:{name}": json.dumps(it, sort_keys=True, ensure_ascii=False) for name, it in schemas.items()}
    return {name: sha256_of(text) for name, text in sorted(texts.items())}
