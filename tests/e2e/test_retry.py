"""Trying failed episodes again, and two drivers on one plan, with stub engines that count what they are asked."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.stubs import metrics, stub_engines
from tests.e2e.conftest import ROOT, build, tree
from tests.read_version import ACCEPTED, read_rows

QUESTIONS = 48


@pytest.fixture
def charts(tmp_path: Path) -> Path:
    """A ChartQA folder of one picture and many questions."""
    png = tmp_path / "ChartQA" / "test" / "png"
    png.mkdir(parents=True)
    Image.new("RGB", (640, 480), "white").save(png / "a.png")
    rows = [{"imgname": "a.png", "query": f"What is bar {number}?", "label": "1"} for number in range(QUESTIONS)]
    (png.parent / "test_human.json").write_text(json.dumps(rows))
    return tmp_path / "ChartQA"


def command(charts: Path, out: Path, url: str, *more: str) -> list[str]:
    return [
        *("source=chartqa", f"source.path={charts}", "ladder.rungs=[224]", "agent=direct", "model=qwen2_5_vl"),
        *(f"model.urls=[{url}]", "model.retries=0", f"out={out}", "chunk_size=2", "cluster.workers=1", *more),
    ]


def rows(out: Path, version: str, *tables: str) -> int:
    return len(read_rows(out / "datasets" / version, *(tables or ACCEPTED)))


def asked(url: str) -> int:
    return int(metrics(url).get("stub:requests_total", 0))


def test_failed_episodes_are_made_again_and_nothing_else(charts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with stub_engines(1, "--fault", "server_error=0.3") as (url,):
        first = build(*command(charts, out, url, "version=first"))
    assert first.returncode == 0, first.stderr
    failed = rows(out, "first", "failures")
    assert 0 < failed < QUESTIONS
    assert "with retry=engine_error" in first.stdout
    before = tree(out)

    with stub_engines(1) as (url,):
        unknown = build(*command(charts, out, url, "version=second", "retry=engine_eror"))
        assert unknown.returncode == 2
        assert f"retry=engine_eror: no episode of this build failed so; its failures: engine_error ({failed})" in (
            unknown.stderr
        )
        taken = build(*command(charts, out, url, "version=first", "retry=engine_error"))
        assert taken.returncode == 2
        assert "choose another version=" in taken.stderr
        assert asked(url) == 0

        again = build(*command(charts, out, url, "version=second", "retry=engine_error"))
        assert again.returncode == 0, again.stderr
        assert asked(url) == failed + 1, "and the small call before any work"
        assert f"tried again: {failed} failed episode" in again.stderr
        assert rows(out, "second") == rows(out, "first") + failed
        assert rows(out, "second", "failures") == 0

        none = build(*command(charts, out, url, "version=second", "retry=all"))
        assert none.returncode == 0, none.stderr
        assert "nothing to try again" in none.stderr
        assert asked(url) == failed + 1, "and the small call before any work"
    after = tree(out)
    assert {path: after[path] for path in before} == before


def test_two_drivers_on_one_plan_share_the_work(charts: Path, tmp_path: Path) -> None:
    """Each holds four chunks of two episodes at a time. So much may be made twice where they meet, and at the end."""
    out, held = tmp_path / "out", 8
    with stub_engines(2, "--latency", "0.5") as urls:
        drivers = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "pipelines.build",
                    *command(charts, out, url, "version=test", "cluster.in_flight=2"),
                ],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for url in urls
        ]
        try:
            told = [driver.communicate(timeout=240)[0] for driver in drivers]
        finally:
            for driver in drivers:
                driver.kill()
        made = [asked(url) for url in urls]
    assert [driver.returncode for driver in drivers] == [0, 0], told
    assert rows(out, "test") == QUESTIONS
    assert min(made) > 0, told
    assert sum(made) <= QUESTIONS + 3 * held, told
