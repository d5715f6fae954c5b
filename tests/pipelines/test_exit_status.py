"""One table from errors to exit statuses, the same in every job."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from ray.exceptions import (
    ActorDiedError,
    ActorUnavailableError,
    AuthenticationError,
    NodeDiedError,
    OutOfMemoryError,
    RayTaskError,
    RuntimeEnvSetupError,
    WorkerCrashedError,
)

from actors.cluster.errors import ClusterError, ClusterUnavailable, Stopped
from actors.engines.replicas import EngineError, EngineUnavailable
from pipelines.command import run_command
from pipelines.config import SettingsError
from pipelines.exit_status import EXIT_STATUSES, ExitStatus
from pipelines.submit import jobs
from storage.files.store import StoreError, StoreUnavailable
from storage.sources.protocol import SourceError

ROOT = Path(__file__).resolve().parents[2]

PLANTED = "sk-planted0123456789"

ERRORS = [
    (StoreUnavailable("s3://b: gone"), ExitStatus.TRY_LATER),
    (ClusterUnavailable("gone"), ExitStatus.TRY_LATER),
    (EngineUnavailable("gone"), ExitStatus.TRY_LATER),
    (NodeDiedError("gone"), ExitStatus.TRY_LATER),
    (ActorUnavailableError("gone", None), ExitStatus.TRY_LATER),
    (RuntimeEnvSetupError("no such package"), ExitStatus.MEND),
    (AuthenticationError("a token is wanted"), ExitStatus.MEND),
    (OutOfMemoryError("killed"), ExitStatus.FAILED),
    (WorkerCrashedError(), ExitStatus.FAILED),
    (ActorDiedError(), ExitStatus.FAILED),
    (KeyError("a bug"), ExitStatus.FAILED),
    (StoreError("denied"), ExitStatus.MEND),
    (SettingsError("wrong"), ExitStatus.MEND),
    (SourceError("wrong"), ExitStatus.MEND),
    (ClusterError("none"), ExitStatus.MEND),
    (EngineError("too few"), ExitStatus.MEND),
    (Stopped(), ExitStatus.STOPPED),
    (KeyboardInterrupt(), ExitStatus.STOPPED),
]


@pytest.mark.parametrize(("error", "status"), ERRORS, ids=lambda value: type(value).__name__)
def test_every_class_of_errors_has_its_status(
    error: BaseException, status: ExitStatus, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: Sequence[str]) -> int:
        raise error

    assert run_command("build", "", [], run) == status
    *before, last = capsys.readouterr().err.splitlines()
    assert last.startswith("error: ") or status == ExitStatus.STOPPED
    assert not before or isinstance(error, KeyError), "a traceback is for bugs alone"


def test_a_bug_is_one_line_of_json_with_its_message_and_no_secret(capfd: pytest.CaptureFixture[str]) -> None:
    def run(_: Sequence[str]) -> int:
        raise RuntimeError(f"no such rung\n{PLANTED}")

    assert run_command("build", "", ["logging=json"], run) == ExitStatus.FAILED
    first, last = map(json.loads, capfd.readouterr().err.splitlines())
    assert first["level"] == "error"
    assert first["message"].startswith("error: RuntimeError: no such rung")
    assert "in run" in first["traceback"]
    assert PLANTED not in str(first)
    assert last["status"] == ExitStatus.FAILED


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (StoreUnavailable("gone"), ExitStatus.TRY_LATER),
        (StoreError("denied"), ExitStatus.MEND),
        (KeyError("a bug"), ExitStatus.FAILED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_raised_in_a_ray_task_keeps_its_status(
    cause: Exception, status: ExitStatus, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: Sequence[str]) -> int:
        raise RayTaskError("f", "traceback", cause).as_instanceof_cause()

    assert run_command("build", "", [], run) == status
    assert str(cause) in capsys.readouterr().err


def test_sigterm_before_a_job_listens_is_a_stop(capsys: pytest.CaptureFixture[str]) -> None:
    def run(_: Sequence[str]) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        return 0

    before = signal.getsignal(signal.SIGTERM)
    assert run_command("build", "", [], run) == ExitStatus.STOPPED
    assert signal.getsignal(signal.SIGTERM) is before
    assert "run the same command again" in capsys.readouterr().err


def ended_by(number: signal.Signals, program: str) -> subprocess.CompletedProcess[str]:
    """A process that runs a program after the package, as `python -m pipelines.<job>` does, and signals itself."""
    setup = f"import os, signal, sys; sys.argv = ['-m']; me = os.getpid(); number = signal.{number.name}; "
    return subprocess.run(
        [sys.executable, "-c", setup + "import pipelines\n" + program],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_imports_is_a_stop(number: signal.Signals) -> None:
    ended = ended_by(number, "os.kill(me, number)")
    assert ended.returncode == ExitStatus.STOPPED
    assert ended.stderr == "stopped before the job began: run the same command again\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_a_job_is_a_stop(number: signal.Signals) -> None:
    run = "from pipelines.command import run_command as run"
    program = f"{run}\nsys.exit(run('build', '', [], lambda _: os.kill(me, number)))"
    ended = ended_by(number, program)
    assert ended.returncode == ExitStatus.STOPPED
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("status", [ExitStatus.DONE, ExitStatus.REFUSED])
def test_signals_after_a_job_leave_its_status(number: signal.Signals, status: ExitStatus) -> None:
    program = (
        "import atexit\natexit.register(os.kill, me, number)\nfrom pipelines.command import run_command as run\n"
        f"status = run('build', '', [], lambda _: {int(status)})\nos.kill(me, number)\nsys.exit(status)"
    )
    ended = ended_by(number, program)
    assert (ended.returncode, ended.stderr) == (status, "")


def test_other_processes_keep_their_handlers() -> None:
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("job", [*jobs(), "submit"])
def test_every_jobs_help_lists_the_statuses(job: str, capsys: pytest.CaptureFixture[str]) -> None:
    import importlib

    assert importlib.import_module(f"pipelines.{job}").main(["--help"]) == 0
    assert EXIT_STATUSES in capsys.readouterr().out


def test_the_docs_and_the_help_list_every_status() -> None:
    table = (ROOT / "docs/exit-statuses.md").read_text()
    for status in ExitStatus:
        assert re.search(rf"^\| {int(status)} \|", table, re.M), status
        assert re.search(rf"^ +{int(status)} ", EXIT_STATUSES, re.M), status
