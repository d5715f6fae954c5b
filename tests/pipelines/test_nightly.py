"""The job of a schedule: what it publishes, when it refuses, and two of them at once."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import ray

from actors.cluster.connection import ClusterSettings, connect
from actors.publishing.publishing import PublishSettings
from lensmill.curation.settings import CurationSettings
from lensmill.verdict import Verdict
from monitoring.metrics import GATES
from monitoring.progress import ProgressDisplay
from pipelines.config import SettingsError, load
from pipelines.exit_status import ExitStatus
from pipelines.gates import Figures, opened, refusals
from pipelines.nightly import Nightly
from pipelines.settings import GateSettings, NightlySettings
from storage.builds.plan import Plan
from storage.builds.verdicts import VerdictRow, VerdictStore
from storage.datasets.releases import Release, Releases, latest, name_for
from storage.files.store import Files, StoreError
from tests.e2e.conftest import ROOT
from tests.judged_build import CORRECT, INCORRECT, build_of
from tests.storage.made import FINGERPRINT

JUDGE = "j" * 16
ALL = CurationSettings(validation=0)
LAST = Figures(accepted=50, episodes=100, failed=5)


def reasons(now: Figures, before: Figures | None = LAST, **gates: float) -> list[str]:
    return [reason.partition("gates.")[2].partition("=")[0] for reason in refusals(GateSettings(**gates), now, before)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (LAST, []),
        (Figures(55, 110, 5), []),
        (Figures(1000, 2000, 0), []),
        (Figures(50, 90, 5), []),
        (Figures(46, 100, 10), []),
        (Figures(39, 100, 5), ["yield_off", "shrinks"]),
        (Figures(61, 100, 5), ["yield_off"]),
        (Figures(50, 100, 11), ["failures_off"]),
        (Figures(44, 88, 0), ["shrinks"]),
        (Figures(0, 0, 0), ["min_accepted", "min_yield", "yield_off", "shrinks"]),
    ],
)
def test_gates_close_where_a_version_is_off_the_last_one(now: Figures, expected: list[str]) -> None:
    assert reasons(now) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [(Figures(1, 100, 0), []), (Figures(1, 101, 0), ["min_yield"]), (Figures(50, 100, 21), ["max_failures"])],
)
def test_the_first_version_is_held_to_the_absolute_gates(now: Figures, expected: list[str]) -> None:
    assert reasons(now, None) == expected


def test_every_gate_opens_with_the_settings_that_a_refusal_names() -> None:
    nothing, last = Figures(0, 100, 100, 0, 50), Figures(50, 100, 5, 100, 0)
    settings = dict(item.removeprefix("gates.").split("=") for item in opened(sorted(GATES)).split())
    gates = {name: None if value == "null" else float(value) for name, value in settings.items()}
    assert [*refusals(GateSettings(**gates), nothing, last)] == []  # type: ignore[arg-type]
    assert [*refusals(GateSettings(**gates), last, nothing)] == []  # type: ignore[arg-type]


def test_growth_is_limited_only_where_asked_for() -> None:
    assert reasons(Figures(80, 160, 0), grows=0.5) == ["grows"]


@pytest.mark.parametrize("override", ["version=mine", "keep=0", "gates.shrinks=2", "date=tomorrow"])
def test_settings_that_make_no_sense_are_refused(override: str) -> None:
    with pytest.raises(SettingsError, match=override.partition("=")[0].rpartition(".")[2]):
        load("nightly", NightlySettings, [override])


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    connect(ClusterSettings(workers=1))
    yield
    ray.shutdown()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path))


@pytest.fixture
def plan(files: Files) -> Plan:
    """Six judged episodes in three chunks; the last answer is wrong."""
    plan = build_of(files, ["0", "1", "2", "3", "4", "wrong"])
    verdicts = VerdictStore(files, FINGERPRINT, JUDGE)
    for chunk_id in plan.chunk_ids():
        rows = [VerdictRow(episode.episode_id, CORRECT) for episode in plan.read_chunk(chunk_id).episodes]
        if chunk_id == plan.chunk_ids()[-1]:
            rows[-1] = VerdictRow(rows[-1].episode_id, Verdict("incorrect", INCORRECT.rule))
        verdicts.commit(chunk_id, rows)
    return plan


def run(files: Files, chunk_ids: tuple[str, ...], day: int, *overrides: str) -> tuple[int, str]:
    """The status, and what was told, of a nightly run on a day over a finished build."""
    settings = load("nightly", NightlySettings, [f"out={files.root}", *overrides])
    build = PublishSettings(files, FINGERPRINT, JUDGE, chunk_ids, None, ALL, None, "Made")
    told = io.StringIO()
    with ProgressDisplay(told) as display:
        status = Nightly(settings, lambda: date(2026, 1, day)).publish(build, display, lambda: False)
    return status, told.getvalue()


@pytest.mark.usefixtures("cluster")
class TestOverAFinishedBuild:
    def test_the_version_is_named_by_the_day_and_is_the_latest(self, files: Files, plan: Plan) -> None:
        assert run(files, plan.chunk_ids(), 30)[0] == 0
        assert latest(files).version == "2026-01-30"
        assert latest(files).rows == 5

    def test_nothing_new_publishes_nothing(self, files: Files, plan: Plan) -> None:
        run(files, plan.chunk_ids(), 30)
        status, told = run(files, plan.chunk_ids(), 31)
        assert (status, "nothing new since 2026-01-30" in told) == (0, True)
        assert files.folders("datasets") == ("2026-01-30",)

    def test_further_versions_of_one_day_are_numbered(self, files: Files, plan: Plan) -> None:
        run(files, plan.chunk_ids()[:1], 30)
        assert run(files, plan.chunk_ids(), 30, "gates.yield_off=1")[0] == 0
        assert latest(files).version == "2026-01-30.002"

    def test_a_scheduler_s_date_names_the_version(self, files: Files, plan: Plan) -> None:
        assert run(files, plan.chunk_ids(), 30, "date=2026-01-29T23:30:00-02:00")[0] == 0
        assert latest(files).version == "2026-01-30"
        assert run(files, plan.chunk_ids(), 5, "date=2026-01-31")[0] == 0
        assert files.folders("datasets") == ("2026-01-30",)

    def test_a_date_that_is_made_up_for_leaves_the_latest_alone(self, files: Files, plan: Plan) -> None:
        run(files, plan.chunk_ids()[:1], 30)
        status, told = run(files, plan.chunk_ids(), 31, "date=2026-01-20", "gates.yield_off=1")
        assert (status, latest(files).version) == (0, "2026-01-30")
        assert "2026-01-30 stays the latest: 2026-01-20 is older" in told
        assert files.folders("datasets") == ("2026-01-20", "2026-01-30")

    def test_the_same_date_again_publishes_nothing_twice(self, files: Files, plan: Plan) -> None:
        for _ in range(2):
            assert run(files, plan.chunk_ids(), 30, "date=2026-01-20")[0] == 0
        assert files.folders("datasets") == ("2026-01-20",)

    def test_names_of_one_day_sort_in_the_order_of_their_releases(self, files: Files) -> None:
        names = [name_for(files, "2026-01-30", {"number": number}) for number in range(12)]
        assert names == sorted(names)
        assert names[-1] == "2026-01-30.012"

    def test_a_pinned_version_is_kept(self, files: Files, plan: Plan) -> None:
        chunks = plan.chunk_ids()
        run(files, chunks[:1], 28, "keep=1", "gates.yield_off=1")
        Releases(files).pin("2026-01-28")
        for count in (2, 3):
            assert run(files, chunks[:count], 27 + count, "keep=1", "gates.yield_off=1")[0] == 0
        assert files.folders("datasets") == ("2026-01-28", "2026-01-30")
        assert Releases(files).unpin("2026-01-28")
        assert Releases(files).keep(1) == ("2026-01-28",)

    def test_blocks_that_no_version_names_go_with_a_version_once_they_are_old(self, files: Files, plan: Plan) -> None:
        chunks = plan.chunk_ids()
        for count in (1, 2):
            run(files, chunks[:count], 27 + count, "keep=2", "gates.yield_off=1")
        for path in Path(files.root, "blocks").iterdir():
            os.utime(path, (1, 1))
        status, told = run(files, chunks, 30, "keep=1", "gates.yield_off=1")
        assert (status, "removed 2026-01-28, 2026-01-29" in told) == (0, True)
        there = {Path(path).stem for path in files.list("blocks")}
        assert there == set(latest(files).blocks)
        assert {path.rpartition("-")[2].removesuffix(".parquet") for path in files.list("shards")} == there

    def test_versions_that_somebody_went_back_from_are_kept(self, files: Files, plan: Plan) -> None:
        chunks = plan.chunk_ids()
        for count in (1, 2):
            run(files, chunks[:count], 27 + count, "gates.yield_off=1")
        Releases(files).move("2026-01-28", Releases(files).latest())
        assert run(files, chunks, 30, "keep=1", "gates.yield_off=1")[0] == 0
        assert files.folders("datasets") == ("2026-01-29", "2026-01-30")

    def test_a_closed_gate_publishes_nothing_and_says_why_in_one_line(self, files: Files, plan: Plan) -> None:
        run(files, plan.chunk_ids()[:2], 30)
        status, told = run(files, plan.chunk_ids()[:1], 31)
        assert status == ExitStatus.REFUSED
        (line,) = [line for line in told.splitlines() if line.startswith("refused: ")]
        assert "2 accepted trajectories after 4 (gates.shrinks=0.1)" in line
        assert "2026-01-30 stays the latest" in line
        assert line.endswith("; if it is as it should be, run once with gates.shrinks=1")
        assert files.folders("datasets") == ("2026-01-30",)

    def test_the_first_version_has_gates_too(self, files: Files, plan: Plan) -> None:
        assert run(files, plan.chunk_ids(), 30, "gates.min_accepted=6")[0] == ExitStatus.REFUSED
        assert not files.list("datasets")
        assert Releases(files).latest() is None

    @pytest.mark.usefixtures("plan")
    def test_a_version_without_success_that_gates_let_pass_is_no_success(self, files: Files) -> None:
        status, told = run(files, (), 30, "gates.min_accepted=0", "gates.min_yield=0")
        assert status == ExitStatus.FAILED
        assert latest(files).version == "2026-01-30"
        assert any(line.startswith("error: no success") for line in told.splitlines())

    def test_a_missing_latest_version_ends_the_job(self, files: Files, plan: Plan) -> None:
        run(files, plan.chunk_ids()[:2], 30)
        files.remove("datasets/2026-01-30/manifest.json")
        with pytest.raises(StoreError, match=r"2026-01-30 is the latest .*latest/000001\.json"):
            run(files, plan.chunk_ids(), 31)
        files.remove("latest/000001.json")
        assert run(files, plan.chunk_ids(), 31)[0] == 0

    def test_the_last_ones_are_kept(self, files: Files, plan: Plan) -> None:
        chunks = plan.chunk_ids()
        for count in (1, 2, 3):
            assert run(files, chunks[:count], 27 + count, "keep=2", "gates.yield_off=1")[0] == 0
        assert files.folders("datasets") == ("2026-01-29", "2026-01-30")

    def test_the_next_run_releases_for_a_run_killed_before_its_release(self, files: Files, plan: Plan) -> None:
        run(files, plan.chunk_ids(), 30)
        files.remove("latest/000001.json")
        assert run(files, plan.chunk_ids(), 30)[0] == 0
        assert (latest(files).version, files.folders("datasets")) == ("2026-01-30", ("2026-01-30",))

    def test_episodes_judged_again_meanwhile_wait_for_the_next_version(
        self, files: Files, plan: Plan, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chunk_id, verdicts = plan.chunk_ids()[0], VerdictStore(files, FINGERPRINT, JUDGE)
        episode = plan.read_chunk(chunk_id).episodes[0]
        files.remove(f"builds/{FINGERPRINT}/verdicts/{JUDGE}/commits/{chunk_id}.json")
        rows = [VerdictRow(planned.episode_id, CORRECT) for planned in plan.read_chunk(chunk_id).episodes]
        verdicts.commit(chunk_id, [VerdictRow(episode.episode_id, Verdict("judge_error", "model")), *rows[1:]])
        seen = []

        def judged_meanwhile(gates: GateSettings, now: Figures, before: Figures | None) -> Iterator[str]:
            verdicts.retry(chunk_id, rows)
            seen.append(now.accepted)
            return refusals(gates, now, before)

        monkeypatch.setattr("pipelines.nightly.refusals", judged_meanwhile)
        assert run(files, plan.chunk_ids(), 30)[0] == 0
        assert (seen, latest(files).rows) == ([4], 4)
        assert run(files, plan.chunk_ids(), 31, "gates.yield_off=1")[0] == 0
        assert (seen, latest(files).rows) == ([4, 5], 5)

    def test_an_overtaken_run_leaves_the_other_version_the_latest(
        self, files: Files, plan: Plan, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chunks, move = plan.chunk_ids(), Releases.move

        def overtaken(releases: Releases, version: str, after: Release | None) -> bool:
            monkeypatch.setattr(Releases, "move", move)
            run(files, chunks, 30)
            return move(releases, version, after)

        monkeypatch.setattr(Releases, "move", overtaken)
        status, told = run(files, chunks[:2], 30)
        assert (status, "2026-01-30.002 stays the latest: 2026-01-30 is older" in told) == (0, True)
        assert latest(files).version == "2026-01-30.002"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (Figures(50, 100, 5, 90, 9), []),
        (Figures(50, 100, 5, 1000, 15), []),
        (Figures(50, 100, 5, 89, 9), ["source_shrinks"]),
        (Figures(50, 100, 5, 95, 11), ["unreadable_off"]),
        (Figures(50, 100, 5, 100, 26), ["max_unreadable", "unreadable_off"]),
        (Figures(50, 100, 5, 22, 78), ["max_unreadable", "unreadable_off", "source_shrinks"]),
        (Figures(50, 100, 5), []),
    ],
)
def test_gates_see_the_source(now: Figures, expected: list[str]) -> None:
    assert reasons(now, Figures(50, 100, 5, 100, 5)) == expected


def test_a_first_version_of_a_source_with_most_rows_unreadable_is_refused() -> None:
    assert reasons(Figures(50, 100, 5, 2, 7), None) == ["max_unreadable"]
    assert reasons(Figures(50, 100, 5, 8, 2), None) == []
    assert reasons(Figures(50, 100, 5, 2, 7), None, max_unreadable=1) == []


def test_a_version_of_an_earlier_format_closes_no_gate_of_the_source() -> None:
    assert reasons(Figures(50, 100, 5, 1, 0), LAST) == []


def test_two_at_once_publish_one_version(tmp_path: Path) -> None:
    small = ("source.charts=1", "source.posters=0", "ladder.rungs=[224]", "chunk_size=2", "cluster.workers=1")
    command = [sys.executable, "-m", "pipelines.nightly", *small, f"out={tmp_path}"]
    both = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    try:
        told = [process.communicate(timeout=240)[0] for process in both]
    finally:
        for process in both:
            process.kill()
    assert [process.returncode for process in both] == [0, 0], told
    (version,) = [path.name for path in (tmp_path / "datasets").iterdir()]
    (pointer,) = (tmp_path / "latest").iterdir()
    assert json.loads(pointer.read_text()) == {"version": version}
    assert (tmp_path / "datasets" / version / "manifest.json").exists()
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert (again.returncode, f"nothing new since {version}" in again.stderr) == (0, True), again.stderr
