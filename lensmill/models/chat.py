"""Chat models: one small protocol for agents and judges, independent of the server.

A request holds messages as trajectories record them, and the encoded pictures that their parts name by index. So the
record is exactly what was sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from lensmill.models.families import ModelFamily
from lensmill.picture import Encoded
from lensmill.trajectory import Message


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a reply is sampled.

    Attributes:
        temperature: 0 takes the most likely token.
        top_p: share of the probability mass that tokens are drawn from.
        max_tokens: of one reply, with reasoning.
        stop: texts that end a reply.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 2048
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 2 or not 0 < self.top_p <= 1:
            raise ValueError("temperature must be from 0 to 2, and top_p above 0 and at most 1")
        if self.max_tokens < 1:
            raise ValueError("max_tokens must be at least 1")


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call.

    Attributes:
        messages: the whole conversation; a part's `image` is an index into `images`.
        images: encoded once; the same bytes on every turn, so that the engines' caches hit.
        episode: id of the episode; calls of one episode go to one replica.
        structure: the form of the reply, for servers that can enforce it: {"regex": ...} or {"json": schema}.
    """

    messages: tuple[Message, ...]
    images: tuple[Encoded, ...] = ()
    sampling: Sampling = Sampling()
    seed: int = 0
    episode: str = ""
    structure: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them. `cached` is the part of the prompt that came from the prefix cache, if the
    server reports it."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0


@dataclass(frozen=True, slots=True)
class ChatReply:
    """A reply of a model.

    Attributes:
        text: the reply, verbatim.
        reasoning: the model's reasoning, if the server returns it separately.
        finish_reason: "stop", "length", or another word of the server.
        latency_s: seconds of the attempt that succeeded.
        attempts: number of attempts.
    """

    text: str
    reasoning: str = ""
    finish_reason: str = "stop"
    usage: Usage = Usage()
    latency_s: float = 0.0
    model: str = ""
    attempts: int = 1


ModelErrorClass = Literal[
    "engine_unreachable",
    "server_refusal",
    "quota_exceeded",
    "spend_cap",
    "engine_error",
    "request_error",
    "context_length",
    "empty_reply",
    "engine_killer",
]

STOPPING: frozenset[str] = frozenset({"engine_unreachable", "server_refusal", "quota_exceeded", "spend_cap"})
"""Error classes that do not depend on the call: every other call would fail alike, so the job stops."""


class ModelError(Exception):
    """A call that gave no reply.

    Attributes:
        error_class: the first four do not depend on the request: "engine_unreachable" (no server answers, or all are
            overloaded), "server_refusal" (the servers refuse every call because of the key, the model or a setting),
            "quota_exceeded" (the provider's quota), "spend_cap" (the job's cap). The others do: "engine_error" (the
            server keeps failing on this call), "request_error" (the server refuses this request), "context_length" (the
            request is too long), "empty_reply" (the reply has no text), "engine_killer" (two engines died of this call;
            do not retry it automatically).
        where: the server's address, the number of attempts, and other details of the place where the model runs, for a
            person at the terminal. The message holds none of these, because it is published with the datasets.
    """

    def __init__(self, error_class: ModelErrorClass, message: str, where: str = "") -> None:
        super().__init__(message)
        self.error_class: ModelErrorClass = error_class
        self.where = where


class ChatModel(Protocol):
    """A model behind some server. Safe to call from many coroutines at once."""

    @property
    def name(self) -> str:
        """The model's name at its server."""

    @property
    def family(self) -> ModelFamily:
        """The conventions of the model's family."""

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Return one reply.

        Raises:
            ModelError: the call gave no reply.
        """
        ...


@dataclass(frozen=True, slots=True)
class ModelCall:
    """The record of one call in the episode store. `role` is the call's purpose: "agent", "verifier", "judge" ..."""

    role: str
    reply: ChatReply
