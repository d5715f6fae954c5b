"""The speed of a build on two Ray nodes against one.

    python -m benchmarks.nodes [--episodes 240] [--latency 2]

Both clusters run on this machine and listen on 127.0.0.1. Each node has one CPU, so one rollout worker. A stub engine
takes 2 s for a reply and accepts any number of requests, and a worker keeps only 8 episodes in flight. So slots limit
the rate, as on GPUs, and not the CPUs that these nodes share. Each episode is one call of the agent `direct`;
everything else is as in a build: planning, commits, verdicts. The rate is the engine's, from its first request to its
last reply, because nodes do not speed up starting and publishing. The command fails (exit 1) if two nodes give less
than 1.8 times the rate of one.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from benchmarks.ray_nodes import LOOPBACK, RayNodes
from benchmarks.stubs import metrics, stub_engines

LEAST = 1.8
IN_FLIGHT = 8


def draw(folder: Path, episodes: int) -> None:
    """Write a ChartQA folder with `episodes` questions about one picture."""
    split = folder / "test"
    (split / "png").mkdir(parents=True)
    Image.new("RGB", (640, 480), "white").save(split / "png" / "0.png")
    rows = [{"imgname": "0.png", "query": f"How high is bar {number}?", "label": "7"} for number in range(episodes)]
    (split / "test_human.json").write_text(json.dumps(rows))


def measure(nodes: int, episodes: int, latency: float) -> float:
    """Episodes per second of a build on this number of nodes."""
    with (
        tempfile.TemporaryDirectory() as folder,
        RayNodes() as cluster,
        stub_engines(1, "--latency", str(latency)) as (url,),
    ):
        draw(Path(folder) / "source", episodes)
        for _ in range(nodes):
            cluster.add(1)
        settings = [
            *("source=chartqa", f"source.path={folder}/source", f"out={folder}/out", "ladder.rungs=[224]"),
            *("agent=direct", "model=qwen2_5_vl", f"model.urls=[{url}]", "chunk_size=4", "cluster=running"),
            *(f"cluster.address={cluster.head.address}", f"cluster.in_flight={IN_FLIGHT}"),
        ]
        build = subprocess.Popen(
            [sys.executable, "-m", "pipelines.build", *settings],
            env={**os.environ, **LOOPBACK},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert build.stderr is not None
        begun = ended = 0.0
        while build.poll() is None and not ended:
            now = metrics(url)
            asked, waiting = now.get("stub:requests_total", 0), now["vllm:num_requests_running"]
            begun = begun or (time.perf_counter() if asked else 0.0)
            ended = time.perf_counter() if asked >= episodes and not waiting else 0.0
            time.sleep(0.05)
        if build.wait() != 0:
            sys.exit(f"the build failed:\n{build.stderr.read()[-2000:]}")
    return episodes / (ended - begun)


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=240)
    parser.add_argument("--latency", type=float, default=2.0, help="seconds for a reply")
    options = parser.parse_args()
    one, two = (measure(nodes, options.episodes, options.latency) for nodes in (1, 2))
    print(f"{options.episodes} episodes, {options.latency:g} s for a reply, {IN_FLIGHT} in flight in each worker")
    print(f"  one node:  {one:6.2f} episodes/s ({IN_FLIGHT / options.latency:.2f} if slots were never empty)")
    print(f"  two nodes: {two:6.2f} episodes/s ({2 * IN_FLIGHT / options.latency:.2f})")
    good = two / one >= LEAST
    print(f"{'reached' if good else 'NOT reached'}: {two / one:.2f} times the rate of one, at least {LEAST}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
