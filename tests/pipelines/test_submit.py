"""Sending jobs to a Ray cluster of two nodes, which listens on 127.0.0.1."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from ray.job_submission import JobDetails, JobErrorType, JobStatus, JobSubmissionClient, JobType

from actors.cluster.errors import ClusterError, ClusterUnavailable
from benchmarks.nodes import draw
from benchmarks.ray_nodes import LOOPBACK, RayNodes
from lensmill.testing.stub_engine import StubEngine
from pipelines.config import SettingsError, load
from pipelines.settings import SubmitSettings
from pipelines.submit import ROOMS, check_job, checkout, environment, failure_of, jobs, kind_of, main, split
from tests.e2e.conftest import ROOT
from tests.held_engine import EPISODES, HELD, Gate, ended, until

TINY = ("source.charts=1", "source.posters=0", "source.questions_per_picture=1", "ladder.rungs=[224]", "version=test")


@pytest.fixture(scope="module")
def nodes() -> Iterator[RayNodes]:
    with RayNodes(dashboard=True) as nodes:
        nodes.add(1)
        nodes.add(1)
        yield nodes


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pipelines.submit", *arguments]


def submit(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=ROOT,
        env={**os.environ, **LOOPBACK, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def test_a_small_build_is_made_there_and_its_log_comes_back(nodes: RayNodes, tmp_path: Path) -> None:
    ended = submit(f"address={nodes.head.dashboard}", "id=small", "build", *TINY, f"out={tmp_path}")
    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert "planned: 1 sample, 1 episode on 1 rung" in ended.stdout
    assert list((tmp_path / "shards").glob("train-*.parquet"))


def test_the_exit_status_is_the_jobs(nodes: RayNodes, tmp_path: Path) -> None:
    missing = ("source=chartqa", f"source.path={tmp_path}/nothing")
    ended = submit(f"address={nodes.head.dashboard}", "build", *missing, f"out={tmp_path}/out")
    assert ended.returncode == 2
    assert "error: " in ended.stdout


def test_an_id_is_taken_once(nodes: RayNodes, tmp_path: Path) -> None:
    sending = (f"address={nodes.head.dashboard}", "id=twice", "follow=false", "build", "plan_only=true", *TINY)
    assert submit(*sending, f"out={tmp_path}").returncode == 0
    again = submit(*sending, f"out={tmp_path}")
    assert again.returncode == 2
    assert "id=twice: the cluster has a job of this id already" in again.stderr
    assert again.stderr.count("\n") == 1


def test_ctrl_c_leaves_the_job_alone_and_says_how_to_stop_it(nodes: RayNodes, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(f"address={nodes.head.dashboard}", "id=left", "build", *TINY, f"out={tmp_path}"),
        cwd=ROOT,
        env={**os.environ, **LOOPBACK},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "left runs" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"ray job stop --address {nodes.head.dashboard} left" in told
    assert "Traceback" not in told
    followed = subprocess.run(
        ["ray", "job", "logs", "--follow", "--address", nodes.head.dashboard, "left"],
        env={**os.environ, **LOOPBACK, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert "Job 'left' succeeded" in followed.stdout + followed.stderr


async def test_a_job_that_is_stopped_hands_back_and_goes_on_when_it_is_sent_again(
    nodes: RayNodes, tmp_path: Path
) -> None:
    draw(tmp_path / "charts", EPISODES)
    gate = Gate()
    async with StubEngine(gate) as engine:
        job = (*HELD, f"source.path={tmp_path}/charts", f"out={tmp_path}/out", f"model.urls=[{engine.url}]")
        process = await asyncio.create_subprocess_exec(
            *command(f"address={nodes.head.dashboard}", "id=stopped", "build", *job),
            cwd=ROOT,
            env={**os.environ, **LOOPBACK},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        await until(lambda: engine.in_flight > 0, process)
        await asyncio.to_thread(JobSubmissionClient(nodes.head.dashboard).stop_job, "stopped")
        assert process.stdout is not None
        while b"stopping: finished work is kept" not in await process.stdout.readline():
            assert not process.stdout.at_eof()
        made = engine.in_flight
        gate.open.set()
        status, output = await ended(process)
        assert status == 130
        assert "run the same command again to go on" in output
        assert engine.counts["requests"] == 1 + made  # one before any work
        again = await asyncio.to_thread(submit, f"address={nodes.head.dashboard}", "build", *job)
        assert again.returncode == 0, again.stdout
        assert engine.counts["requests"] == 2 + EPISODES  # one each before any work


def test_no_cluster_is_one_line() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        ended = submit(f"address=http://127.0.0.1:{free.getsockname()[1]}", "build", "out=/tmp/never")
    assert ended.returncode == 75
    assert "name the dashboard of a Ray cluster that runs" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("details", "kind"),
    [
        ({"error_type": JobErrorType.RUNTIME_ENV_SETUP_FAILURE}, ClusterError),
        ({"message": "runtime_env setup failed: no such package"}, ClusterError),
        ({"error_type": JobErrorType.JOB_SUPERVISOR_ACTOR_DIED}, ClusterUnavailable),
        ({"message": "the node of the job has died"}, ClusterUnavailable),
    ],
)
def test_a_job_without_a_status_may_be_sent_again_unless_it_could_never_begin(
    details: dict[str, Any], kind: type[ClusterError]
) -> None:
    job = JobDetails(type=JobType.SUBMISSION, status=JobStatus.FAILED, entrypoint="python", **details)
    assert failure_of(job) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionRefusedError("a head that starts again"), ClusterUnavailable),
        (socket.gaierror(socket.EAI_AGAIN, "try again"), ClusterUnavailable),
        (socket.gaierror(socket.EAI_NONAME, "not known"), ClusterError),
        (RuntimeError("refused"), ClusterError),
    ],
)
def test_a_cluster_that_may_come_back_is_told_from_an_address_that_is_wrong(
    error: Exception, kind: type[ClusterError]
) -> None:
    assert kind_of(error) is kind


@pytest.mark.parametrize(
    "address",
    [
        "http://nosuchhost.invalid:8265",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:abc",
        "'http://['",
        f"http://{'a' * 70}",
    ],
)
def test_an_address_that_is_none_is_one_line(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"address={address}", "build", "out=/tmp/never"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: address=")
    assert told.count("\n") == 1


def test_a_setting_of_the_job_before_its_name_is_told_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["limit=1", "build", "out=/tmp/never"]) == 2
    assert "settings of the job itself stand after its name" in capsys.readouterr().err


def test_settings_before_the_jobs_name_are_of_the_sending() -> None:
    assert split(["id=a", "build", "out=s3://b/c", "limit=1"]) == (["id=a"], "build", ["out=s3://b/c", "limit=1"])


def test_a_job_is_told_to_use_the_cluster_that_runs_it() -> None:
    assert check_job("build", ["out=s3://bucket/a"]) == ["cluster=running", "out=s3://bucket/a"]
    assert check_job("build", ["out=/shared", "cluster.workers=9"])[0] == "cluster=running"
    assert check_job("agreement", ["out=s3://bucket/a"]) == ["out=s3://bucket/a"]


@pytest.mark.parametrize(
    ("job", "arguments", "why"),
    [
        ("bild", ["out=s3://b/c"], "one of .*build"),
        ("build", ["out=s3://b/c", "lmit=1"], "did you mean limit"),
        ("build", ["out=here"], "a place that all of them reach"),
        ("build", ["out=s3://b/c", "cluster=local"], "cluster=local would start a Ray within the cluster"),
    ],
)
def test_settings_that_cannot_work_on_the_cluster_are_refused_before_sending(
    job: str, arguments: Sequence[str], why: str
) -> None:
    with pytest.raises(SettingsError, match=why):
        check_job(job, arguments)


def test_every_job_with_a_command_can_be_sent() -> None:
    assert {"agreement", "build", "judge"} <= set(jobs())
    assert "submit" not in jobs()
    assert "help" not in jobs()


def test_only_code_and_its_settings_leave_the_checkout() -> None:
    with checkout() as folder:
        assert sorted(path.name for path in Path(folder).iterdir()) == sorted(ROOMS)
        assert (Path(folder) / "conf" / "build.yaml").exists()
        assert not list(Path(folder).rglob("__pycache__"))


def test_variables_are_named_and_taken_from_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_REGION", "north")
    assert environment(["MY_REGION"])["MY_REGION"] == "north"
    with pytest.raises(SettingsError, match="MY_OTHER is not set here"):
        environment(["MY_OTHER"])


@pytest.mark.parametrize("override", ["env=[HF_TOKEN]", "env=[AWS_SECRET_ACCESS_KEY]", "address=http://me:word@host"])
def test_secrets_are_not_sent_with_a_job(override: str) -> None:
    with pytest.raises(SettingsError):
        load("submit", SubmitSettings, [override])
