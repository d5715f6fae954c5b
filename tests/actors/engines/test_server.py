"""One server process: its start, its log, its end. Without Ray, with a fake server that has faults."""

import os
import select
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from actors.engines.replicas import _hold_port
from actors.engines.server import TAIL_BYTES, Server, masked, server_environment
from lensmill.redaction import MASK

FAKE = Path(__file__).parents[1] / "fake_engine.py"

Starts = Callable[..., Server]


def ask(server: Server, path: str) -> str:
    host, port = server._address
    with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=10) as reply:
        return str(reply.read().decode())


def ends(pid: int, seconds: float = 20) -> bool:
    """Whether a process ends in time; a missing process has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


@pytest.fixture
async def a_server() -> AsyncIterator[Starts]:
    made = []

    def make(*flags: str, start_s: float = 30, drain_s: float = 20, env: Mapping[str, str] | None = None) -> Server:
        held, port = _hold_port("127.0.0.1")
        command = [sys.executable, str(FAKE), "--host=127.0.0.1", f"--port={port}", *flags]
        server = Server(command, server_environment(env or {}), "127.0.0.1", port, start_s, drain_s)
        made.append((server, held))
        return server

    yield make
    for server, held in made:
        await server.end()
        held.close()


async def test_a_server_is_ready_once_it_answers(a_server: Starts) -> None:
    server = a_server()
    assert await server.start() is None
    assert ask(server, "/health")


async def test_a_server_that_ends_before_it_is_ready_names_the_cause(a_server: Starts) -> None:
    server = a_server("--fail", "--say=loading")
    assert await server.start() == "it ended with exit status 1"
    assert server.cause() == "RuntimeError: no weights here"
    assert server.tail() == "loading\nRuntimeError: no weights here"


async def test_the_root_cause_of_several_errors_is_reported(a_server: Starts) -> None:
    server = a_server("--say=(Core pid=7) ValueError: no room\nInitError: see root cause above\n" + "later\n" * 80)
    await server.start()
    await server.end()
    assert server.cause() == "ValueError: no room"
    assert server.tail().startswith("(Core pid=7) ValueError: no room\n")
    assert server.tail().endswith("\nlater")


async def test_a_server_that_is_never_ready_is_ended(a_server: Starts) -> None:
    server = a_server("--never-ready", "--say=loading", start_s=1)
    assert await server.start() == "it was not ready after 1 s"
    assert server.tail() == "loading"


async def test_a_missing_interpreter_is_a_failed_start() -> None:
    server = Server(["/nowhere/python"], server_environment({}), "127.0.0.1", 9, 30, 1)
    assert await server.start() == "it ended with exit status 1"
    assert "/nowhere/python" in server.cause()


async def test_a_server_is_asked_to_end_before_it_is_killed(a_server: Starts, tmp_path: Path) -> None:
    server = a_server(f"--drained={tmp_path / 'drained'}")
    await server.start()
    pid, child = map(int, ask(server, "/pids").split())
    await server.end()
    assert (tmp_path / "drained").read_text() == "drained"
    assert ends(pid)
    assert ends(child), "the engine process that ignores the signal is killed"


async def test_a_server_that_ignores_sigterm_is_killed_after_the_drain(a_server: Starts) -> None:
    server = a_server("--deaf", drain_s=0.5)
    await server.start()
    pid, child = map(int, ask(server, "/pids").split())
    await server.end()
    assert ends(pid)
    assert ends(child)


async def test_a_killed_server_leaves_no_process(a_server: Starts) -> None:
    server = a_server()
    await server.start()
    pid, child = map(int, ask(server, "/pids").split())
    os.kill(pid, 9)
    assert await server.ended() == "it was ended by signal 9"
    assert ends(child)


async def test_a_hanging_server_is_ended(a_server: Starts) -> None:
    server = a_server(drain_s=0.5)
    server.probe_s, server.hang_s = 0.1, 0.5
    await server.start()
    ask(server, "/hang")
    assert await server.ended() == "it had not answered for 0.5 s"


async def test_a_server_restarts_on_its_reserved_port(a_server: Starts) -> None:
    server = a_server()
    for _ in range(2):
        assert await server.start() is None
        await server.end()


async def test_the_log_tail_is_bounded_and_has_no_control_characters(a_server: Starts) -> None:
    server = a_server("--fail", "--say=" + "\x1b[31mred\x1b[2J\r\t" + "x" * 100_000)
    await server.start()
    assert len(server._log) <= TAIL_BYTES
    assert server.tail().isascii()
    assert "\x1b" not in server.tail()


async def test_the_log_tail_shows_no_secret(a_server: Starts) -> None:
    secrets = {"VLLM_API_KEY": "open-sesame", "HOME_PAGE": "http://me:my-pass-word@host/"}
    server = a_server(
        "--fail", "--say={'api_key': ['open-sesame'], 'url': 'http://me:my-pass-word@host/'}", env=secrets
    )
    await server.start()
    assert server.tail().splitlines()[0] == "{'api_key': ['[secret]'], 'url': 'http://[secret]@host/'}"


@pytest.mark.parametrize("said", ["token hf_abcdefghijkl", "Authorization: Bearer abc.def", "key sk-abcdefghijk"])
def test_texts_with_the_shape_of_a_token_are_masked(said: str) -> None:
    assert masked(said, {}).endswith(MASK)


def test_values_too_short_to_be_secrets_stay_readable() -> None:
    assert masked("1 of 10", {"SOME_TOKEN": "1"}) == "1 of 10"
