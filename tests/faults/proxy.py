"""A reverse proxy before an S3 server that injects what object stores do on a bad day.

    with s3_server() as url, fault_proxy(url, seed=1, rates={"error": 0.05, "lost_reply": 0.02}) as proxy:
        ...  # talk to proxy.url
        print(proxy.counts())

It runs in a process of its own. Whether a request meets a fault follows from the seed, the request and how often it
was made before, and not from what else is under way at the moment.
"""

import argparse
import asyncio
import json
import logging
import random
import socket
import struct
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession, ClientTimeout, web
from yarl import URL

KINDS = ("error", "slow_down", "reset_request", "reset_response", "stall", "lost_reply")
"""What may happen to a request, each at its own rate:

error: 500 InternalError, nothing was done.
slow_down: 503 SlowDown, nothing was done.
reset_request: the connection breaks in the middle of the request's body, nothing was done.
reset_response: the connection breaks in the middle of the reply's body.
stall: the request is answered after `stall_s` seconds.
lost_reply: a write is done, and the connection breaks before the reply.
"""

_CONTROL = "/-/faults"
_WRITES = ("PUT", "POST", "DELETE")
_HOP = ("connection", "keep-alive", "transfer-encoding", "host", "te", "trailer", "upgrade", "expect")
_ERRORS = {"error": (500, "InternalError", "We encountered an internal error. Please try again.")}
_ERRORS["slow_down"] = (503, "SlowDown", "Please reduce your request rate.")


@dataclass(frozen=True, slots=True)
class FaultProxy:
    """A running proxy.

    Attributes:
        url: give it to clients as their endpoint.
    """

    url: str

    def counts(self) -> Counter[str]:
        """How many requests there were ("requests"), and how many met each kind of fault."""
        with urllib.request.urlopen(self.url + _CONTROL) as reply:
            return Counter(json.load(reply))

    def set_rates(self, rates: Mapping[str, float]) -> None:
        """From now on, these kinds at these rates, each from 0 to 1, and no others."""
        request = urllib.request.Request(self.url + _CONTROL, json.dumps(_checked(rates)).encode(), method="POST")
        with urllib.request.urlopen(request):
            pass


@contextmanager
def fault_proxy(
    upstream: str, seed: int = 0, rates: Mapping[str, float] | None = None, stall_s: float = 10.0
) -> Iterator[FaultProxy]:
    """Start a proxy before the server at this URL.

    Args:
        rates: by kind, each from 0 to 1; no faults where not given.
        stall_s: how long a stalled request waits, in seconds.
    """
    command = [sys.executable, "-m", "tests.faults.proxy", upstream, str(seed), json.dumps(_checked(rates or {}))]
    proxy = subprocess.Popen([*command, str(stall_s)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    try:
        assert proxy.stdout is not None
        yield FaultProxy(proxy.stdout.readline().decode().strip())
    finally:
        proxy.kill()
        proxy.communicate()


def _checked(rates: Mapping[str, float]) -> dict[str, float]:
    if unknown := rates.keys() - {*KINDS}:
        raise ValueError(f"there is no fault {', '.join(sorted(unknown))} (there are: {', '.join(KINDS)})")
    return dict(rates)


class _Proxy:
    def __init__(self, upstream: str, seed: int, rates: Mapping[str, float], stall_s: float) -> None:
        self._upstream = upstream
        self._seed = seed
        self._rates = rates
        self._stall_s = stall_s
        self._counts: Counter[str] = Counter()
        self._tries: Counter[str] = Counter()
        # moto looks whether a name is taken and then writes, without a lock: of racing writers several would win.
        # A real store decides at once, so conditional writes go through one after the other.
        self._conditional = asyncio.Lock()

    async def run(self) -> None:
        app = web.Application(client_max_size=2**32)
        app.router.add_get(_CONTROL, self._tell)
        app.router.add_post(_CONTROL, self._set)
        app.router.add_route("*", "/{path:.*}", self._handle)
        async with ClientSession(auto_decompress=False, timeout=ClientTimeout(total=None)) as self._session:
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
            await asyncio.Event().wait()

    async def _tell(self, _: web.Request) -> web.Response:
        return web.json_response(self._counts)

    async def _set(self, request: web.Request) -> web.Response:
        self._rates = await request.json()
        return web.Response()

    def _fault(self, request: web.Request) -> str:
        """The kind of fault that this request meets, or none; each kind where it can happen at all."""
        key = f"{self._seed} {request.method} {request.raw_path}"
        self._tries[key] += 1
        draw = random.Random(f"{key} {self._tries[key]}").random()
        for kind in KINDS:
            draw -= self._rates.get(kind, 0)
            if draw < 0:
                only = {"reset_request": ("PUT", "POST"), "reset_response": ("GET",), "lost_reply": _WRITES}
                return kind if request.method in only.get(kind, (request.method,)) else ""
        return ""

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self._counts["requests"] += 1
        kind = self._fault(request)
        if kind:
            self._counts[kind] += 1
        if kind == "reset_request":
            await request.content.readany()
            return _break(request)
        body = await request.read()
        if kind in _ERRORS:
            status, code, message = _ERRORS[kind]
            text = (
                f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
            )
            return web.Response(status=status, text=text, content_type="application/xml")
        if kind == "stall":
            await asyncio.sleep(self._stall_s)
        if "If-None-Match" in request.headers and request.method in _WRITES:
            async with self._conditional:
                status, headers, data = await self._forward(request, body)
        else:
            status, headers, data = await self._forward(request, body)
        if kind == "lost_reply":
            return _break(request)
        response = web.StreamResponse(status=status, headers=headers)
        await response.prepare(request)
        if kind == "reset_response":
            await response.write(data[: len(data) // 2])
            return _break(request)
        if request.method != "HEAD":
            await response.write(data)
        await response.write_eof()
        return response

    async def _forward(self, request: web.Request, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        url = URL(self._upstream + request.raw_path, encoded=True)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        async with self._session.request(request.method, url, headers=headers, data=body) as reply:
            data = await reply.read()
        kept = {name: value for name, value in reply.headers.items() if name.lower() not in (*_HOP, "date", "server")}
        if request.method != "HEAD":
            kept["Content-Length"] = str(len(data))
        return reply.status, kept, data


def _break(request: web.Request) -> web.Response:
    """Reset the connection, as the other side of a network that fails does."""
    if request.transport is not None:
        connection: socket.socket = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name, kind in (("upstream", str), ("seed", int), ("rates", json.loads), ("stall_s", float)):
        parser.add_argument(name, type=kind)
    given = parser.parse_args()
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # broken connections are what it is for
    asyncio.run(_Proxy(given.upstream, given.seed, given.rates, given.stall_s).run())
