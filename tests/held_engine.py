"""A build whose engine waits until the test lets it answer."""

import asyncio
from collections.abc import Callable

from lensmill.testing.script import StubReply, StubRequest

EPISODES = 24
HELD = (
    *("source=chartqa", "ladder.rungs=[224]", "agent=direct", "model=qwen2_5_vl", "chunk_size=2", "version=test"),
    "cluster.in_flight=2",
)
"""24 episodes in 12 chunks, two in flight in each worker; `benchmarks.nodes.draw` makes the source."""


class Gate:
    """A script whose replies wait until it is opened; the small call before any work is answered at once."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    def __call__(self, request: StubRequest) -> StubReply:
        small = "Reply with OK." in request.texts
        return StubReply("ANSWER: 7", hold=None if small else self.open)


async def until(condition: Callable[[], bool], process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(120):
        while not condition():
            assert process.returncode is None, await ended(process)
            await asyncio.sleep(0.1)


async def ended(process: asyncio.subprocess.Process) -> tuple[int, str]:
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()
