"""The file for node_exporter's textfile collector."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitoring import metrics, textfile
from monitoring.export import Exports, MetricsError, MetricsSettings
from monitoring.textfile import EVERY_S, Textfile, job_ended
from tests.monitoring.test_progress import Clock


def read(path: Path) -> dict[str, float]:
    """Sample name -> value. Every line must be one that node_exporter reads."""
    text = path.read_text()
    assert text[-1:] in ("", "\n")
    for line in text.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)*\})? [-+.\w]+', line), line
    return {sample.name: sample.value for family in text_string_to_metric_families(text) for sample in family.samples}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "job.prom"


def test_the_textfile_is_written_every_few_seconds_and_at_the_end_of_the_work(path: Path) -> None:
    clock = Clock()
    file = Textfile(str(path), clock)
    file.show({"lensmill_workers": 2})
    assert not path.exists()
    clock.now = EVERY_S
    file.show({"lensmill_workers": 3})
    assert read(path) == {"lensmill_workers": 3}
    file.show({})
    file.close()
    assert read(path) == {"lensmill_workers": 0}
    assert [entry.name for entry in path.parent.iterdir()] == ["job.prom"]


def test_the_textfile_has_the_end_of_the_job(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textfile, "time", lambda: 1000.0)
    Textfile(str(path))
    job_ended(0)
    assert read(path) == {metrics.EXIT_STATUS.name: 0, metrics.ENDED.name: 1000, metrics.LAST_SUCCESS.name: 1000}


def test_a_job_that_fails_leaves_the_last_success(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for now, status in ((1000.0, 0), (2000.0, 75), (3000.0, 3)):
        monkeypatch.setattr(textfile, "time", lambda now=now: now)
        Textfile(str(path))
        job_ended(status)
    assert read(path) == {metrics.EXIT_STATUS.name: 3, metrics.ENDED.name: 3000, metrics.LAST_SUCCESS.name: 1000}


def test_an_ended_job_does_not_mark_the_next_one(path: Path) -> None:
    Textfile(str(path))
    job_ended(0)
    before = path.read_text()
    job_ended(1)
    assert path.read_text() == before


@pytest.mark.parametrize("text", ["", "lensmill_last", "\x00\xff", 'lensmill_last_success_timestamp_seconds{a="'])
def test_a_file_that_cannot_be_read_is_no_success(path: Path, text: str) -> None:
    path.write_text(text)
    Textfile(str(path)).close()
    assert read(path) == {}


def test_a_missing_folder_is_reported_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(
        MetricsError, match=r"metrics.textfile=.*/none/job.prom: No such file or directory: name a file"
    ):
        MetricsSettings(textfile=str(tmp_path / "none" / "job.prom")).open_textfile()


def test_a_name_without_prom_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must end in .prom"):
        MetricsSettings(textfile="metrics.txt")


def test_a_folder_that_goes_away_does_not_end_the_job(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    file = Textfile(str(folder / "job.prom"))
    folder.rmdir()
    file.close()
    job_ended(0)


def test_gauges_of_the_job_stay_next_to_reports_of_workers(path: Path) -> None:
    file = Textfile(str(path))
    with Exports(None, ray=False, textfile=file) as exports:
        exports.tell(metrics.EPISODES_PLANNED, 12)
        exports.tell(metrics.GATE_PASSED, False, "shrinks")
        exports.show({"lensmill_workers": 2, "lensmill_steps_total": 7})
    assert read(path) == {
        "lensmill_episodes_planned": 12,
        "lensmill_gate_passed": 0,
        "lensmill_workers": 0,
        "lensmill_steps_total": 7,
    }


def test_a_gate_that_was_passed_is_passed_still_when_the_job_has_ended(path: Path) -> None:
    with Exports(None, ray=False, textfile=Textfile(str(path))) as exports:
        exports.tell(metrics.GATE_PASSED, True, "shrinks")
        exports.outages.note("engine", True)
    job_ended(0)
    found = read(path)
    assert (found["lensmill_gate_passed"], found["lensmill_outages"]) == (1, 0)


def test_build_info_takes_any_text_as_one_series(path: Path) -> None:
    with Exports(None, ray=False, textfile=Textfile(str(path))) as exports:
        names = ("build", 'v"1\n', "f" * 16, "chartqa", "zoom", "a|b", "x" * 500)
        exports.tell(metrics.BUILD_INFO, 1, *names)
    (family,) = text_string_to_metric_families(path.read_text())
    (sample,) = family.samples
    assert (sample.labels["version"], sample.labels["model"]) == ('v"1\n', "a/b")
    assert len(sample.labels["judge_model"]) == 100
