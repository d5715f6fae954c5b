"""Where metrics go: to a Prometheus endpoint on this machine, and on a cluster through Ray's own metrics."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from types import TracebackType
from typing import Any, Protocol, Self
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from monitoring.metrics import METRICS, Metric
from monitoring.recorder import SUM, is_gauge, parse

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
Parts = dict[str, float]
"""A histogram's: the number of observations by bucket, and their sum."""


class MetricsError(Exception):
    """The endpoint cannot be opened: one line that says what to do."""


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """`port`: of the endpoint on 127.0.0.1; None opens none."""

    port: int | None = None

    def __post_init__(self) -> None:
        if self.port is not None and not 0 <= self.port <= 65535:
            raise ValueError("port must be from 0 (any that is free) to 65535")


NO_ENDPOINT = MetricsSettings()


class Exporter(Protocol):
    """Is told the series of the whole job about twice a second."""

    def show(self, series: Mapping[str, float]) -> None: ...

    def close(self) -> None: ...


class Endpoint(Collector):
    """Serves the job's series to Prometheus, on 127.0.0.1 only.

    Args:
        port: 0 takes a free one.

    Raises:
        MetricsError: the port cannot be had.
    """

    def __init__(self, port: int) -> None:
        registry = CollectorRegistry()
        registry.register(self)
        self._series: dict[str, float] = {}
        self._server: WSGIServer
        self._thread: threading.Thread
        try:
            self._server, self._thread = start_http_server(port, "127.0.0.1", registry)
        except OSError as error:
            raise MetricsError(
                f"metrics.port={port}: {error.strerror or error}: choose another port, or metrics.port=null for none"
            ) from error
        self.url = f"http://127.0.0.1:{self._server.server_port}/metrics"

    def show(self, series: Mapping[str, float]) -> None:
        gone = dict.fromkeys(filter(is_gauge, self._series), 0.0)
        self._series = {**gone, **{name: value for name, value in series.items() if parse(name)}}

    def describe(self) -> Iterator[Family]:
        return iter(())

    def collect(self) -> Iterator[Family]:
        """One family for each metric that has a series."""
        found: dict[str, Family] = {}
        histograms: dict[tuple[str, tuple[str, ...]], Parts] = {}
        for _, (metric, labels, value) in _parsed(self._series):
            family = found.setdefault(metric.name, _family(metric))
            if isinstance(family, HistogramMetricFamily):
                *own, part = labels
                histograms.setdefault((metric.name, tuple(own)), {})[part] = value
            else:
                family.add_metric(labels, value)
        for (name, labels), parts in histograms.items():
            _add_histogram(found[name], METRICS[name], labels, parts)
        yield from found.values()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _parsed(series: Mapping[str, float]) -> Iterator[tuple[str, tuple[Metric, tuple[str, ...], float]]]:
    for name, value in series.items():
        found = parse(name)
        if found is not None:
            yield name, (*found, value)


def _family(metric: Metric) -> Family:
    kinds = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily, "histogram": HistogramMetricFamily}
    kind: Any = kinds[metric.kind]
    return kind(metric.name, metric.help, labels=list(metric.labels))  # type: ignore[no-any-return]


def _add_histogram(family: Family, metric: Metric, labels: tuple[str, ...], parts: Parts) -> None:
    assert isinstance(family, HistogramMetricFamily)
    bounds = [*map(str, metric.buckets), "+Inf"]
    numbers = accumulate(parts.get(str(bucket), 0.0) for bucket in range(len(bounds)))
    family.add_metric(labels, list(zip(bounds, numbers, strict=True)), parts.get(SUM, 0.0))


class RayMetrics:
    """Hands what has been added since the last time to Ray, whose agent on this node serves it to Prometheus as
    `ray_lensmill_...`. An agent needs ray[default]; without one, nothing is served."""

    def __init__(self) -> None:
        self._handed: dict[str, float] = {}
        self._made: dict[str, Any] = {}

    def show(self, series: Mapping[str, float]) -> None:
        gone = dict.fromkeys(filter(is_gauge, self._handed), 0.0)
        for name, (metric, labels, value) in _parsed({**gone, **series}):
            before = self._handed.get(name, 0.0)
            more = value - before if value >= before else value  # an engine that restarts counts from 0 again
            self._handed[name] = value
            if metric.kind == "gauge":
                self._ray(metric).set(value, tags=_tags(metric, labels))
            elif metric.kind == "counter" and more > 0:
                self._ray(metric).inc(more, tags=_tags(metric, labels))
            elif metric.kind == "histogram" and labels[-1] != SUM:
                within = (*metric.buckets, 2 * metric.buckets[-1])[int(labels[-1])]
                for _ in range(round(more)):  # Ray keeps the number of each bucket, and takes a sum from their middles
                    self._ray(metric).observe(within, tags=_tags(metric, labels[:-1]))

    def _ray(self, metric: Metric) -> Any:
        if metric.name not in self._made:
            from ray.util import metrics

            tags = tuple(metric.labels)
            self._made[metric.name] = (
                metrics.Histogram(metric.name, metric.help, list(metric.buckets), tags)
                if metric.kind == "histogram"
                else {"counter": metrics.Counter, "gauge": metrics.Gauge}[metric.kind](metric.name, metric.help, tags)
            )
        return self._made[metric.name]

    def close(self) -> None:
        """What has been counted stays; nothing is at work any more."""
        self.show({})


def _tags(metric: Metric, labels: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(metric.labels, labels, strict=True))


class Exports:
    """All exporters of a job; a context.

    Args:
        port: of the endpoint; None opens none.
        ray: whether Ray's own metrics are fed.

    Raises:
        MetricsError: the port cannot be had.
    """

    def __init__(self, port: int | None, ray: bool) -> None:
        self.endpoint = None if port is None else Endpoint(port)
        self._all: list[Exporter] = [self.endpoint] if self.endpoint else []
        if ray:
            self._all.append(RayMetrics())

    def __bool__(self) -> bool:
        """Whether anybody wants metrics."""
        return bool(self._all)

    def show(self, *reports: Mapping[str, float]) -> None:
        """Of different series each."""
        if self._all:
            series = {name: value for report in reports for name, value in report.items()}
            for exporter in self._all:
                exporter.show(series)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for exporter in self._all:
            exporter.close()
