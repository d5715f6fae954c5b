"""The number of episodes that one worker process on one core keeps in flight, and its memory.

    python -m benchmarks.in_flight [--in-flight 256] [--latency 10]

This process is limited to one core. Each episode draws an 850x600 chart, shows its view to a stub engine in another
process, and zooms for three turns (pictures encoded as PNG): four calls in all. The model takes 10 s for a reply on
average, as a vision model does with so many calls at once. The benchmark prints the average number of calls that waited
for the engine (the other episodes ran tools) and this process's peak resident memory. The command fails (exit 1) above
1.5 GB.

An open environment takes 4 MB: its original and its view, in Pillow's four bytes for a pixel. Crops are drawn again
when they are named (`lensmill/tools/album.py`). In a build, episodes of one picture are neighbours in the plan and
share its original and views (`actors/rollouts/pictures.py`); here every episode has its own picture, the worst case.
"""

import argparse
import asyncio
import os
import resource
import sys

from PIL import Image, ImageDraw

from benchmarks.stubs import Clock, stub_engines
from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Task
from lensmill.models.building import build_model
from lensmill.models.chat import ChatModel, ChatRequest, Sampling
from lensmill.models.settings import ModelSettings
from lensmill.picture import draw_view
from lensmill.tools import ZOOM
from lensmill.trajectory import Message, Part

MOST_MB = 1500
TURNS = 4


def chart(number: int) -> Image.Image:
    """A bar chart of 850x600 pixels that no other episode has."""
    picture = Image.new("RGB", (850, 600), "white")
    draw = ImageDraw.Draw(picture)
    for bar in range(12):
        height = 60 + (number * 37 + bar * 91) % 420
        draw.rectangle((60 + bar * 62, 540 - height, 100 + bar * 62, 540), fill=(40 + bar * 15, 110, 220 - bar * 12))
        draw.text((64 + bar * 62, 548), f"{2001 + bar}", "black")
        draw.text((66 + bar * 62, 526 - height), str(height), "black")
    draw.text((20, 12), f"Arrivals at station {number}", "black")
    return picture


async def episode(model: ChatModel, number: int) -> float:
    """Run one episode. Return the seconds of its calls."""
    environment = await asyncio.to_thread(open_environment, number)
    messages = [Message("user", (Part(image=0), Part(f"Which year had the most arrivals at station {number}?")))]
    waiting = 0.0
    for turn in range(TURNS):
        request = ChatRequest(tuple(messages), environment.images, Sampling(max_tokens=512), episode=str(number))
        reply = await model.chat(request)
        waiting += reply.latency_s
        messages.append(Message("assistant", (Part(reply.text),)))
        if turn < TURNS - 1:
            box = [100 + 40 * turn, 100, 400 + 40 * turn, 400]
            await asyncio.to_thread(environment.act, reply.text, ZOOM, {"bbox_2d": box})
            messages.append(Message("user", (Part(image=len(environment.images) - 1), Part("Go on."))))
    environment.hand_in("", "2005", tuple(messages))
    return waiting


def open_environment(number: int) -> Environment:
    """An environment with its own chart."""
    original = chart(number)
    return Environment(Task("Which year?", 896), original, draw_view(original, 896))


async def run(url: str, in_flight: int, episodes: int) -> tuple[float, float]:
    """Run the episodes. Return wall seconds and seconds of calls."""
    model = build_model(ModelSettings("stub", (url,), concurrency=in_flight))
    numbers = iter(range(episodes))
    clock = Clock()

    async def slot() -> float:
        return sum([await episode(model, number) for number in numbers])

    waiting = sum(await asyncio.gather(*(slot() for _ in range(in_flight))))
    wall = clock.read()[0]
    await model.close()
    return wall, waiting


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--episodes", type=int, help="default: twice as many as in flight")
    parser.add_argument("--latency", type=float, default=10.0, help="seconds for a reply, on average")
    options = parser.parse_args()
    episodes = options.episodes or 2 * options.in_flight
    with stub_engines(1, "--latency", str(options.latency), "--spread", "lognormal") as (url,):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        wall, waiting = asyncio.run(run(url, options.in_flight, episodes))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    calls = waiting / wall
    print(f"{episodes} episodes of {TURNS} turns in {wall:.1f} s, {options.in_flight} in flight, one core")
    print(f"  calls waiting for the engine on average: {calls:.0f} ({calls / options.in_flight:.0%})")
    print(f"  peak resident memory: {peak:.0f} MB")
    good = peak <= MOST_MB
    print(f"{'reached' if good else 'NOT reached'}: at most {MOST_MB} MB with {options.in_flight} episodes in flight")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
