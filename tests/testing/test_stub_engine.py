import asyncio
import sys

import aiohttp
import pytest

from lensmill.models.chat import Usage
from lensmill.models.client import OpenAIChatModel
from lensmill.testing.prefix_cache import BLOCK_TOKENS, PictureTokens, PrefixCache
from lensmill.testing.script import StubRequest, by_turn, latency, with_faults
from lensmill.testing.stub_engine import StubEngine
from tests.models.small_requests import ask, picture, settings


def asked(text: str, number: int = 0) -> StubRequest:
    return StubRequest({"messages": [{"role": "user", "content": text}]}, {}, number)


def test_a_longer_conversation_hits_the_shorter_ones_blocks() -> None:
    cache = PrefixCache()
    first, cached = cache.look_up(["x" * 64 * 10])
    assert (first, cached) == (160, 0)
    assert cache.look_up(["x" * 64 * 10, "y" * 64]) == (176, 160)


def test_pictures_count_by_identity() -> None:
    cache = PrefixCache()
    cache.look_up([PictureTokens("a", 64)])
    assert cache.look_up([PictureTokens("a", 64)]) == (64, 64)
    assert cache.look_up([PictureTokens("b", 64)]) == (64, 0)


def test_a_block_is_found_only_behind_the_same_blocks() -> None:
    cache = PrefixCache()
    cache.look_up(["a" * 64, "b" * 64])
    assert cache.look_up(["c" * 64, "b" * 64])[1] == 0


def test_the_least_recently_used_blocks_go_first_and_ends_before_beginnings() -> None:
    cache = PrefixCache(3)
    cache.look_up(["a" * 64, "b" * 64, "c" * 64])
    cache.look_up(["d" * 64])
    assert len(cache) == 3
    assert cache.look_up(["a" * 64, "b" * 64, "c" * 64])[1] == 2 * BLOCK_TOKENS


def test_equal_requests_draw_equal_chances() -> None:
    pace = latency(1.0, "lognormal", slow_share=0.5, seed=3)
    assert [pace(asked(f"{n}")) for n in range(20)] == [pace(asked(f"{n}", number=9)) for n in range(20)]


def test_slow_replies_are_about_as_many_as_asked_for() -> None:
    pace = latency(1.0, slow_share=0.2, slow_factor=10)
    times = [pace(asked(f"question {number}")) for number in range(1000)]
    assert set(times) == {1.0, 10.0}
    assert 150 < times.count(10.0) < 250


def test_faults_come_at_their_shares() -> None:
    script = with_faults(by_turn(["fine"]), {"reset": 0.1, "server_error": 0.2})
    faults = [script(asked("same", number)).fault for number in range(1000)]
    assert 60 < faults.count("reset") < 140
    assert 150 < faults.count("server_error") < 250


async def test_metrics_count_the_prefix_cache() -> None:
    async with StubEngine(picture_tokens=32) as engine:
        model = OpenAIChatModel(settings(), engine.url)
        request = ask("x" * 640, images=[picture(b"view")])
        replies = [await model.chat(request) for _ in range(2)]
        await model.close()
        async with (
            aiohttp.ClientSession() as session,
            session.get(engine.url.replace("/v1", "/metrics")) as response,
        ):
            metrics = dict(line.rsplit(" ", 1) for line in (await response.text()).splitlines())
    prompt, cached = replies[1].usage.prompt, replies[1].usage.cached
    assert replies[0].usage.cached == 0
    assert cached >= 160
    assert replies[1].usage == Usage(prompt, replies[1].usage.completion, cached)
    assert metrics["vllm:prefix_cache_hits_total"] == str(cached)
    assert metrics["vllm:prefix_cache_queries_total"] == str(2 * prompt)


async def test_an_engine_listens_on_loopback_only_and_again_on_its_port() -> None:
    engine = StubEngine()
    await engine.start()
    port = engine.port
    assert engine.url.startswith("http://127.0.0.1:")
    await engine.die()
    await engine.start()
    assert engine.port == port
    await engine.die()


@pytest.mark.parametrize("drain", [[], ["--drain"]])
async def test_the_stub_engine_runs_as_a_separate_process(drain: list[str]) -> None:
    command = ["-m", "lensmill.testing.stub_engine", "--port", "0", "--latency", "0.001", *drain]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    model = OpenAIChatModel(settings(), url)
    try:
        assert (await model.chat(ask())).text == "ANSWER: 1"
    finally:
        await model.close()
        process.terminate()
    assert await process.wait() == 0
