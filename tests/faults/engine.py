"""A stub engine for the storm: zooms once, answers, and meets some poison; what it was asked is written down.

python -m tests.faults.engine PORT LOG
"""

import argparse
import asyncio
import logging
import re
from pathlib import Path

from lensmill.models.replies import MAX_REPLY_BYTES
from lensmill.testing.script import StubReply, StubRequest
from lensmill.testing.stub_engine import StubEngine, serve

LOOK = (
    '<think>I look closer.</think><tool_call>{"name": "image_zoom_in_tool", '
    '"arguments": {"bbox_2d": [20, 20, 160, 120], "label": "bar"}}</tool_call>'
)
ANSWER = "<think>It is clear.</think><answer>7</answer>"
TURNS = 2
POISON = {
    "crashes": StubReply(fault="death"),
    "hangs": StubReply(fault="hang"),
    "floods": StubReply(raw=b" " * (MAX_REPLY_BYTES + 1)),
    "babbles": StubReply(fault="garbage"),
}
"""By a word in the question: the engine dies of it, never replies, sends more than memory should hold, or garbage."""

_QUESTION = re.compile(r"How high is bar (\d+)(?: that (\w+))?\?")


def answer(request: StubRequest, asked: Path) -> StubReply:
    found = next((found for text in reversed(request.texts) if (found := _QUESTION.search(text))), None)
    if found is None:
        return StubReply("OK")  # the small call before any work
    with asked.open("a") as log:
        log.write(f"{found[1]} {request.turn}\n")
    if found[2] and request.turn == TURNS - 1:
        return POISON[found[2]]
    seconds = 0.02 + 0.06 * request.chance(0).random()
    return StubReply(LOOK if request.turn < TURNS - 1 else ANSWER, seconds=seconds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("log", type=Path)
    options = parser.parse_args()
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # the storm kills clients on purpose
    asyncio.run(serve(StubEngine(lambda request: answer(request, options.log), options.port, keep=False)))
