import asyncio
import pickle
import socket
import threading
import traceback
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from lensmill.models.chat import ChatRequest, ModelError, Sampling, Usage
from lensmill.models.client import MAX_WAIT_S, EngineUnreachable, OpenAIChatModel
from lensmill.models.replies import MAX_REPLY_BYTES
from lensmill.testing.script import StubReply, one_after_another
from lensmill.testing.stub_engine import StubEngine
from tests.models.small_requests import Waits, ask, picture, settings

KEY = "sk-test-0123456789"


@pytest.fixture
async def engine() -> AsyncIterator[StubEngine]:
    async with StubEngine() as started:
        yield started


@pytest.fixture
async def waits() -> Waits:
    return Waits()


@pytest.fixture
async def model(engine: StubEngine, waits: Waits) -> AsyncIterator[OpenAIChatModel]:
    client = OpenAIChatModel(settings(), engine.url, sleep=waits)
    yield client
    await client.close()


async def error_of(model: OpenAIChatModel) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await model.chat(ask())
    return caught.value


async def test_a_reply_has_its_usage_and_latency(engine: StubEngine, model: OpenAIChatModel) -> None:
    engine.script = one_after_another([StubReply("ANSWER: 4", reasoning="counted")])
    reply = await model.chat(ask("x" * 400))
    assert (reply.text, reply.reasoning, reply.finish_reason) == ("ANSWER: 4", "counted", "stop")
    assert (reply.model, reply.attempts) == ("stub", 1)
    assert reply.latency_s > 0
    again = await model.chat(ask("x" * 400))
    assert again.usage == Usage(reply.usage.prompt, reply.usage.completion, cached=96)


async def test_large_pictures_arrive_whole(engine: StubEngine, model: OpenAIChatModel) -> None:
    images = [picture(bytes(range(256)) * 4_000), picture(b"\x01" * 1_500_000)]
    await model.chat(ask(images=images))
    await model.chat(ask(images=images))
    content = engine.requests[0].body["messages"][0]["content"]
    assert [len(part["image_url"]["url"]) for part in content[:2]] == [1_365_358, 2_000_022]
    assert engine.bodies[0] == engine.bodies[1]


@pytest.mark.parametrize("fault", ["rate_limit", "server_error", "reset", "garbage"])
async def test_a_passing_fault_costs_an_attempt(
    engine: StubEngine, model: OpenAIChatModel, waits: Waits, fault: str
) -> None:
    engine.script = one_after_another([StubReply(fault=fault), StubReply("ANSWER: 5")])  # type: ignore[arg-type]
    reply = await model.chat(ask())
    assert (reply.text, reply.attempts, len(waits.seconds)) == ("ANSWER: 5", 2, 1)


async def test_waits_grow_and_are_never_twice_the_same(
    engine: StubEngine, model: OpenAIChatModel, waits: Waits
) -> None:
    engine.script = one_after_another([StubReply(fault="server_error")])
    error = await error_of(model)
    assert error.error_class == "engine_error"
    assert str(error).endswith("500: it broke")
    assert "tried 5 times" in error.where
    for number, seconds in enumerate(waits.seconds):
        assert 0.25 * 2**number <= seconds <= 0.5 * 2**number
    await error_of(model)
    assert len(set(waits.seconds)) == 8


@pytest.mark.parametrize(("header", "least", "most"), [("7", 7.0, 7.7), ("0", 0.0, 0.0), ("86400", 60.0, MAX_WAIT_S)])
async def test_retry_after_is_honoured_within_reason(
    engine: StubEngine, model: OpenAIChatModel, waits: Waits, header: str, least: float, most: float
) -> None:
    engine.script = one_after_another([StubReply(fault="rate_limit", retry_after=header), StubReply()])
    await model.chat(ask())
    assert least <= waits.seconds[0] <= most


@pytest.mark.parametrize("status", [400, 409, 422])
async def test_other_refusals_are_not_tried_again(engine: StubEngine, model: OpenAIChatModel, status: int) -> None:
    engine.script = one_after_another([StubReply(status=status, raw=b'{"error": {"message": "no"}}')])
    error = await error_of(model)
    assert error.error_class == "request_error"
    assert len(engine.requests) == 1


@pytest.mark.parametrize(("status", "setting"), [(401, "api_key_env"), (403, "api_key_env"), (404, "name")])
async def test_a_server_that_refuses_everybody_is_not_a_request_error(
    engine: StubEngine, model: OpenAIChatModel, status: int, setting: str
) -> None:
    engine.script = one_after_another([StubReply(status=status, raw=b'{"error": {"message": "no"}}')])
    error = await error_of(model)
    assert (error.error_class, len(engine.requests)) == ("server_refusal", 1)
    assert f"see model.{setting}" in str(error)


@pytest.mark.parametrize("status", [429, 503])
async def test_an_overloaded_server_is_unreachable_and_not_dead(
    engine: StubEngine, model: OpenAIChatModel, status: int
) -> None:
    engine.script = one_after_another([StubReply(status=status, raw=b"busy")])
    error = await error_of(model)
    assert isinstance(error, EngineUnreachable)
    assert (error.died, len(engine.requests)) == (False, 5)


@pytest.mark.parametrize(
    "answer",
    [
        StubReply(status=400, raw=b"ADDRESS"),
        StubReply(status=401, raw=b'{"error": {"message": "go to ADDRESS/chat or HOST"}}'),
        StubReply(status=404, raw=b"ADDRESS"),
        StubReply(status=503, raw=b"<hr>at HOST"),
        StubReply(raw=b"ADDRESS"),
        StubReply(fault="server_error"),
        StubReply(fault="reset"),
        StubReply(fault="hang"),
        StubReply(fault="death"),
    ],
)
async def test_an_errors_text_holds_no_address_and_no_count_of_attempts(engine: StubEngine, answer: StubReply) -> None:
    host = engine.url.split("/")[2]
    if answer.raw is not None:
        raw = answer.raw.replace(b"ADDRESS", engine.url.encode()).replace(b"HOST", host.encode())
        answer = replace(answer, raw=raw)
    engine.script = one_after_another([answer])
    model = OpenAIChatModel(settings(retries=1, timeout_s=0.2), engine.url, sleep=Waits())
    error = await error_of(model)
    assert not [word for word in (host, *host.split(":"), "tried", "0.2") if word in str(error)]
    assert engine.url in error.where
    await model.close()


async def test_names_are_resolved_while_the_loops_threads_are_busy(engine: StubEngine) -> None:
    free = threading.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    busy = loop.run_in_executor(None, free.wait)
    model = OpenAIChatModel(settings(timeout_s=5.0, retries=0), engine.url.replace("127.0.0.1", "localhost"))
    try:
        assert (await model.chat(ask())).text == "ANSWER: 1"
    finally:
        free.set()
        await busy
        await model.close()


async def test_an_unknown_host_is_named_as_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    model = OpenAIChatModel(settings(retries=0), "http://nowhere.invalid:8000/v1")
    error = await error_of(model)
    assert str(error) == "the model server cannot be reached: its host's name cannot be resolved"
    assert "nowhere.invalid:8000" in error.where
    await model.close()


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
async def test_an_impossible_host_name_is_unreachable(host: str) -> None:
    model = OpenAIChatModel(settings(retries=0), f"http://{host}:8000/v1")
    assert (await error_of(model)).error_class in ("engine_unreachable", "engine_error")
    await model.close()


async def test_a_request_beyond_the_context_is_a_context_length_error(
    engine: StubEngine, model: OpenAIChatModel
) -> None:
    raw = b'{"error": {"message": "This model\'s maximum context length is 100 tokens."}}'
    engine.script = one_after_another([StubReply(status=400, raw=raw)])
    assert (await error_of(model)).error_class == "context_length"
    assert len(engine.requests) == 1


async def test_redirects_are_not_followed(engine: StubEngine, model: OpenAIChatModel) -> None:
    engine.script = one_after_another([StubReply(status=307, raw=b"")])
    assert "redirects are not followed" in str(await error_of(model))
    assert len(engine.requests) == 1


async def test_an_endless_reply_is_cut_off(engine: StubEngine, model: OpenAIChatModel) -> None:
    engine.script = one_after_another([StubReply(raw=b" " * (MAX_REPLY_BYTES + 1))])
    assert "more than" in str(await error_of(model))
    assert len(engine.requests) == 1


async def test_a_server_that_hangs_is_left_after_the_timeout(engine: StubEngine) -> None:
    engine.script = one_after_another([StubReply(fault="hang")])
    model = OpenAIChatModel(settings(timeout_s=0.05, retries=1), engine.url, sleep=Waits())
    error = await error_of(model)
    assert error.error_class == "engine_error"
    assert "no reply in time" in str(error)
    assert error.where == f"{engine.url}, tried 2 times: none within 0.05 s"
    await model.close()


async def test_a_missing_server_is_unreachable(engine: StubEngine, model: OpenAIChatModel) -> None:
    await engine.die()
    error = await error_of(model)
    assert isinstance(error, EngineUnreachable)
    assert not error.died
    assert not await model.reachable()


async def test_an_engine_that_dies_during_a_call_is_told_apart(engine: StubEngine, model: OpenAIChatModel) -> None:
    assert await model.reachable()
    engine.script = one_after_another([StubReply(fault="death")])
    error = await error_of(model)
    assert isinstance(error, EngineUnreachable)
    assert error.died


async def test_a_server_that_reports_a_dead_engine_counts_as_a_death(
    engine: StubEngine, model: OpenAIChatModel
) -> None:
    raw = b'{"error": {"message": "EngineCore encountered an issue. See stack trace (above) for the root cause."}}'
    engine.script = one_after_another([StubReply(status=500, raw=raw)])
    error = await error_of(model)
    assert isinstance(error, EngineUnreachable)
    assert error.died


async def test_behind_a_router_connection_errors_end_early(engine: StubEngine) -> None:
    await engine.die()
    waits = Waits()
    model = OpenAIChatModel(settings(), engine.url, connection_retries=1, sleep=waits)
    await error_of(model)
    assert len(waits.seconds) == 1
    await model.close()


async def test_no_more_calls_are_in_flight_than_allowed(engine: StubEngine) -> None:
    engine.script = one_after_another([StubReply(seconds=0.002)])
    model = OpenAIChatModel(settings(concurrency=3), engine.url)
    await asyncio.gather(*(model.chat(ask()) for _ in range(20)))
    assert engine.most_in_flight == 3
    await model.close()


async def test_a_cancelled_call_frees_its_slot(engine: StubEngine) -> None:
    engine.script = one_after_another([StubReply(fault="hang"), StubReply("ANSWER: 6")])
    model = OpenAIChatModel(settings(concurrency=1), engine.url)
    hanging = asyncio.create_task(model.chat(ask()))
    await engine.received(1)
    hanging.cancel()
    assert (await model.chat(ask())).text == "ANSWER: 6"
    await model.close()


async def test_a_missing_picture_is_refused_before_sending(engine: StubEngine, model: OpenAIChatModel) -> None:
    broken = ChatRequest(ask(images=[picture(b"x")]).messages, (), Sampling())
    with pytest.raises(ModelError, match="picture 0") as caught:
        await model.chat(broken)
    assert caught.value.error_class == "request_error"
    assert not engine.requests


async def test_the_key_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_KEY", KEY)
    async with StubEngine(api_key=KEY) as engine:
        model = OpenAIChatModel(settings(api_key_env="STUB_KEY"), engine.url)
        assert (await model.chat(ask())).attempts == 1
        await model.close()


@pytest.mark.parametrize(
    "answer",
    [
        StubReply(status=401, raw=b'{"error": {"message": "Incorrect API key: ' + KEY.encode() + b'"}}'),
        StubReply(raw=b"garbage with " + KEY.encode()),
        StubReply(fault="reset"),
        StubReply(fault="server_error"),
        StubReply(fault="hang"),
        StubReply(status=302, raw=KEY.encode()),
        StubReply(fault="death"),
    ],
)
async def test_the_key_is_in_no_error(
    engine: StubEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, answer: StubReply
) -> None:
    monkeypatch.setenv("STUB_KEY", KEY)
    chosen = settings(api_key_env="STUB_KEY", retries=1, timeout_s=0.2)
    model = OpenAIChatModel(chosen, engine.url, sleep=Waits())
    engine.script = one_after_another([answer])
    caplog.set_level("DEBUG")
    with pytest.raises(ModelError) as caught:
        await model.chat(ask())
    shown = "".join(traceback.format_exception(caught.value))
    assert KEY not in shown + repr(caught.value) + repr(model) + caplog.text
    assert caught.value.__context__ is None
    await model.close()


async def test_a_model_with_its_key_is_never_pickled(model: OpenAIChatModel) -> None:
    with pytest.raises(TypeError, match="send its settings"):
        pickle.dumps(model)
