"""Ingest on several Ray nodes, one of which goes away."""

import asyncio
import os
import sys
from pathlib import Path

from benchmarks.ray_nodes import LOOPBACK, RayNodes
from tests.actors.ingest.sliced_folder import SlicedPlanner, a_folder, content
from tests.e2e.conftest import ROOT
from tests.held_engine import ended, until


async def test_the_plan_is_the_same_after_a_node_died(tmp_path: Path) -> None:
    a_folder(tmp_path)
    SlicedPlanner(tmp_path, "alone", None, None).plan()
    mark = tmp_path / "mark"
    with RayNodes() as nodes:
        nodes.add(0)
        readers = [nodes.add(1) for _ in range(2)]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.actors.ingest.plan_on_nodes", str(tmp_path), nodes.head.address),
            cwd=ROOT,
            env={**os.environ, **LOOPBACK},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        await until(lambda: mark.exists() and bool(mark.read_text()), process)
        (held,) = [node for node in readers if node.node_id == mark.read_text()]
        held.kill()
        status, output = await ended(process)
    assert status == 0, output
    assert content(tmp_path, "out") == content(tmp_path, "alone")
