"""Log lines: their build, chunk and episode, as text and as JSON, each on one line."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import get_args

import pytest

from monitoring import logs
from monitoring.progress import ProgressDisplay

log = logging.getLogger("lensmill.test")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    handlers, propagate = logs.LOGGER.handlers[:], logs.LOGGER.propagate
    with logs.about(build="", chunk="", episode=""):  # whatever runs in this process besides
        yield
    logs.LOGGER.handlers[:], logs.LOGGER.propagate = handlers, propagate


def test_a_json_line_names_build_chunk_and_episode() -> None:
    stream = io.StringIO()
    logs.log_to("json", stream)
    with logs.about(build="b1", chunk="c1"):
        log.info("the chunk is %s", "committed")
        with logs.about(episode="e1"):
            log.warning("it failed")
    log.info("done")
    first, second, third = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first.items() >= {"level": "info", "message": "the chunk is committed", "build": "b1", "chunk": "c1"}.items()
    assert "episode" not in first
    assert second.items() >= {"level": "warning", "build": "b1", "chunk": "c1", "episode": "e1"}.items()
    assert set(third) == {"time", "level", "message"}


def test_any_message_stays_on_its_line() -> None:
    for kind in get_args(logs.Logging):
        stream = io.StringIO()
        logs.log_to(kind, stream)
        log.warning('a "reply"\nbuild=other\r\x1b[2J \u2028 \ud800')
        line = stream.getvalue()
        assert line.endswith("\n")
        assert len(line.splitlines()) == 1
        assert "\x1b" not in line
        line.encode()


async def test_threads_and_tasks_inherit_build_chunk_and_episode() -> None:
    stream = io.StringIO()
    logs.log_to("text", stream)
    with logs.about(chunk="c1"):
        await asyncio.gather(
            asyncio.to_thread(log.info, "one"), asyncio.create_task(asyncio.to_thread(log.info, "two"))
        )
    assert stream.getvalue().count(" info chunk=c1 ") == 2


def test_an_exception_is_never_logged_with_its_traceback() -> None:
    stream = io.StringIO()
    logs.log_to("json", stream)
    try:
        raise ValueError("Authorization: Bearer secret")
    except ValueError:
        log.exception("the call failed")
    assert "secret" not in stream.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_drivers_lines_are_json_too_even_on_a_terminal() -> None:
    stream = Terminal()
    with ProgressDisplay(stream, kind="json") as display, logs.about(build="b1"):
        display.begin("reading the source", 0)
        display.planned(3, 1)
        display.say("note: this and that")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["message"] for line in lines] == [
        "reading the source: 3 samples; 1 unreadable row",
        "note: this and that",
    ]
    assert all(line["build"] == "b1" for line in lines)


def test_fields_of_a_json_line_are_redacted_however_deep() -> None:
    fields = {
        "url": "http://user:hunter2@host/v1",
        "errors": [{"body": "Authorization: Bearer abc123.def456"}, ("token hf_abcdefGHIJKLmnop",)],
        "api_key": "letmein",
        "samples": 3,
        "share": 0.5,
        "left": None,
    }
    line = logs.line_of("info", "done", "json", fields=fields)
    assert not any(secret in line for secret in ("hunter2", "abc123", "hf_abc", "letmein"))
    assert json.loads(line).items() >= {"message": "done", "samples": 3, "share": 0.5, "left": None}.items()
