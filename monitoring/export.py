"""Where metrics go: to a Prometheus endpoint on this machine, and on a cluster through Ray's own metrics."""

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
    """The endpoint cannot be opened: one line that says what to do."""


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Where metrics go beside Ray's own.

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
        """The file, if one is asked for: opened before any work, so that it says how a job ended that never began.

        Raises:
            MetricsError: it cannot be written.
        """
        if self.textfile is None:
            return None
        try:
            return Textfile(self.textfile)
        except OSError as error:
            raise MetricsError(
                f"metrics.textfile={self.textfile}: {error.strerror or error}: name a file in a folder that is there "
                "and can be written"
            ) from error


NO_ENDPOINT = MetricsSettings()


class Exporter(Protocol):
    """Is told the series of the whole job about twice a second."""

    def show(self, series: Mapping[str, float]) -> None: ...

    def close(self) -> None: ...


class Endpoint(SeriesCollector):
    """Serves the job's series to Prometheus, on 127.0.0.1 only.

    Args:
        port: 0 takes a free one.

    Raises:
        MetricsError: the port cannot be had.
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
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class RayMetrics:
    """Hands what has been added since the last time to Ray, whose agent on this node serves it to Prometheus as
    `ray_lensmill_...`. An agent needs ray[default]; without one, nothing is served."""

    def __init__(self) -> None:
        self._handed: dict[str, float] = {}
        self._made: dict[str, Any] = {}

    def show(self, series: Mapping[str, float]) -> None:
        gone = dict.fromkeys(filter(is_gauge, self._handed), 0.0)
        for name, (metric, labels, value) in parsed({**gone, **series}):
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
        """Ray goes on serving what it was told last."""


def _tags(metric: Metric, labels: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(metric.labels, labels, strict=True))


class Exports:
    """All exporters of a job; a context.

    Args:
        port: of the endpoint; None opens none.
        ray: whether Ray's own metrics are fed.
        textfile: that gets the series, too.

    Attributes:
        outages: what the driver itself waits for.

    Raises:
        MetricsError: the port cannot be had.
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
        """Whether anybody wants metrics."""
        return bool(self._all)

    @contextmanager
    def waiting_for_cluster(self, address: str) -> Iterator[None]:
        """Until a cluster that runs elsewhere has taken us; a Ray of our own is not waited for but started."""
        with self.outages.waiting("cluster") if address != "local" else nullcontext():
            self._refresh()
            yield

    def show(self, *reports: Mapping[str, float]) -> None:
        """Of different series each."""
        self._workers = {name: value for report in reports for name, value in report.items()}
        self._refresh()

    def rest(self) -> None:
        """The workers have ended: what they counted stays, and they are not there any more."""
        self._workers = {name: 0.0 if is_gauge(name) else value for name, value in self._workers.items()}
        self._refresh()

    def tell(self, metric: Metric, value: float, *labels: object) -> None:
        """A gauge of the whole job, which keeps this value until it is told another."""
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
