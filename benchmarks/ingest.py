"""The speed of reading a source on two Ray nodes against one.

    python -m benchmarks.ingest [--pictures 3000]

Both clusters run on this machine and listen on 127.0.0.1; each node has one CPU. The source is a ChartQA folder of
800x600 pictures, which are decoded, hashed and stored, with two questions each: the CPU is the limit, so the machine
needs two idle cores. Ray's workers are started before the clock is. The plans must be the same. The command fails
(exit 1) where two nodes give less than 1.8 times the rate of one.
"""

import argparse
import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from actors.cluster.connection import ClusterSettings, connect
from actors.cluster.tasks import in_order
from actors.ingest.planning import Planner, PlanSettings
from benchmarks.ray_nodes import on_nodes
from lensmill.agents.reader.settings import ReaderSettings
from lensmill.resolution import Ladder
from storage.builds.plan import Plan
from storage.files.store import Files
from storage.sources.chartqa import ChartQASettings

LEAST = 1.8
FINGERPRINT = "f" * 16


def draw(folder: Path, pictures: int) -> None:
    """Write a ChartQA folder of pictures with smooth noise, which take as long to decode as photographs."""
    split = folder / "test"
    (split / "png").mkdir(parents=True)
    noise = np.random.default_rng(0)
    rows = []
    for number in range(pictures):
        small = noise.integers(0, 256, (75, 100, 3), dtype=np.uint8)
        Image.fromarray(small).resize((800, 600)).save(split / "png" / f"{number}.png", compress_level=1)
        rows += [{"imgname": f"{number}.png", "query": f"Question {place}?", "label": "7"} for place in range(2)]
    (split / "test_human.json").write_text(json.dumps(rows))


def ingest(address: str, folder: str, nodes: int) -> dict[str, object]:
    """Plan the source on a cluster. Return the seconds and the plan's chunks."""
    connect(ClusterSettings(address))
    list(in_order(abs, range(8 * nodes)))
    files, source = Files(f"{folder}/out-{nodes}"), ChartQASettings(path=f"{folder}/source")
    planner = Planner(
        PlanSettings(files, FINGERPRINT, source, ReaderSettings(), None, Ladder(), None, None),
        partial(in_order, workers=nodes),
    )
    start = time.perf_counter()
    planner.plan()
    return {"seconds": time.perf_counter() - start, "chunks": Plan(files, FINGERPRINT).chunk_ids()}


def main() -> int:
    """Measure ingest with each number of workers and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=3000)
    for name in ("--address", "--folder"):
        parser.add_argument(name, default="", help=argparse.SUPPRESS)
    parser.add_argument("--nodes", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.nodes:
        print(json.dumps(ingest(options.address, options.folder, options.nodes)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        draw(Path(folder) / "source", options.pictures)
        one, two = (on_nodes("benchmarks.ingest", nodes, folder) for nodes in (1, 2))
    rates = [options.pictures / found["seconds"] for found in (one, two)]
    print(f"{options.pictures} pictures of 800x600")
    print(f"  one node:  {rates[0]:6.1f} pictures/s")
    print(f"  two nodes: {rates[1]:6.1f} pictures/s")
    same, ratio = one["chunks"] == two["chunks"], rates[1] / rates[0]
    print(f"the plans are {'the same' if same else 'DIFFERENT'}")
    print(f"{'reached' if ratio >= LEAST else 'NOT reached'}: {ratio:.2f} times the rate of one, at least {LEAST}")
    return 0 if same and ratio >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
