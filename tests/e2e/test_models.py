"""Agents with a model, the whole way, against stub engines: their replies are scripted, everything else is real."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tests.e2e.conftest import ROOT, build, run, tree
from tests.read_version import ACCEPTED, read_rows

LOOK = (
    '<think>I look closer.</think><tool_call>{"name": "image_zoom_in_tool", '
    '"arguments": {"bbox_2d": [20, 20, 160, 120], "label": "bar"}}</tool_call>'
)
ANSWER = "<think>It is clear.</think><answer>7</answer>"

EDIT = """THOUGHT 0: I focus on the bar of 2003.
ACTION 0:
```python
edited = focus_on_x_values_with_draw(image_1, ["2003"], {"2003": {"x1": 20, "y1": 20, "x2": 90, "y2": 150}})
display(edited)
```"""
TOLD = "ANSWER: It is 7. FINAL ANSWER: 7. TERMINATE"


@dataclass(frozen=True, slots=True)
class Stub:
    process: subprocess.Popen[str]
    url: str


@contextmanager
def stub(tmp_path: Path, *replies: str, latency: float = 0.0, port: str = "0") -> Iterator[Stub]:
    """A stub engine of its own process: the nth text answers the nth turn."""
    script = tmp_path / "replies.json"
    script.write_text(json.dumps(replies))
    command = [sys.executable, "-m", "lensmill.testing.stub_engine", "--port", port, "--replies", str(script)]
    process = subprocess.Popen(
        [*command, "--latency", str(latency)], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None
        yield Stub(process, process.stdout.readline().split()[-1])
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def charts(tmp_path: Path) -> Path:
    """A ChartQA folder of six questions, each with the answer 7, about three pictures."""
    split = tmp_path / "ChartQA" / "test"
    (split / "png").mkdir(parents=True)
    rows = []
    for number in range(3):
        picture = Image.new("RGB", (640, 480), "white")
        ImageDraw.Draw(picture).rectangle((100, 100, 200 + number, 400), fill="navy")
        picture.save(split / "png" / f"{number}.png")
        rows += [
            {"imgname": f"{number}.png", "query": f"{word} is shown?", "label": "7"} for word in ("What", "How much")
        ]
    (split / "test_human.json").write_text(json.dumps(rows))
    return split.parent


def common(charts: Path, out: Path, agent: str, *urls: str) -> list[str]:
    return [
        *("source=chartqa", f"source.path={charts}", "ladder.rungs=[224]", f"agent={agent}", "version=test"),
        *("model=qwen2_5_vl", f"model.urls=[{','.join(urls)}]", f"out={out}", "chunk_size=2"),
    ]


def accepted(out: Path) -> list[dict[str, Any]]:
    return read_rows(out / "datasets" / "test", *ACCEPTED)


def assert_replays(out: Path) -> None:
    """Every trajectory of the store and of the version is drawn again."""
    ended = run("verify", str(out), "replay=all")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "nothing is wrong" in ended.stdout
    assert ended.stdout.rstrip().endswith(" 12 trajectories replayed")


def test_a_zooming_model_gives_trajectories_and_a_second_run_asks_nothing(charts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with stub(tmp_path, LOOK, ANSWER) as engine:
        ended = build(*common(charts, out, "zoom", engine.url))
        assert ended.returncode == 0, ended.stderr
    rows = accepted(out)
    assert len(rows) == 6
    assert [step["tool"] for step in rows[0]["steps"]] == ["image_zoom_in_tool", None]
    assert rows[0]["messages"][2]["content"][0]["text"] == LOOK
    before = tree(out)
    again = build(*common(charts, out, "zoom", engine.url))  # the engine is gone
    assert again.returncode == 0, again.stderr
    assert "no episode to start" in again.stderr
    assert tree(out) == before
    assert_replays(out)


def test_code_that_a_model_writes_edits_the_picture_in_the_sandbox(charts: Path, tmp_path: Path) -> None:
    with stub(tmp_path, EDIT, TOLD) as engine:
        ended = build(*common(charts, tmp_path / "out", "refocus", engine.url))
    assert ended.returncode == 0, ended.stderr + ended.stdout
    rows = accepted(tmp_path / "out")
    assert len(rows) == 6
    assert rows[0]["steps"][0]["tool"] == "python"
    assert [box["label"] for box in rows[0]["steps"][0]["boxes"]] == ["2003"]
    assert len(rows[0]["images"]) == 2
    assert_replays(tmp_path / "out")


def test_an_engine_that_dies_costs_no_episode(charts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with stub(tmp_path, LOOK, ANSWER, latency=0.3) as one, stub(tmp_path, LOOK, ANSWER, latency=0.3) as other:
        command = [sys.executable, "-m", "pipelines.build", *common(charts, out, "zoom", one.url, other.url)]
        process = subprocess.Popen(
            [*command, "cluster.in_flight=2", "cluster.workers=1"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        while not list(out.glob("builds/*/episodes/commits/*.json")):
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
                pytest.fail(f"the build ended before its engine could be killed: {process.communicate()[0]}")
        os.kill(one.process.pid, signal.SIGKILL)
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert len(accepted(out)) == 6


def test_a_build_without_engines_loses_nothing_and_the_next_run_continues(charts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with stub(tmp_path, LOOK, ANSWER) as engine:
        pass  # it has ended: nothing listens at its address any more
    ended = build(*common(charts, out, "zoom", engine.url), "model.outage_s=1")
    assert ended.returncode == 75
    assert "no server of Qwen/Qwen2.5-VL-7B-Instruct answers" in ended.stderr
    assert not (out / "datasets").exists()
    with stub(tmp_path, LOOK, ANSWER) as engine:
        again = build(*common(charts, out, "zoom", engine.url))
    assert again.returncode == 0, again.stderr
    assert len(accepted(out)) == 6


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["agent=zoom"], "agent=zoom needs a model"),
        (["agent=zoom", "model=qwen2_5_vl"], "model.urls="),
        (["agent=direct", "model=qwen2_5_vl", "model.urls=[ftp://x]"], "is not an http(s) URL"),
        (["judge=cascade"], "judge=cascade needs a model"),
    ],
)
def test_models_that_are_missing_are_named(overrides: list[str], expected: str, tmp_path: Path) -> None:
    ended = build(f"out={tmp_path}", *overrides)
    assert ended.returncode == 2
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
    assert expected in line
