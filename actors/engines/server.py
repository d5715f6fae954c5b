"""One server process: started, checked, watched, ended. Others decide on restarts."""

import asyncio
import contextlib
import http.client
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic

from actors.engines.settings import is_secret
from lensmill.redaction import redact

SUPERVISOR = Path(__file__).with_name("supervisor.py")

TAIL_BYTES = 32_768
TAIL_LINES = 60
LINES_AFTER = 20
"""Lines shown after the line with the error: vLLM's API server adds a long error after the engine's."""

LINE_LENGTH = 400

PROBE_S = 10.0
"""Seconds between health checks of a running server."""

HANG_S = 300.0
"""A server without an answer for this many seconds hangs. It decodes pictures in the thread that answers, so allow for
many pictures."""

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CAUSE = re.compile(r"\b(?:(?:\w+\.)*[A-Z]\w*(?:Error|Exception): |error: ).+")


def masked(text: str, environment: Mapping[str, str]) -> str:
    """A text without the secrets of an environment and without texts with the shape of a secret."""
    values = (value for name, value in environment.items() if is_secret(name))
    return redact(text, {part.strip() for value in values for part in value.splitlines()})


class Server:
    """A server on a fixed address. It can be started again after it has ended.

    Args:
        command: run without a shell.
        environment: the whole environment of the process.
        host, port: where the server answers GET /health with 200 once it is ready.
        start_timeout_s: maximum seconds until then.
        drain_s: seconds for the server to end itself when asked to.
    """

    probe_s = PROBE_S
    hang_s = HANG_S

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        host: str,
        port: int,
        start_timeout_s: float,
        drain_s: float,
    ) -> None:
        self._command = command
        self._environment = environment
        self._address = (host, port)
        self._start_timeout_s = start_timeout_s
        self._drain_s = drain_s
        self._process: asyncio.subprocess.Process | None = None
        self._gone: asyncio.Task[int] | None = None
        self._log = b""

    async def start(self) -> str | None:
        """Start the process and wait. Return None once the server is ready, otherwise the reason (the process has then
        ended)."""
        self._log = b""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            str(SUPERVISOR),
            str(self._drain_s),
            *self._command,
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        self._gone = asyncio.create_task(self._read(self._process))
        patience = monotonic() + self._start_timeout_s
        while not self._gone.done() and monotonic() < patience:
            if await self._healthy():
                return None
            await asyncio.wait({self._gone}, timeout=0.2)
        if self._gone.done():
            return _ending(self._gone.result())
        await self.end()
        return f"it was not ready after {self._start_timeout_s:g} s"

    async def ended(self) -> str:
        """Wait until the process, once ready, has ended; kill it if it hangs. Return the reason."""
        assert self._gone is not None
        heard = monotonic()
        while not (await asyncio.wait({self._gone}, timeout=self.probe_s))[0]:
            if await self._healthy():
                heard = monotonic()
            elif monotonic() - heard > self.hang_s:
                await self.end()
                return f"it had not answered for {self.hang_s:g} s"
        return _ending(self._gone.result())

    async def end(self) -> None:
        """Ask the server to end, and return when no process of it is left."""
        if self._process is None or self._gone is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()  # the supervisor then ends the server
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._gone), self._drain_s + 10)

    def tail(self) -> str:
        """The last lines of the log around the cause of the end, readable and without secrets."""
        lines = self._lines()
        end = min(len(lines), _cause_in(lines) + 1 + LINES_AFTER)
        return "\n".join(lines[max(0, end - TAIL_LINES) : end])

    def cause(self) -> str:
        """The line at the end of the log that best explains the end; "" if the log is empty."""
        lines = self._lines()
        if not lines:
            return ""
        line = lines[_cause_in(lines)]
        found = _CAUSE.search(line)
        return found.group() if found else line

    def _lines(self) -> list[str]:
        lines = masked(self._log.decode(errors="replace"), self._environment).split("\n")
        if len(self._log) >= TAIL_BYTES:
            del lines[0]  # its beginning is lost and may have been the beginning of a secret
        return [shown[:LINE_LENGTH] for line in lines if (shown := _readable(line))]

    async def _read(self, process: asyncio.subprocess.Process) -> int:
        """Keep the tail of the log until no process writes to it. Return the exit status."""
        assert process.stdout is not None
        while chunk := await process.stdout.read(65_536):
            self._log = (self._log + chunk)[-TAIL_BYTES:]
        return await process.wait()

    async def _healthy(self) -> bool:
        return await asyncio.to_thread(answers, *self._address)


def answers(host: str, port: int, timeout_s: float = 5.0) -> bool:
    """Whether GET /health is answered with 200."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _cause_in(lines: Sequence[str]) -> int:
    """The index of the line that names the error: the last such line that does not refer to another one, otherwise the
    last line."""
    named = [at for at, line in enumerate(lines) if _CAUSE.search(line) and "root cause" not in line]
    return named[-1] if named else len(lines) - 1


def _readable(line: str) -> str:
    """The line without terminal control characters."""
    return "".join(sign if sign.isprintable() else " " for sign in _COLOUR.sub("", line)).rstrip()


def _ending(status: int) -> str:
    return f"it was ended by signal {status - 128}" if status > 128 else f"it ended with exit status {status}"


def server_environment(additions: Mapping[str, str]) -> dict[str, str]:
    """The environment of a server: the job's variables, with its secrets, and the additions."""
    ours = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **ours, **additions}
