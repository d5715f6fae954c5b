"""Ingest by slices: the plan does not depend on which process reads a slice, or how often."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import ray

from actors.cluster.connection import ClusterSettings, connect
from actors.cluster.tasks import in_order
from storage.sources.chartqa import ChartQASource
from storage.sources.protocol import SourceError
from tests.actors.ingest.sliced_folder import PICTURES, InterruptedOnce, SlicedPlanner, a_folder, content


@pytest.fixture(scope="module")
def cluster() -> Iterator[int]:
    yield connect(ClusterSettings(workers=3))
    ray.shutdown()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    a_folder(tmp_path)
    return tmp_path


class DeadlyOnce(InterruptedOnce):
    """Ends the process that reads row 200 first."""

    def interrupt(self) -> None:
        self.mark.touch()
        os._exit(1)


class OnlyHere(ChartQASource):
    """Its files are on the machine of this process alone."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._process = os.getpid()

    def is_here(self) -> bool:
        return os.getpid() == self._process


@pytest.mark.usefixtures("cluster")
def test_the_plan_is_the_same_with_any_number_of_workers(root: Path) -> None:
    SlicedPlanner(root, "alone", None, None).plan()
    for workers in (1, 3):
        SlicedPlanner(root, f"by {workers}", partial(in_order, workers=workers), None).plan()
        assert content(root, f"by {workers}") == content(root, "alone")


@pytest.mark.usefixtures("cluster")
def test_the_plan_is_the_same_after_a_worker_died(root: Path) -> None:
    SlicedPlanner(root, "alone", None, None).plan()
    source = DeadlyOnce(root / "data", root / "mark")
    SlicedPlanner(root, "out", partial(in_order, workers=2), None, source).plan()
    assert (root / "mark").exists()
    assert content(root, "out") == content(root, "alone")


@pytest.mark.usefixtures("cluster")
def test_a_node_without_the_files_makes_no_failures(root: Path) -> None:
    SlicedPlanner(root, "alone", None, None).plan()
    planner = SlicedPlanner(root, "out", partial(in_order, workers=2), None, OnlyHere(root / "data"))
    planner.plan()
    assert content(root, "out") == content(root, "alone")
    assert planner.outline(measure=False).absent == 5


def test_duplicates_are_cut_across_slices(root: Path) -> None:
    planner = SlicedPlanner(root, "out", None, None)
    planner.plan()
    *_, failures, _ = content(root, "out")
    repeated = [failure.origin for failure in failures if failure.error_class == "duplicate"]
    assert [origin.rpartition(" ")[2] for origin in repeated] == ["301", "302", "401"]


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("limit", [1, 130, 1000])
def test_a_limit_plans_the_same_samples_on_a_cluster(root: Path, limit: int) -> None:
    SlicedPlanner(root, "alone", None, limit).plan()
    SlicedPlanner(root, "out", partial(in_order, workers=3), limit).plan()
    assert content(root, "out") == content(root, "alone")


@pytest.mark.usefixtures("cluster")
def test_a_limit_reads_no_more_slices_than_it_takes(root: Path) -> None:
    SlicedPlanner(root, "out", partial(in_order, workers=3), 1).plan()
    assert sum(path.is_file() for path in (root / "out" / "images").rglob("*")) == 1


@pytest.mark.usefixtures("cluster")
def test_a_source_that_breaks_off_plans_nothing(root: Path) -> None:
    (root / "data" / "test").mkdir()
    (root / "data" / "test" / "test_human.json").write_text("[{]")
    for name, over_slices in (("alone", None), ("out", partial(in_order, workers=2))):
        with pytest.raises(SourceError, match=r"test_human\.json is not JSON"):
            SlicedPlanner(root, name, over_slices, None).plan()
        assert content(root, name) == [[], []]


@pytest.mark.usefixtures("cluster")
def test_a_limit_that_ends_before_a_source_breaks_off_is_met(root: Path) -> None:
    (root / "data" / "test").mkdir()
    (root / "data" / "test" / "test_human.json").write_text("[{]")
    planner = SlicedPlanner(root, "out", partial(in_order, workers=2), 2 * PICTURES - 6)
    planner.plan()
    assert planner.outline(measure=False).samples == 2 * PICTURES - 6


def test_a_source_that_is_planned_adds_nothing(root: Path) -> None:
    SlicedPlanner(root, "out", None, None).plan()
    before = content(root, "out")
    SlicedPlanner(root, "out", None, None).plan()
    assert content(root, "out") == before
