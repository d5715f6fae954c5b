"""The cost of publishing in addition to drawing and encoding the pictures, and the cost of the next version of a grown
build.

    python -m benchmarks.publishing [--pictures 200] [--size 1280x960] [--rungs 224 448 672 896] [--questions 2]

The build is synthetic: noisy pictures, two zooms in each episode, three of four episodes judged correct. Everything
runs on one core of this machine, with durable storage on local disk. The command prints

- drawing: every picture of every row is drawn and encoded, and nothing written;
- publishing: ledger, selection, blocks and the version's folder. The command fails (exit 1) if the blocks take more
  than 10 % longer than drawing;
- written: bytes that the process wrote, for each byte of the version's files;
- nightly: the same with 1 % more pictures. The command fails above 5 % of the bytes or of the time of the full version;
- memory: the peak of a process that makes all blocks, above its memory after the imports;
- rungs: the share of the bytes that a reader of one rung reads.
"""

import argparse
import hashlib
import io
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from actors.publishing.drawing import Drawer
from actors.publishing.publishing import Prepared, PublishSettings, prepare, publish_prepared
from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Task
from lensmill.curation.settings import CurationSettings
from lensmill.decoding import load_original
from lensmill.picture import draw_view
from lensmill.replay import ReplaySettings
from lensmill.sample import Sample, sample_id_of
from lensmill.tools import ZOOM
from lensmill.verdict import Verdict
from storage.builds.episodes import EpisodeRow, EpisodeStore
from storage.builds.images import ImageStore
from storage.builds.judged import JudgedBuild
from storage.builds.plan import Plan, plan_sample
from storage.builds.verdicts import VerdictRow, VerdictStore
from storage.datasets.version import PublishedDataset
from storage.files.store import Files
from tests.inline_tasks import inline

RECIPE, JUDGE = "f" * 16, "j" * 16
LADDER = {"factor": 28, "upscale": False, "min_pixels": 3136, "max_pixels": 12_845_056}


def picture(number: int, size: tuple[int, int]) -> bytes:
    """A JPEG about as heavy as a photograph: noise over a gradient."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(0, 256, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def samples(files: Files, numbers: Sequence[int], size: tuple[int, int], questions: int) -> Iterator[Sample]:
    """Store the pictures and yield their samples."""
    images = ImageStore(files)
    for number in numbers:
        data = picture(number, size)

        image_id = hashlib.sha256(data).hexdigest()
        images.put(image_id, data)
        for asked in range(questions):
            question = f"Question {asked}?"
            sample_id = sample_id_of(image_id, question, ("7",))
            yield Sample(sample_id, image_id, *size, question, ("7",), source="made", split="train", licence="CC0-1.0")


def build(files: Files, numbers: Sequence[int], size: tuple[int, int], rungs: Sequence[int], questions: int) -> None:
    """Plan, make and judge the episodes of these pictures."""
    files.create(
        f"builds/{RECIPE}/recipe.json",
        json.dumps({"source": {"name": "made"}, "agent": {"name": "zoom"}, "ladder": LADDER}).encode(),
    )
    plan, episodes = Plan(files, RECIPE), EpisodeStore(files, RECIPE)
    verdicts, images = VerdictStore(files, RECIPE, JUDGE), ImageStore(files)
    before = set(plan.chunk_ids())
    planned = (plan_sample(RECIPE, one, rungs, ("zoom",), (0,)) for one in samples(files, numbers, size, questions))
    plan.append(planned, 64)
    for chunk_id in plan.chunk_ids():
        if chunk_id in before:
            continue
        chunk, rows, given = plan.read_chunk(chunk_id), [], []
        for number, episode in enumerate(chunk.episodes):
            sample = chunk.samples[episode.sample_id]
            original = load_original(images.get(sample.image_id))
            view = draw_view(original.pixels, episode.rung)
            world = Environment(Task(sample.question, episode.rung), original.pixels, view, lossless=original.lossless)
            side = min(size) // 3
            for step in range(2):
                world.act("I look closer.", ZOOM, {"bbox_2d": [20 + step, 20, 20 + side // 4, 20 + side // 4]})
            rows.append(EpisodeRow(episode, "done", world.hand_in("It is clear.", "7", ()).trajectory))
            outcome = Verdict("incorrect", "number") if number % 4 == 3 else Verdict("correct", "number")
            given.append(VerdictRow(episode.episode_id, outcome))
        episodes.commit(chunk_id, rows)
        verdicts.commit(chunk_id, given)


def settings_of(files: Files, version: str) -> PublishSettings:
    """The settings that publish the whole build under this name."""
    chunk_ids = Plan(files, RECIPE).chunk_ids()
    return PublishSettings(files, RECIPE, JUDGE, chunk_ids, None, CurationSettings(), version, "made")


def draw_all(files: Files) -> float:
    """Seconds to read, draw and encode every picture, without writing."""
    began, judged = time.monotonic(), JudgedBuild(files, RECIPE, JUDGE)
    replay = ReplaySettings.of_recipe(json.loads(files.read(f"builds/{RECIPE}/recipe.json")))
    with Drawer(files, replay) as drawer:
        for chunk_id in Plan(files, RECIPE).chunk_ids():
            for episode in judged.read(chunk_id, {}):
                drawer.pictures(episode)
    return time.monotonic() - began


def publish(files: Files, version: str) -> tuple[PublishedDataset, float, float, int]:
    """The version, all seconds, the seconds of the blocks, and the bytes of its folder and of new blocks."""
    began, spent, new = time.monotonic(), 0.0, 0

    def timed(work: Any, items: Any, *more: Any) -> Iterator[Any]:
        nonlocal spent
        since = time.monotonic()
        yield from inline(work, items, *more)
        spent += time.monotonic() - since

    prepared: Prepared = prepare(settings_of(files, version), tasks=inline)
    told = [prepared.progress]
    done = publish_prepared(prepared, show=told.append, tasks=timed)  # type: ignore[arg-type]
    new = told[-1].new + sum(record.size for record in done.files)
    return done, time.monotonic() - began, spent, new


def written() -> int:
    """Bytes that this process has written so far."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["wchar"])


def _peak(root: str, told: Any) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    publish(Files(root), "memory")
    told.put((before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--size", default="1280x960")
    parser.add_argument("--rungs", type=int, nargs="+", default=[224, 448, 672, 896])
    parser.add_argument("--questions", type=int, default=2)
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        files = Files(folder)
        build(files, range(given.pictures), (width, height), given.rungs, given.questions)
        drawing = draw_all(files)
        before = written()
        done, seconds, blocks, size = publish(files, "full")
        wrote = written() - before
        print(
            f"{done.rows + done.rejected} rows, {len(done.blocks)} blocks, {len(done.shards)} shards, "
            f"{size / 1e6:.1f} MB"
        )
        print(
            f"drawing {drawing:.1f} s, blocks {blocks:.1f} s ({blocks / drawing - 1:+.1%}), publishing {seconds:.1f} s"
        )
        print(f"written {wrote / size:.3f} bytes for each byte of the version")
        failed |= blocks > 1.1 * drawing
        more = max(1, given.pictures // 100)
        build(files, range(given.pictures, given.pictures + more), (width, height), given.rungs, given.questions)
        _, again, _, added = publish(files, "grown")
        grown = more / given.pictures
        print(f"nightly, {grown:.1%} more: {added / size:.1%} of the bytes, {again / seconds:.1%} of the time")
        failed |= added > 0.05 * size or again > 0.05 * seconds
        shown = done.shards_of("train", "validation")
        total = sum(shard.size for shard in shown)
        shares = {rung: sum(shard.size for shard in shown if shard.rung == rung) / total for rung in given.rungs}
        print("one rung reads: " + ", ".join(f"{rung}: {share:.1%}" for rung, share in shares.items()))
        for path in (*files.list("blocks"), *files.list("shards")):
            files.remove(path)
        told: Any = multiprocessing.get_context("spawn").Queue()
        process = multiprocessing.get_context("spawn").Process(target=_peak, args=(folder, told))
        process.start()
        at_first, peak = told.get()
        process.join()
        print(f"a process that makes all blocks: {peak / 1024:.0f} MiB at its peak, {at_first / 1024:.0f} before")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
