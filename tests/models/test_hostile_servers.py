"""Endpoints that are not good servers, each a real one on 127.0.0.1: one clear line, the right class, no key."""

import asyncio
import gzip
import json
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web

from lensmill.models import routing
from lensmill.models.chat import ModelError
from lensmill.models.client import OpenAIChatModel
from lensmill.models.meter import Meter
from lensmill.models.preflight import Question, ask_servers
from lensmill.models.replies import MAX_REPLY_BYTES
from lensmill.models.routing import RoutedModel
from tests.models.small_requests import Waits, ask, settings
from tests.said_lines import Said

KEY = "plain-own-key-of-the-job"
OTHERS = ("sk-planted-0123456789", "hf_plantedABCDEFGH", "AKIAPLANTED123456789", "hunter2planted")
PLANTED = (
    f"{KEY} {OTHERS[0]} token {OTHERS[1]} {OTHERS[2]} http://user:{OTHERS[3]}@host/?api_key={OTHERS[3]} "
    f"Authorization: Bearer {OTHERS[3]}"
)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Hostile:
    """A server's behaviour, the error class of a call to it, and words of the message."""

    name: str
    answer: Answer
    error_class: str
    words: str


def says(body: bytes | str, status: int = 200, kind: str = "application/json", **headers: str) -> Answer:
    raw = body.encode() if isinstance(body, str) else body

    async def answer(_: web.Request) -> web.StreamResponse:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=raw, status=status, headers={"Content-Type": kind, **names})

    return answer


def error(status: int, message: str, **headers: str) -> Answer:
    return says(json.dumps({"error": {"message": f"{message} {PLANTED}"}}), status, **headers)


def choice(finish: str = "stop", **message: object) -> str:
    return json.dumps({"choices": [{"message": message, "finish_reason": finish}], "model": "m"})


async def breaks(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def breaks_midway(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(b'{"choices": [{"mess')
    assert request.transport is not None
    request.transport.abort()
    return response


async def too_short(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "5000"})
    await response.prepare(request)
    await response.write(b'{"choices": [')
    assert request.transport is not None
    request.transport.abort()
    return response


async def never(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


async def floods(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(MAX_REPLY_BYTES // 1_000_000 + 1):
        await response.write(b" " * 1_000_000)
    return response


PAGE = f"<!DOCTYPE html><html><body>Please log in. {PLANTED}</body></html>"

TABLE = [
    Hostile("empty 404", says(b"", 404), "server_refusal", "knows no such model or path (404)"),
    Hostile("404 page", says(PAGE, 404, "text/html"), "server_refusal", "knows no such model or path (404)"),
    Hostile("404 of vLLM", error(404, "The model does not exist."), "server_refusal", "model.name"),
    Hostile("405", says(b"", 405), "server_refusal", "(405)"),
    Hostile("login page with 200", says(PAGE, 200, "text/html"), "server_refusal", "web page"),
    Hostile("page called JSON", says(PAGE), "server_refusal", "web page"),
    Hostile("401", error(401, "Incorrect API key provided"), "server_refusal", "model.api_key_env"),
    Hostile("403", error(403, "no access"), "server_refusal", "model.api_key_env"),
    Hostile("402", error(402, "pay first"), "quota_exceeded", "billing"),
    Hostile("quota 429", error(429, "You exceeded your current quota"), "quota_exceeded", "quota"),
    Hostile("quota by code", says('{"error": {"code": "insufficient_quota"}}', 429), "quota_exceeded", "quota"),
    Hostile("rate 429", error(429, "slow down", Retry_After="0"), "engine_unreachable", "is overloaded (429)"),
    Hostile(
        "rate quota", error(429, "quota exceeded: 10 requests per minute"), "engine_unreachable", "is overloaded (429)"
    ),
    Hostile("503 page", says(PAGE, 503, "text/html"), "engine_unreachable", "is overloaded (503)"),
    Hostile("502 page", says(PAGE, 502, "text/html"), "engine_unreachable", "502"),
    Hostile("500 empty", says(b"", 500), "engine_unreachable", "500"),
    Hostile("400 seed", error(400, "seed is not supported"), "server_refusal", "model.omit=[seed]"),
    Hostile("400 top_p", error(400, "Unsupported value: 'top_p'"), "server_refusal", "model.omit=[top_p]"),
    Hostile("400 uuid", error(400, "Extra inputs are not permitted: uuid"), "server_refusal", "model.image_uuid=false"),
    Hostile("400 text model", error(400, "m is not a multimodal model"), "server_refusal", "takes no pictures"),
    Hostile("400 field", error(400, "structured_outputs: unknown"), "server_refusal", "model.structures=none"),
    Hostile("400 tokens", error(400, "use max_completion_tokens instead"), "server_refusal", "model.max_tokens_key="),
    Hostile("422 list", says('{"detail": [{"loc": ["body"], "msg": "no"}]}', 422), "server_refusal", "422"),
    Hostile("redirect", says(b"", 307, Location=f"http://other/?key={OTHERS[3]}"), "server_refusal", "redirects"),
    Hostile("redirect of 301", says(PAGE, 301, Location="https://else/"), "server_refusal", "redirects"),
    Hostile("204", says(b"", 204), "server_refusal", "answered 204"),
    Hostile("no choices", says("{}"), "engine_unreachable", "without choices"),
    Hostile("choices of none", says('{"choices": []}'), "engine_unreachable", "without choices"),
    Hostile("null content", says(choice(content=None)), "engine_unreachable", "content is null"),
    Hostile("length and no text", says(choice("length", content="")), "empty_reply", "max_tokens"),
    Hostile("filtered", says(choice("content_filter", content=None)), "empty_reply", "content_filter"),
    Hostile("tool calls", says(choice("tool_calls", content=None, tool_calls=[{}])), "empty_reply", "tool parser"),
    Hostile("error in a 200", error(200, "upstream is gone"), "engine_unreachable", "upstream is gone"),
    Hostile("402 in a 200", says('{"error": {"code": 402, "message": "no credits"}}'), "quota_exceeded", "credits"),
    Hostile("401 in a 200", says('{"error": {"code": "401", "message": "who?"}}'), "server_refusal", "api_key_env"),
    Hostile("truncated JSON", says('{"choices": [{"message": {"content": "AN'), "engine_unreachable", "not JSON"),
    Hostile("text", says(f"hello {PLANTED}", 200, "text/plain"), "engine_unreachable", "not JSON"),
    Hostile("JSON list", says("[1, 2]"), "engine_unreachable", "not a JSON object"),
    Hostile("deep JSON", says("[" * 100_000), "engine_unreachable", "not JSON"),
    Hostile("no bytes", says(b""), "engine_unreachable", "not JSON"),
    Hostile("bad bytes", says(b"\xff\xfe\x00"), "engine_unreachable", "not JSON"),
    Hostile("gzip", says(gzip.compress(b"{}"), Content_Encoding="gzip"), "engine_unreachable", "compressed"),
    Hostile("not gzip", says(b"garbage", Content_Encoding="gzip"), "engine_unreachable", "compressed"),
    Hostile("flood", floods, "engine_unreachable", "more than"),
    Hostile("closed", breaks, "engine_unreachable", "broke the connection"),
    Hostile("chunks that end midway", breaks_midway, "engine_unreachable", "broke the connection"),
    Hostile("too few bytes", too_short, "engine_unreachable", "broke the connection"),
    Hostile("silent", never, "engine_unreachable", "no reply in time"),
    Hostile("a terminal's escapes", error(400, "\x1b[2J\x07 seed unsupported"), "server_refusal", "seed"),
]


@asynccontextmanager
async def served(answer: Answer, lists: Answer | None = None) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    app.router.add_get("/v1/models", lists or says(b"", 404))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTILE_KEY", KEY)
    monkeypatch.setattr(routing, "CONTROL_S", 0.3)


def chosen(outage_s: float = 0.3, **changes: object) -> dict[str, object]:
    return {"api_key_env": "HOSTILE_KEY", "timeout_s": 5.0, "retries": 1, "outage_s": outage_s, **changes}


def assert_one_clean_line(text: str) -> None:
    assert text.isprintable()
    assert len(text) < 1500
    assert not [secret for secret in (KEY, *OTHERS) if secret in text], text


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
async def test_a_call_ends_in_one_clear_line_of_the_right_class(case: Hostile) -> None:
    async with served(case.answer) as url:
        wanted = settings(**chosen(timeout_s=0.2 if case.name == "silent" else 5.0))
        client = OpenAIChatModel(wanted, url, connection_retries=1, sleep=Waits())
        model = RoutedModel([client], 0.3, sleep=Waits())
        with pytest.raises(ModelError) as caught:
            await model.chat(ask())
        await model.close()
    told = f"{caught.value} {caught.value.where}"
    assert caught.value.error_class == case.error_class, told
    assert case.words in told
    assert_one_clean_line(told)
    assert not [secret for secret in (KEY, *OTHERS) if secret in "".join(traceback.format_exception(caught.value))]


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
async def test_a_job_asks_before_its_work_and_ends_with_the_same_error(case: Hostile) -> None:
    told: list[str] = []
    async with served(case.answer) as url:
        wanted = settings(**chosen(urls=(url,), timeout_s=0.2 if case.name == "silent" else 5.0))
        asking = ask_servers(Question("judge_model", wanted, ask()), Meter(), told.append, lambda: False)
        if case.error_class == "empty_reply":
            await asking  # a poor answer is still an answer
            return
        with pytest.raises(ModelError) as caught:
            await asking
    assert caught.value.error_class == case.error_class, str(caught.value)
    assert case.words.replace("model.", "judge_model.") in str(caught.value)
    assert_one_clean_line(f"{caught.value} {''.join(told)}")


LISTS = [
    (says(json.dumps({"data": [{"id": "stub"}]})), ""),
    (says(json.dumps({"data": [{"id": "models/stub"}]})), ""),
    (says(json.dumps({"data": [{"id": "stub", "max_model_len": 32768}]})), ""),
    (says(json.dumps({"data": [{"id": "stub", "max_model_len": 4096}]})), "model.context_length=4096"),
    (
        says(json.dumps({"data": [{"id": f"m{n}"} for n in range(40)]})),
        "",
    ),  # an alias or a deployment name: the server answers calls
    (says(json.dumps({"data": [{"id": 7}, None, "x"]})), ""),
    (says(PAGE, 200, "text/html"), ""),
    (says(b"", 404), ""),
    (says(b"", 500), ""),
    (error(401, "who are you"), ""),
    (floods, ""),
]


@pytest.mark.parametrize(("lists", "words"), LISTS)
async def test_the_list_of_models_is_checked_if_the_server_has_one(lists: Answer, words: str) -> None:
    async with served(says(choice(content="OK")), lists) as url:
        meter, wanted = Meter(), settings(**chosen(urls=(url,)))
        asking = ask_servers(Question("model", wanted, ask()), meter, Said(), lambda: False)
        if not words:
            await asking
            assert meter.requests == meter.replies == 1
            return
        with pytest.raises(ModelError) as caught:
            await asking
    assert caught.value.error_class == "server_refusal"
    assert words in str(caught.value)
    assert_one_clean_line(str(caught.value))


@pytest.mark.parametrize(
    ("names", "words"),
    [([f"m{n}" for n in range(40)], "m10, m11 and 28 more: set model.name"), ([f"{PLANTED}\x1b[2J"], "set model.name")],
)
async def test_a_refused_model_name_lists_the_served_names(names: list[str], words: str) -> None:
    lists = says(json.dumps({"data": [{"id": name} for name in names]}))
    async with served(error(404, "no such model"), lists) as url:
        wanted = settings(**chosen(urls=(url,)))
        with pytest.raises(ModelError) as caught:
            await ask_servers(Question("model", wanted, ask()), Meter(), Said(), lambda: False)
    assert caught.value.error_class == "server_refusal"
    assert "serves no stub, but " in str(caught.value)
    assert words in str(caught.value)
    assert_one_clean_line(str(caught.value))


async def test_one_answering_server_is_enough_and_dead_ones_are_reported() -> None:
    told: list[str] = []
    async with served(says(choice(content="OK"))) as url:
        wanted = settings(**chosen(urls=("http://127.0.0.1:9/v1", url)))
        await ask_servers(Question("model", wanted, ask()), Meter(), told.append, lambda: False)
    assert "http://127.0.0.1:9/v1: Connection refused" in told[-1]
    assert "1 of 2 does not answer" in told[-1]


async def test_asking_ends_when_the_job_stops() -> None:
    wanted = settings(**chosen(600.0, urls=("http://127.0.0.1:9/v1",)))
    told: list[str] = []
    await ask_servers(Question("model", wanted, ask()), Meter(), told.append, lambda: bool(told))
    assert "for up to 600 s in all (model.outage_s)" in told[0]
