"""Starting a local Ray."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from threading import Event, Timer
from time import monotonic

import pytest

from actors.cluster import joining
from actors.cluster.connection import ClusterSettings, connect
from actors.cluster.errors import ClusterError, ClusterUnavailable, Stopped
from tests.processes import alive

ROOT = Path(__file__).resolve().parents[3]

LISTENERS = """
import os
from pathlib import Path
import ray
from tests.processes import descendants
from actors.cluster.connection import ClusterSettings, connect
print(connect(ClusterSettings(workers=1)))
ours = {os.getpid(), *descendants(os.getpid())}
inodes = set()
for pid in ours:
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(entry)
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
for table in ("tcp", "tcp6"):
    for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and fields[9] in inodes:
            print("listens", fields[1].rpartition(":")[0])
ray.shutdown()
"""


def test_a_local_ray_listens_on_loopback_only() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LISTENERS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        start_new_session=True,
    )
    addresses = {line.split()[1] for line in ended.stdout.splitlines() if line.startswith("listens")}
    assert addresses
    assert addresses <= {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


APART = """
import os, signal, sys, time
import ray
from tests.processes import descendants
from actors.cluster.connection import ClusterSettings, connect
signal.signal(signal.SIGTERM, lambda *_: print("heard", flush=True))
connect(ClusterSettings(workers=1))

@ray.remote
class Worker:
    def pid(self):
        return os.getpid()

worker = Worker.remote()
pid = ray.get(worker.pid.remote())
children = descendants(os.getpid())
print(*children, flush=True)
match sys.argv[1]:
    case "group":
        os.killpg(0, signal.SIGTERM)
        os.killpg(0, signal.SIGINT)
    case "all":
        for child in (*children, os.getpid()):
            os.kill(child, signal.SIGTERM)
    case "die":
        os.kill(os.getpid(), signal.SIGKILL)
print("works", ray.get(worker.pid.remote()) == pid, flush=True)
ray.shutdown()
"""


def _apart(what: str, home: Path) -> "subprocess.CompletedProcess[str]":
    """Start a Ray with a worker, send signals, and call the worker again."""
    code = APART if what != "group" else f"import signal\nsignal.signal(signal.SIGINT, lambda *_: None)\n{APART}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
    return subprocess.run(
        [sys.executable, "-c", code, what],
        cwd=ROOT,
        env={**environment, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        start_new_session=True,
    )


def _gone(pids: Iterable[int], within_s: float) -> bool:
    deadline, left = monotonic() + within_s, [*pids]
    while left := [pid for pid in left if alive(pid)]:
        if monotonic() > deadline:
            return False
        Event().wait(0.05)
    return True


@pytest.mark.parametrize("whom", ["group", "all"])
def test_signals_that_are_meant_for_the_job_leave_ray_alone(whom: str, tmp_path: Path) -> None:
    ended = _apart(whom, tmp_path)
    assert ended.returncode == 0, ended.stderr
    pids, *said = ended.stdout.splitlines()
    assert said == ["heard", "works True"]
    assert _gone(map(int, pids.split()), 10)


def test_a_driver_that_is_killed_leaves_nothing_of_its_ray(tmp_path: Path) -> None:
    ended = _apart("die", tmp_path)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    began, pids = monotonic(), [int(pid) for pid in ended.stdout.split()]
    assert len(pids) > 3
    assert _gone(pids, 15)
    print(f"all {len(pids)} processes ended within {monotonic() - began:.1f} s")


def test_a_local_ray_leaves_no_token(tmp_path: Path) -> None:
    assert _apart("all", tmp_path).returncode == 0
    assert not (tmp_path / ".ray").exists()


def _quiet(line: str, level: str = "info", **_: object) -> None:
    pass


def test_a_head_that_does_not_answer_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(joining, "JOIN_S", 5.0)
    with socket.create_server(("", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        began = monotonic()
        with pytest.raises(ClusterUnavailable, match="has not answered for 5 s"):
            connect(ClusterSettings(address=address), say=lambda line, *_, **__: told.append(line))
    assert monotonic() - began < 10
    assert len(told) == 1
    assert f":{address.rpartition(':')[2]} does not answer" in told[0]


def test_a_stop_is_heard_while_a_head_does_not_answer() -> None:
    asked, began = Event(), monotonic()
    Timer(1, asked.set).start()
    with socket.create_server(("", 0)) as silent, pytest.raises(Stopped):
        connect(ClusterSettings(address=f"127.0.0.1:{silent.getsockname()[1]}"), asked.is_set, _quiet)
    assert monotonic() - began < 5


def test_auto_finds_a_head_that_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as dead:
        port = dead.getsockname()[1]
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{port}")
    with pytest.raises(ClusterUnavailable, match=rf"cluster.address=auto: the head at \S+:{port}: .*refused"):
        connect(ClusterSettings(address="auto"))


@pytest.mark.parametrize("address", ["nonsense", "host:port:"])
def test_a_malformed_address_is_a_permanent_error(address: str) -> None:
    with pytest.raises(ClusterError) as error:
        connect(ClusterSettings(address=address))
    assert "\n" not in str(error.value)


def test_an_unknown_host_is_permanent_and_a_refused_connection_temporary() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ClusterUnavailable, match="refused"):
        connect(ClusterSettings(address=address))
    with pytest.raises(ClusterError, match=r"nosuchhost\.invalid: .* not known") as error:
        connect(ClusterSettings(address="nosuchhost.invalid:6379"))
    assert not isinstance(error.value, ClusterUnavailable)


def test_no_cluster_at_the_address_is_one_line_that_says_how_to_start_one() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ClusterError, match="ray start --head") as caught:
        connect(ClusterSettings(address=address))
    assert "\n" not in str(caught.value)
