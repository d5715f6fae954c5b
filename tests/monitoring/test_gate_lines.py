"""A nightly run's report of its gates: an error with reasons as JSON values, and a series for each gate."""

import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import ray

from actors.cluster.connection import ClusterSettings, connect
from actors.publishing.publishing import PublishSettings
from lensmill.curation.settings import CurationSettings
from monitoring import metrics
from monitoring.progress import ProgressDisplay
from pipelines.config import load
from pipelines.nightly import Nightly
from pipelines.settings import NightlySettings
from storage.builds.plan import Plan
from storage.builds.verdicts import VerdictRow, VerdictStore
from storage.files.store import Files
from tests.judged_build import CORRECT, build_of
from tests.monitoring.test_progress import Told
from tests.storage.made import FINGERPRINT

JUDGE = "j" * 16
ALL = CurationSettings(validation=0)


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    connect(ClusterSettings(workers=1))
    yield
    ray.shutdown()


def run(files: Files, *overrides: str) -> tuple[list[dict[str, Any]], Told, io.StringIO]:
    """The lines of a nightly run over a finished build of four episodes, its metrics, and its results."""
    chunk_ids = Plan(files, FINGERPRINT).chunk_ids()
    settings = load("nightly", NightlySettings, [f"out={files.root}", *overrides])
    publishing = PublishSettings(files, FINGERPRINT, JUDGE, chunk_ids, None, ALL, None, "Made")
    said, results, told = io.StringIO(), io.StringIO(), Told()
    with ProgressDisplay(said, kind="json", results=results) as display:
        display.export_to(told)
        Nightly(settings, lambda: date(2026, 1, 30)).publish(publishing, display, lambda: False)
    return [json.loads(line) for line in said.getvalue().splitlines()], told, results


@pytest.fixture
def files(tmp_path: Path) -> Files:
    files = Files(str(tmp_path))
    plan = build_of(files, ["0", "1", "2", None])
    verdicts = VerdictStore(files, FINGERPRINT, JUDGE)
    for chunk_id in plan.chunk_ids():
        wanted = plan.read_chunk(chunk_id).episodes
        answered = [episode for episode in wanted if episode != plan.read_chunk(plan.chunk_ids()[-1]).episodes[-1]]
        verdicts.commit(chunk_id, [VerdictRow(episode.episode_id, CORRECT) for episode in answered])
    return files


def test_a_gate_that_refuses_is_an_error_with_its_reasons_and_its_series(files: Files) -> None:
    lines, told, results = run(files, "gates.min_accepted=100", "gates.max_failures=1")
    assert lines[-1]["level"] == "error"
    assert lines[-1]["gates"] == ["min_accepted"]
    assert lines[-1]["reasons"] == ["3 accepted trajectories (gates.min_accepted=100)"]
    gates = {name.partition("|")[2]: value for name, value in told.items() if name.startswith("lensmill_gate_passed")}
    assert [gate for gate, passed in gates.items() if not passed] == ["min_accepted"]
    assert len(gates) == len(metrics.GATES)
    assert not results.getvalue()


def test_a_version_that_passes_tells_ledger_publishing_and_its_size(files: Files) -> None:
    lines, told, results = run(files, "gates.max_failures=1")
    stages = [line["stage"] for line in lines if "stage" in line]
    assert "ledger" in stages
    assert stages[-1] == "publishing"
    published = next(line for line in lines if line["message"].startswith("published 2026-01-30: 4 rows, 6 pictures"))
    assert published["version"] == "2026-01-30"
    assert told["lensmill_publish_rows"] == told["lensmill_publish_rows_planned"] == 4
    table, failed, *_ = (json.loads(line) for line in results.getvalue().splitlines())
    assert (table["all"]["episodes"], table["all"]["failed"]) == (4, 1)
    assert (failed["level"], failed["error_class"], failed["episodes"]) == ("warning", "timeout", 1)
