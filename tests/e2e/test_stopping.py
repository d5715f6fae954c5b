"""Supervisors and terminals: signals to the process group, and to every process, end a job gently and soon."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import pytest

from tests.e2e.conftest import ROOT, SMALL, build, tree, undisturbed  # noqa: F401
from tests.processes import descendants

BOUND_S = 10.0


@contextmanager
def job(*overrides: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """A build in a session of its own, its output as one stream."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines.build", *overrides],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        for one in (process.pid, *descendants(process.pid)):
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)


def wait_for(process: "subprocess.Popen[str]", pattern: str) -> str:
    """Read the job's lines until one matches; returns all of them."""
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if re.search(pattern, line):
            return read
    raise AssertionError(f"the job ended without {pattern!r}:\n{read}")


def ending(process: "subprocess.Popen[str]", what: str) -> tuple[float, str]:
    """Seconds until the job ends, and what it said meanwhile."""
    began = monotonic()
    output, _ = process.communicate(timeout=120)
    seconds = monotonic() - began
    print(f"{what}: status {process.returncode} after {seconds:.1f} s")
    return seconds, output


SIGNALS = [("group", signal.SIGTERM), ("group", signal.SIGINT), ("all", signal.SIGTERM), ("timeout", signal.SIGTERM)]


@pytest.mark.parametrize(("whom", "number"), SIGNALS, ids=lambda value: str(getattr(value, "name", value)))
def test_a_stop_ends_within_seconds_and_the_next_run_goes_on(
    whom: str,
    number: signal.Signals,
    undisturbed: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    with job(*SMALL, f"out={tmp_path}") as process:
        said = wait_for(process, r"episodes: [1-9]\d*/")
        match whom:
            case "group":
                os.killpg(process.pid, number)
            case "timeout":  # signals its child, then its group
                os.kill(process.pid, number)
                os.killpg(process.pid, number)
            case "all":  # as systemd's control-group
                for one in (*descendants(process.pid), process.pid):
                    with suppress(ProcessLookupError):
                        os.kill(one, number)
        seconds, output = ending(process, f"{number.name} to {whom}")
    assert process.returncode == 130, said + output
    assert seconds < BOUND_S
    assert "run the same command again to go on" in output
    assert "Traceback" not in output
    kept = [*tmp_path.glob("builds/*/episodes/commits/*.json"), *tmp_path.rglob("partial-*.parquet")]
    assert kept
    again = build(*SMALL, f"out={tmp_path}")
    assert again.returncode == 0, again.stderr
    assert tree(tmp_path / "datasets") == tree(undisturbed / "datasets")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_stop_is_heard_while_connecting_to_a_dead_head(number: signal.Signals, tmp_path: Path) -> None:
    with socket.create_server(("", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with job(*SMALL, f"out={tmp_path}", "cluster=running", RAY_ADDRESS=address) as process:
            said = wait_for(process, "does not answer")
            assert f":{silent.getsockname()[1]}" in said
            os.killpg(process.pid, number)
            seconds, output = ending(process, f"{number.name} while connecting")
    assert process.returncode == 130, said + output
    assert seconds < BOUND_S


def test_a_dead_head_ends_the_job_in_time(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as dead:
        address = f"127.0.0.1:{dead.getsockname()[1]}"
    with job(*SMALL, f"out={tmp_path}", "cluster=running", f"cluster.address={address}") as process:
        seconds, output = ending(process, "a head that refuses")
    assert process.returncode == 75, output
    assert "refused" in output
    assert seconds < 60


def test_a_silent_store_is_told_of_and_the_job_ends_with_try_later() -> None:
    credentials = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        store = ["store=s3", f"store.endpoint={endpoint}", "store.outage_s=9"]
        with job(*SMALL, "out=s3://bucket/charts", *store, **credentials) as process:
            said = wait_for(process, "has not answered for")
            seconds, output = ending(process, "a silent store, after it was told of")
    assert process.returncode == 75, said + output
    assert "s3://bucket/charts" in said
    assert seconds < 30
