"""Running checks: results come in order, from this process or from Ray tasks, also where a worker dies."""

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import ray

from actors.cluster import running
from actors.cluster.connection import ClusterSettings
from actors.cluster.running import Running


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """Ray ends with the test."""
    yield
    ray.shutdown()


def process_of(item: int) -> tuple[int, int]:
    """The item, and the process that had it."""
    return item, os.getpid()


def dies_once(marker: Path, item: int) -> int:
    """The item; the process that first has item 2 dies of it."""
    if item == 2 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def run(settings: ClusterSettings) -> Running:
    return Running(settings, lambda *_, **__: None)


def test_one_worker_is_this_process() -> None:
    assert list(run(ClusterSettings(workers=1))(process_of, range(3))) == [(item, os.getpid()) for item in range(3)]
    assert not ray.is_initialized()


def test_quick_work_starts_no_ray() -> None:
    assert [item for item, _ in run(ClusterSettings())(process_of, range(3))] == [0, 1, 2]
    assert not ray.is_initialized()


def test_work_that_takes_long_goes_on_in_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "PATIENCE_S", 0.0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    made = list(run(ClusterSettings())(process_of, range(3)))
    assert [item for item, _ in made] == [0, 1, 2]
    assert os.getpid() not in [process for _, process in made]


def test_an_item_whose_worker_dies_is_done_again(tmp_path: Path) -> None:
    made = run(ClusterSettings(workers=2))(partial(dies_once, tmp_path / "died"), range(6))
    assert list(made) == [0, 1, 2, 3, 4, 5]
    assert (tmp_path / "died").exists()
