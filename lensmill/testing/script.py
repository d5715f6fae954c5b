"""What a stub engine answers: replies, how long they take, and what goes wrong."""

import asyncio
import json
import random
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Fault = Literal["rate_limit", "server_error", "reset", "garbage", "hang", "death"]
"""429; 500; the connection is reset in the middle of the reply; a reply that is no JSON; no reply at all; the engine
ends with all its connections."""


@dataclass(frozen=True, slots=True)
class StubRequest:
    """A request as the stub received it.

    Attributes:
        body: the JSON body; empty where the stub does not read bodies.
        headers: names in lower case.
        number: of requests received before it.
    """

    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    number: int = 0

    @property
    def turn(self) -> int:
        """Replies that the conversation already holds."""
        return sum(message.get("role") == "assistant" for message in self.body.get("messages", ()))

    @property
    def texts(self) -> list[str]:
        """The conversation's texts, in order."""
        found: list[str] = []
        for message in self.body.get("messages", ()):
            content = message.get("content")
            if isinstance(content, str):
                found.append(content)
            else:
                found += [part["text"] for part in content or () if part.get("type") == "text"]
        return found

    def chance(self, seed: int) -> random.Random:
        """Random numbers that follow from the request and a seed, so that two runs meet the same luck."""
        text = json.dumps([self.texts, self.body.get("seed")]) if self.body else str(self.number)
        return random.Random(seed << 32 | zlib.crc32(text.encode()))


@dataclass(frozen=True, slots=True)
class StubReply:
    """One answer.

    Attributes:
        text: the reply.
        reasoning: beside it.
        seconds: until it is sent, or until the fault happens.
        hold: it is sent no earlier than this is set, in the event loop of the stub.
        fault: what goes wrong instead.
        retry_after: header of a 429 or 500.
        status, raw: sent as they are, instead of a completion.
    """

    text: str = "ANSWER: 1"
    reasoning: str = ""
    finish_reason: str = "stop"
    seconds: float = 0.0
    hold: asyncio.Event | None = None
    fault: Fault | None = None
    retry_after: str | None = None
    status: int = 200
    raw: bytes | None = None


Script = Callable[[StubRequest], StubReply]


def one_after_another(replies: Sequence[StubReply | str]) -> Script:
    """The replies in the order of the requests; the last one again and again."""
    answers = [StubReply(reply) if isinstance(reply, str) else reply for reply in replies]
    return lambda request: answers[min(request.number, len(answers) - 1)]


def by_turn(texts: Sequence[str], pace: Callable[[StubRequest], float] | None = None) -> Script:
    """The nth text to the nth turn of any conversation; the last one to all further turns. `pace`: its seconds."""

    def answer(request: StubRequest) -> StubReply:
        return StubReply(texts[min(request.turn, len(texts) - 1)], seconds=pace(request) if pace else 0.0)

    return answer


def latency(
    seconds: float,
    spread: Literal["constant", "exponential", "lognormal"] = "constant",
    slow_share: float = 0.0,
    slow_factor: float = 10.0,
    seed: int = 0,
) -> Callable[[StubRequest], float]:
    """How long replies take: `seconds` on average, of which a share takes `slow_factor` times as long."""

    def drawn(request: StubRequest) -> float:
        if spread == "constant" and not slow_share:
            return seconds
        chance = request.chance(seed)
        slow = chance.random() < slow_share
        time = seconds
        if spread == "exponential":
            time = chance.expovariate(1 / seconds) if seconds else 0.0
        elif spread == "lognormal":
            time = seconds * chance.lognormvariate(-0.125, 0.5)
        return time * (slow_factor if slow else 1.0)

    return drawn


def with_faults(script: Script, shares: Mapping[Fault, float], seed: int = 1) -> Script:
    """The script, with faults instead of some replies. A request that is sent again is drawn anew."""

    def faulty(request: StubRequest) -> StubReply:
        draw = random.Random(seed << 32 | request.number).random()
        for fault, share in shares.items():
            draw -= share
            if draw < 0:
                return StubReply(fault=fault, retry_after="0" if fault == "rate_limit" else None)
        return script(request)

    return faulty
