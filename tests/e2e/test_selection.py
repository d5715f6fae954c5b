"""A build with another selection: what it has is not made again, and each version holds its own."""

import json
import re
from pathlib import Path
from typing import Any

from tests.e2e.conftest import run

CHARTS = ("source.charts=4", "source.posters=0", "source.questions_per_picture=2", "cluster.workers=1")


def build(out: Path, version: str, *overrides: str) -> tuple[dict[str, Any], str]:
    """The inputs of the version's manifest, and what the job said."""
    ended = run("build", *CHARTS, f"out={out}", f"version={version}", *overrides)
    assert ended.returncode == 0, ended.stderr
    manifest = json.loads((out / "datasets" / version / "manifest.json").read_text())
    return manifest["inputs"], ended.stderr


def test_one_rung_more_makes_that_rung_only_and_fewer_make_nothing(tmp_path: Path) -> None:
    first, said = build(tmp_path, "first", "ladder.rungs=[448]")
    assert "planned: 8 samples, 8 episodes on 1 rung" in said
    both, said = build(tmp_path, "both", "ladder.rungs=[896,448]")
    assert re.search(r"\b8 of 16 episodes are there already", said), said
    one, said = build(tmp_path, "one", "ladder.rungs=[896]")
    assert "nothing is missing" in said
    assert [found["rungs"] for found in (first, both, one)] == [[448], [448, 896], [896]]
    assert len({found["recipe"] for found in (first, both, one)}) == 1
    told = run("verify", str(tmp_path))
    assert told.returncode == 0, told.stdout + told.stderr
