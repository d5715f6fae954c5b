"""All four agents and the model judge over a real vLLM, the whole way: engine, sandbox, judging, Parquet.

The model is tiny and random, so what it answers is wrong; what is shown is that every layer works with a real engine,
and that its caches are hit when an episode's pictures come back on every turn.
"""

import ast
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipelines.exit_status import ExitStatus
from tests.engine.conftest import ROOT, Engine
from tests.part_edits import assert_edited, draw_part_edits
from tests.read_version import ACCEPTED, read_rows

pytestmark = [pytest.mark.engine, pytest.mark.timeout(420)]

EDIT = re.compile(
    r"display\(focus_on_(?P<kind>\w+)_with_(?P<edit>draw|highlight|mask)\(image_1, \[(?P<label>.+)\], \w+_bbox\)\)"
)
"""The one edit of a structured reply."""

SYNTHETIC = ("source.charts=2", "source.posters=0", "source.questions_per_picture=2")


def build(engine: Engine, out: Path, agent: str, *overrides: str) -> list[dict[str, Any]]:
    """Build with an agent at two rungs; returns the rows of all its tables but the originals."""
    command = [
        *(sys.executable, "-m", "pipelines.build", f"agent={agent}", "agent.temperature=1.0", "agent.samples=2"),
        *("agent.structured=true", "ladder.rungs=[224,448]", "cluster.workers=1", "cluster.in_flight=8"),
        *("model=qwen2_5_vl", f"model.name={engine.model}", f"model.urls=[{engine.url}]"),
        *("judge=cascade", "judge.audit=1.0", "judge.max_tokens=200", f"out={out}", "version=test"),
    ]
    ended = subprocess.run([*command, *overrides], cwd=ROOT, capture_output=True, text=True, check=False, timeout=400)
    told = ended.stderr + ended.stdout
    assert ended.returncode in (ExitStatus.DONE, ExitStatus.FAILED), told
    if ended.returncode == ExitStatus.FAILED:  # as is to be expected of a random model
        assert "no success: none of" in told, told
    rows = []
    for table in (*ACCEPTED, "rejected", "failures"):
        rows += [{**row, "table": table} for row in read_rows(out / "datasets" / "test", table)]
    return rows


def tools_of(rows: list[dict[str, Any]]) -> set[str]:
    return {step["tool"] for row in rows for step in row.get("steps") or () if step["tool"]}


@pytest.mark.parametrize(
    ("agent", "tool", "overrides"),
    [
        ("direct", None, ["agent.max_tokens=200"]),
        ("zoom", "image_zoom_in_tool", ["agent.max_turns=3"]),
        ("refocus", "python", ["agent.max_turns=3"]),
        ("search", None, ["agent.max_turns=4", "agent.max_rounds=1", "agent.summary_tries=2"]),
    ],
)
def test_an_agent_runs_end_to_end(
    engine: Engine, tmp_path: Path, agent: str, tool: str | None, overrides: list[str]
) -> None:
    before = engine.metric("vllm:prefix_cache_hits_total"), engine.metric("vllm:mm_cache_hits_total")
    rows = build(engine, tmp_path, agent, *SYNTHETIC, *overrides)
    assert len(rows) == 2 * 2 * 2 * 2  # charts, questions, rungs, samples: every episode is in one table
    failed = {row["error_class"] for row in rows if row["table"] == "failures"}
    assert failed <= {"bad_summary"}  # what a random model does to a search
    if tool is not None:
        assert tool in tools_of(rows)
        assert engine.metric("vllm:prefix_cache_hits_total") > before[0]
        assert engine.metric("vllm:mm_cache_hits_total") > before[1]


def test_refocus_edits_tables_and_figures_whose_parts_nobody_gave(engine: Engine, tmp_path: Path) -> None:
    """A random model names random parts; each picture that its code makes is the edit that it wrote."""
    folder = tmp_path / "rows"
    folder.mkdir()
    by_question = {edit.question: edit for edit in draw_part_edits(folder)}
    columns = "source.columns={question: question, answers: answer, image: image}"
    source = ("source=table", f"source.path={folder}", columns, "ladder.rungs=[448]")
    rows = build(engine, tmp_path / "out", "refocus", *source, "agent.max_turns=2")
    assert len(rows) == 2 * len(by_question)
    assert "failures" not in {row["table"] for row in rows}
    kinds = set()
    for row in rows:
        code = json.loads(row["steps"][0]["arguments"])["code"] if row["steps"][0]["tool"] else ""
        drawn = by_question[row["question"]]
        written = EDIT.fullmatch(code)
        labels = {region.label for region in drawn.regions if written and region.kind == written["kind"]}
        if written and (label := ast.literal_eval(written["label"])) in labels:
            kind: Any = written["kind"]
            how: Any = written["edit"]
            edit = replace(drawn, kind=kind, edit=how, focus=(label,), named=repr([label]))
            view, shown = (np.asarray(picture_of(image)) for image in row["images"])
            assert_edited(edit, view, shown)
            kinds.add(kind)
    assert kinds == {"columns", "rows", "subplots"}


def picture_of(image: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(image["bytes"])).convert("RGB")


@pytest.mark.skipif("LENSMILL_SHARED" not in os.environ, reason="needs ChartQA: set LENSMILL_SHARED to its folder")
def test_an_agent_runs_over_chartqa(engine: Engine, tmp_path: Path) -> None:
    folder = Path(os.environ["LENSMILL_SHARED"]) / "data" / "chartqa"
    rows = build(engine, tmp_path, "zoom", "source=chartqa", f"source.path={folder}", "limit=4", "agent.max_turns=3")
    assert len(rows) == 4 * 2 * 2
    assert "failures" not in {row["table"] for row in rows}
