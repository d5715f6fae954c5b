"""Judges: the spec of one, and the registry of all; one file a judge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lensmill.models.chat import ChatModel, Sampling
from lensmill.specs import PluginSettings, Registry, plugin_name, recipe_values
from lensmill.verdict import Verdict


class Judge(Protocol):
    """Decides about final answers. Safe to use from many coroutines at once."""

    async def judge(
        self, question: str, references: Sequence[str], choices: Sequence[str], answer: str | None, key: str
    ) -> Verdict:
        """Judge one answer.

        Args:
            references: known answers; matching one is enough.
            choices: the options in the order shown; empty for an open question.
            answer: as the agent wrote it; None when it abstained.
            key: the episode's id. It seeds all random choices, so that judging again gives the same verdict.

        Raises:
            ValueError: there is no reference, or only blank ones.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings(PluginSettings):
    """Base of the settings of all judges."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How a judge asks its model.

    Attributes:
        structure: the required form of a reply; see ChatRequest.
    """

    sampling: Sampling
    structure: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSpec:
    """One judge.

    Attributes:
        settings: class of its settings; the default of its field `name` is the judge's name.
        build: makes the judge, from its settings and its model.
        version: raised when the judge decides differently.
        asks: how it asks its model; None for a judge without a model.
        identity: everything else that decides a verdict, as JSON values by name: hashes of prompts, versions of parts.
    """

    settings: type[JudgeSettings]
    build: Callable[[Any, ChatModel | None], Judge]
    version: int
    asks: Callable[[Any], Asking] | None = None
    identity: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the plug-in, from its settings."""
        return plugin_name(self.settings)


JUDGES = Registry("judge", "lensmill.judging", JudgeSpec)
"""Every judge of ours, by name."""


def build_judge(settings: JudgeSettings, model: ChatModel | None) -> Judge:
    """The judge that the settings describe.

    Raises:
        ValueError: the judge needs a model and there is none.
    """
    spec = JUDGES.of(settings)
    if spec.asks is not None and model is None:
        raise ValueError(f"judge={spec.name} asks a model: choose one with judge_model=..., or take judge=rules")
    return spec.build(settings, model)


def judge_identity(settings: JudgeSettings, model: Mapping[str, Any] | None) -> dict[str, Any]:
    """Everything that decides a verdict, as JSON values. Their hash is the judge's fingerprint.

    Args:
        model: the values of the judge's model that decide its replies (its name, not its place); None without a model.
    """
    spec = JUDGES.of(settings)
    identity = {**recipe_values(settings), "version": spec.version, **spec.identity}
    return identity if spec.asks is None else identity | {"model": dict(model or {})}
