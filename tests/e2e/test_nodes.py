"""A build on several Ray nodes that come and go. All of them listen on 127.0.0.1."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from benchmarks.nodes import draw
from benchmarks.ray_nodes import LOOPBACK, RayNodes
from lensmill.testing.stub_engine import StubEngine
from tests.e2e.conftest import ROOT
from tests.held_engine import EPISODES, HELD, Gate, ended, until
from tests.read_version import ACCEPTED, read_rows


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ChartQA")
    draw(folder, EPISODES)
    return folder


@pytest.fixture
def nodes() -> Iterator[RayNodes]:
    with RayNodes({"RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "120"}) as nodes:
        yield nodes


@asynccontextmanager
async def building(
    nodes: RayNodes, engine: StubEngine | Sequence[str], charts: Path, out: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The job; `engine`: that is asked, or settings of those that the job starts itself."""
    asks = [f"model.urls=[{engine.url}]"] if isinstance(engine, StubEngine) else engine
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pipelines.build", *HELD, "cluster=running", f"out={out}", *asks),
        *(f"cluster.address={nodes.head.address}", f"source.path={charts}"),
        cwd=ROOT,
        env={**os.environ, **LOOPBACK},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def episodes(out: Path) -> Counter[str]:
    """How often each episode is in the dataset's tables."""
    rows = read_rows(out / "datasets/test", *ACCEPTED, "rejected", "failures", columns=["episode_id"])
    return Counter(row["episode_id"] for row in rows)


async def test_a_killed_node_costs_only_its_episodes_in_flight(nodes: RayNodes, charts: Path, tmp_path: Path) -> None:
    nodes.add(1)
    second = nodes.add(1)
    gate = Gate()
    async with StubEngine(gate) as engine, building(nodes, engine, charts, tmp_path) as process:
        await until(lambda: engine.in_flight == 4, process)
        assert sorted(nodes.workers()) == sorted(node.node_id for node in nodes.nodes)
        second.kill()
        gate.open.set()
        status, output = await ended(process)
        assert status == 0, output
        assert engine.counts["requests"] == 1 + EPISODES + 2  # one before any work
    assert set(episodes(tmp_path).values()) == {1}
    assert len(episodes(tmp_path)) == EPISODES


async def test_a_node_that_joins_later_is_used(nodes: RayNodes, charts: Path, tmp_path: Path) -> None:
    nodes.add(1)
    gate = Gate()
    async with StubEngine(gate) as engine, building(nodes, engine, charts, tmp_path) as process:
        await until(lambda: engine.in_flight == 2, process)
        second = await asyncio.to_thread(nodes.add, 1)
        await until(lambda: engine.in_flight == 4, process)
        assert second.node_id in nodes.workers()
        gate.open.set()
        status, output = await ended(process)
        assert status == 0, output
        assert engine.counts["requests"] == 1 + EPISODES


async def test_a_node_that_is_told_to_end_finishes_its_episodes_and_ends(
    nodes: RayNodes, charts: Path, tmp_path: Path
) -> None:
    nodes.add(1)
    second = nodes.add(1)
    gate = Gate()
    async with StubEngine(gate) as engine, building(nodes, engine, charts, tmp_path) as process:
        await until(lambda: engine.in_flight == 4, process)
        second.terminate()
        await until(lambda: "" in nodes.workers(), process)  # another is hired, for whom there is no room yet
        gate.open.set()
        await until(lambda: second.process.poll() is not None, process)
        status, output = await ended(process)
        assert status == 0, output
        assert engine.counts["requests"] == 1 + EPISODES
    assert set(episodes(tmp_path).values()) == {1}
    assert len(episodes(tmp_path)) == EPISODES


async def test_an_engine_goes_on_elsewhere_when_its_node_dies(nodes: RayNodes, charts: Path, tmp_path: Path) -> None:
    nodes.add(1)
    second = nodes.add(0, gpus=1)
    started, out = tmp_path / "started", tmp_path / "out"
    started.mkdir()
    engine = (
        *("engine=vllm", "engine.model=stub", "engine.module=tests.e2e.engine", "engine.gpus=1"),
        *(f"engine.environment={{PYTHONPATH: '{ROOT}'}}", f"engine.args={{started: '{started}', slow_s: '1.5'}}"),
    )
    async with building(nodes, engine, charts, out) as process:
        await until(lambda: len(list(started.iterdir())) == 1 and bool(nodes.workers()), process)
        second.kill()
        await asyncio.to_thread(nodes.add, 0, 1)
        status, output = await ended(process)
        assert status == 0, output
        assert "its worker or node died" in output
        assert "engine 0 is ready again" in output
    assert set(episodes(out).values()) == {1}
    assert len(episodes(out)) == EPISODES
