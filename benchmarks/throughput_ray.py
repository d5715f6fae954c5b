"""The throughput benchmark's episodes with Ray Data and its CheckpointConfig. benchmarks/throughput.py runs it.

    python -m benchmarks.throughput_ray {default|often} EPISODES

"default" leaves the block size, and so the number of episodes that are written and checkpointed together, to Ray Data:
all of them, unless they are many. "often" has blocks of about as many episodes as our chunks. Time counts from the
first batch to the end of the write, without Ray's start.
"""

import asyncio
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import ray
from ray.data import ActorPoolStrategy, DataContext
from ray.data.checkpoint import CheckpointConfig

from actors.cluster.connection import ClusterSettings, connect
from benchmarks.throughput_work import CHUNK, Episodes, planned, put_picture
from storage.files.store import Files

WORKERS = 2
CHUNK_BYTES = 140_000
"""The size of a chunk in Ray Data's memory."""


class Batches:
    """Runs the episodes of a batch concurrently."""

    def __init__(self, folder: str, image_id: str) -> None:
        self._episodes, self._image_id = Episodes(folder), image_id

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        start = time.time()

        async def make() -> list[dict[str, Any]]:
            return await asyncio.gather(*(self._episodes.make(self._image_id, int(n)) for n in batch["number"]))

        rows = asyncio.run(make())
        columns: dict[str, Any] = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        return {**columns, "start": np.full(len(rows), start)}


def main() -> None:
    """Run the episodes and print the figures as JSON."""
    often, episodes = sys.argv[1] == "often", int(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        image_id = put_picture(Files(folder))
        ids = [planned(image_id, number).episodes[0].episode_id for number in range(episodes)]
        Path(folder, "plan").mkdir()
        table = pa.table({"episode_id": ids, "number": list(range(episodes))})
        for first in range(0, episodes, CHUNK):
            pq.write_table(table.slice(first, CHUNK), f"{folder}/plan/{first:08}.parquet")
        connect(ClusterSettings(workers=WORKERS + 2))  # besides running episodes, Ray Data reads, filters and writes
        context = DataContext.get_current()
        context.enable_progress_bars = False
        if often:
            context.target_min_block_size, context.target_max_block_size = 1, CHUNK_BYTES
        context.checkpoint_config = CheckpointConfig(
            id_column="episode_id", checkpoint_path=f"{folder}/checkpoints", delete_checkpoint_on_success=False
        )
        made = ray.data.read_parquet(f"{folder}/plan").map_batches(
            Batches,
            fn_constructor_args=(folder, image_id),
            batch_size=CHUNK,
            compute=ActorPoolStrategy(size=WORKERS),
        )
        made.write_parquet(f"{folder}/out")
        end = time.time()
        written = pq.read_table(f"{folder}/out", columns=["episode_id", "outcome", "start"])
        if sorted(written["episode_id"].to_pylist()) != sorted(ids) or set(written["outcome"].to_pylist()) != {
            "correct"
        }:
            sys.exit("not every episode was written once")
        start = min(written["start"].to_pylist())
        commits = len(list(Path(folder, "checkpoints").rglob("*.parquet")))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"rate": episodes / (end - start), "peak": peak, "commits": commits}))


if __name__ == "__main__":
    main()
