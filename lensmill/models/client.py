"""The client of servers with OpenAI's chat completions API: vLLM, SGLang, hosted models."""

import asyncio
import os
import random
import re
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import NoReturn
from urllib.parse import urlsplit

import aiohttp

from lensmill.models.body import BodyPayload, PictureParts, body_pieces
from lensmill.models.chat import ChatReply, ChatRequest, ModelError
from lensmill.models.families import ModelFamily
from lensmill.models.meter import Meter
from lensmill.models.names import OwnThreadsResolver
from lensmill.models.replies import MAX_REPLY_BYTES, Failure, read_refusal, read_reply
from lensmill.models.settings import ModelSettings, check_url
from lensmill.redaction import redact

__all__ = ["MAX_WAIT_S", "EngineUnreachable", "OpenAIChatModel", "PictureParts"]

FIRST_WAIT_S = 0.5
MAX_WAIT_S = 60.0
"""Maximum seconds between two attempts, whatever their number and whatever Retry-After says."""

KEEP_ALIVE_S = 4.0
"""Seconds after which an idle connection is closed. vLLM's server closes idle connections after 5 s, and a connection
that it is about to close must not be used."""

Sleep = Callable[[float], Awaitable[object]]


class EngineUnreachable(ModelError):
    """The server could not be reached at the last attempt, or is overloaded. It may be reachable later.

    Attributes:
        died: an earlier attempt had reached the server.
        since: the loop's time of the first failed attempt.
        over: no time is left for another attempt.
    """

    def __init__(self, message: str, died: bool, where: str = "", since: float = 0.0, over: bool = False) -> None:
        super().__init__("engine_unreachable", message, where)
        self.died, self.since, self.over = died, since, over


class OpenAIChatModel:
    """A model behind one server. Safe to call from many coroutines of one event loop. Close it at the end.

    The API key is read from the environment here. It is never shown, logged or pickled.

    Args:
        settings: the model; `urls` is ignored.
        url: the server's base URL, such as http://127.0.0.1:8000/v1.
        parts: the cache of encoded pictures; replicas share one.
        connection_retries: retries after connection errors in one call; None allows `settings.retries`. Behind a router
            a small number is better: the router then tries another replica.
        sleep: waits between attempts.
        meter: counts requests, and may forbid them.

    Raises:
        ValueError: the key's variable is not set, or the model's name or the URL is missing.
    """

    def __init__(
        self,
        settings: ModelSettings,
        url: str,
        parts: PictureParts | None = None,
        connection_retries: int | None = None,
        sleep: Sleep = asyncio.sleep,
        meter: Meter | None = None,
    ) -> None:
        check_url(url)
        if settings.name is None:
            raise ValueError("model.name is not set: write the model's name as its server calls it")
        self._settings = settings
        self._name = settings.name
        self._family = settings.family
        self._base = url.rstrip("/")
        self._address = _address(self._base)
        self._parts = parts or PictureParts(settings.picture_cache_mb * 1_000_000, settings.image_uuid)
        self._connection_retries = settings.retries if connection_retries is None else connection_retries
        self._sleep = sleep
        self.meter = meter or Meter()
        self._key = settings.api_key()
        self._places = asyncio.Semaphore(settings.concurrency)
        self._names: OwnThreadsResolver | None = None
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"OpenAIChatModel({self._name!r} at {self._base})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a chat model holds a key and cannot be pickled: send its settings and build the model there")

    def moved(self, moves: Mapping[str, str]) -> bool:
        """Use the new server if this model's server has moved.

        Args:
            moves: old base URL -> new base URL.

        Returns:
            Whether the server has moved.
        """
        url = moves.get(self._base)
        if url is None:
            return False
        check_url(url)
        self._base = url.rstrip("/")
        self._address = _address(self._base)
        return True

    @property
    def name(self) -> str:
        """The model's name at its server."""
        return self._name

    @property
    def family(self) -> ModelFamily:
        """The conventions of the model's family."""
        return self._family

    async def chat(self, request: ChatRequest, until: float | None = None) -> ChatReply:
        """Return one reply. Waits while `concurrency` calls are in flight.

        Args:
            request: the call.
            until: the loop's time after which no further attempt is made; None is `outage_s` after the first failure.

        Raises:
            EngineUnreachable: the server could not be reached, or was overloaded, at the last attempt.
            ModelError: see the protocol.
        """
        try:
            pieces = body_pieces(request, self._settings, self._parts)
        except (ValueError, TypeError) as error:  # a missing picture, or a structure that is not JSON
            raise ModelError("request_error", f"the request cannot be written: {error}") from error
        async with self._places:
            return await self._attempts(pieces, until)

    async def _attempts(self, pieces: list[bytes], until: float | None) -> ChatReply:
        attempts = refused = 0
        reached = lost = False
        since: float | None = None
        loop = asyncio.get_running_loop()
        while True:
            attempts += 1
            start = time.monotonic()
            self.meter.send()
            self.meter.in_flight += 1
            try:
                outcome = await self._attempt(pieces)
            finally:
                self.meter.in_flight -= 1
            if isinstance(outcome, ChatReply):
                self.meter.received(outcome.usage)
                return replace(outcome, latency_s=time.monotonic() - start, attempts=attempts)
            self.meter.failed[outcome.trouble] += 1
            since = loop.time() if since is None else since
            until = since + self._settings.outage_s if until is None else until
            reached = reached or outcome.connection != "refused"
            lost = lost or outcome.connection == "lost"
            refused += outcome.connection is not None
            wait = self._wait(outcome, attempts)
            late = loop.time() + wait > until
            over = attempts > self._settings.retries or refused > self._connection_retries
            if over or late or not outcome.retry:
                died = lost if outcome.connection is None else reached
                self._give_up(outcome, attempts, died, since, late)
            await self._sleep(wait)

    def _give_up(self, failure: Failure, attempts: int, died: bool, since: float, late: bool) -> NoReturn:
        """Raise the error for a failure. `died`: an engine may have died of the call, if the server is gone."""
        message = f"the model server {self._address.sub('[server]', failure.message)}"
        tried = f", tried {attempts} times" if attempts > 1 else ""
        where = f"{self._base}{tried}{failure.detail and ': '}{failure.detail}"
        if failure.connection is not None or (failure.error_class == "engine_unreachable" and failure.retry):
            raise EngineUnreachable(message, died, where, since, late)
        raise ModelError(failure.error_class, message, where)

    def _wait(self, failure: Failure, attempts: int) -> float:
        """Seconds before the next attempt: a little more than the server asked for, or twice the last wait."""
        if failure.wait_s is not None:
            return min(MAX_WAIT_S, failure.wait_s * random.uniform(1.0, 1.1))
        if failure.connection == "lost" and attempts == 1:
            return 0.0  # usually an idle connection that the server closed just before this use
        return min(MAX_WAIT_S, FIRST_WAIT_S * 2.0 ** (attempts - 1)) * random.uniform(0.5, 1.0)

    async def _attempt(self, pieces: list[bytes]) -> ChatReply | Failure:
        """Make one attempt. Errors of the HTTP library hold the request with its key, so this method lets none of them
        out."""
        try:
            async with self._open().post(
                f"{self._base}/chat/completions",
                data=BodyPayload(pieces),
                headers=self._headers(),
                allow_redirects=False,
            ) as response:
                raw = await _bounded(response)
                status, told = response.status, response.headers.copy()
        except aiohttp.ConnectionTimeoutError:
            seconds = self._settings.connect_timeout_s
            message, detail = "cannot be reached in time", f"no connection within {seconds:g} s"
            return Failure("engine_error", message, True, None, "refused", detail, "no_connection")
        except TimeoutError:
            seconds = self._settings.timeout_s
            detail = f"none within {seconds:g} s"
            return Failure("engine_error", "gave no reply in time", retry=True, detail=detail, trouble="no_answer")
        except aiohttp.ClientConnectorError as error:
            cause = getattr(error, "os_error", None)  # certificate errors lack it
            message, detail = f"cannot be reached: {_reason(cause)}", redact(str(cause or error), self._secrets())
            return Failure("engine_error", message, True, None, "refused", detail, "no_connection")
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError) as error:
            name = type(error).__name__
            return Failure("engine_error", f"broke the connection ({name})", True, None, "lost", "", "lost_connection")
        except aiohttp.ClientError as error:
            return Failure("engine_error", f"does not speak HTTP as expected ({type(error).__name__})", retry=True)
        if raw is None:
            return Failure("engine_error", f"sent more than {MAX_REPLY_BYTES} bytes for one reply")
        if status == 200:
            kinds = (told.get("Content-Type", ""), told.get("Content-Encoding", ""))
            return read_reply(raw, self._key, *kinds, self._settings.extra_body)
        return read_refusal(status, raw, told.get("Retry-After"), self._key, self._settings.extra_body)

    def _secrets(self) -> list[str]:
        return [self._key] if self._key else []

    async def listed(self, timeout_s: float) -> tuple[int, bytes]:
        """Status and body of the server's reply to a request for its list of models. Redirects are not followed.

        Args:
            timeout_s: seconds to wait.

        Raises:
            OSError: no answer. The text says why, without key and address.
        """
        try:
            async with self._open().get(
                f"{self._base}/models",
                headers=self._headers(),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout_s),
            ) as response:
                return response.status, await _bounded(response) or b""
        except TimeoutError:
            raise OSError(f"no answer within {timeout_s:g} s") from None
        except aiohttp.ClientConnectorError as error:
            raise OSError(_reason(getattr(error, "os_error", None))) from None
        except (aiohttp.ClientError, OSError) as error:
            raise OSError(f"it broke the connection ({type(error).__name__})") from None

    async def reachable(self) -> bool:
        """Whether the server answers a small request for its list of models."""
        try:
            return (await self.listed(self._settings.connect_timeout_s))[0] < 500
        except OSError:
            return False

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        if self._names is not None:
            await self._names.close()
            self._names = None

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"} if self._key else {}

    def _open(self) -> aiohttp.ClientSession:
        """The connections, opened on first use: they belong to the event loop that runs then."""
        if self._session is None or self._session.closed:
            settings = self._settings
            self._names = self._names or OwnThreadsResolver()
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S, resolver=self._names),
                timeout=aiohttp.ClientTimeout(total=settings.timeout_s, sock_connect=settings.connect_timeout_s),
                headers={"Accept-Encoding": "identity"},  # a compressed reply could expand without limit
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _address(base: str) -> re.Pattern[str]:
    """A pattern for the server's address in its texts: the URL, host and port, and a host that is not an ordinary
    word."""
    parts = urlsplit(base)
    host = parts.hostname or ""
    named = [base, *(name for name in (parts.netloc, host) if {".", ":"} & set(name))]
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, named))})(?![\w-])", re.IGNORECASE)


def _reason(cause: OSError | None) -> str:
    """Why the connection failed, without the address that the system's error holds."""
    if cause is None or cause.errno is None:
        return "no connection"
    if isinstance(cause, socket.gaierror):
        return "its host's name cannot be resolved"
    return os.strerror(cause.errno)


async def _bounded(response: aiohttp.ClientResponse) -> bytes | None:
    """The response's body; None if it is too large."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > MAX_REPLY_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
