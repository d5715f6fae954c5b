"""The time that a run of many episodes loses between replies: our client and router against raw aiohttp.

    python -m benchmarks.dispatch [--repeats 3] [--peers] [--datatrove PYTHON]

2,000 episodes of four turns each go to a stub engine in a separate process that takes 50 ms for a reply, with 64
episodes in flight; then again with 2 % of the replies ten times slower (the same ones for every client). "raw" is the
minimum that aiohttp needs: a session, a dict as JSON, 64 coroutines that each take the next episode. The clients run in
turn within one run, and figures are medians. Slot utilisation is the time that requests were in flight, divided by 64
times the wall time. The command fails (exit 1) if ours takes more than 1.15 times raw's wall time.

`--peers` adds Ray Data's async `map_batches` in two shapes: 4 batches of 16 episodes at a time, and 1 of 64. Time
counts from the first batch's start to the last one's end, without Ray's start. `--datatrove`, given a Python that has
it, adds datatrove's inference runner. It needs its own venv: `pip install datatrove httpx aiosqlite` (its CPU time
includes its imports).
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.stubs import Clock, stub_engines
from lensmill.models.building import build_model
from lensmill.models.chat import ChatModel, ChatRequest, Sampling
from lensmill.models.settings import ModelSettings
from lensmill.trajectory import Message, Part

MOST = 1.15
TURNS = 4
IN_FLIGHT = 64
SYSTEM = "You look at a chart and answer a question about it. " * 12
OBSERVATION = "The part that you asked for, enlarged. " * 4


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds of wall time and of the client's processor time, and the sum of the times that requests were in
    flight."""

    wall: float
    cpu: float
    flying: float

    @property
    def utilisation(self) -> float:
        """The share of the slots that were in use, 0 to 1."""
        return self.flying / (IN_FLIGHT * self.wall)


def question(episode: int) -> str:
    """The question of an episode."""
    return f"Episode {episode}: how much higher is the tallest bar than the one beside it?"


async def keep_in_flight(episodes: int, run: Callable[[int], Awaitable[float]]) -> float:
    """Run all episodes, IN_FLIGHT at a time; each ended episode is replaced at once. Return the sum of their
    results."""
    numbers = iter(range(episodes))

    async def slot() -> float:
        return sum([await run(number) for number in numbers])

    return sum(await asyncio.gather(*(slot() for _ in range(IN_FLIGHT))))


async def ours(url: str, episodes: int) -> float:
    """Run the episodes with our client and router. Return the seconds in flight."""
    model = build_model(ModelSettings("stub", (url,), concurrency=IN_FLIGHT))
    flying = await keep_in_flight(episodes, lambda number: our_episode(model, number))
    await model.close()
    return flying


async def our_episode(model: ChatModel, number: int) -> float:
    """Run one episode of TURNS calls. Return the seconds of the calls."""
    messages = [Message("system", (Part(SYSTEM),)), Message("user", (Part(question(number)),))]
    flying = 0.0
    for _ in range(TURNS):
        request = ChatRequest(tuple(messages), (), Sampling(max_tokens=512), episode=str(number))
        reply = await model.chat(request)
        flying += reply.latency_s
        messages += [Message("assistant", (Part(reply.text),)), Message("user", (Part(OBSERVATION),))]
    return flying


async def raw(url: str, episodes: int) -> float:
    """Run the episodes with aiohttp alone. Return the seconds in flight."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as session:
        return await keep_in_flight(episodes, lambda number: raw_episode(session, url, number))


async def raw_episode(session: aiohttp.ClientSession, url: str, number: int) -> float:
    """Run one episode of TURNS calls. Return the seconds of the calls."""
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question(number)}]
    flying = 0.0
    for _ in range(TURNS):
        body: dict[str, Any] = {"model": "stub", "messages": messages, "max_tokens": 512}
        body |= {"temperature": 0.0, "top_p": 1.0, "seed": 0}
        clock = Clock()
        async with session.post(f"{url}/chat/completions", json=body) as response:
            reply = await response.json()
        flying += clock.read()[0]
        text = reply["choices"][0]["message"]["content"]
        messages += [{"role": "assistant", "content": text}, {"role": "user", "content": OBSERVATION}]
    return flying


def measure(way: Callable[[str, int], Awaitable[float]], url: str, episodes: int) -> Figures:
    """Run all episodes with one client."""

    async def run() -> Figures:
        clock = Clock()
        flying = await way(url, episodes)
        return Figures(*clock.read(), flying)

    return asyncio.run(run())


def show(name: str, runs: list[Figures], raw_wall: float) -> float:
    """Print the medians of a client; return its median wall time in seconds."""
    wall = statistics.median(run.wall for run in runs)
    cpu = statistics.median(run.cpu for run in runs)
    busy = statistics.median(run.utilisation for run in runs)
    slots = f"{busy:>10.1%}" if busy else f"{'':>10}"
    processor = f"{cpu:>9.2f}" if cpu else f"{'':>9}"
    print(f"  {name:<28} {wall:>7.2f} {processor} {slots} {wall / raw_wall:>7.2f}", flush=True)
    return wall / raw_wall


def peer(command: list[str], url: str, episodes: int) -> Figures:
    """The figures that a peer measured in a separate process."""
    shape = [url, str(episodes), str(TURNS), str(IN_FLIGHT), SYSTEM, OBSERVATION]
    done = subprocess.run([*command, *shape], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return Figures(**json.loads(done.stdout.splitlines()[-1]))


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds for a reply")
    parser.add_argument("--peers", action="store_true", help="also measure Ray Data")
    parser.add_argument("--datatrove", metavar="PYTHON", help="a Python that has datatrove, to measure it too")
    options = parser.parse_args()
    peers: dict[str, list[str]] = {}
    here = Path(__file__).resolve().parent
    if options.datatrove:
        peers["datatrove"] = [options.datatrove, str(here / "dispatch_datatrove.py")]
    if options.peers:
        peers["Ray Data, 4 batches of 16"] = [sys.executable, "-m", "benchmarks.dispatch_ray", "16"]
        peers["Ray Data, 1 batch of 64"] = [sys.executable, "-m", "benchmarks.dispatch_ray", "64"]
    good = True
    for title, slow in (("every reply alike", "0"), ("2 % of replies ten times slower", "0.02")):
        with stub_engines(1, "--latency", str(options.latency), "--slow-share", slow) as (url,):
            for way in (raw, ours):  # warm up: imports, connections, the stub's own first requests
                measure(way, url, IN_FLIGHT)
            runs: dict[str, list[Figures]] = {"raw aiohttp": [], "ours": []}
            for _ in range(options.repeats):
                runs["raw aiohttp"].append(measure(raw, url, options.episodes))
                runs["ours"].append(measure(ours, url, options.episodes))
            for name, command in peers.items():
                runs[name] = [peer(command, url, options.episodes)]
        print(f"{options.episodes} episodes of {TURNS} turns, {IN_FLIGHT} in flight, {title}")
        print(f"  {'':<28} {'wall s':>7} {'client CPU':>9} {'slots used':>9} {'ratio':>7}")
        raw_wall = statistics.median(run.wall for run in runs["raw aiohttp"])
        ratios = {name: show(name, found, raw_wall) for name, found in runs.items()}
        good = good and ratios["ours"] <= MOST
    print(f"{'reached' if good else 'NOT reached'}: at most {MOST} times the wall time of raw aiohttp")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
