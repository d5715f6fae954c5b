"""A real build with metrics: the endpoint and Ray's metrics agent agree with the dataset."""

import json
import re
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import ray

from actors.cluster.connection import ClusterSettings, connect
from lensmill.tools import ZOOM
from monitoring.logs import Level
from monitoring.progress import ProgressDisplay
from pipelines.build import Build
from pipelines.config import load_build
from storage.builds.episodes import EpisodeRow, EpisodeStore
from storage.files.store import Files
from tests.e2e.conftest import build
from tests.monitoring.test_export import Samples, scrape, until

SMALL = ("source.charts=1", "source.posters=0", "ladder.rungs=[224]", "cluster.workers=1", "version=test")


@pytest.fixture(autouse=True)
def no_ray_is_left() -> Iterator[None]:
    yield
    ray.shutdown()


class Watching(ProgressDisplay):
    """Scrapes the endpoint at each later line, so also when all episodes are finished."""

    def __init__(self, stream: object) -> None:
        super().__init__(stream)  # type: ignore[arg-type]
        self.url = ""
        self.found: Samples = {}
        self.at_work: Samples = {}

    def episodes(self, counts: Counter[str], earlier: int = 0) -> None:
        super().episodes(counts, earlier)
        self.at_work = scrape(self.url)

    def begin(self, stage: str, total: int, waits_for: str = "") -> None:
        super().begin(stage, total, waits_for)
        if self.url:
            self.found = scrape(self.url)

    def say(self, line: str, level: Level = "info", **fields: object) -> None:
        super().say(line, level, **fields)
        if line.startswith("metrics: "):
            self.url = line.removeprefix("metrics: ")


def total(found: Samples, name: str) -> float:
    return sum(value for (sample, _), value in found.items() if sample == name)


def accepted(out: Path) -> int:
    """Rows of the dataset."""
    return sum(pq.read_metadata(path).num_rows for path in (out / "shards").glob("train-*.parquet"))


def made(out: Path) -> list[EpisodeRow]:
    """Every row of the one build's episode store."""
    (folder,) = (out / "builds").iterdir()
    store = EpisodeStore(Files(str(out)), folder.name)
    return [row for chunk_id in sorted(store.committed()) for row in store.rows(chunk_id)]


def test_the_endpoint_counts_what_the_dataset_holds(tmp_path: Path) -> None:
    settings = load_build([*SMALL, f"out={tmp_path}", "metrics.port=0"])
    with (tmp_path / "said").open("w") as said, Watching(said) as display:
        assert Build(settings, display).start() == 0
    found, rows = display.found, made(tmp_path)
    calls = Counter(step.action.tool for row in rows if row.trajectory for step in row.trajectory.steps if step.action)
    labels = (("agent", "reader"), ("outcome", "accepted"), ("rung", "224"), ("source", "synthetic"))
    assert found["lensmill_episodes_total", labels] == accepted(tmp_path) > 0
    assert total(found, "lensmill_episodes_total") == total(found, "lensmill_episode_seconds_count") == len(rows)
    assert total(found, "lensmill_verdicts_total") == sum(row.outcome == "done" for row in rows)
    assert total(found, "lensmill_tool_calls_total") == calls.total() > 0
    assert found["lensmill_tool_calls_total", (("tool", ZOOM),)] == calls[ZOOM] > 0
    assert found["lensmill_chunks_total", (("state", "committed"),)] == 1
    assert display.at_work["lensmill_workers", ()] == 1
    assert display.at_work["lensmill_worker_memory_bytes", ()] > 10_000_000
    assert found["lensmill_workers", ()] == 0
    parts = sum(path.stat().st_size for path in (tmp_path / "builds").glob("*/episodes/**/*.parquet"))
    assert found["lensmill_store_written_bytes_total", ()] > parts > 0
    with pytest.raises(OSError, match=r"."):
        scrape(display.url)


def test_a_taken_port_ends_the_command_with_one_line_that_is_json_if_asked(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = build(*SMALL, f"out={tmp_path}", f"metrics.port={port}", "logging=json")
    assert ended.returncode == 2
    line, _ = ended.stderr.splitlines()
    assert json.loads(line)["message"].startswith(f"error: metrics.port={port}: Address already in use: choose another")


def test_rays_agent_serves_metrics_of_a_running_cluster_and_lines_are_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_metrics_report_interval_ms", "1000")
    connect(ClusterSettings(workers=2))
    (node,) = ray.nodes()
    address = ray.get_runtime_context().gcs_address
    ended: subprocess.CompletedProcess[str] = build(
        *SMALL, f"out={tmp_path}", "cluster=running", f"cluster.address={address}", "logging=json"
    )
    assert ended.returncode == 0, ended.stderr
    labels = (("agent", "reader"), ("outcome", "accepted"), ("rung", "224"), ("source", "synthetic"))
    url = f"http://127.0.0.1:{node['MetricsExportPort']}/metrics"
    until(url, "ray_lensmill_episodes_total", labels, accepted(tmp_path))
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    (fingerprint,) = [path.name for path in (tmp_path / "builds").iterdir()]
    assert {line["build"] for line in lines} == {fingerprint}
    assert not any(re.search(r"metrics: http", line["message"]) for line in lines)
