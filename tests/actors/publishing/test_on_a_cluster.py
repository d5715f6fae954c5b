"""Publishing on several workers, some of which die: the same bytes."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import ray

from actors.cluster.connection import ClusterSettings, connect
from actors.cluster.errors import Stopped
from actors.cluster.tasks import in_order
from actors.publishing.publishing import Progress, prepare, publish_prepared
from storage.files.store import Files
from tests.actors.publishing.block_build import SMALL_BLOCK, judged_build, settings_of
from tests.e2e.conftest import ROOT, tree
from tests.inline_tasks import inline

PUBLISHED = ("datasets", "shards", "blocks")


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    connect(ClusterSettings(workers=3))
    yield
    ray.shutdown()


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.datasets.cutting.SMALLEST", SMALL_BLOCK)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("build")
    judged_build(root)
    return root


@pytest.fixture(scope="module")
def expected(build: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is published without a cluster."""
    root = tmp_path_factory.mktemp("expected") / "out"
    shutil.copytree(build, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("storage.datasets.cutting.SMALLEST", SMALL_BLOCK)
        publish_prepared(prepare(settings_of(Files(str(root)))), tasks=inline)
    return published(root)


def published(root: Path) -> dict[str, str]:
    return {f"{folder}/{path}": sha256 for folder in PUBLISHED for path, sha256 in tree(root / folder).items()}


@pytest.fixture
def files(build: Path, tmp_path: Path) -> Files:
    shutil.copytree(build, tmp_path / "out")
    return Files(str(tmp_path / "out"))


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_any_number_of_workers_gives_the_same_bytes(workers: int, files: Files, expected: dict[str, str]) -> None:
    told: list[Progress] = []
    publish_prepared(prepare(settings_of(files, workers=workers)), show=told.append)
    assert published(Path(files.root)) == expected
    assert len({progress.rows for progress in told}) > 3
    assert told[-1].done == told[-1].total == 30


def _dies(moment: str, marks: str, work: Callable[[Any], Any], item: Any) -> Any:
    """The work; each item's first try kills its process at a moment."""
    mark = Path(marks, item.key)
    if not mark.exists():
        mark.touch()
        create = Files.create

        def killed_at(files: Files, path: str, data: bytes) -> bool:
            if path.startswith("blocks/"):
                os.kill(os.getpid(), signal.SIGKILL)
            return create(files, path, data)

        if moment == "before it begins":
            os.kill(os.getpid(), signal.SIGKILL)
        Files.create = killed_at  # type: ignore[method-assign, assignment]
    return work(item)


@pytest.mark.parametrize("moment", ["before it begins", "before it counts"])
def test_workers_that_are_killed_change_no_byte(
    moment: str, files: Files, expected: dict[str, str], tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()

    def tasks(work: Callable[[Any], Any], items: Iterable[Any], *more: Any) -> Iterator[Any]:
        return in_order(partial(_dies, moment, str(marks), work), items, *more)

    publish_prepared(prepare(settings_of(files)), tasks=tasks)  # type: ignore[arg-type]
    assert len(list(marks.iterdir())) > 3
    assert published(Path(files.root)) == expected


def test_a_stopped_publisher_goes_on_where_it_was(files: Files, expected: dict[str, str]) -> None:
    told: list[Progress] = []
    with pytest.raises(Stopped):
        publish_prepared(prepare(settings_of(files, workers=1)), lambda: len(told) > 2, told.append)
    made = len(list(Path(files.root, "blocks").iterdir()))
    assert made >= 1
    assert not Path(files.root, "datasets/v1").exists()
    again: list[Progress] = []
    publish_prepared(prepare(settings_of(files)), show=again.append)
    assert again[-1].new < again[-1].size
    assert published(Path(files.root)) == expected


def test_a_killed_driver_is_followed_by_another(files: Files, expected: dict[str, str]) -> None:
    command = [sys.executable, "-m", "tests.actors.publishing.block_build", files.root]
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True) as driver:
        until, blocks = monotonic() + 120, Path(files.root, "blocks")
        while driver.poll() is None and monotonic() < until and not (blocks.exists() and any(blocks.iterdir())):
            try:
                driver.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
        driver.kill()
    assert driver.returncode == -signal.SIGKILL
    publish_prepared(prepare(settings_of(files)))
    assert published(Path(files.root)) == expected
