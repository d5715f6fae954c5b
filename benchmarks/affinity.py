"""The prefix-cache hit rate over four replicas: our router against round robin.

    python -m benchmarks.affinity [--episodes 400]

Four stub engines model vLLM's prefix cache: blocks of 16 tokens, identified by their content and all content before it;
pictures by identity; the least recently used blocks are dropped first. Each engine has room for the longest
conversations of 16 episodes. 400 episodes of one to six turns run, 64 in flight; each turn adds a picture of 1,024
tokens. So the four caches together suffice if each episode stays on one engine. The ideal is one engine with an
unlimited cache. The command fails (exit 1) below 95 % of the ideal's hit rate.
"""

import argparse
import asyncio
import random
import sys
from collections.abc import Iterator
from typing import Any

from benchmarks.stubs import metrics, stub_engines
from lensmill.geometry import Frame
from lensmill.models.chat import ChatModel, ChatReply, ChatRequest, Sampling
from lensmill.models.client import OpenAIChatModel
from lensmill.models.families import ModelFamily
from lensmill.models.routing import RoutedModel
from lensmill.models.settings import ModelSettings
from lensmill.picture import Encoded
from lensmill.trajectory import ImageRef, Message, Part

LEAST = 0.95
IN_FLIGHT = 64
PICTURE_TOKENS = 1024
SYSTEM = "You look at a picture step by step, and answer a question about it. " * 20


class RoundRobin:
    """Sends each call to the next replica."""

    def __init__(self, replicas: list[OpenAIChatModel]) -> None:
        self._replicas = replicas
        self._calls = 0

    @property
    def name(self) -> str:
        """The model's name."""
        return self._replicas[0].name

    @property
    def family(self) -> ModelFamily:
        """The conventions of the model's family."""
        return self._replicas[0].family

    async def chat(self, request: ChatRequest) -> ChatReply:
        """See `ChatModel.chat`."""
        self._calls += 1
        return await self._replicas[self._calls % len(self._replicas)].chat(request)


async def run(model: ChatModel, episodes: int) -> None:
    """Run the episodes, IN_FLIGHT at a time."""
    numbers = iter(range(episodes))

    async def slot() -> None:
        for number in numbers:
            await episode(model, number)

    await asyncio.gather(*(slot() for _ in range(IN_FLIGHT)))


async def episode(model: ChatModel, number: int) -> None:
    """Run one episode of one to six turns, each with one more picture."""
    chance = random.Random(number)
    messages = [Message("system", (Part(SYSTEM),))]
    images: list[Encoded] = []
    for turn in range(chance.randint(1, 6)):
        name = f"{number}-{turn}"
        images.append(Encoded(ImageRef(name, "", Frame.whole((896, 896))), name.encode(), "png"))
        messages.append(Message("user", (Part(image=turn), Part(f"Question {name}: what changed here?" * 4))))
        request = ChatRequest(tuple(messages), tuple(images), Sampling(max_tokens=256), episode=str(number))
        reply = await model.chat(request)
        messages.append(Message("assistant", (Part(reply.text),)))


async def through(kind: str, urls: list[str], episodes: int) -> None:
    """Run the episodes on these engines, through our router or round robin."""
    settings = ModelSettings("stub", tuple(urls))
    replicas = [OpenAIChatModel(settings, url) for url in urls]
    await run(RoutedModel(replicas) if kind == "router" else RoundRobin(replicas), episodes)
    for replica in replicas:
        await replica.close()


def measure(kind: str, engines: int, blocks: int | None, episodes: int) -> tuple[float, list[float]]:
    """The hit rate over all engines, and each engine's share of the requested tokens."""
    options = ["--latency", "0.02", "--spread", "lognormal", "--picture-tokens", str(PICTURE_TOKENS)]
    limit = [] if blocks is None else ["--cache-blocks", str(blocks)]
    with stub_engines(engines, *options, *limit) as urls:
        asyncio.run(through(kind, urls, episodes))
        found: list[dict[str, Any]] = [metrics(url) for url in urls]
    asked = [counts["vllm:prefix_cache_queries_total"] for counts in found]
    hits = sum(counts["vllm:prefix_cache_hits_total"] for counts in found)
    return hits / sum(asked), [part / sum(asked) for part in asked]


def rows(episodes: int) -> Iterator[tuple[str, float, list[float]]]:
    """One row for each kind: name, hit rate, shares."""
    longest = 6 * (PICTURE_TOKENS + 64) // 16
    blocks = IN_FLIGHT // 4 * longest
    yield "one engine, never forgets", *measure("router", 1, None, episodes)
    yield "our router", *measure("router", 4, blocks, episodes)
    yield "round robin", *measure("round robin", 4, blocks, episodes)


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=400)
    options = parser.parse_args()
    print(f"{options.episodes} episodes, {IN_FLIGHT} in flight, four engines")
    print(f"  {'':<28} {'hit rate':>8} {'of ideal':>8}  shares of the work")
    ideal = 0.0
    ours = 0.0
    for name, rate, shares in rows(options.episodes):
        ideal = ideal or rate
        ours = rate / ideal if name == "our router" else ours
        spread = " ".join(f"{share:.0%}" for share in shares)
        print(f"  {name:<28} {rate:>8.1%} {rate / ideal:>8.1%}  {spread}", flush=True)
    good = ours >= LEAST
    print(f"{'reached' if good else 'NOT reached'}: at least {LEAST:.0%} of the ideal hit rate")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
