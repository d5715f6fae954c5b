"""Chat models: one small protocol that agents and judges speak, whatever serves the model.

A request holds messages as trajectories record them, and beside them the encoded pictures that their parts name by
index; so what is recorded is what was sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from lensmill.models.families import ModelFamily
from lensmill.picture import Encoded
from lensmill.trajectory import Message


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a reply is drawn.

    Attributes:
        temperature: 0 takes the likeliest token.
        max_tokens: of one reply, reasoning included.
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
        images: encoded once; the same bytes on every turn, so that engines' caches hit.
        episode: calls of one episode go to one replica.
        structure: what the reply must look like, for servers that can hold it: {"regex": ...} or {"json": schema}.
    """

    messages: tuple[Message, ...]
    images: tuple[Encoded, ...] = ()
    sampling: Sampling = Sampling()
    seed: int = 0
    episode: str = ""
    structure: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them; `cached` of the prompt came from its prefix cache, where it says so."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What came back.

    Attributes:
        text: the reply, verbatim.
        reasoning: what the model thought apart from the reply, where the server tells them apart.
        finish_reason: "stop", "length", or what the server says.
        latency_s: seconds of the attempt that succeeded.
        attempts: made in all.
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
"""Classes that are nothing of the call's: every other call would end alike, so nobody should go on."""


class ModelError(Exception):
    """A call that gave no reply.

    Attributes:
        error_class: "engine_unreachable" (no server answers, or none has time), "server_refusal" (the servers refuse
            every call: the key, the model, a setting), "quota_exceeded" (the provider's), "spend_cap" (ours): these
            are nothing of the request's. "engine_error" (the server keeps failing at it), "request_error" (it refuses
            this request), "context_length" (the request is too long), "empty_reply" (there is no text in the reply),
            "engine_killer" (two engines died of it: not to be tried again unseen).
        where: the server's address, how often it was tried, and what else depends on where a model runs; for a
            person at the terminal. The message holds none of it, since it is published with the datasets.
    """

    def __init__(self, error_class: ModelErrorClass, message: str, where: str = "") -> None:
        super().__init__(message)
        self.error_class: ModelErrorClass = error_class
        self.where = where


class ChatModel(Protocol):
    """A model behind some server. Safe to call from many coroutines at once."""

    @property
    def name(self) -> str: ...

    @property
    def family(self) -> ModelFamily: ...

    async def chat(self, request: ChatRequest) -> ChatReply:
        """One reply.

        Raises:
            ModelError: there is none.
        """
        ...


@dataclass(frozen=True, slots=True)
class ModelCall:
    """What the episode store keeps of one call. `role` is what it was for: "agent", "verifier", "judge" ..."""

    role: str
    reply: ChatReply
