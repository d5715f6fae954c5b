"""Running the command as a person does, and looking at what it left."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SMALL = (
    "source.charts=3",
    "source.posters=0",
    "source.questions_per_picture=2",
    "ladder.rungs=[448,896]",
    "chunk_size=2",
    "version=test",
)
"""A build that is small but goes the whole way."""


def build(*overrides: str) -> subprocess.CompletedProcess[str]:
    """Run a build to its end."""
    return run("build", *overrides)


def run(job: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a job to its end."""
    return subprocess.run(
        [sys.executable, "-m", f"pipelines.{job}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def interrupted(number: signal.Signals, after: Callable[[], bool], *overrides: str) -> tuple[int, str]:
    """Start a build and send its process group a signal once `after` holds; returns exit status and output."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines.build", *overrides],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        while not after():
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            pytest.fail(f"the build ended before it could be interrupted:\n{process.communicate()[0]}")
        if number == signal.SIGKILL:
            os.kill(process.pid, number)  # the driver alone, as an out-of-memory killer does
        else:
            os.killpg(process.pid, number)  # the whole group, as a terminal's Ctrl-C does
        output, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, output


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder, by the hash of its bytes."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The out folder of a small build that ran to its end."""
    out = tmp_path_factory.mktemp("undisturbed")
    ended = build(*SMALL, f"out={out}")
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return out
