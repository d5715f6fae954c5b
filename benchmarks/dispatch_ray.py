"""The dispatch benchmark's episodes with Ray Data's async `map_batches`. benchmarks/dispatch.py runs it.

python -m benchmarks.dispatch_ray BATCH URL EPISODES
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import numpy as np
import ray
from ray.data import ActorPoolStrategy

from actors.cluster.connection import ClusterSettings, connect
from benchmarks.dispatch import IN_FLIGHT, raw_episode


class Episodes:
    """Runs the episodes of a batch concurrently, as async actors of Ray Data do."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, batch: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT))
        session, start = self._session, time.time()
        numbers = [int(number) for number in batch["id"]]
        await asyncio.gather(*(raw_episode(session, self._url, number) for number in numbers))
        ends = np.full(len(numbers), time.time())
        yield {"start": np.full(len(numbers), start), "end": ends}


def main() -> None:
    """Run the episodes and print the figures as JSON."""
    size, url, episodes = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    os.environ["RAY_DATA_DEFAULT_ASYNC_BATCH_UDF_MAX_CONCURRENCY"] = str(
        IN_FLIGHT // size
    )  # batches that an actor runs at once
    connect(ClusterSettings())
    ray.data.DataContext.get_current().enable_progress_bars = False
    mapped = ray.data.range(episodes, override_num_blocks=1).map_batches(
        Episodes,
        fn_constructor_args=(url,),
        batch_size=size,
        compute=ActorPoolStrategy(size=1),
    )
    rows = mapped.take_all()
    wall = max(row["end"] for row in rows) - min(row["start"] for row in rows)
    print(
        json.dumps({"wall": wall, "cpu": 0.0, "flying": 0.0})
    )  # no time in flight: its requests also wait for a connection


if __name__ == "__main__":
    main()
