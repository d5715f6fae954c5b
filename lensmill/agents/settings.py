"""What can be set about each agent; part of the recipe."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lensmill.agents.protocol import Agent
from lensmill.geometry import Convention
from lensmill.models.chat import ChatModel, Sampling
from lensmill.resolution import Ladder
from lensmill.sandbox.protocol import Sandbox
from lensmill.tools import ToolSettings

ZOOM_FLOOR = 896


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """The reader: OCR and chart geometry, no model.

    Attributes:
        max_steps: tool calls at most in one episode.
        zoom_floor: side in pixels; a zoomed picture has at most max(rung, zoom_floor) squared pixels.
    """

    name: Literal["reader"] = "reader"
    max_steps: int = 10
    zoom_floor: int = ZOOM_FLOOR

    def __post_init__(self) -> None:
        _at_least(self.max_steps, 1, "max_steps")
        _check_floor(self.zoom_floor)


@dataclass(frozen=True, slots=True)
class _Sampled:
    """What all agents with a model have in common.

    Attributes:
        samples: episodes for each sample and rung, with seeds 0, 1, ...
        temperature, top_p, max_tokens: see `Sampling`.
        structured: hold replies to the protocol by a regular expression, where the server can.
    """

    samples: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 2048
    structured: bool = False


@dataclass(frozen=True, slots=True)
class DirectSettings(_Sampled):
    """One turn, no tools. `think`: ask for a chain of thought before the answer."""

    name: Literal["direct"] = "direct"
    think: bool = True
    max_tokens: int = 1024

    def __post_init__(self) -> None:
        _check_sampling(self)


@dataclass(frozen=True, slots=True)
class ZoomSettings(_Sampled):
    """Chain-of-Focus's zoom protocol.

    Attributes:
        max_turns: replies at most.
        max_pictures: in one conversation, the view included.
        zoom_source: what crops are cut from; "view" is what Chain-of-Focus's own code does.
        zoom_floor: side in pixels; a crop has at most max(rung, zoom_floor) squared pixels.
    """

    name: Literal["zoom"] = "zoom"
    max_turns: int = 6
    max_pictures: int = 16
    zoom_source: Literal["original", "view"] = "original"
    zoom_floor: int = ZOOM_FLOOR

    def __post_init__(self) -> None:
        _at_least(self.max_turns, 1, "max_turns")
        _at_least(self.max_pictures, 2, "max_pictures")
        _check_floor(self.zoom_floor)
        _check_sampling(self)


@dataclass(frozen=True, slots=True)
class RefocusSettings(_Sampled):
    """ReFocus: the model edits the picture by writing Python.

    Attributes:
        max_turns: replies at most.
        max_pictures: in one conversation, the view included.
        zoom_floor: side in pixels; a picture that code shows has at most max(rung, zoom_floor) squared pixels.
    """

    name: Literal["refocus"] = "refocus"
    max_turns: int = 6
    max_pictures: int = 16
    zoom_floor: int = ZOOM_FLOOR

    def __post_init__(self) -> None:
        _at_least(self.max_turns, 1, "max_turns")
        _at_least(self.max_pictures, 2, "max_pictures")
        _check_floor(self.zoom_floor)
        _check_sampling(self)


@dataclass(frozen=True, slots=True)
class SearchSettings(_Sampled):
    """How Chain-of-Focus builds its data.

    Attributes:
        max_turns: replies of the searching agent, in all its rounds.
        max_rounds: times that the verifier is asked.
        max_zooms: in a summary.
        summary_tries: summaries at most; none fit fails the episode.
        zoom_source, zoom_floor: see ZoomSettings.
    """

    name: Literal["search"] = "search"
    max_turns: int = 12
    max_rounds: int = 3
    max_zooms: int = 5
    summary_tries: int = 3
    zoom_source: Literal["original", "view"] = "original"
    zoom_floor: int = ZOOM_FLOOR

    def __post_init__(self) -> None:
        for name in ("max_turns", "max_rounds", "max_zooms", "summary_tries"):
            _at_least(getattr(self, name), 1, name)
        _check_floor(self.zoom_floor)
        _check_sampling(self)


ModelAgentSettings = DirectSettings | ZoomSettings | RefocusSettings | SearchSettings
"""Agents that need a model."""

AgentSettings = ReaderSettings | DirectSettings | ZoomSettings | RefocusSettings | SearchSettings


def build_agent(
    settings: AgentSettings, models: Mapping[str, ChatModel] | None = None, sandbox: Sandbox | None = None
) -> Agent:
    """The agent that the settings describe; agents are imported only when needed, since their OCR takes a while.

    Args:
        models: by role; "agent" is the agent's own. Of `search`, "locate", "vlm", "adjust_box" and "summariser" may
            each have another.
        sandbox: what `refocus` runs its code in.

    Raises:
        ValueError: the agent needs a model or a sandbox, and there is none.
    """
    if isinstance(settings, ReaderSettings):
        from lensmill.agents.reader.agent import ReaderAgent

        return ReaderAgent(max_steps=settings.max_steps)
    models = models or {}
    if "agent" not in models:
        raise ValueError(f"the agent {settings.name} needs a model for the role agent")
    model, sampling = models["agent"], sampling_of(settings)
    if isinstance(settings, DirectSettings):
        from lensmill.agents.direct import DirectAgent

        return DirectAgent(model, sampling, think=settings.think, structured=settings.structured)
    if isinstance(settings, SearchSettings):
        from lensmill.agents.search.agent import SearchAgent

        return SearchAgent(
            model,
            models,
            sampling,
            max_turns=settings.max_turns,
            max_rounds=settings.max_rounds,
            max_zooms=settings.max_zooms,
            summary_tries=settings.summary_tries,
            structured=settings.structured,
        )
    turns, pictures = settings.max_turns, settings.max_pictures
    if isinstance(settings, ZoomSettings):
        from lensmill.agents.zoom import ZoomAgent

        return ZoomAgent(model, sampling, max_turns=turns, max_pictures=pictures, structured=settings.structured)
    from lensmill.agents.refocus.agent import RefocusAgent

    if sandbox is None:
        raise ValueError("the agent refocus needs a sandbox to run its code in")
    return RefocusAgent(
        model, sandbox, sampling, max_turns=turns, max_pictures=pictures, structured=settings.structured
    )


def sampling_of(settings: ModelAgentSettings) -> Sampling:
    """How an agent's replies are drawn."""
    return Sampling(settings.temperature, settings.top_p, settings.max_tokens)


def seeds_of(settings: AgentSettings) -> tuple[int, ...]:
    """The seeds of one sample's episodes on one rung; the reader is the same with each."""
    return (0,) if isinstance(settings, ReaderSettings) else tuple(range(settings.samples))


def tool_settings(settings: AgentSettings, ladder: Ladder, convention: Convention = Convention.PIXELS) -> ToolSettings:
    """How the agent's tools read and draw.

    Args:
        ladder: how large pictures are, within the limits of the agent's models.
        convention: how the agent's model writes boxes.
    """
    return ToolSettings(
        convention=convention,
        zoom_source=settings.zoom_source if isinstance(settings, ZoomSettings | SearchSettings) else "original",
        zoom_floor=ZOOM_FLOOR if isinstance(settings, DirectSettings) else settings.zoom_floor,
        factor=ladder.factor,
        min_pixels=ladder.min_pixels,
        max_pixels=ladder.max_pixels,
    )


def _at_least(value: int, least: int, name: str) -> None:
    if value < least:
        raise ValueError(f"{name} must be at least {least}")


def _check_floor(zoom_floor: int) -> None:
    if zoom_floor < 224:
        raise ValueError("zoom_floor must be at least 224 pixels")


def _check_sampling(settings: ModelAgentSettings) -> None:
    if not 1 <= settings.samples <= 1000:
        raise ValueError("samples must be from 1 to 1000")
    if settings.samples > 1 and settings.temperature == 0:
        raise ValueError("several samples at temperature 0 are all the same: set temperature, or samples=1")
    sampling_of(settings)  # it checks its own values
