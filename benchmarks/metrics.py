"""What it costs to be watched: the rollout worker against a stub engine, with metrics and log lines on and off.

    python -m benchmarks.metrics [--repeats 8]

Episodes as in `rollouts` (four turns, 64 in flight, storage on), 20 ms for a reply, run by one worker of this process;
its counts are asked for twice a second and served by a loopback endpoint that is scraped every second, as on a laptop.
On and off take turns, in an order that changes with each pair. What is compared is processor time, all of the process,
since a shared machine's wall time says little; wall time is printed beside it. The ratio is the median of the pairs';
its noise is what the medians of resampled pairs scatter by (90 %). The command fails (exit 1) above 1.01, and says so
where the noise is too large for that to mean much.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
from collections import Counter
from contextlib import redirect_stderr
from pathlib import Path
from urllib.request import urlopen

from actors.pool import chunks_for
from actors.rollout import RolloutSettings, RolloutWorker
from actors.watching import NOT_WATCHED, WatchSettings
from benchmarks.dispatch import IN_FLIGHT
from benchmarks.rollouts import ANSWER, CHUNK, FINGERPRINT, UNREADABLE, plan_episodes
from benchmarks.stubs import Clock, stub_engines
from lensmill.agents.settings import ZoomSettings
from lensmill.judging.settings import RuleSettings
from lensmill.models.settings import ModelSettings
from lensmill.resolution import Ladder
from lensmill.sandbox.settings import SandboxSettings
from monitoring.export import Exports
from storage.files import Files

MOST = 1.01
POLL_S = 0.5
SCRAPE_S = 1.0


async def work(url: str, episodes: int, folder: Path, on: bool) -> tuple[float, float]:
    """Wall and processor seconds of the worker, the plan being there."""
    files = Files(str(folder))
    plan = plan_episodes(files, episodes)
    model = ModelSettings("stub", (url,), concurrency=IN_FLIGHT)
    settings = RolloutSettings(
        *(files, FINGERPRINT, "j" * 16, ZoomSettings(), Ladder((224,)), RuleSettings()),
        *({"agent": model}, SandboxSettings(), IN_FLIGHT, "bench"),
        WatchSettings(metrics=True, logging="json") if on else NOT_WATCHED,
    )
    at_work = RolloutWorker(settings)
    await at_work.ready()
    room = asyncio.Semaphore(chunks_for(IN_FLIGHT, CHUNK))  # as the pool gives them

    async def run(chunk_id: str) -> None:
        async with room:
            await at_work.run_chunk(chunk_id)

    with Exports(0 if on else None, ray=False) as exports:
        watching = [asyncio.create_task(poll(at_work, exports)), asyncio.create_task(scrape(exports))]
        clock = Clock()
        await asyncio.gather(*map(run, plan.chunk_ids()))
        took = clock.read()
        for task in watching:
            task.cancel()
        exports.show(await at_work.counts())
        if exports.endpoint and f" {float(episodes)}\n" not in scraped(exports.endpoint.url):
            sys.exit("the endpoint does not tell of every episode")
    await at_work.close()
    return took


async def poll(worker: RolloutWorker, exports: Exports) -> None:
    """As the driver does, with metrics or without."""
    while True:
        await asyncio.sleep(POLL_S)
        exports.show(sum([Counter(await worker.counts())], Counter[str]()))


async def scrape(exports: Exports) -> None:
    while exports.endpoint:
        await asyncio.sleep(SCRAPE_S)
        await asyncio.to_thread(scraped, exports.endpoint.url)


def scraped(url: str) -> str:
    with urlopen(url) as response:
        return str(response.read().decode())


def median_ratio(pairs: list[tuple[float, float]]) -> float:
    return statistics.median(on / off for off, on in pairs)


def noise(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """Where nine in ten medians of resampled pairs lie."""
    draw = random.Random(0)
    medians = sorted(median_ratio(draw.choices(pairs, k=len(pairs))) for _ in range(2000))
    return medians[100], medians[-101]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=8, help="pairs of on and off")
    options = parser.parse_args()
    walls: list[tuple[float, float]] = []
    processor: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w") as log, redirect_stderr(log):
        replies = Path(folder) / "replies.json"
        replies.write_text(json.dumps([UNREADABLE] * 3 + [ANSWER]))
        with stub_engines(1, "--latency", "0.02", "--replies", str(replies)) as (url,):
            asyncio.run(work(url, 4 * CHUNK, Path(folder) / "warm", on=True))
            for repeat in range(options.repeats):
                took = {}
                for on in (False, True) if repeat % 2 else (True, False):
                    took[on] = asyncio.run(work(url, options.episodes, Path(folder) / f"{repeat}-{on}", on))
                walls.append((took[False][0], took[True][0]))
                processor.append((took[False][1], took[True][1]))
                off, on_ = processor[-1]
                print(f"  pair {repeat + 1}: off {off:.2f} s, on {on_:.2f} s of processor time", flush=True)
    ratio, (low, high) = median_ratio(processor), noise(processor)
    rate = options.episodes / statistics.median(off for off, _ in walls)
    print(f"{options.episodes} episodes of 4 turns, {IN_FLIGHT} in flight, {rate:.0f} episodes/s without metrics")
    print(f"  processor time on against off: {ratio:.4f} (noise: {low:.4f} to {high:.4f})")
    print(f"  wall time on against off:      {median_ratio(walls):.4f}")
    good = ratio <= MOST
    unsure = "" if (high <= MOST if good else low > MOST) else "; the noise reaches across that: repeat more often"
    print(f"{'reached' if good else 'NOT reached'}: at most {MOST} times the processor time{unsure}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
