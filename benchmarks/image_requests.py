"""The client's cost of sending 4K pictures: our spliced bodies against the official `openai` client.

    python -m benchmarks.image_requests --openai PYTHON [--repeats 3]

32 episodes of four turns, eight at a time. Each turn shows one more 4K JPEG and sends the whole conversation again, as
agents do: ten pictures in each episode. With the `openai` client each request encodes every picture's base64 into a
data URL, as its guide shows. The JPEGs themselves are encoded beforehand for both. Our client keeps a picture's part
and writes its bytes. The stub runs in a separate process and only counts the bytes of bodies. Each client is a separate
process; the two run in turn, and time counts from the first request to the last reply. Figures are medians. The command
fails (exit 1) if ours takes more than 0.55 of the other's wall time or processor time.

PYTHON is an interpreter with the `openai` package, which lensmill does not require: `python -m venv V && V/bin/pip
install openai`, then `--openai V/bin/python`.
"""

import argparse
import asyncio
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.stubs import Clock, metrics, stub_engines
from lensmill.geometry import Frame
from lensmill.models.building import build_model
from lensmill.models.chat import ChatModel, ChatRequest, Sampling
from lensmill.models.settings import ModelSettings
from lensmill.picture import Encoded, Picture, encode
from lensmill.trajectory import ImageRef, Message, Part

MOST = 0.55
EPISODES, TURNS, AT_ONCE = 32, 4, 8
SIZE = (3836, 2156)
QUESTION = "What does the sign beside the door say?"


def draw(folder: Path) -> None:
    """Write every episode's 4K JPEGs: four different pictures, with a comment after the end that makes the bytes of
    each episode unique."""
    for turn in range(TURNS):
        random = np.random.default_rng(turn)
        coarse = Image.fromarray(random.integers(0, 256, (SIZE[1] // 12, SIZE[0] // 12, 3), np.uint8))
        picture = Picture(coarse.resize(SIZE, Image.Resampling.BICUBIC), Frame.whole(SIZE))
        data = encode(picture, lossless=False).data
        for episode in range(EPISODES):
            (folder / f"{episode:02}-{turn}.jpeg").write_bytes(data + f"episode {episode}".encode())


def read(folder: Path) -> list[list[bytes]]:
    """The pictures of each episode's turns."""
    files = sorted(folder.glob("*.jpeg"))
    return [[path.read_bytes() for path in files[start : start + TURNS]] for start in range(0, len(files), TURNS)]


async def ours(url: str, folder: Path) -> tuple[float, float]:
    """Run the episodes with our client. Return wall and processor seconds."""
    frame = Frame.whole(SIZE)
    episodes = [
        [Encoded(ImageRef(hashlib.sha256(data).hexdigest(), "", frame), data, "jpeg") for data in pictures]
        for pictures in read(folder)
    ]
    model = build_model(ModelSettings("stub", (url,)))
    numbers = iter(range(EPISODES))
    clock = Clock()

    async def slot() -> None:
        for number in numbers:
            await our_episode(model, number, episodes[number])

    await asyncio.gather(*(slot() for _ in range(AT_ONCE)))
    figures = clock.read()
    await model.close()
    return figures


async def our_episode(model: ChatModel, number: int, images: list[Encoded]) -> None:
    """Run one episode of TURNS calls, each with one more picture."""
    messages: list[Message] = []
    for turn in range(TURNS):
        messages.append(Message("user", (Part(image=turn), Part(QUESTION))))
        request = ChatRequest(tuple(messages), tuple(images), Sampling(max_tokens=512), episode=str(number))
        messages.append(Message("assistant", (Part((await model.chat(request)).text),)))


def measured(command: list[str], url: str, folder: Path) -> tuple[float, float]:
    """Run a client in a separate process. Return wall and processor seconds."""
    shape = [url, str(folder), str(TURNS), str(AT_ONCE), QUESTION]
    done = subprocess.run([*command, *shape], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    wall, cpu = json.loads(done.stdout.splitlines()[-1])
    return wall, cpu


def main() -> int:
    """Measure, print, and return the exit status."""
    if sys.argv[1:2] == ["ours"]:
        print(json.dumps(asyncio.run(ours(sys.argv[2], Path(sys.argv[3])))))
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--openai", metavar="PYTHON", help="a Python that has the openai package")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    ways = {"ours": [sys.executable, "-m", "benchmarks.image_requests", "ours"]}
    if options.openai:
        ways["openai client"] = [options.openai, str(Path(__file__).with_name("image_requests_openai.py"))]
    else:
        print("openai is missing: set --openai to a Python that has it; measuring our client alone")
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    sent: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name, stub_engines(1, "--drain") as (url,):
        folder = Path(name)
        draw(folder)
        for _ in range(options.repeats):
            for way, command in ways.items():
                before = metrics(url).get("stub:body_bytes_total", 0.0)
                runs[way].append(measured(command, url, folder))
                sent[way] = metrics(url)["stub:body_bytes_total"] - before
    print(f"{EPISODES} episodes of {TURNS} turns with 4K JPEGs, medians of {options.repeats}")
    print(f"  {'':<16} {'wall s':>7} {'CPU s':>7} {'GB sent':>8}")
    medians = {}
    for way, found in runs.items():
        wall, cpu = (statistics.median(run[n] for run in found) for n in range(2))
        medians[way] = (wall, cpu)
        print(f"  {way:<16} {wall:>7.2f} {cpu:>7.2f} {sent[way] / 1e9:>8.2f}")
    if not options.openai:
        return 1
    ratios = [one / other for one, other in zip(medians["ours"], medians["openai client"], strict=True)]
    print(f"  ratios: wall {ratios[0]:.2f}, CPU {ratios[1]:.2f}")
    good = max(ratios) <= MOST
    print(f"{'reached' if good else 'NOT reached'}: at most {MOST} of the wall and processor time of the openai client")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
