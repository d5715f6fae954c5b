"""Replicas on a real Ray, with a fake server: restarts, their limit, and the driver's messages."""

import select
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

from actors.cluster.connection import ClusterSettings, connect
from actors.cluster.errors import Stopped
from actors.engines.replicas import EngineError, EngineReplica, EngineSet
from actors.engines.settings import EngineSettings
from tests.actors.engines.test_server import ends
from tests.said_lines import Said

ROOT = Path(__file__).resolve().parents[3]


class QuickReplica(EngineReplica):
    backoff_s = 0.05


QUICK = ray.remote(num_cpus=0, max_restarts=0)(QuickReplica)


@pytest.fixture(scope="module")
def cluster() -> Iterator[int]:
    yield connect(ClusterSettings())
    ray.shutdown()


def fake(**settings: Any) -> EngineSettings:
    return EngineSettings(
        **{
            "model": "none",
            "gpus": 0,
            "module": "tests.actors.fake_engine",
            "environment": {"PYTHONPATH": str(ROOT)},
            "start_timeout_s": 60,
            "drain_s": 5,
            **settings,
        }
    )


def a_set(settings: EngineSettings, told: Said, stopping: Callable[[], bool] = lambda: False) -> EngineSet:
    return EngineSet("model", settings, stopping, told, QUICK)


def ask(url: str, path: str) -> str:
    with urllib.request.urlopen(url.removesuffix("/v1") + path, timeout=10) as reply:
        return str(reply.read().decode())


def die(url: str) -> None:
    with pytest.raises(OSError, match=r"."):
        ask(url, "/die")


def poll_until(engines: EngineSet, happened: Callable[[], bool], moves: dict[str, str] | None = None) -> None:
    until = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < until
        found = engines.poll()
        if moves is not None:
            moves.update(found)
        select.select([], [], [], 0.02)


pytestmark = pytest.mark.usefixtures("cluster")


def test_every_replica_has_a_url_on_this_machine() -> None:
    with a_set(fake(replicas=2), Said()) as engines:
        urls = engines.start()
        assert len(set(urls)) == 2
        assert all(url.startswith("http://127.0.0.1:") and url.endswith("/v1") for url in urls)
        assert all(ask(url, "/health") for url in urls)


def test_two_engines_can_start_side_by_side() -> None:
    with a_set(fake(), Said()) as model, a_set(fake(), Said()) as judge:
        model.begin()
        judge.begin()
        assert len({*model.start(), *judge.start()}) == 2


def test_a_dead_server_restarts_at_its_address_and_is_reported() -> None:
    told = Said()
    with a_set(fake(), told) as engines:
        (url,) = engines.start()
        before = ask(url, "/pids")
        die(url)
        poll_until(engines, lambda: len(told) == 2)
        assert ask(url, "/pids") != before
    assert told == [
        "model: engine 0 restarts (1 of 3): it ended with exit status 3: ValueError: somebody asked me to die",
        "model: engine 0 is ready again",
    ]


def test_a_server_that_dies_too_often_is_given_up_and_others_continue() -> None:
    told = Said()
    with a_set(fake(replicas=2, max_restarts=1), told) as engines:
        bad, good = engines.start()
        die(bad)
        poll_until(engines, lambda: len(told) == 2)
        die(bad)
        poll_until(engines, lambda: len(told) == 3)
        assert told[2].startswith("model: engine 0 is given up after 1 of 1 restarts: it ended with exit status 3")
        engines.poll()
        assert ask(good, "/health")


def test_restarts_that_fail_count(tmp_path: Path) -> None:
    told = Said()
    args = {"drained": str(tmp_path / "starts"), "fails_from": 2}
    with a_set(fake(max_restarts=2, args=args), told) as engines:
        (url,) = engines.start()
        die(url)
        with pytest.raises(EngineError, match=r"no engine is left .*RuntimeError: no weights here"):
            poll_until(engines, lambda: False)
    assert (tmp_path / "starts.starts").read_text().count("start") == 3


def test_a_server_that_does_not_start_shows_its_log() -> None:
    with a_set(fake(args={"fail": True, "say": "loading"}), Said()) as engines:
        with pytest.raises(EngineError, match="engine 0 did not start: it ended with exit status 1") as caught:
            engines.start()
        assert str(caught.value).endswith("\nloading\nRuntimeError: no weights here")


@pytest.mark.parametrize("deaf", [False, True])
def test_a_server_dies_with_its_actor(deaf: bool) -> None:
    told = Said()
    with a_set(fake(args={"deaf": deaf or None}, drain_s=0.5, max_restarts=0), told) as engines:
        (url,) = engines.start()
        pids = [int(pid) for pid in ask(url, "/pids").split()]
        ray.kill(engines._actors[0])
        assert all(ends(pid) for pid in pids)
        with pytest.raises(EngineError, match="its worker or node died"):
            poll_until(engines, lambda: False)


def test_a_replica_whose_worker_dies_restarts_at_a_new_address() -> None:
    told = Said()
    with a_set(fake(max_restarts=2), told) as engines:
        (url,) = engines.start()
        ray.kill(engines._actors[0])
        moves: dict[str, str] = {}
        poll_until(engines, lambda: bool(moves), moves)
        assert ask(moves[url], "/health")
        die(moves[url])
        poll_until(engines, lambda: len(told) == 4)
        ray.kill(engines._actors[0])
        with pytest.raises(EngineError, match="its worker or node died"):
            poll_until(engines, lambda: False)
    assert told[:2] == [
        "model: engine 0 restarts (1 of 2): its worker or node died (ActorDiedError)",
        "model: engine 0 is ready again",
    ]
    assert told[2].startswith("model: engine 0 restarts (2 of 2): it ended with exit status 3")
    assert told[4].startswith("model: engine 0 is given up after 2 of 2 restarts")


def test_starts_elsewhere_that_fail_count_as_restarts(tmp_path: Path) -> None:
    told = Said()
    args = {"drained": str(tmp_path / "starts"), "fails_from": 2}
    with a_set(fake(max_restarts=2, args=args), told) as engines:
        engines.start()
        ray.kill(engines._actors[0])
        with pytest.raises(EngineError, match=r"no engine is left .*no weights here"):
            poll_until(engines, lambda: False)
    assert [line.partition(":")[2].partition(":")[0] for line in told] == [
        " engine 0 restarts (1 of 2)",
        " engine 0 restarts (2 of 2)",
        " engine 0 is given up after 2 of 2 restarts",
    ]


def test_an_engine_without_resources_is_reported_and_can_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.engines.replicas.PATIENCE_S", 0.0)
    told = Said()
    with a_set(fake(), told) as engines:
        engines.start()
        ray.kill(engines._actors[0])
        engines._class = ray.remote(num_cpus=0, resources={"nowhere": 1})(QuickReplica)
        poll_until(engines, lambda: "model: waiting for 1 engine to be ready" in "".join(told[-1:]))


def test_closing_drains(tmp_path: Path) -> None:
    with a_set(fake(args={"drained": str(tmp_path / "drained")}), Said()) as engines:
        engines.start()
    assert (tmp_path / "drained").read_text() == "drained"


def test_more_gpus_than_the_cluster_has_are_refused_at_once() -> None:
    refusal = pytest.raises(EngineError, match=r"the cluster has none .*lower model.replicas")
    with a_set(fake(gpus=None, tensor_parallel_size=512), Said()) as engines, refusal:
        engines.start()


def test_waiting_for_room_can_be_stopped() -> None:
    homeless = ray.remote(num_cpus=0, resources={"nowhere": 1})(QuickReplica)
    with EngineSet("model", fake(), lambda: True, Said(), homeless) as engines, pytest.raises(Stopped):
        engines.start()


def test_waiting_for_a_start_can_be_stopped() -> None:
    with a_set(fake(args={"never_ready": True}), Said(), lambda: True) as engines, pytest.raises(Stopped):
        engines.start()
