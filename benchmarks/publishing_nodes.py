"""The speed of publishing on two Ray nodes against one.

    python -m benchmarks.publishing_nodes [--pictures 150]

Both clusters run on this machine and listen on 127.0.0.1. Each node has one CPU. The build is that of
`benchmarks.publishing`; its pictures are drawn, encoded and written, so the CPU is the limit, and the machine needs two
idle cores. The clock starts after Ray's workers. The shards must be equal. The command fails (exit 1) if two nodes give
less than 1.8 times the rate of one.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from actors.cluster.connection import ClusterSettings, connect
from actors.cluster.tasks import in_order
from actors.publishing.publishing import prepare, publish_prepared
from benchmarks.publishing import build, settings_of
from benchmarks.ray_nodes import on_nodes
from storage.files.store import Files

LEAST = 1.8
SIZE, RUNGS, QUESTIONS = (1280, 960), (224, 448, 672, 896), 2


def publish(address: str, folder: str, nodes: int) -> dict[str, object]:
    """Publish the build on a cluster. Return the seconds and the blocks' keys with the hashes of their shards."""
    connect(ClusterSettings(address))
    list(in_order(abs, range(8 * nodes)))
    files = Files(f"{folder}/{nodes}")
    start = time.perf_counter()
    done = publish_prepared(prepare(settings_of(files, "v1")))
    return {"seconds": time.perf_counter() - start, "shards": [[shard.path, shard.sha256] for shard in done.shards]}


def main() -> int:
    """Measure one and two nodes and print the rates; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=150)
    for name in ("--address", "--folder"):
        parser.add_argument(name, default="", help=argparse.SUPPRESS)
    parser.add_argument("--nodes", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.nodes:
        print(json.dumps(publish(options.address, options.folder, options.nodes)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        for nodes in (1, 2):  # a store each, since blocks that exist are not made again
            build(Files(str(Path(folder, str(nodes)))), range(options.pictures), SIZE, RUNGS, QUESTIONS)
        one, two = (on_nodes("benchmarks.publishing_nodes", nodes, folder) for nodes in (1, 2))
    seconds = [found["seconds"] for found in (one, two)]
    print(f"{options.pictures} pictures of {SIZE[0]}x{SIZE[1]}: one node {seconds[0]:.1f} s, two {seconds[1]:.1f} s")
    same, ratio = one["shards"] == two["shards"], seconds[0] / seconds[1]
    print(f"the shards are {'the same' if same else 'DIFFERENT'}")
    print(f"{'reached' if ratio >= LEAST else 'NOT reached'}: {ratio:.2f} times the rate of one, at least {LEAST}")
    return 0 if same and ratio >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
