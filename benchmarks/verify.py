"""The speed of verification on two Ray nodes against one, and its memory.

    python -m benchmarks.verify [--pictures 250] [--rounds 2]

The build is synthetic: drawn photographs, with a zoom in each episode. It is published. Then `pipelines.verify
replay=all` verifies the store, on one Ray node with one CPU and on two such nodes in turn. Both clusters run on this
machine and listen on 127.0.0.1. The time is the command's time without that of its start (`--help`). The CPU is the
limit, so other work on the machine slows two nodes more than one. The table has each round, and the best rounds are
compared. The command fails (exit 1) if two nodes are less than 1.8 times as fast as one.
"""

import argparse
import hashlib
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import ray
from PIL import Image

from actors.cluster.connection import ClusterSettings, connect
from actors.publishing.publishing import PublishSettings, prepare, publish_prepared
from benchmarks.ray_nodes import LOOPBACK, RayNodes
from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Task
from lensmill.curation.settings import CurationSettings
from lensmill.decoding import load_original
from lensmill.picture import draw_view
from lensmill.sample import Sample, sample_id_of
from lensmill.tools import ZOOM
from lensmill.trajectory import Trajectory
from lensmill.verdict import Verdict
from pipelines.recipe import recorded_fingerprint
from storage.builds.episodes import EpisodeRow, EpisodeStore
from storage.builds.images import ImageStore
from storage.builds.plan import Plan, PlannedSample, plan_sample
from storage.builds.verdicts import VerdictRow, VerdictStore
from storage.files.store import Files

LEAST = 1.8
RUNGS = (224, 448, 896)
SIZE = (1600, 1200)
JUDGE = "0" * 16
CORRECT = Verdict("correct", "number", 1.0, "7 is 7")


def make(files: Files, pictures: int) -> None:
    """A published build of this many pictures, each on every rung."""
    ladder = {"factor": 28, "upscale": False, "rungs": list(RUNGS), "min_pixels": 3136, "max_pixels": 12_845_056}
    recipe = {"source": {"name": "made"}, "agent": {"name": "reader"}, "ladder": ladder}
    fingerprint = recorded_fingerprint(recipe)
    files.create(f"builds/{fingerprint}/recipe.json", json.dumps(recipe).encode())
    plan, episodes = Plan(files, fingerprint), EpisodeStore(files, fingerprint)
    plan.append(_planned(files, fingerprint, pictures), chunk_size=2 * len(RUNGS))
    verdicts = VerdictStore(files, fingerprint, JUDGE)
    for chunk_id in plan.chunk_ids():
        chunk = plan.read_chunk(chunk_id)
        rows = [
            EpisodeRow(planned, "done", _looked(files, chunk.samples[planned.sample_id], planned.rung))
            for planned in chunk.episodes
        ]
        episodes.commit(chunk_id, rows)
        verdicts.commit(chunk_id, [VerdictRow(row.planned.episode_id, CORRECT) for row in rows])
    settings = PublishSettings(
        files, fingerprint, JUDGE, plan.chunk_ids(), None, CurationSettings(), "benchmark", "made"
    )
    connect(ClusterSettings())
    publish_prepared(prepare(settings))
    ray.shutdown()


def _planned(files: Files, fingerprint: str, pictures: int) -> Iterator[PlannedSample]:
    images, random = ImageStore(files), np.random.default_rng(0)
    for number in range(pictures):
        coarse = random.integers(0, 256, (SIZE[1] // 40, SIZE[0] // 40, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(coarse).resize(SIZE).save(buffer, "JPEG", quality=92)
        image_id = hashlib.sha256(buffer.getvalue()).hexdigest()
        images.put(image_id, buffer.getvalue())
        question = f"How many are on picture {number}?"
        sample_id = sample_id_of(image_id, question, ("7",))
        sample = Sample(sample_id, image_id, *SIZE, question, ("7",), source="made", origin=f"row {number}")
        yield plan_sample(fingerprint, sample, RUNGS, ("reader",), (0,))


def _looked(files: Files, sample: Sample, rung: int) -> Trajectory:
    original = load_original(ImageStore(files).get(sample.image_id))
    view = draw_view(original.pixels, rung)
    environment = Environment(Task(sample.question, rung), original.pixels, view, lossless=original.lossless)
    width, height = view.pixels.size
    environment.act("I look closer.", ZOOM, {"bbox_2d": [width // 4, height // 4, width // 2, height // 2]})
    return environment.hand_in("It is clear now.", "7", ()).trajectory


def verify(*settings: str) -> tuple[float, float, str]:
    """Seconds of the command, CPU seconds of its process, and its last line."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", "pipelines.verify", *settings],
        env={**os.environ, **LOOPBACK},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode != 0:
        sys.exit(f"the verification failed:\n{(ended.stdout + ended.stderr)[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, ended.stdout.strip().splitlines()[-1]


def measure(store: Path, nodes: int) -> tuple[float, float, str]:
    """A verification on this many nodes with one CPU each."""
    with RayNodes() as cluster:
        for core in range(nodes):
            cluster.add(1, core=core)
        address = f"cluster.address={cluster.head.address}"
        return verify(str(store), "replay=all", "cluster=running", address)


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "out"
        make(Files(str(store)), options.pictures)
        times: dict[int, list[float]] = {1: [], 2: []}
        print(f"{options.pictures} pictures of {SIZE[0]}x{SIZE[1]}, {options.pictures * len(RUNGS)} episodes")
        for number in range(options.rounds):
            start = verify("--help")[0]
            for nodes in times:
                seconds, cpu, last = measure(store, nodes)
                times[nodes].append(seconds - start)
                print(f"  round {number}, {nodes} nodes: {seconds - start:6.1f} s; driver {cpu:.1f} s of CPU; {last}")
    one, two = (min(times[nodes]) for nodes in (1, 2))
    good = one / two >= LEAST
    print(f"{'reached' if good else 'NOT reached'}: {one / two:.2f} times as fast as one node, at least {LEAST}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
