"""Scripts of a stub engine: its replies, their latency, and its faults."""

import asyncio
import json
import random
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Fault = Literal["rate_limit", "server_error", "reset", "garbage", "hang", "death"]
"""429; 500; a reset of the connection in the middle of the reply; a reply that is not JSON; no reply at all; the end of
the engine with all its connections."""


@dataclass(frozen=True, slots=True)
class StubRequest:
    """A request as the stub received it.

    Attributes:
        body: the JSON body; empty if the stub does not read bodies.
        headers: names in lower case.
        number: requests received before this one.
    """

    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    number: int = 0

    @property
    def turn(self) -> int:
        """The number of replies that the conversation already holds."""
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
        """Random numbers that follow from the request and a seed, so that two runs draw the same."""
        text = json.dumps([self.texts, self.body.get("seed")]) if self.body else str(self.number)
        return random.Random(seed << 32 | zlib.crc32(text.encode()))


@dataclass(frozen=True, slots=True)
class StubReply:
    """One answer.

    Attributes:
        text: the reply.
        reasoning: sent with the reply.
        seconds: until the reply is sent, or until the fault happens.
        hold: the reply waits until this is set, in the event loop of the stub.
        fault: happens instead of the reply.
        retry_after: header of a 429 or 500.
        status, raw: sent unchanged instead of a completion.
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
    """The replies in the order of the requests; the last one repeats."""
    answers = [StubReply(reply) if isinstance(reply, str) else reply for reply in replies]
    return lambda request: answers[min(request.number, len(answers) - 1)]


def by_turn(texts: Sequence[str], pace: Callable[[StubRequest], float] | None = None) -> Script:
    """The nth text for the nth turn of any conversation; the last text repeats.

    Args:
        texts: the replies.
        pace: request -> seconds until the reply.
    """

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
    """A random latency with a mean of `seconds`.

    Args:
        seconds: mean.
        spread: distribution.
        slow_share: share of requests that take longer.
        slow_factor: how many times longer.
        seed: of the random numbers.
    """

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
    """The script, with faults in place of some replies. A request that is sent again is drawn again.

    Args:
        script: request -> reply.
        shares: share of requests for each fault.
        seed: of the random numbers.
    """

    def faulty(request: StubRequest) -> StubReply:
        draw = random.Random(seed << 32 | request.number).random()
        for fault, share in shares.items():
            draw -= share
            if draw < 0:
                return StubReply(fault=fault, retry_after="0" if fault == "rate_limit" else None)
        return script(request)

    return faulty
