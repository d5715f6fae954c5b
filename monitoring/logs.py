"""Log lines that name their build, chunk and episode, as text or as JSON.

Workers log to their standard error, which Ray keeps in its log files. A message never breaks into several lines.
Tracebacks are omitted: errors of libraries may hold a request with its key.
"""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal, Protocol, TextIO

from lensmill.redaction import MASK, is_secret_name, redact

Logging = Literal["text", "json"]
Level = Literal["debug", "info", "warning", "error", "critical"]

LOGGER = logging.getLogger("lensmill")
"""Parent of all loggers of lensmill."""

build: ContextVar[str] = ContextVar("build", default="")
chunk: ContextVar[str] = ContextVar("chunk", default="")
episode: ContextVar[str] = ContextVar("episode", default="")
"""The current episode. Tasks and threads that a task starts inherit these variables."""

_ABOUT = {"build": build, "chunk": chunk, "episode": episode}


@contextmanager
def about(**where: str) -> Iterator[None]:
    """Log lines from within the block, and from tasks started there, name this build, chunk or episode."""
    before = [(_ABOUT[name], _ABOUT[name].set(value)) for name, value in where.items()]
    try:
        yield
    finally:
        for variable, token in before:
            variable.reset(token)


class Say(Protocol):
    """Prints one line for the person who runs the job (`monitoring.progress.ProgressDisplay.say`)."""

    def __call__(self, line: str, level: Level = "info", **fields: object) -> None: ...


def line_of(
    level: str,
    message: str,
    kind: Logging,
    seconds: float | None = None,
    fields: Mapping[str, object] = MappingProxyType({}),
) -> str:
    """Format one line of a log.

    Args:
        level: e.g. "info".
        message: the text.
        kind: text or JSON.
        seconds: since the epoch; None for now.
        fields: JSON values next to the message, in a JSON line only.
    """
    where = {name: value for name, variable in _ABOUT.items() if (value := variable.get())}
    now = datetime.now(UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)
    time = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    message = redact(message)
    if kind == "json":
        return json.dumps({"time": time, "level": level, "message": message, **where, **_redacted(fields)})
    shown = "".join(sign if sign.isprintable() else " " for sign in message)
    return " ".join([time, level, *(f"{name}={value}" for name, value in where.items()), shown])


def _redacted(fields: Mapping[str, object]) -> dict[str, object]:
    """JSON values without secrets, at any depth: values whose name is a secret's name, and texts that contain a
    secret."""
    return {
        redact(name): MASK if is_secret_name(name) and isinstance(value, str) else _without_secrets(value)
        for name, value in fields.items()
    }


def _without_secrets(value: object) -> object:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return _redacted({str(name): item for name, item in value.items()})
    if isinstance(value, list | tuple):
        return [_without_secrets(item) for item in value]
    return value


class _Formatter(logging.Formatter):
    def __init__(self, kind: Logging) -> None:
        super().__init__()
        self._kind = kind

    def format(self, record: logging.LogRecord) -> str:
        return line_of(record.levelname.lower(), record.getMessage(), self._kind, record.created)


def log_to(kind: Logging, stream: TextIO | None = None) -> None:
    """Send this process's log lines to a stream; None is standard error."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Formatter(kind))
    LOGGER.handlers[:] = [handler]
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
