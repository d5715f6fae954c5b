"""Export of metrics: the endpoint as Prometheus reads it, and a real Ray with its metrics agent."""

import socket
import time
from collections import Counter
from collections.abc import Iterator
from urllib.request import urlopen

import pytest
import ray
from prometheus_client.parser import text_string_to_metric_families

from actors.cluster.connection import ClusterSettings, connect
from monitoring import metrics
from monitoring.export import Endpoint, Exports, MetricsError, RayMetrics
from monitoring.recorder import Recorder, lasting

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(url: str, prefix: str = "lensmill_") -> Samples:
    """Sample name and our labels -> value."""
    with urlopen(url, timeout=10) as response:
        text = response.read().decode()
    ours = {label for metric in metrics.METRICS.values() for label in metric.labels} | {"le"}
    return {
        (sample.name, tuple(sorted((key, value) for key, value in sample.labels.items() if key in ours))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith(prefix)
    }


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint(0)
    yield made
    made.close()


def a_report() -> dict[str, float]:
    recorder = Recorder()
    recorder.value(metrics.REQUESTS, "agent", "ok").add(3)
    recorder.value(metrics.REQUESTS_IN_FLIGHT, "agent").add(2)
    for seconds in (0.05, 0.2, 0.3, 1000.0):
        recorder.histogram(metrics.REQUEST_SECONDS, "agent").observe(seconds)
    return recorder.report()


def test_the_endpoint_serves_counters_gauges_and_histograms(endpoint: Endpoint) -> None:
    endpoint.show({**a_report(), "accepted": 5, "chunks": 2})
    found = scrape(endpoint.url)
    role = (("role", "agent"),)
    assert found["lensmill_requests_total", (("outcome", "ok"), *role)] == 3
    assert found["lensmill_requests_in_flight", role] == 2
    buckets = {key[1][0][1]: value for key, value in found.items() if key[0] == "lensmill_request_seconds_bucket"}
    assert (buckets["0.05"], buckets["0.25"], buckets["0.5"], buckets["300.0"], buckets["+Inf"]) == (1, 2, 3, 3, 4)
    assert found["lensmill_request_seconds_count", role] == 4
    assert found["lensmill_request_seconds_sum", role] == pytest.approx(1000.55)


def test_a_gauge_without_a_report_is_zero(endpoint: Endpoint) -> None:
    endpoint.show({"lensmill_workers": 2, "lensmill_store_retries_total": 1})
    endpoint.show({"lensmill_store_retries_total": 1})
    assert scrape(endpoint.url)["lensmill_workers", ()] == 0


def test_reports_of_workers_add_up_and_outlive_them() -> None:
    alive, dead = Counter(a_report()), lasting(Counter(a_report()))
    both = alive + dead
    assert both["lensmill_requests_total|agent|ok"] == 6
    assert both["lensmill_request_seconds|agent|2"] == 2
    assert both["lensmill_requests_in_flight|agent"] == 2


def test_the_endpoint_listens_on_loopback_only(endpoint: Endpoint) -> None:
    assert endpoint.url.startswith("http://127.0.0.1:")
    assert endpoint._server.server_address[0] == "127.0.0.1"


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(MetricsError, match=rf"metrics.port={port}: Address already in use: choose another port"):
            Exports(port, ray=False)


def test_no_port_is_opened_unless_asked() -> None:
    with Exports(None, ray=False) as exports:
        assert exports.endpoint is None
        assert not exports
        exports.show({"lensmill_workers": 1})


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of the metrics agent of a Ray that passes values on every second."""
    monkeypatch.setenv("RAY_metrics_report_interval_ms", "1000")
    connect(ClusterSettings(workers=1))
    yield f"http://127.0.0.1:{ray.nodes()[0]['MetricsExportPort']}/metrics"
    ray.shutdown()


def until(url: str, name: str, labels: tuple[tuple[str, str], ...], value: float) -> Samples:
    """The agent's samples once this series has this value."""
    patience = time.monotonic() + 90
    found: Samples = {}
    while time.monotonic() < patience:
        try:
            found = scrape(url, "ray_lensmill_")
        except OSError:  # the agent needs a moment to start
            found = {}
        if found.get((name, labels)) == value:
            return found
        time.sleep(0.2)
    pytest.fail(f"{name} never was {value}: {found}")


def test_ray_serves_the_increase_of_counters(agent: str) -> None:
    exporter, role = RayMetrics(), (("role", "agent"),)
    exporter.show(a_report())
    restarted = {"lensmill_engine_prefix_cache_hits_total|agent|0": 70.0}
    exporter.show({**a_report(), **restarted})
    restarted = {"lensmill_engine_prefix_cache_hits_total|agent|0": 5.0}
    exporter.show({**a_report(), "lensmill_requests_total|agent|ok": 5, **restarted})
    found = until(agent, "ray_lensmill_requests_total", (("outcome", "ok"), *role), 5)
    assert found["ray_lensmill_requests_in_flight", role] == 2
    assert found["ray_lensmill_engine_prefix_cache_hits_total", (("engine", "0"), *role)] == 75
    assert found["ray_lensmill_request_seconds_count", role] == 4
    assert found["ray_lensmill_request_seconds_bucket", (("le", "0.25"), *role)] == 2
    exporter.show({})
    assert until(agent, "ray_lensmill_requests_in_flight", role, 0)


@pytest.mark.parametrize(("address", "awaited"), [("head:6379", 1), ("local", None)])
def test_a_cluster_that_runs_elsewhere_is_waited_for(address: str, awaited: float | None) -> None:
    with Exports(None, ray=False) as exports:
        with exports.waiting_for_cluster(address):
            assert exports.outages.series().get("lensmill_outages|cluster") == awaited
        assert not exports.outages.series().get("lensmill_outages|cluster")
