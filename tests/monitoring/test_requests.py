"""Counts of requests to models."""

import asyncio
from dataclasses import replace

import pytest
from PIL import Image

from lensmill.geometry import Frame
from lensmill.models.chat import ChatReply, ChatRequest, Usage
from lensmill.models.families import ModelFamily
from lensmill.picture import Picture, encode
from monitoring.recorder import Recorder
from monitoring.requests import WatchedModel

REPLY = ChatReply("7", usage=Usage(300, 5, 256), latency_s=0.2, attempts=3)


class Replying:
    name = "replying"
    family = ModelFamily()

    def __init__(self, reply: ChatReply | None) -> None:
        self.reply = reply
        self.asked = asyncio.Event()

    async def chat(self, _: ChatRequest) -> ChatReply:
        self.asked.set()
        if self.reply is None:
            await asyncio.Event().wait()
        assert self.reply is not None
        return self.reply


def a_request() -> ChatRequest:
    picture = Picture(Image.new("RGB", (56, 84)), Frame.whole((56, 84)))
    return ChatRequest((), (encode(picture, True),) * 2)


async def test_a_reply_counts_its_tokens_pictures_attempts_and_seconds() -> None:
    recorder = Recorder()
    model = WatchedModel(Replying(REPLY), "verifier", recorder)
    await model.chat(a_request())
    await model.chat(a_request())
    report = recorder.report()
    assert report["lensmill_requests_total|verifier|ok"] == 2
    assert report["lensmill_request_retries_total|verifier"] == 4
    assert report["lensmill_prompt_tokens_total|verifier"] == 600
    assert report["lensmill_cached_prompt_tokens_total|verifier"] == 512
    assert report["lensmill_completion_tokens_total|verifier"] == 10
    assert report["lensmill_image_tokens_total|verifier"] == 4 * ModelFamily().image_tokens(56, 84)
    assert report["lensmill_request_seconds|verifier|2"] == 2
    assert report["lensmill_request_seconds|verifier|sum"] == pytest.approx(0.4)
    assert report["lensmill_requests_in_flight|verifier"] == 0


async def test_a_reply_that_was_cut_off_is_told_apart() -> None:
    recorder = Recorder()
    await WatchedModel(Replying(replace(REPLY, finish_reason="length")), "agent", recorder).chat(a_request())
    assert recorder.report()["lensmill_requests_total|agent|length"] == 1


async def test_a_request_is_in_flight_until_it_is_cancelled() -> None:
    recorder, silent = Recorder(), Replying(None)
    waiting = asyncio.create_task(WatchedModel(silent, "agent", recorder).chat(a_request()))
    await silent.asked.wait()
    assert recorder.report()["lensmill_requests_in_flight|agent"] == 1
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    report = recorder.report()
    assert report["lensmill_requests_in_flight|agent"] == 0
    assert report["lensmill_requests_total|agent|cancelled"] == 1
