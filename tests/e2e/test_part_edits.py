"""Refocus on tables and figures without given boxes, the whole way: found parts, ReFocus's programs, published rows."""

import asyncio
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lensmill.testing.stub_engine import StubEngine
from tests.e2e.conftest import build, run
from tests.part_edits import assert_edited, draw_part_edits, scripted
from tests.read_version import ACCEPTED, read_rows


@pytest.mark.timeout(600)
async def test_programs_edit_the_found_parts_of_tables_and_figures(tmp_path: Path) -> None:
    folder, out = tmp_path / "rows", tmp_path / "out"
    folder.mkdir()
    edits = {edit.question: edit for edit in draw_part_edits(folder)}
    async with StubEngine(scripted(list(edits.values()))) as engine:
        columns = "source.columns={question: question, answers: answer, image: image}"
        ended = await asyncio.to_thread(
            build,
            *("source=table", f"source.path={folder}", columns, "agent=refocus", "ladder.rungs=[896]"),
            *("model=qwen2_5_vl", f"model.urls=[{engine.url}]", f"out={out}", "version=test", "cluster.workers=1"),
        )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = read_rows(out / "datasets" / "test", *ACCEPTED)
    assert {row["question"] for row in rows} == set(edits)
    for row in rows:
        edit = edits[row["question"]]
        action = row["steps"][0]
        assert action["tool"] == "python"
        assert json.loads(action["arguments"])["code"] == edit.program
        view, shown = (np.asarray(Image.open(io.BytesIO(image["bytes"])).convert("RGB")) for image in row["images"])
        assert_edited(edit, view, shown)
        assert len(action["boxes"]) == len(edit.focus)
    told = await asyncio.to_thread(run, "verify", str(out), "replay=all")
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"{2 * len(rows)} trajectories replayed" in told.stdout, "those of the store and those of the version"
