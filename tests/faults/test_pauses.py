"""Drivers that stand still, and clocks that jump: nothing that is stored depends on time."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, SMALL, build, tree, undisturbed  # noqa: F401
from tests.processes import descendants

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

JUMPING_CLOCK = """
import time
_now, _start = time.time, time.monotonic()
def jumping():
    age = time.monotonic() - _start
    return _now() + (0 if age < 6 else 86400 if age < 9 else -2 * 86400)
time.time = jumping
"""
"""A day ahead after six seconds, and two days back after nine; for every process of the build."""


def start(*overrides: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.build", *overrides],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def until(condition: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 240
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)


def session(process: "subprocess.Popen[str]") -> list[int]:
    """The process and all that it started."""
    return [process.pid, *descendants(process.pid)]


def send(number: signal.Signals, processes: list[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)


@pytest.mark.parametrize("all_of_it", [False, True], ids=["driver", "driver-and-workers"])
def test_a_paused_driver_that_wakes_after_another_has_finished_spoils_nothing(
    all_of_it: bool,
    undisturbed: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    paused = start(*SMALL, f"out={tmp_path}")
    try:
        until(lambda: any(tmp_path.glob("builds/*/episodes/commits/*.json")), paused)
        stopped = session(paused) if all_of_it else [paused.pid]
        send(signal.SIGSTOP, stopped)
        other = build(*SMALL, f"out={tmp_path}")
        assert other.returncode == 0, other.stderr
        finished = tree(tmp_path / "datasets")
        send(signal.SIGCONT, stopped)
        paused.communicate(timeout=240)
    finally:
        send(signal.SIGKILL, session(paused))
    assert tree(tmp_path / "datasets") == finished == tree(undisturbed / "datasets")
    third = build(*SMALL, f"out={tmp_path}")
    assert third.returncode == 0, third.stderr
    assert "no episode to start" in third.stderr


def test_clocks_that_jump_change_no_byte(undisturbed: Path, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "sitecustomize.py").write_text(JUMPING_CLOCK)
    jumping = start(*SMALL, f"out={tmp_path}/out", PYTHONPATH=str(tmp_path))
    output, _ = jumping.communicate(timeout=240)
    assert jumping.returncode == 0, output
    assert tree(tmp_path / "out/datasets") == tree(undisturbed / "datasets")
