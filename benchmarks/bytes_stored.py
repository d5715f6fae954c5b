"""The bytes that a build stores, against storing every view and observation of every episode.

    python -m benchmarks.bytes_stored [--image PHOTO.jpg] [--pictures 2]

4K pictures (drawn here, or your own), one question about each, eight rungs, four samples of the `zoom` agent on each
rung. A stub model zooms into another place in each sample, then answers. The rollout worker runs the episodes, with
storage on. "Stored" is every byte of the store: originals, plan, episodes, verdicts. "Every picture" is the files of
the view and of each observation of every episode, and nothing else. The command fails (exit 1) above 25 %.

Nothing is lost: the benchmark draws the files of every picture again from the store, and each has the bytes that its
episode recorded.
"""

import argparse
import asyncio
import hashlib
import io
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from actors.rollouts.worker import RolloutSettings, RolloutWorker
from lensmill.agents.zoom.settings import ZoomSettings
from lensmill.decoding import load_original
from lensmill.judging.rule_judge import RuleSettings
from lensmill.models.settings import ModelSettings
from lensmill.replay import Replayer, ReplaySettings
from lensmill.resolution import Ladder
from lensmill.sample import Sample, sample_id_of
from lensmill.sandbox.settings import SandboxSettings
from lensmill.testing.script import StubReply, StubRequest
from lensmill.testing.stub_engine import StubEngine
from lensmill.tools import ToolSettings
from storage.builds.episodes import EpisodeStore
from storage.builds.images import ImageStore
from storage.builds.plan import Plan, plan_sample
from storage.files.store import Files

MOST = 0.25
SAMPLES = 4
FINGERPRINT, JUDGE = "b" * 16, "j" * 16


def a_photograph(number: int) -> bytes:
    """A JPEG of 3840x2880 pixels: clouds at many scales with some grain. It has about the size of a photograph's
    file."""
    chance, side = np.random.default_rng(number), (3840, 2880)
    picture = np.zeros((side[1], side[0], 3), np.float32)
    for scale in (6, 24, 96, 384):
        small = Image.fromarray(chance.integers(0, 256, (scale, scale, 3), np.uint8))
        picture += np.asarray(small.resize(side, Image.Resampling.BICUBIC), np.float32) / 4
    picture += chance.normal(0, 4, picture.shape).astype(np.float32)
    buffer = io.BytesIO()
    Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def answer(request: StubRequest) -> StubReply:
    """First zoom into a random tenth to third of the picture's sides; then answer."""
    if request.turn:
        return StubReply("<think>I see it.</think><answer>7</answer>")
    chance = request.chance(0)
    side = chance.uniform(20, 70)
    left, top = chance.uniform(0, 220 - side), chance.uniform(0, 160 - side)
    box = [round(value) for value in (left, top, left + side, top + side)]
    call = f'{{"name": "image_zoom_in_tool", "arguments": {{"bbox_2d": {box}}}}}'
    return StubReply(f"<think>I look closer.</think><tool_call>{call}</tool_call>")


async def build(files: Files, pictures: list[bytes], ladder: Ladder) -> Plan:
    """Plan the pictures and run all episodes."""
    items = []
    for data in pictures:
        image_id = hashlib.sha256(data).hexdigest()
        ImageStore(files).put(image_id, data)
        original = load_original(data)
        size = (original.width, original.height)
        sample = Sample(sample_id_of(image_id, "How many?", ("7",)), image_id, *size, "How many?", ("7",))
        items.append(plan_sample(FINGERPRINT, sample, ladder.rungs_for(size), ("zoom",), range(SAMPLES)))
    plan = Plan(files, FINGERPRINT)
    plan.append(items, 32)
    async with StubEngine(answer) as engine:
        model = ModelSettings("stub", (engine.url,), context_length=1_000_000)
        settings = RolloutSettings(
            *(files, FINGERPRINT, JUDGE, ZoomSettings(samples=SAMPLES, temperature=1.0), ladder, RuleSettings()),
            *({"agent": model}, SandboxSettings(), 8, "bench"),
        )
        worker = RolloutWorker(settings)
        await worker.ready()
        for chunk_id in plan.chunk_ids():
            await worker.run_chunk(chunk_id)
        await worker.close()
    return plan


def every_picture(files: Files, plan: Plan) -> tuple[int, int, int]:
    """Numbers of episodes and pictures, and the pictures' bytes. Each picture is drawn again and compared with its
    record."""
    episodes = pictures = size = 0
    store = EpisodeStore(files, FINGERPRINT)
    family = ModelSettings("stub").family
    tools = ToolSettings(family.convention, min_pixels=family.min_pixels, max_pixels=family.max_pixels)
    with Replayer(ReplaySettings(tools=tools, family=family), ImageStore(files).get) as replayer:
        for chunk_id in plan.chunk_ids():
            samples = plan.read_chunk(chunk_id).samples
            for row in store.rows(chunk_id):
                if row.trajectory is None:
                    sys.exit(f"an episode failed: {row.failure}")
                sample = samples[row.planned.sample_id]
                drawn = list(replayer.files(sample.image_id, row.planned.rung, sample.regions, row.trajectory))
                episodes, pictures = episodes + 1, pictures + len(drawn)
                size += sum(len(file.data) for file in drawn)
    return episodes, pictures, size


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=2)
    parser.add_argument("--image", type=Path, action="append", help="your own picture of about 4K; may be repeated")
    options = parser.parse_args()
    own = [path.read_bytes() for path in options.image or ()]
    pictures = own or [a_photograph(number) for number in range(options.pictures)]
    with tempfile.TemporaryDirectory() as folder:
        files = Files(folder)
        plan = asyncio.run(build(files, pictures, Ladder()))
        stored = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        given = sum(map(len, pictures))
        episodes, shown, size = every_picture(files, plan)
    print(f"{len(pictures)} pictures, {episodes} episodes, which show {shown} pictures")
    print(f"  every picture of every episode: {size / 1e6:8.1f} MB")
    print(f"  stored:                         {stored / 1e6:8.1f} MB, of which originals {given / 1e6:.1f}")
    good = stored <= MOST * size
    print(f"{'reached' if good else 'NOT reached'}: {stored / size:.1%}, at most {MOST:.0%}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
