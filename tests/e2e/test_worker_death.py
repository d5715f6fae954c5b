"""A worker that dies costs its episodes in flight, never the run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import ROOT, SMALL, tree


def descendants(pid: int) -> list[int]:
    """Every process below one, found in /proc."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        children = parents.get(queue.pop(), [])
        found += children
        queue += children
    return found


def a_worker_below(pid: int) -> int | None:
    for child in descendants(pid):
        try:
            title = Path(f"/proc/{child}/cmdline").read_bytes()
        except OSError:
            continue
        if title.startswith(b"ray::RolloutWorker"):
            return child
    return None


def test_a_killed_worker_is_replaced_and_the_dataset_is_the_same(undisturbed: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines.build", *SMALL, f"out={tmp_path}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        while not list(tmp_path.glob("builds/*/episodes/commits/*.json")):
            assert process.poll() is None, process.communicate()[0]
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        worker = a_worker_below(process.pid)
        assert worker is not None
        os.kill(worker, signal.SIGKILL)
        output, _ = process.communicate(timeout=240)
    finally:
        process.kill()
    assert process.returncode == 0, output
    assert tree(tmp_path / "datasets") == tree(undisturbed / "datasets")
