"""Episodes per second when agents take no time, and the driver's memory.

    python -m benchmarks.throughput [--episodes 20000] [--memory 200000] [--peers] [--datatrove PYTHON]

A build on a local Ray with two workers and durable storage on local disk. The plan exists. Everything after it is as in
every build: chunks are handed out, pictures read and drawn, an agent run, answers judged by rules, episodes and
verdicts committed. The agent is a stub that answers at once, about one small picture. The rate counts from the first
chunk to the last commit, with running workers. The command fails (exit 1) below 2,000 episodes per second, or if the
driver's peak memory at 200,000 episodes is more than 10 % above its peak at 1,000.

`--peers` runs the same episodes with Ray Data and its CheckpointConfig: with default blocks, and with blocks as large
as our chunks. `--datatrove`, given a Python that has it, adds datatrove's inference runner with checkpoints, in two
processes. It needs its own venv: `pip install datatrove aiofiles aiosqlite httpx orjson xxhash`, then `pip install
--no-deps -r requirements.txt`. "commits" is the number of durable pieces of work. Memory is that of the driver (for
datatrove, which has none, that of a process that runs episodes).
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter

import ray

from actors.cluster.connection import ClusterSettings, connect
from actors.rollouts.pool import RolloutPool, chunks_for
from actors.rollouts.worker import RolloutSettings, RolloutWorker
from benchmarks.stubs import stub_engines
from benchmarks.throughput_work import (
    CHUNK,
    FINGERPRINT,
    IN_FLIGHT,
    JUDGE,
    NOBODY,
    RUNGS,
    StubAgent,
    planned,
    put_picture,
)
from lensmill.agents.direct.settings import DirectSettings
from lensmill.judging.rule_judge import RuleSettings
from lensmill.resolution import Ladder
from lensmill.sandbox.settings import SandboxSettings
from monitoring.logs import Level
from storage.builds.episodes import EpisodeStore
from storage.builds.plan import Plan
from storage.builds.verdicts import VerdictStore
from storage.files.store import Files

LEAST_RATE, MOST_GROWTH, WORKERS = 2000, 1.10, 2


class StubWorker(RolloutWorker):
    """A worker whose agent answers at once."""

    def __init__(self, settings: RolloutSettings) -> None:
        super().__init__(settings)
        self._agent = StubAgent()


def plan_episodes(files: Files, episodes: int) -> Plan:
    """Store the picture and plan the episodes."""
    image_id = put_picture(files)
    plan = Plan(files, FINGERPRINT)
    plan.append((planned(image_id, number) for number in range(episodes)), CHUNK)
    return plan


def say(line: str, level: Level = "info", **_: object) -> None:
    """Print a line of the pool."""
    print(f"{level}: {line}")


def run(episodes: int) -> tuple[float, int]:
    """Episodes per second, and this process's peak memory in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        files = Files(folder)
        plan = plan_episodes(files, episodes)
        connect(ClusterSettings(workers=WORKERS))
        settings = RolloutSettings(
            *(files, FINGERPRINT, JUDGE, DirectSettings(), Ladder(RUNGS), RuleSettings(), {"agent": NOBODY}),
            *(SandboxSettings(), IN_FLIGHT, "bench"),
        )
        counts = Counter[str]()

        def on_poll(now: Counter[str]) -> None:
            counts.clear()
            counts.update(now)

        pool = RolloutPool(
            *(settings, WORKERS, on_poll, lambda: False, say, ray.remote(num_cpus=1)(StubWorker)),
            chunks_each=chunks_for(IN_FLIGHT, CHUNK),
        )
        while not all(member.ready for member in pool._members):
            pool._wait([])
        start = time.perf_counter()
        left = pool.run(plan.chunk_ids())
        seconds = time.perf_counter() - start
        pool.close()
        ray.shutdown()
        chunks = set(plan.chunk_ids())
        whole = EpisodeStore(files, FINGERPRINT).committed().keys() >= chunks
        judged = VerdictStore(files, FINGERPRINT, JUDGE).committed().keys() >= chunks
        if left or not whole or not judged or counts["accepted"] != episodes:
            sys.exit(f"not every episode came to its end: {counts}")
    return episodes / seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def elsewhere(episodes: int) -> tuple[float, int]:
    """`run` in a separate process, for its own peak memory."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.throughput", "--one", str(episodes)], capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stderr)
    rate, peak = done.stdout.split()[-2:]
    return float(rate), int(peak)


def show_peer(name: str, command: list[str], ours: float) -> None:
    """Run a peer and print its figures."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
    found = json.loads(
        next(line for line in done.stdout.splitlines() if line.startswith('{"rate"'))
    )  # Ray prints lines, too
    print(
        f"  {name}: {found['rate']:,.0f} a second ({found['rate'] / ours:.2f} of ours), {found['commits']} commits, "
        f"{found['peak'] / 1e6:.0f} MB",
        flush=True,
    )


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=20_000)
    parser.add_argument(
        "--memory", type=int, default=200_000, help="episodes at which memory is measured; 0 for no measurement"
    )
    parser.add_argument("--peers", action="store_true", help="also measure Ray Data")
    parser.add_argument("--datatrove", metavar="PYTHON", help="a Python that has datatrove, to measure it too")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(*run(options.one))
        return 0
    rate, _ = elsewhere(options.episodes)
    print(f"{options.episodes:,} episodes: {rate:,.0f} a second, {-(-options.episodes // CHUNK)} commits")
    peers = {}
    if options.peers:
        for shape in ("default", "often"):
            peers[f"Ray Data, {shape}"] = [sys.executable, "-m", "benchmarks.throughput_ray", shape]
    with stub_engines(1) as (url,):  # datatrove needs a running server but sends it no request
        if options.datatrove:
            peers["datatrove"] = [options.datatrove, "-m", "benchmarks.throughput_datatrove", url]
        for name, command in peers.items():
            show_peer(name, [*command, str(options.episodes)], rate)
    good = rate >= LEAST_RATE
    print(f"{'reached' if good else 'NOT reached'}: at least {LEAST_RATE:,} a second")
    if options.memory:
        (_, small), (fast, large) = elsewhere(1000), elsewhere(options.memory)
        growth = large / small
        flat = growth <= MOST_GROWTH
        print(
            f"driver's peak: {small / 1e6:.0f} MB at 1,000, {large / 1e6:.0f} MB at {options.memory:,} ({fast:,.0f}/s)"
        )
        print(f"{'reached' if flat else 'NOT reached'}: {growth:.2f} times, at most {MOST_GROWTH}")
        good = good and flat
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
