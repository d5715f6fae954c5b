"""The resources of a worker for an agent: models by role, the sandbox, the judge, and each episode's environment."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from actors.rollouts.pictures import View
from actors.rollouts.worker_metrics import Watch
from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout, Task, Verifier
from lensmill.agents.settings import AgentSettings, tool_settings
from lensmill.agents.spec import AGENT, AGENTS, Agent, Resources, Reviewing, build_agent
from lensmill.decoding import Original
from lensmill.geometry import Convention
from lensmill.judging.judge import Judge, JudgeSettings, build_judge
from lensmill.models.building import build_model
from lensmill.models.chat import ModelCall
from lensmill.models.meter import NO_CAPS, Caps, Meter
from lensmill.models.routing import RoutedModel
from lensmill.models.settings import ModelSettings
from lensmill.resolution import Ladder
from lensmill.sample import Sample
from lensmill.sandbox.protocol import Sandbox
from lensmill.sandbox.settings import SandboxSettings
from lensmill.verdict import Verdict
from storage.builds.plan import PlannedEpisode

JUDGE = "judge"
"""The role of the judge's model, besides the roles of the agent (`AgentSpec.roles`)."""


class Runtime:
    """Made once in a worker.

    Args:
        models: by role; roles with equal settings share one client.
        ladder: how large drawn pictures are.
        watch: counts the requests to models.
        caps: spending limits.

    Attributes:
        meter: the cost of all calls to models.
        needs_recording: the agent hands in the trajectory that came with a sample.
    """

    def __init__(
        self,
        agent: AgentSettings,
        judge: JudgeSettings,
        models: Mapping[str, ModelSettings],
        sandbox: SandboxSettings,
        ladder: Ladder,
        watch: Watch,
        caps: Caps = NO_CAPS,
    ) -> None:
        self._settings, self._spec = agent, AGENTS.of(agent)
        self.needs_recording = "recording" in self._spec.needs
        self.meter = Meter(caps)
        self._built = build_models(models, self.meter)
        self._models = watch.models(self._built, self._spec.other_roles)
        self._sandbox = _open(sandbox) if "sandbox" in self._spec.needs else None
        self._resources = Resources(self._models, self._sandbox)
        self.agent: Agent = build_agent(agent, self._models, self._sandbox)
        self.judge: Judge = build_judge(judge, self._models.get(JUDGE))
        convention = self._models[AGENT].family.convention if AGENT in self._models else Convention.PIXELS
        self._tools = tool_settings(agent, ladder, convention)

    def engines_moved(self, moves: Mapping[str, str]) -> None:
        """See `RoutedModel.moved`."""
        for model in self._built.values():
            model.moved(moves)

    async def close(self) -> None:
        """Close the models and the sandbox."""
        for model in {id(model): model for model in self._built.values()}.values():
            await model.close()
        if self._sandbox is not None:
            self._sandbox.close()

    def environment(
        self,
        planned: PlannedEpisode,
        sample: Sample,
        original: Original,
        view: View,
        calls: list[ModelCall],
        recorded: Rollout | None = None,
    ) -> Environment:
        """The environment of one episode. The sample's answers reach the verifier and nothing else, and `recorded`
        reaches agents that need a recording."""
        task = Task(sample.question, planned.rung, planned.seed, sample.choices, sample.regions)
        return Environment(
            task,
            original.pixels,
            view.picture,
            self._tools,
            original.lossless,
            view.encoded,
            planned.episode_id,
            self._verifier(planned, sample, task, view, calls),
            calls,
            recorded if self.needs_recording else None,
        )

    def _verifier(
        self, planned: PlannedEpisode, sample: Sample, task: Task, view: View, calls: list[ModelCall]
    ) -> Verifier | None:
        if self._spec.verifier is None:
            return None

        async def judged(answer: str) -> Verdict:
            return await self.judge.judge(sample.question, sample.answers, sample.choices, answer, planned.episode_id)

        reviewing = Reviewing(task, sample.answers, judged, view.encoded, planned.episode_id, calls)
        return self._spec.verifier(self._settings, self._resources, reviewing)


def _open(settings: SandboxSettings) -> Sandbox:
    from lensmill.sandbox.interpreters import open_sandbox  # only this agent needs its interpreter

    return open_sandbox(cpython=settings.cpython, unsafe=settings.unsafe)


def build_models(models: Mapping[str, ModelSettings], meter: Meter) -> dict[str, RoutedModel]:
    """The chat models by role; equal settings give one model, so that its limits hold for all its roles together."""
    built: dict[str, RoutedModel] = {}
    for settings in models.values():
        if _key(settings) not in built:
            built[_key(settings)] = build_model(settings, meter)
    return {role: built[_key(settings)] for role, settings in models.items()}


def _key(settings: ModelSettings) -> str:
    return json.dumps(asdict(settings), sort_keys=True)
