"""The time that a rollout worker loses between replies, with storage on: against raw aiohttp, as in `dispatch`.

    python -m benchmarks.rollouts [--repeats 3]

The same 2,000 four-turn episodes as in `dispatch`, 64 in flight, 50 ms for a reply, then with 2 % of the replies ten
times slower. Here the worker runs them: it reads plan and pictures from a store on disk, draws and encodes views,
parses replies with the `zoom` agent, judges answers, and commits trajectories, pictures, chunks and verdicts. The
replies are three that the agent cannot parse and rejects, then an answer, so that no time goes into zooming, which raw
aiohttp does not do either. "raw" sends requests with the same picture and with texts of about the same length. The
command fails (exit 1) above 1.15 times raw's wall time.
"""

import argparse
import asyncio
import base64
import hashlib
import io
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image, ImageDraw

from actors.rollouts.pool import chunks_for
from actors.rollouts.worker import RolloutSettings, RolloutWorker
from benchmarks.dispatch import IN_FLIGHT, MOST, keep_in_flight
from benchmarks.stubs import Clock, stub_engines
from lensmill.agents.zoom.settings import ZoomSettings
from lensmill.judging.rule_judge import RuleSettings
from lensmill.models.settings import ModelSettings
from lensmill.resolution import Ladder
from lensmill.sample import Sample, sample_id_of
from lensmill.sandbox.settings import SandboxSettings
from storage.builds.episodes import EpisodeStore
from storage.builds.images import ImageStore
from storage.builds.plan import Plan, plan_sample
from storage.files.store import Files

FINGERPRINT = "b" * 16
QUESTIONS = 8
CHUNK = 64
UNREADABLE = "<think>I look closer.</think><tool_call>{bbox: here}</tool_call>"
ANSWER = "<think>I see it.</think><answer>7</answer>"


def a_chart(number: int) -> bytes:
    """The PNG of a simple chart."""
    picture = Image.new("RGB", (640, 480), "white")
    ImageDraw.Draw(picture).rectangle((100, 100, 200 + number % 300, 400), fill="navy")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def plan_episodes(files: Files, episodes: int) -> Plan:
    """Plan one episode for each question, with eight questions about each picture."""
    items = []
    for number in range(episodes // QUESTIONS):
        data = a_chart(number)
        image_id = hashlib.sha256(data).hexdigest()
        ImageStore(files).put(image_id, data)
        for question in (f"Question {i}: how high is bar {number}?" for i in range(QUESTIONS)):
            sample = Sample(sample_id_of(image_id, question, ("7",)), image_id, 640, 480, question, ("7",))
            items.append(plan_sample(FINGERPRINT, sample, (224,), ("zoom",), (0,)))
    plan = Plan(files, FINGERPRINT)
    plan.append(items, CHUNK)
    return plan


async def run_chunks(worker: RolloutWorker, plan: Plan) -> None:
    """Run the chunks of a plan, as the pool passes them to a worker."""
    room = asyncio.Semaphore(chunks_for(IN_FLIGHT, CHUNK))

    async def run(chunk_id: str) -> None:
        async with room:
            await worker.run_chunk(chunk_id)

    await asyncio.gather(*map(run, plan.chunk_ids()))


async def worker(url: str, episodes: int, folder: Path) -> float:
    """Wall seconds of the worker on an existing plan."""
    files = Files(str(folder))
    plan = plan_episodes(files, episodes)
    model = ModelSettings("stub", (url,), concurrency=IN_FLIGHT)
    settings = RolloutSettings(
        *(files, FINGERPRINT, "j" * 16, ZoomSettings(), Ladder((224,)), RuleSettings()),
        *({"agent": model}, SandboxSettings(), IN_FLIGHT, "bench"),
    )
    at_work = RolloutWorker(settings)
    await at_work.ready()
    clock = Clock()
    await run_chunks(at_work, plan)
    wall, _ = clock.read()
    await at_work.close()
    store = EpisodeStore(files, FINGERPRINT)
    done = [row.outcome for chunk_id in plan.chunk_ids() for row in store.rows(chunk_id)]
    if done != ["done"] * episodes:
        sys.exit("not every episode came to its end")
    return wall


async def raw(url: str, episodes: int) -> float:
    """Wall seconds of the requests alone."""
    picture = "data:image/png;base64," + base64.b64encode(a_chart(0)).decode()

    async def episode(session: aiohttp.ClientSession, number: int) -> float:
        content = [
            {"type": "image_url", "image_url": {"url": picture}},
            {"type": "text", "text": f"Question {number}: how high is the bar? " * 12},
        ]
        messages: list[dict[str, Any]] = [{"role": "system", "content": "You look at pictures. " * 80}]
        messages.append({"role": "user", "content": content})
        for _ in range(4):
            body = {"model": "stub", "messages": messages, "max_tokens": 2048, "seed": number}
            async with session.post(f"{url}/chat/completions", json=body) as response:
                reply = (await response.json())["choices"][0]["message"]["content"]
            messages += [{"role": "assistant", "content": reply}, {"role": "user", "content": "Mend it. " * 20}]
        return 0.0

    clock = Clock()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as session:
        await keep_in_flight(episodes, lambda number: episode(session, number))
    return clock.read()[0]


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        replies = Path(folder) / "replies.json"
        replies.write_text(json.dumps([UNREADABLE] * 3 + [ANSWER]))
        for title, slow in (("every reply alike", "0"), ("2 % of replies ten times slower", "0.02")):
            shape = ("--latency", "0.05", "--slow-share", slow, "--replies", str(replies))
            walls: dict[str, list[float]] = {"raw aiohttp": [], "worker, storage on": []}
            with stub_engines(1, *shape) as (url,):
                asyncio.run(raw(url, IN_FLIGHT))
                for repeat in range(options.repeats):
                    walls["raw aiohttp"].append(asyncio.run(raw(url, options.episodes)))
                    out = Path(folder) / f"{slow}-{repeat}"
                    walls["worker, storage on"].append(asyncio.run(worker(url, options.episodes, out)))
            least = statistics.median(walls["raw aiohttp"])
            print(f"{options.episodes} episodes of 4 turns, {IN_FLIGHT} in flight, {title}")
            for name, found in walls.items():
                wall = statistics.median(found)
                ideal = options.episodes * 4 * 0.05 * (1 + 9 * float(slow)) / IN_FLIGHT
                print(f"  {name:<20} {wall:>7.2f} s  slots used {ideal / wall:>6.1%}  ratio {wall / least:.2f}")
                good = good and wall <= MOST * least
    print(f"{'reached' if good else 'NOT reached'}: at most {MOST} times the wall time of raw aiohttp")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
