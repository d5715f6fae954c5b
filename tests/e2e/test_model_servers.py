"""Jobs whose model servers are dead, silent, unwilling or dear: what a person is told, how soon, and what is kept."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lensmill.testing.script import Script, StubReply, StubRequest, by_turn
from lensmill.testing.stub_engine import StubEngine
from tests.e2e.conftest import ROOT
from tests.e2e.test_models import ANSWER, LOOK, accepted, charts, common

__all__ = ["charts"]

KEY = "sk-planted-0123456789abcdef"
DEADLINE_S = 10.0
"""Within which a person must be told, from the moment that the job began to ask."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended: its status, its lines, and the seconds after its start at which each was printed."""

    status: int
    lines: list[str]
    seconds: list[float]

    def __str__(self) -> str:
        return "\n".join(f"{at:6.1f} {line}" for at, line in zip(self.seconds, self.lines, strict=True))

    def line(self, *words: str) -> str:
        found = [line for line in self.lines if all(word in line for word in words)]
        assert found, f"no line has {words}:\n{self}"
        return found[0]


async def job(*arguments: str, name: str = "build") -> Ended:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"pipelines.{name}", *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    start, lines, seconds = time.monotonic(), [], []
    assert process.stdout is not None
    async for raw in process.stdout:
        lines.append(raw.decode().rstrip())
        seconds.append(time.monotonic() - start)
    return Ended(await process.wait(), lines, seconds)


@asynccontextmanager
async def silent() -> AsyncIterator[str]:
    """A server that accepts every connection and never answers."""
    over = asyncio.Event()

    async def keep(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        over.set()
        server.close()


def refusing_after(calls: int, status: int, message: str) -> Script:
    """Answers so many requests, and refuses all later ones alike."""
    good = by_turn([LOOK, ANSWER])

    def answer(request: StubRequest) -> StubReply:
        raw = f'{{"error": {{"message": "{message}"}}}}'.encode()
        return good(request) if request.number < calls else StubReply(status=status, raw=raw)

    return answer


def everything(out: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file())


async def test_a_dead_server_is_told_at_once_and_tried_again_later(
    charts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with StubEngine() as gone:
        url = gone.url
    ended = await job(*common(charts, tmp_path / "out", "zoom", url), "model.outage_s=6")
    assert ended.status == 75, ended
    told = ended.line("waiting for", url, "Connection refused", "model.outage_s")
    at = ended.seconds[ended.lines.index(told)]
    with capsys.disabled():
        print(f"\na dead URL is told {at:.1f} s after the command was typed")
    assert at < DEADLINE_S
    assert "answers after 6 s" in ended.lines[-1]


async def test_a_silent_server_is_told_within_ten_seconds(
    charts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with silent() as url:
        ended = await job(*common(charts, tmp_path / "out", "zoom", url), "model.outage_s=7")
    assert ended.status == 75, ended
    told = ended.line("waiting for", url)
    at = ended.seconds[ended.lines.index(told)]
    with capsys.disabled():
        print(f"\na silent URL is told {at:.1f} s after the command was typed")
    assert at < DEADLINE_S + 2, "the interpreter's start is in it"


async def test_a_server_that_refuses_the_small_call_ends_the_job_with_advice(charts: Path, tmp_path: Path) -> None:
    async with StubEngine(refusing_after(0, 400, f"seed is not supported; key {KEY}")) as engine:
        ended = await job(*common(charts, tmp_path / "out", "zoom", engine.url))
        assert engine.counts["requests"] == 1
    assert ended.status == 2, ended
    assert "model.omit=[seed]" in ended.lines[-1]
    assert KEY not in str(ended)


async def test_a_model_that_is_not_served_is_answered_with_those_that_are(charts: Path, tmp_path: Path) -> None:
    async with StubEngine(models=["first/model", "second/model"]) as engine:
        ended = await job(*common(charts, tmp_path / "out", "zoom", engine.url))
        assert engine.counts["requests"] == 0
    assert ended.status == 2, ended
    assert "first/model, second/model: set model.name" in ended.lines[-1]


@pytest.mark.parametrize(
    ("status", "message", "ending", "advice"),
    [
        (400, "Unknown field: uuid", 2, "model.image_uuid=false"),
        (401, f"Incorrect API key provided: {KEY}", 2, "model.api_key_env"),
        (429, f"You exceeded your current quota (insufficient_quota), key={KEY}", 4, "billing"),
    ],
)
async def test_a_server_that_begins_to_refuse_every_call_stops_the_job_early(
    charts: Path, tmp_path: Path, status: int, message: str, ending: int, advice: str
) -> None:
    out = tmp_path / "out"
    few = ("cluster.workers=1", "cluster.in_flight=1")
    async with StubEngine(refusing_after(4, status, message)) as engine:
        ended = await job(*common(charts, out, "zoom", engine.url), *few)
        assert engine.counts["requests"] <= 7
    assert ended.status == ending, ended
    assert advice in ended.line("the model server")
    assert KEY not in str(ended)
    assert KEY.encode() not in everything(out)
    async with StubEngine(by_turn([LOOK, ANSWER])) as engine:
        again = await job(*common(charts, out, "zoom", engine.url), *few)
    assert again.status == 0, again
    assert len(accepted(out)) == 6, "no episode had failed of it"


@pytest.mark.parametrize(
    ("caps", "calls", "ending", "said"),
    [((), 1, 2, "model.api_key_env"), (("spend.requests=1",), 99, 4, "higher cap")],
)
async def test_an_estimate_that_cannot_be_made_ends_as_the_build_would(
    charts: Path, tmp_path: Path, caps: tuple[str, ...], calls: int, ending: int, said: str
) -> None:
    async with StubEngine(refusing_after(calls, 401, "no such key")) as engine:
        ended = await job(*common(charts, tmp_path / "out", "zoom", engine.url), "plan_only=true", *caps)
    assert ended.status == ending, ended
    assert said in ended.lines[-1]
    assert ended.lines[-1].startswith("error: there is no estimate")


async def test_a_cap_under_which_nothing_is_finished_is_told_to_be_raised(charts: Path, tmp_path: Path) -> None:
    async with StubEngine(by_turn([LOOK, ANSWER])) as engine:
        ended = await job(*common(charts, tmp_path / "out", "zoom", engine.url), "spend.requests=2")
    assert ended.status == 4, ended
    assert ended.lines[-1].startswith("error: spend.requests=2 is reached")
    assert "would end here again" in ended.lines[-1]


async def test_a_cap_ends_the_job_and_the_next_run_goes_on(charts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    async with StubEngine(by_turn([LOOK, ANSWER])) as engine:
        command = common(charts, out, "zoom", engine.url)
        ended = await job(*command, "spend.requests=6", "cluster.workers=1", "cluster.in_flight=2")
        assert ended.status == 4, ended
        assert engine.counts["requests"] == 6
        assert "spend.requests=6 is reached: this run spent 6 requests" in ended.lines[-1]
        again = await job(*command)
    assert again.status == 0, again
    assert len(accepted(out)) == 6
