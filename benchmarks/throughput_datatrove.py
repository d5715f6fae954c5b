"""The throughput benchmark's episodes with datatrove's inference runner and checkpoints. benchmarks/throughput.py runs
it, with a Python that has datatrove (see there).

    PYTHON -m benchmarks.throughput_datatrove URL EPISODES

Two processes, as two tasks of datatrove's executor, run half of the episodes each. Time counts from the first episode
to the end of the last process.
"""

import asyncio
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
from datatrove.pipeline.writers import JsonlWriter
from loguru import logger

from benchmarks.throughput_work import CHUNK, IN_FLIGHT, Episodes, put_picture
from storage.files.store import Files

WORKERS = 2


def work(url: str, folder: str, image_id: str, episodes: int, rank: int, span: Any) -> None:
    """Run one task: every WORKERS-th episode, starting with `rank`."""
    logger.remove()  # remove the line for each chunk, in datatrove's favour
    maker = Episodes(folder)
    begun: list[float] = []

    async def rollout(document: Document, _: Any) -> dict[str, Any]:
        if not begun:
            begun.append(time.time())
        return await maker.make(image_id, int(document.id))

    config = InferenceConfig(
        server_type="endpoint",
        model_name_or_path="stub",
        endpoint_url=url.removesuffix("/v1"),
        max_concurrent_generations=IN_FLIGHT,
    )
    runner = InferenceRunner(
        rollout,
        config,
        JsonlWriter(f"{folder}/out", output_filename="${rank}_${chunk_index}.jsonl", compression=None),
        checkpoints_local_dir=f"{folder}/checkpoints",
        records_per_chunk=CHUNK,
    )
    documents = (Document(f"How high is bar {number}?", str(number)) for number in range(rank, episodes, WORKERS))
    asyncio.run(runner.run_async(documents, rank))
    span.put((begun[0], time.time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))


def main() -> None:
    """Run the episodes and print the figures as JSON."""
    url, episodes = sys.argv[1], int(sys.argv[2])
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        image_id = put_picture(Files(folder))
        span = context.Queue()
        arguments = [(url, folder, image_id, episodes, rank, span) for rank in range(WORKERS)]
        processes = [context.Process(target=work, args=found) for found in arguments]
        for process in processes:
            process.start()
        spans = [span.get(timeout=600) for _ in processes]
        for process in processes:
            process.join()
        paths = sorted(Path(folder, "out").glob("*.jsonl"))
        lines = [line for path in paths for line in path.read_text().splitlines()]
        made = [json.loads(line)["metadata"]["rollout_results"][0] for line in lines]
        if len({row["episode_id"] for row in made}) != len(made) or len(made) != episodes:
            sys.exit("not every episode was written once")
        if {row["outcome"] for row in made} != {"correct"}:
            sys.exit("not every answer was found right")
    seconds = max(end for _, end, _ in spans) - min(begin for begin, _, _ in spans)
    print(json.dumps({"rate": episodes / seconds, "peak": max(peak for _, _, peak in spans), "commits": len(paths)}))


if __name__ == "__main__":
    main()
