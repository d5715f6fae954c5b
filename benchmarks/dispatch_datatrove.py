"""The dispatch benchmark's episodes with datatrove's inference runner. benchmarks/dispatch.py runs it.

It needs datatrove with httpx and aiosqlite, and imports nothing of lensmill, because datatrove's requirements conflict
with lensmill's.

    PYTHON benchmarks/dispatch_datatrove.py URL EPISODES TURNS IN_FLIGHT SYSTEM OBSERVATION
"""

import asyncio
import json
import resource
import sys
import tempfile
import time
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
from datatrove.pipeline.writers import JsonlWriter


def main() -> None:
    """Run the episodes and print the figures as JSON."""
    url, episodes, turns, in_flight = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    system, observation = sys.argv[5], sys.argv[6]
    times: list[float] = []
    flying: list[float] = []

    async def rollout(document: Document, generate: Any) -> str:
        times.append(time.perf_counter())
        messages = [{"role": "system", "content": system}, {"role": "user", "content": document.text}]
        text = ""
        for _ in range(turns):
            start = time.perf_counter()
            payload = {"messages": messages, "max_tokens": 512, "temperature": 0.0, "top_p": 1.0, "seed": 0}
            result = await generate(payload)
            flying.append(time.perf_counter() - start)
            text = result.text
            messages = [*messages, {"role": "assistant", "content": text}, {"role": "user", "content": observation}]
        times.append(time.perf_counter())
        return text

    question = "how much higher is the tallest bar than the one beside it?"
    documents = [Document(f"Episode {number}: {question}", str(number)) for number in range(episodes)]
    config = InferenceConfig(
        server_type="endpoint",
        model_name_or_path="stub",
        endpoint_url=url.removesuffix("/v1"),
        max_concurrent_generations=in_flight,
    )
    with tempfile.TemporaryDirectory() as folder:
        runner = InferenceRunner(rollout, config, JsonlWriter(folder))
        asyncio.run(runner.run_async(documents, 0))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime
    print(json.dumps({"wall": max(times) - min(times), "cpu": cpu, "flying": sum(flying)}))


if __name__ == "__main__":
    main()
