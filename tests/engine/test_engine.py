"""What we build on in a real vLLM: pictures, structured replies, caches, and our hand on its process."""

import base64
import io
import json
import os
import re
import select
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image, ImageDraw

from actors.engines.replicas import EngineError, EngineSet
from actors.engines.settings import EngineSettings
from tests.engine.conftest import ENVIRONMENT, Engine
from tests.said_lines import Said

pytestmark = [pytest.mark.engine, pytest.mark.timeout(420)]

CALL = (
    r"<think>[a-z]{2,8}( [a-z]{2,8}){2,6}</think><tool_call>"
    r'\{"name": "image_zoom_in_tool", "arguments": \{"bbox_2d": \[[1-9]\d?, [1-9]\d?, [1-4]\d{2}, [1-3]\d{2}\]\}\}'
    r"</tool_call>"
)

VERDICT = {
    "type": "object",
    "properties": {"verdict": {"enum": ["correct", "incorrect", "undecided"]}},
    "required": ["verdict"],
    "additionalProperties": False,
}


def a_picture(width: int = 448, height: int = 336, colour: str = "red") -> dict[str, Any]:
    """A message's part with a drawn picture of this size in pixels."""
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).rectangle((width // 4, height // 4, width // 2, height // 2), fill=colour)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    url = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    return {"type": "image_url", "image_url": {"url": url}}


def user(*parts: dict[str, Any], text: str = "What is the highest bar?") -> dict[str, Any]:
    return {"role": "user", "content": [*parts, {"type": "text", "text": text}]}


def said(reply: dict[str, Any]) -> str:
    return str(reply["choices"][0]["message"]["content"])


def server_of(url: str) -> int:
    """The process that was started to listen at this URL."""
    port = f"--port={urlsplit(url).port}"
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_text().split("\0") if entry.name.isdigit() else []
        except OSError:
            continue
        if port in words and words[1] == "-m":
            return int(entry.name)
    raise AssertionError(f"nobody was started with {port}")


def test_a_picture_counts_as_its_patches(engine: Engine) -> None:
    without = engine.chat([user()], max_tokens=8)["usage"]["prompt_tokens"]
    reply = engine.chat([user(a_picture(448, 336))], max_tokens=8)
    assert reply["usage"]["prompt_tokens"] - without == (448 // 28) * (336 // 28) + 2
    assert reply["usage"]["completion_tokens"] <= 8


def test_a_reply_can_be_held_to_a_protocol(engine: Engine) -> None:
    reply = engine.chat([user(a_picture())], temperature=1.0, structured_outputs={"regex": CALL})
    assert reply["choices"][0]["finish_reason"] == "stop"
    assert re.fullmatch(CALL, said(reply))


def test_a_reply_can_be_held_to_a_schema(engine: Engine) -> None:
    reply = engine.chat([user()], structured_outputs={"json": VERDICT})
    assert json.loads(said(reply))["verdict"] in {"correct", "incorrect", "undecided"}


def test_the_same_seed_gives_the_same_reply(engine: Engine) -> None:
    ask = [user(a_picture(colour="green"))]
    first, second, other = (said(engine.chat(ask, temperature=1.0, max_tokens=40, seed=seed)) for seed in (1, 1, 2))
    assert first == second != other


def test_later_turns_find_text_and_pictures_in_the_caches(engine: Engine) -> None:
    prefix, pictures = engine.metric("vllm:prefix_cache_hits_total"), engine.metric("vllm:mm_cache_hits_total")
    messages = [user(a_picture(colour="blue"))]
    for colour in ("orange", "purple"):
        reply = engine.chat(messages, structured_outputs={"regex": CALL})
        messages += [{"role": "assistant", "content": said(reply)}, user(a_picture(colour=colour), text="Here it is.")]
    last = engine.chat(messages, structured_outputs={"regex": CALL})
    assert last["usage"]["prompt_tokens_details"]["cached_tokens"] > 12 * 16, "the first picture and more"
    assert engine.metric("vllm:prefix_cache_hits_total") > prefix
    assert engine.metric("vllm:mm_cache_hits_total") >= pictures + 3


def test_a_server_that_is_killed_is_back_at_its_address(engine: Engine) -> None:
    told, until = len(engine.said), time.monotonic() + 300
    os.kill(server_of(engine.url), 9)
    while "engine: engine 0 is ready again" not in engine.said[told:]:
        assert time.monotonic() < until
        engine.engines.poll()
        select.select([], [], [], 0.1)
    assert "it was ended by signal 9" in engine.said[told]
    assert said(engine.chat([user(a_picture())], structured_outputs={"regex": CALL}))


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"model": "/nowhere/model"}, "/nowhere/model"),
        ({"args": {"no_such_argument": 1}}, "no-such-argument"),
        ({"environment": {**ENVIRONMENT, "VLLM_CPU_KVCACHE_SPACE": "100000"}}, "Available memory on node"),
    ],
)
def test_a_start_that_fails_shows_the_log(engine_settings: EngineSettings, wrong: dict[str, Any], why: str) -> None:
    settings = replace(engine_settings, **wrong)
    with EngineSet("engine", settings, lambda: False, Said()) as engines, pytest.raises(EngineError) as caught:
        engines.start()
    first, _, tail = str(caught.value).partition("\n")
    assert first.startswith("engine: engine 0 did not start: it ended with exit status")
    assert why in first
    assert why in tail
