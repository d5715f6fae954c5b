"""A server for a job that starts engines of its own: a stub that answers after a while, called as vLLM's is.

It puts a file named after its process into the folder --started, so that a test knows when it runs.
"""

import argparse
import asyncio
import os
from pathlib import Path

from lensmill.testing.script import by_turn, latency
from lensmill.testing.stub_engine import StubEngine


async def serve(port: int, slow_s: float) -> None:
    async with StubEngine(by_turn(["ANSWER: 7"], latency(slow_s)), port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--started", type=Path, required=True)
    parser.add_argument("--slow-s", type=float, required=True)
    options, _ = parser.parse_known_args()
    (options.started / f"{os.getpid()}").touch()
    asyncio.run(serve(options.port, options.slow_s))
