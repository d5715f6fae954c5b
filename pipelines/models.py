"""The models that a job asks, by role, and the engines that the job starts for them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from types import TracebackType
from typing import Any, Self

from actors.cluster.capacity import gpus_by_node, may_grow, shortage
from actors.engines.replicas import EngineError, EngineSet
from actors.engines.settings import EngineSettings
from actors.rollouts.runtime import JUDGE
from lensmill.agents.settings import AgentSettings
from lensmill.agents.spec import AGENT, AGENTS
from lensmill.geometry import Convention
from lensmill.judging.judge import JUDGES, JudgeSettings
from lensmill.models.settings import OPERATIONAL, ModelSettings
from monitoring.logs import Say

NO_MODEL = ModelSettings()

_FAST = frozenset(
    {
        "block_size",
        "enable_prefix_caching",
        "enable_prompt_tokens_details",
        "enforce_eager",
        "gpu_memory_utilization",
        "max_num_batched_tokens",
        "max_num_seqs",
        "mm_processor_cache_gb",
        "swap_space",
    }
)
"""Arguments of vLLM that decide speed only; every other argument counts as deciding replies."""


class ModelChoiceError(Exception):
    """Models and engines do not fit together: one line that says what to set."""


def agent_models(
    agent: AgentSettings,
    model: ModelSettings,
    roles: Mapping[str, ModelSettings],
    engine: EngineSettings | None,
    factor: int,
) -> dict[str, ModelSettings]:
    """The models of an agent by role, without URLs if an engine will provide the URLs.

    Args:
        model: of the agent itself.
        roles: models of single roles. A role that is missing, or whose model has no name, uses the agent's model.

    Raises:
        ModelChoiceError: the agent needs a model and has none, or the model has no servers or does not fit the ladder.
    """
    spec = AGENTS.of(agent)
    if wrong := sorted(roles.keys() - set(spec.other_roles)):
        there = f"its roles: {', '.join(spec.other_roles)}" if spec.other_roles else "it has no roles besides its own"
        raise ModelChoiceError(f"roles.{wrong[0]}: agent={spec.name} has no such role ({there}); leave it out")
    if not spec.roles:
        if engine is not None:
            raise ModelChoiceError(f"agent={spec.name} needs no engine: leave engine=... out, or choose another agent")
        return {}
    models = {AGENT: served(model, engine)}
    models |= {role: roles[role] for role in spec.other_roles if role in roles and roles[role].name}
    for role, settings in models.items():
        place = "model" if role == AGENT else f"roles.{role}"
        _require(settings, place, f"agent={agent.name}", engine if role == AGENT else None)
        if settings.factor != factor and (role == AGENT or settings.convention is Convention.PIXELS):
            raise ModelChoiceError(
                f"ladder.factor is {factor} and {place}.factor {settings.factor}: the server would resize every "
                f"picture, and boxes would shift; add ladder.factor={settings.factor}, or choose another model"
            )
    return models


def judge_model(
    judge: JudgeSettings, own: ModelSettings, engine: EngineSettings | None, shared: ModelSettings | None
) -> ModelSettings | None:
    """The judge's model, if the judge asks one: its own model, otherwise the agent's.

    Raises:
        ModelChoiceError: the judge asks a model, and there is none.
    """
    if JUDGES.of(judge).asks is None:
        if engine is not None:
            raise ModelChoiceError(
                f"judge={judge.name} asks no model: leave judge_engine=... out, or add judge=cascade"
            )
        return None
    if own.name is None and engine is None and shared is not None:
        return shared
    own = served(own, engine)
    _require(own, "judge_model", f"judge={judge.name}", engine)
    return own


def served(model: ModelSettings, engine: EngineSettings | None) -> ModelSettings:
    """The settings of a model, with the name that the engine uses."""
    return model if engine is None else replace(model, name=engine.name)


def _require(model: ModelSettings, place: str, who: str, engine: EngineSettings | None) -> None:
    group = place if place == "model" else f"model@{place}"
    if model.name is None:
        raise ModelChoiceError(f"{who} needs a model: add {group}=qwen2_5_vl (or another of conf/model)")
    try:
        model.api_key()
    except ValueError as error:
        raise ModelChoiceError(f"{who}: {error}") from error
    if not model.urls and engine is None:
        other = {"model": " or engine=vllm", "judge_model": " or engine@judge_engine=vllm"}.get(place, "")
        raise ModelChoiceError(f"{who}: where does {model.name} run? Add {place}.urls=[http://host:8000/v1]{other}")


def identity(model: ModelSettings, engine: EngineSettings | None = None) -> dict[str, Any]:
    """The part of a model's settings, and of its engine's, that decides replies. Place and speed are left out."""
    content = {key: value for key, value in asdict(model).items() if key not in OPERATIONAL}
    if engine is not None:
        args = {name: value for name, value in engine.args.items() if name.replace("-", "_") not in _FAST}
        content["engine"] = {"model": engine.model, "dtype": engine.dtype, "args": args}
    return content


class Engines:
    """The engines of a job while the job runs; a context manager. Without engines the models pass through unchanged.

    Args:
        agent, judge: settings of the engines of the agent's model, and of the judge's own.
        stopping, say: see `EngineSet`.
    """

    def __init__(
        self,
        agent: EngineSettings | None,
        judge: EngineSettings | None,
        stopping: Callable[[], bool],
        say: Say,
    ) -> None:
        self._say = say
        self._sets = {
            role: EngineSet(name, settings, stopping, say)
            for role, name, settings in ((AGENT, "model", agent), (JUDGE, "judge", judge))
            if settings is not None
        }
        self.gone = False

    def start(self, models: Mapping[str, ModelSettings]) -> dict[str, ModelSettings]:
        """Start all engines; return the models with the URLs of their servers.

        Raises:
            EngineError: an engine does not start.
            Stopped: asked to stop meanwhile.
        """
        names = {AGENT: "engine", JUDGE: "judge_engine"}
        wanted = {names[role]: engines.settings for role, engines in self._sets.items()}
        if wanted and (line := shortage(wanted, gpus_by_node(), grows := may_grow())):
            if not grows:
                raise EngineError(line)
            self._say(line)
        urls = {}
        for role, engines in self._sets.items():
            self._say(f"starting the engines of {models[role].name} ...")
            engines.begin(grows)
        for role, engines in self._sets.items():
            urls[role] = engines.start()
        found = {}
        for role, model in models.items():
            shared = role == JUDGE and JUDGE not in urls and AGENT in urls and not model.urls
            of = AGENT if shared else role
            if of in self._sets:  # calls wait at least as long as the restart of an engine may take
                model = replace(model, outage_s=max(model.outage_s, self._sets[of].start_timeout_s))
            found[role] = replace(model, urls=urls.get(of, model.urls))
        return found

    def series(self) -> dict[str, float]:
        """The state of the engines as series of metrics."""
        return {name: value for role, engines in self._sets.items() for name, value in engines.series(role).items()}

    def poll(self) -> dict[str, str]:
        """Report changes of the engines; `gone` is set once no replica of a set is left. Return replicas that were
        started on another node: base URL -> new base URL."""
        moves: dict[str, str] = {}
        for engines in self._sets.values():
            try:
                moves |= engines.poll()
            except EngineError as error:
                if not self.gone:
                    self._say(str(error), "error")
                self.gone = True
        return moves

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for engines in self._sets.values():
            engines.close()
