"""Workers that die during a build: their earlier counts stay, and their log lines name the episode."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import ray

from actors.cluster.connection import ClusterSettings, connect
from actors.rollouts.pool import RolloutPool
from actors.rollouts.worker_metrics import WatchSettings
from monitoring.recorder import is_gauge
from tests.actors.rollouts.test_pool import DeadlyWorker, planned
from tests.said_lines import Said


@pytest.fixture(autouse=True)
def cluster() -> Iterator[None]:
    connect(ClusterSettings(workers=2))
    yield
    ray.shutdown()


def logged() -> list[dict[str, str]]:
    """The JSON lines of this Ray's workers."""
    folder = Path(ray._private.worker._global_node.get_logs_dir_path())
    lines = [line for path in folder.glob("worker-*.err") for line in path.read_text().splitlines()]
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_counters_never_go_back_and_lines_name_the_episode(tmp_path: Path) -> None:
    settings, plan = planned(tmp_path, 7)
    told: list[Counter[str]] = []
    said = Said()
    worker = ray.remote(num_cpus=1, max_restarts=0)(DeadlyWorker)
    watched = replace(settings, watching=WatchSettings(metrics=True, logging="json"))
    pool = RolloutPool(watched, 2, told.append, lambda: False, said, worker)
    assert pool.run(plan.chunk_ids()) == ()
    pool.close()
    counters = [{name: value for name, value in counts.items() if name.startswith("lensmill_")} for counts in told]
    for before, after in pairwise(counters):
        assert all(after.get(name, 0) >= value for name, value in before.items() if not is_gauge(name))
    last = counters[-1]
    assert last["lensmill_episode_failures_total|worker_died"] == 1
    assert last["lensmill_workers"] <= 2
    assert last["lensmill_workers_replaced_total"] == said.count("a worker died: another takes its place") > 0
    assert {level for line, level in zip(said, said.levels, strict=True) if "died" in line} == {"warning"}
    lines = logged()
    (failed,) = [line for line in lines if line["message"].startswith("the episode failed: worker_died")]
    chunk = plan.read_chunk(failed["chunk"])
    assert failed["build"] == settings.fingerprint
    assert failed["episode"] == chunk.episodes[2].episode_id
    ended = [line for line in lines if line["message"].startswith("the chunk is committed (")]
    assert {line["chunk"] for line in ended} == set(plan.chunk_ids())
    assert not any("episode" in line for line in ended)
