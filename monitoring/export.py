"""Exports metrics: to a Prometheus endpoint on this machine, and on a cluster through Ray's own metrics."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server

from monitoring.exposition import SeriesCollector, parsed
from monitoring.metrics import Metric
from monitoring.outages import Outages
from monitoring.recorder import SUM, fold, is_gauge, series_name
from monitoring.textfile import Textfile


class MetricsError(Exception):
    """The endpoint cannot be opened. One line that says what to do."""


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """The exporters besides Ray's metrics.

    Attributes:
        port: of the endpoint on 127.0.0.1; None opens none.
        textfile: a path that ends in .prom; None writes none.
    """

    port: int | None = None
    textfile: str | None = None

    def __post_init__(self) -> None:
        if self.port is not None and not 0 <= self.port <= 65535:
            raise ValueError("port must be from 0 (any that is free) to 65535")
        if self.textfile is not None and not self.textfile.endswith(".prom"):
            raise ValueError("textfile must end in .prom: node_exporter reads no other file")

    def open_textfile(self) -> Textfile | None:
        """The textfile, if one is set. Open it before any work, so that it records the end of a job that never began
        its work.

        Raises:
            MetricsError: the file cannot be written.
        """
        if self.textfile is None:
            return None
        try:
            return Textfile(self.textfile)
        except OSError as error:
            raise MetricsError(
                f"metrics.textfile={self.textfile}: {error.strerror or error}: name a file in an existing "
                "folder that can be written"
            ) from error


NO_ENDPOINT = MetricsSettings()


class Exporter(Protocol):
    """Receives the series of the whole job about twice a second."""

    def show(self, series: Mapping[str, float]) -> None:
        """Take the current value of every series."""

    def close(self) -> None:
        """Stop exporting."""


class Endpoint(SeriesCollector):
    """Serves the job's series to Prometheus, on 127.0.0.1 only.

    Args:
        port: 0 takes a free port.

    Raises:
        MetricsError: the port cannot be opened.
    """

    def __init__(self, port: int) -> None:
        super().__init__()
        registry = CollectorRegistry()
        registry.register(self)
        self._server: WSGIServer
        self._thread: threading.Thread
        try:
            self._server, self._thread = start_http_server(port, "127.0.0.1", registry)
        except OSError as error:
            raise MetricsError(
                f"metrics.port={port}: {error.strerror or error}: choose another port, or metrics.port=null for none"
            ) from error
        self.url = f"http://127.0.0.1:{self._server.server_port}/metrics"

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class RayMetrics:
    """Passes the increase of each series to Ray, whose agent on this node serves it to Prometheus as
    `ray_lensmill_...`. The agent is part of ray[default]; without it nothing is served."""

    def __init__(self) -> None:
        self._handed: dict[str, float] = {}
        self._made: dict[str, Any] = {}

    def show(self, series: Mapping[str, float]) -> None:
        """Pass on the increase since the last call."""
        gone = dict.fromkeys(filter(is_gauge, self._handed), 0.0)
        for name, (metric, labels, value) in parsed({**gone, **series}):
            before = self._handed.get(name, 0.0)
            more = value - before if value >= before else value  # a restarted engine counts from 0
            self._handed[name] = value
            if metric.kind == "gauge":
                self._ray(metric).set(value, tags=_tags(metric, labels))
            elif metric.kind == "counter" and more > 0:
                self._ray(metric).inc(more, tags=_tags(metric, labels))
            elif metric.kind == "histogram" and labels[-1] != SUM:
                within = (*metric.buckets, 2 * metric.buckets[-1])[int(labels[-1])]
                for _ in range(round(more)):  # Ray counts each bucket and computes the sum from the buckets' middles
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
        """Nothing to do: Ray keeps serving the last values."""


def _tags(metric: Metric, labels: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(metric.labels, labels, strict=True))


class Exports:
    """All exporters of a job; a context manager.

    Args:
        port: of the endpoint; None opens none.
        ray: feed Ray's own metrics.
        textfile: receives the series, too.

    Attributes:
        outages: the outages that the driver itself waits for.

    Raises:
        MetricsError: the port cannot be opened.
    """

    def __init__(self, port: int | None, ray: bool, textfile: Textfile | None = None) -> None:
        self.endpoint = None if port is None else Endpoint(port)
        self.outages = Outages()
        self._told: dict[str, float] = {}
        self._workers: dict[str, float] = {}
        self._all: list[Exporter] = [exporter for exporter in (self.endpoint, textfile) if exporter]
        if ray:
            self._all.append(RayMetrics())

    def __bool__(self) -> bool:
        """Whether any exporter is active."""
        return bool(self._all)

    @contextmanager
    def waiting_for_cluster(self, address: str) -> Iterator[None]:
        """Count the block as waiting for the cluster, if the cluster was started elsewhere. A local Ray is started, not
        waited for."""
        with self.outages.waiting("cluster") if address != "local" else nullcontext():
            self._refresh()
            yield

    def show(self, *reports: Mapping[str, float]) -> None:
        """Export the union of several reports, which have different series."""
        self._workers = {name: value for report in reports for name, value in report.items()}
        self._refresh()

    def rest(self) -> None:
        """Keep the counts of workers that have ended, and set the number of workers to 0."""
        self._workers = {name: 0.0 if is_gauge(name) else value for name, value in self._workers.items()}
        self._refresh()

    def tell(self, metric: Metric, value: float, *labels: object) -> None:
        """Set a gauge of the whole job. It keeps this value until the next call."""
        self._told[series_name(metric, *fold(metric.labels, labels))] = value
        self._refresh()

    def _refresh(self) -> None:
        if self._all:
            series = dict(self._workers)
            for name, value in (*self.outages.series().items(), *self._told.items()):
                series[name] = series.get(name, 0.0) + value
            for exporter in self._all:
                exporter.show(series)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.outages.end()
        self.rest()
        for exporter in self._all:
            exporter.close()
