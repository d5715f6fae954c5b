import pytest

from actors.cluster.capacity import fits, shortage
from actors.engines.settings import EngineSettings


@pytest.mark.parametrize(
    ("demands", "nodes", "expected"),
    [
        ([1, 1], [2], True),
        ([1, 1], [1], False),
        ([2], [1, 1], False),
        ([2, 1, 1], [2, 2], True),
        ([0.5, 0.5], [1], True),
        ([0.6, 0.6], [1], False),
        ([0.6, 0.6, 0.6], [2], False),
        ([1, 0.5, 0.5], [2], True),
        ([0, 0], [], True),
        ([4, 2, 2], [4, 4], True),
        ([3, 3, 2], [4, 4], False),
    ],
)
def test_whole_gpus_lie_on_one_node_and_parts_on_one_gpu(
    demands: list[float], nodes: list[float], expected: bool
) -> None:
    assert fits(demands, nodes) is expected


def test_two_engines_on_one_gpu_are_refused_in_one_line() -> None:
    line = shortage({"engine": EngineSettings("m"), "judge_engine": EngineSettings("j")}, [1.0], False)
    assert "need 2 GPUs at the same time (1 of 1 for engine and 1 of 1 for judge_engine)" in line
    assert "the cluster has 1 (by node)" in line
    assert "judge_engine.gpus (0.5 shares a GPU" in line
    assert "\n" not in line


def test_an_autoscaler_is_waited_for() -> None:
    assert shortage({"engine": EngineSettings("m")}, [0.0], True).endswith("waiting for its autoscaler to add some")


def test_engines_that_fit_need_no_line() -> None:
    halves = EngineSettings("m", gpus=0.5)
    assert shortage({"engine": halves, "judge_engine": halves}, [1.0], False) == ""
