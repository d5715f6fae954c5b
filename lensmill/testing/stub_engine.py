"""A stub engine: OpenAI's chat API on 127.0.0.1, with scripted replies, latencies and faults.

In a test:

    async with StubEngine(by_turn(["look closer", "ANSWER: 4"])) as engine:
        model = OpenAIChatModel(ModelSettings(name="stub"), engine.url)

As a separate process (`--help` lists the options), which prints its URL when it is ready:

    python -m lensmill.testing.stub_engine --port 0 --latency 0.05
"""

import argparse
import asyncio
import json
import signal
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from lensmill.testing.prefix_cache import PictureTokens, PrefixCache
from lensmill.testing.script import Script, StubReply, StubRequest, by_turn, latency, one_after_another, with_faults

MAX_BODY_BYTES = 1 << 28


class StubEngine:
    """A server that answers as its script says. Use it as an async context manager.

    Args:
        script: request -> reply.
        port: 0 takes a free port.
        cache_blocks: size of its prefix cache in blocks of 16 tokens; None for no limit.
        picture_tokens: tokens of one picture.
        read_bodies: False only counts the bytes of bodies. Use it to measure clients, whose large bodies would keep the
            stub busy.
        api_key: refuse requests without this key.
        models: the names at /v1/models; other models are refused. None: the path does not exist and any model is
            served.

    Attributes:
        requests: all received requests, oldest first, if `keep` is set.
        bodies: the bodies of the same requests, as bytes.
        died: set from the death of the engine until its next start.
    """

    def __init__(
        self,
        script: Script | None = None,
        port: int = 0,
        cache_blocks: int | None = None,
        picture_tokens: int = 256,
        read_bodies: bool = True,
        keep: bool = True,
        api_key: str | None = None,
        models: Sequence[str] | None = None,
    ) -> None:
        self.script: Script = script or one_after_another([StubReply()])
        self.port = port
        self.cache = PrefixCache(cache_blocks)
        self.requests: list[StubRequest] = []
        self.bodies: list[bytes] = []
        self.counts: Counter[str] = Counter()
        self.in_flight = 0
        self.most_in_flight = 0
        self._picture_tokens = picture_tokens
        self._read_bodies = read_bodies
        self._keep = keep
        self._api_key = api_key
        self._served = models
        self.died = asyncio.Event()
        self._arrived = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._dying: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The base URL for clients."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def start(self) -> None:
        """Listen. After a death, listen again on the same port with an empty prefix cache."""
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.died.clear()

    async def die(self) -> None:
        """Stop listening and reset every connection."""
        runner, self._runner = self._runner, None
        if runner is None or runner.server is None:
            return
        self.died.set()
        for site in list(runner.sites):
            await site.stop()
        for connection in list(runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()
        self.cache = PrefixCache(self.cache.capacity)
        await runner.cleanup()

    async def received(self, requests: int) -> None:
        """Wait until this many requests have arrived in all."""
        while self.counts["requests"] < requests:
            self._arrived.clear()
            await self._arrived.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._dying is not None:
            await self._dying
        await self.die()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._answer(request)
        finally:
            self.in_flight -= 1

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body: Mapping[str, Any] = {}
        if self._read_bodies:
            raw = await request.read()
            try:
                body = json.loads(raw)
            except ValueError:
                return web.json_response({"error": {"message": "the body is no JSON"}}, status=400)
            if self._keep:
                self.bodies.append(raw)
        else:
            async for chunk in request.content.iter_any():
                self.counts["body_bytes"] += len(chunk)
        if self._api_key is not None and request.headers.get("Authorization") != f"Bearer {self._api_key}":
            return web.json_response({"error": {"message": "that is not the key"}}, status=401)
        if self._served is not None and body and body.get("model") not in self._served:
            return web.json_response({"error": {"message": "The model does not exist."}}, status=404)
        headers = {name.lower(): value for name, value in request.headers.items()} if self._keep else {}
        asked = StubRequest(body, headers, self.counts["requests"])
        self.counts["requests"] += 1
        if self._keep:
            self.requests.append(asked)
        self._arrived.set()
        reply = self.script(asked)
        tokens, cached = self.cache.look_up(self._prompt(body)) if body else (0, 0)
        if reply.seconds:
            await asyncio.sleep(reply.seconds)
        if reply.hold is not None:
            await reply.hold.wait()
        if reply.fault is not None:
            self.counts[reply.fault] += 1
            return await self._fail(request, reply)
        if reply.raw is not None or reply.status != 200:
            extra = {"Retry-After": reply.retry_after} if reply.retry_after is not None else None
            raw = reply.raw or b""
            return web.Response(body=raw, status=reply.status, content_type="application/json", headers=extra)
        return web.json_response(_completion(body, reply, tokens, cached))

    def _prompt(self, body: Mapping[str, Any]) -> list[str | PictureTokens]:
        """The conversation as an engine's template would lay it out."""
        prompt: list[str | PictureTokens] = []
        for message in body.get("messages", ()):
            prompt.append(f"<{message.get('role')}>")
            content = message.get("content")
            parts: list[dict[str, Any]] = [{"text": content}] if isinstance(content, str) else content or []
            for part in parts:
                if part.get("type") == "image_url":
                    identity = part.get("uuid") or part["image_url"]["url"]
                    prompt.append(PictureTokens(identity, self._picture_tokens))
                else:
                    prompt.append(part.get("text") or "")
            prompt.append("</>")
        return prompt

    async def _fail(self, request: web.Request, reply: StubReply) -> web.StreamResponse:
        extra = {"Retry-After": reply.retry_after} if reply.retry_after is not None else None
        match reply.fault:
            case "rate_limit":
                return web.json_response({"error": {"message": "slow down"}}, status=429, headers=extra)
            case "server_error":
                return web.json_response({"error": {"message": "it broke"}}, status=500, headers=extra)
            case "garbage":
                return web.Response(body=b'{"choices": [{"mess\xff', content_type="application/json")
            case "hang":
                await self.died.wait()
            case "death":
                self._dying = asyncio.create_task(self.die())
                await self.died.wait()
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"choices": [')
        if request.transport is not None:
            request.transport.abort()
        return response

    async def _models(self, _: web.Request) -> web.Response:
        if self._served is None:
            return web.Response(status=404)
        listed = [{"id": name, "object": "model"} for name in self._served]
        return web.json_response({"object": "list", "data": listed})

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response()

    async def _metrics(self, _: web.Request) -> web.Response:
        """Counters, under vLLM's names where vLLM has them."""
        lines = [
            f"vllm:prefix_cache_queries_total {self.cache.queries}",
            f"vllm:prefix_cache_hits_total {self.cache.hits}",
            f"vllm:num_requests_running {self.in_flight}",
            *(f"stub:{name}_total {count}" for name, count in sorted(self.counts.items())),
        ]
        return web.Response(text="\n".join(lines) + "\n")


def _completion(body: Mapping[str, Any], reply: StubReply, tokens: int, cached: int) -> dict[str, Any]:
    message = {"role": "assistant", "content": reply.text}
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    written = len(reply.text) // 4 + 1
    usage = {
        "prompt_tokens": tokens,
        "completion_tokens": written,
        "total_tokens": tokens + written,
        "prompt_tokens_details": {"cached_tokens": cached},
    }
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
    return {
        "id": "stub",
        "object": "chat.completion",
        "model": body.get("model", "stub"),
        "choices": [choice],
        "usage": usage,
    }


def main() -> None:
    """Run a stub engine until a signal stops it; the options say how it replies."""
    parser = argparse.ArgumentParser(description="A stub engine on 127.0.0.1 that speaks OpenAI's chat API.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--replies", type=Path, help="JSON list of texts: the nth answers the nth turn")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds a reply takes on average")
    parser.add_argument("--spread", choices=("constant", "exponential", "lognormal"), default="constant")
    parser.add_argument("--slow-share", type=float, default=0.0, help="share of replies that are slow")
    parser.add_argument("--slow-factor", type=float, default=10.0, help="times as long as the others")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME=SHARE", help="such as rate_limit=0.02")
    parser.add_argument("--cache-blocks", type=int, help="prefix cache in blocks of 16 tokens; without it, unbounded")
    parser.add_argument("--picture-tokens", type=int, default=256)
    parser.add_argument("--model", action="append", help="name at /v1/models; without any there is no such path")
    parser.add_argument("--drain", action="store_true", help="do not read bodies, only count their bytes")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    texts = json.loads(options.replies.read_text()) if options.replies else [StubReply().text]
    pace = latency(options.latency, options.spread, options.slow_share, options.slow_factor, options.seed)
    script = by_turn(texts, pace)
    if options.fault:
        shares = {name: float(share) for name, _, share in (item.partition("=") for item in options.fault)}
        script = with_faults(script, shares, options.seed + 1)
    engine = StubEngine(
        script,
        options.port,
        options.cache_blocks,
        options.picture_tokens,
        read_bodies=not options.drain,
        keep=False,
        models=options.model,
    )
    asyncio.run(serve(engine))


async def serve(engine: StubEngine) -> None:
    """Print the engine's URL and serve until SIGINT or SIGTERM arrives, or until the script kills the engine."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with engine:
        print(engine.url, flush=True)
        waits = [asyncio.create_task(event.wait()) for event in (stop, engine.died)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()


if __name__ == "__main__":
    main()
