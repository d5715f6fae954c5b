"""Judging again, as the command does it, on a real Ray: old verdicts stay, errors are asked about, a version comes."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

from actors.cluster.connection import ClusterSettings
from actors.rollouts.judging import JudgeWorker, JudgingSettings
from lensmill.curation.settings import CurationSettings
from lensmill.judging.cascade import CascadeSettings
from lensmill.judging.judge import Judge, JudgeSettings, build_judge
from lensmill.judging.rule_judge import RuleSettings
from lensmill.models.chat import ChatRequest, ModelError
from lensmill.models.settings import ModelSettings
from lensmill.verdict import Outcome
from monitoring.export import Exports
from monitoring.progress import ProgressDisplay
from pipelines.judge import JudgeJob, main
from pipelines.recipe import judge_fingerprint
from pipelines.settings import JudgeJobSettings
from storage.builds.plan import Plan
from storage.builds.verdicts import VerdictStore
from storage.files.settings import StoreSettings
from storage.files.store import Files
from storage.files.watch import StoreWatch
from tests.judged_build import build_of
from tests.judging.scripted import Said, ScriptedModel, verdict_reply
from tests.storage.made import FINGERPRINT

RULED, UNSURE, WAITING = "0", "bar no. 1, the red one", "bar no. 2, the blue one"
"""Answers to "What is bar 0?" and so on: the first is for the rules, the others for a model."""

CASCADE = CascadeSettings(audit=1.0)


def _says(request: ChatRequest, about_waiting: Said) -> Said:
    asked = json.loads(request.messages[1].parts[0].text)["prediction"]
    return about_waiting if asked == WAITING else verdict_reply("correct")


class FailingWorker(JudgeWorker):
    """Its model cannot be reached for one of the answers."""

    def judge(self, settings: JudgingSettings) -> Judge:
        gone = ModelError("engine_error", "no route")
        return build_judge(settings.judge, ScriptedModel(lambda request: _says(request, gone)))


class MendedWorker(JudgeWorker):
    """Its model says that the answer is wrong which the other could not be asked about."""

    def judge(self, settings: JudgingSettings) -> Judge:
        return build_judge(settings.judge, ScriptedModel(lambda request: _says(request, verdict_reply("incorrect"))))


@pytest.fixture(autouse=True)
def no_ray_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("pipelines.job.ask_models", lambda *_: None)  # these judges have no server
    yield
    ray.shutdown()


MODEL = ModelSettings(name="scripted", urls=("http://127.0.0.1:9/v1",))
"""Named in the settings; the workers of these tests have their judges from a script."""


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path))


@pytest.fixture
def plan(files: Files) -> Plan:
    return build_of(files, [RULED, UNSURE, WAITING, None])


def run(out: Path, judge: JudgeSettings, worker: type[JudgeWorker], **settings: Any) -> None:
    told = io.StringIO()
    wanted = JudgeJobSettings(
        judge, CurationSettings(), StoreSettings(), ClusterSettings(workers=1), str(out), MODEL, **settings
    )
    with ProgressDisplay(told) as display:
        job = JudgeJob(wanted, display, ray.remote(num_cpus=1, max_restarts=0)(worker))
        assert job.start() == 0, told.getvalue()
    ray.shutdown()


def outcomes(files: Files, plan: Plan, judge: JudgeSettings) -> list[Outcome]:
    store = VerdictStore(files, FINGERPRINT, judge_fingerprint(judge, None if judge == RuleSettings() else MODEL))
    return [row.verdict.outcome for chunk_id in plan.chunk_ids() for row in store.rows(chunk_id)]


def versions(files: Files) -> list[dict[str, Any]]:
    paths = [path for path in files.list("datasets") if path.endswith("/manifest.json")]
    return [json.loads(files.read(path)) for path in paths]


def test_judge_errors_are_retried_and_other_judges_left_alone(files: Files, plan: Plan, tmp_path: Path) -> None:
    run(tmp_path, RuleSettings(), JudgeWorker, publish=False)
    assert outcomes(files, plan, RuleSettings()) == ["correct", "undecided", "undecided"]
    assert versions(files) == []
    before = {path: files.read(path) for path in files.list("builds")}

    run(tmp_path, CASCADE, FailingWorker)
    assert outcomes(files, plan, CASCADE) == ["correct", "correct", "judge_error"]
    (first,) = versions(files)
    assert first["rows"] == {"train": 2, "validation": 0, "rejected": 1, "failures": 1, "originals": 3}
    given = {path: files.read(path) for path in files.list("builds")}

    run(tmp_path, CASCADE, MendedWorker)
    assert outcomes(files, plan, CASCADE) == ["correct", "correct", "incorrect"]
    assert outcomes(files, plan, RuleSettings()) == ["correct", "undecided", "undecided"]
    assert len(versions(files)) == 2

    after = files.list("builds")
    assert {path: files.read(path) for path in before} == before
    assert {path: files.read(path) for path in given} == given
    assert [path.split("/")[2] for path in after if path not in given] == ["ledger", "verdicts", "verdicts"]
    seconds = [
        row.verdict.second
        for chunk_id in plan.chunk_ids()
        for row in VerdictStore(files, FINGERPRINT, judge_fingerprint(CASCADE, MODEL)).rows(chunk_id)
    ]
    assert [second and second.outcome for second in seconds] == ["correct", None, None]

    run(tmp_path, CASCADE, MendedWorker)
    assert files.list("builds") == after
    assert len(versions(files)) == 2


def test_only_finished_chunks_are_judged_and_published(files: Files, plan: Plan, tmp_path: Path) -> None:
    files.remove(f"builds/{FINGERPRINT}/episodes/commits/{plan.chunk_ids()[1]}.json")
    run(tmp_path, RuleSettings(), JudgeWorker, version="part")
    assert VerdictStore(files, FINGERPRINT, judge_fingerprint(RuleSettings(), None)).committed() == {
        plan.chunk_ids()[0]: 0
    }
    (version,) = versions(files)
    assert version["rows"]["train"] + version["rows"]["rejected"] == 2


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["judge=cascade"], "judge_model="),
        (["judge=cascade", "judge.votes=2"], "judge: votes must be an odd number"),
        (["judge.polcy=strict"], "did you mean judge.policy?"),
        (["judge=juge"], "cascade, rules"),
        (["version=../up"], "version"),
        ([], "no build"),
    ],
)
def test_settings_that_cannot_work_end_with_one_line(
    overrides: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"out={tmp_path}", *overrides]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert expected in line


def test_a_build_without_a_finished_chunk_says_so(
    files: Files, plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for chunk_id in plan.chunk_ids():
        files.remove(f"builds/{FINGERPRINT}/episodes/commits/{chunk_id}.json")
    assert main([f"out={tmp_path}"]) == 2
    assert "no finished chunk" in capsys.readouterr().err


def test_help_explains_the_groups_of_this_job_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for text in ("judge=cascade", "judge.audit=", "cluster=local", "publish="):
        assert text in shown
    assert "ladder=" not in shown


@pytest.mark.usefixtures("plan")
def test_a_store_that_is_silent_meanwhile_is_counted_as_an_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StoreWatch, "silent_s", 7.0)
    seen: list[dict[str, float]] = []
    monkeypatch.setattr(Exports, "rest", lambda exports: seen.append(exports.outages.series()))
    run(tmp_path, RuleSettings(), JudgeWorker, publish=False)
    assert seen[0]["lensmill_outages|store"] == 1
