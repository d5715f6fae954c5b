"""Real jobs with `logging=json`: every line of both streams is one object, and the textfile has their end."""

import json
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.conftest import ROOT, build
from tests.e2e.test_models import charts, common  # noqa: F401

SMALL = ("source.charts=1", "source.posters=0", "ladder.rungs=[224]", "cluster.workers=1", "version=test")


def lines_of(ended: CompletedProcess[str]) -> list[dict[str, Any]]:
    """Every line of both streams, each parsed alone; those of standard error first."""
    lines = [json.loads(line) for text in (ended.stderr, ended.stdout) for line in text.split("\n") if line]
    for line in lines:
        assert isinstance(line, dict)
        assert {"time", "level", "message"} <= line.keys()
    return lines


def series_of(path: Path) -> dict[str, float]:
    """Each sample of the textfile, by its name and label values."""
    families = text_string_to_metric_families(path.read_text())
    samples = [sample for family in families for sample in family.samples]
    return {"|".join((sample.name, *sample.labels.values())): sample.value for sample in samples}


def one(lines: list[dict[str, Any]], beginning: str) -> dict[str, Any]:
    (found,) = [line for line in lines if line["message"].startswith(beginning)]
    return found


def test_every_line_of_a_build_is_an_object_and_numbers_stand_in_fields(tmp_path: Path) -> None:
    textfile = tmp_path / "job.prom"
    ended = build(*SMALL, f"out={tmp_path}/out", "logging=json", f"metrics.textfile={textfile}")
    assert ended.returncode == 0, ended.stderr
    lines = lines_of(ended)
    assert not [line for line in lines if "from" in line], "no foreign line is left over"
    planned, published = one(lines, "planned: "), one(lines, "published test: ")
    assert one(lines, "curating the episodes of 1 chunk")["chunks"] == 1
    table = one(lines, "what became of the episodes")["all"]
    assert planned["episodes"] == table["episodes"] == published["rows"] == 3
    assert published["bytes"] > 0
    assert (lines[0]["stage"], one(lines, "build ended with status 0")["status"]) == ("reading the source", 0)
    series = series_of(textfile)
    assert series["lensmill_exit_status"] == 0
    assert series["lensmill_last_success_timestamp_seconds"] == series["lensmill_ended_timestamp_seconds"] > 1.7e9
    assert series["lensmill_episodes_planned"] == series["lensmill_publish_rows"] == 3
    assert series["lensmill_episodes_remaining"] == series["lensmill_workers"] == 0
    assert series["lensmill_steps_total"] == table["steps"]
    (info,) = [name for name in series if name.startswith("lensmill_build_info")]
    assert {"build", "test", "synthetic", "reader", planned["build"]} <= {*info.split("|")}


def test_a_model_that_cannot_be_reached_is_an_error_with_its_counts(charts: Path, tmp_path: Path) -> None:  # noqa: F811
    textfile = tmp_path / "job.prom"
    url = "http://127.0.0.1:9/v1"
    ended = build(
        *common(charts, tmp_path / "out", "zoom", url),
        *("model.outage_s=1", "cluster.workers=1", "logging=json", f"metrics.textfile={textfile}"),
    )
    assert ended.returncode != 0
    lines = lines_of(ended)
    errors = [line for line in lines if line["level"] == "error"]
    assert any("no server of" in line["message"] for line in errors)
    assert errors[-1]["status"] == ended.returncode
    series = series_of(textfile)
    assert series["lensmill_exit_status"] == ended.returncode
    assert "lensmill_last_success_timestamp_seconds" not in series


def test_a_wrong_setting_is_a_json_object(tmp_path: Path) -> None:
    ended = build(f"out={tmp_path}", "logging=json", "agent=zoom")
    lines = lines_of(ended)
    assert [line["level"] for line in lines] == ["error", "error"]
    assert lines[-1]["status"] == ended.returncode == 2


def test_a_bug_is_json_objects_and_in_the_textfile(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom monitoring.textfile import Textfile\n"
        "from pipelines.command import run_command\n"
        f"def run(_):\n    Textfile({str(tmp_path / 'job.prom')!r})\n    raise LookupError('a bug')\n"
        "sys.exit(run_command('build', '', ['++logging=json'], run))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    lines = lines_of(ended)
    assert "error: LookupError: a bug (a bug: please report it)" in [line["message"] for line in lines]
    assert lines[-1]["status"] == ended.returncode == series_of(tmp_path / "job.prom")["lensmill_exit_status"] == 1
