"""Converts the job's series for the Prometheus client library: for the endpoint and for the textfile."""

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from monitoring.metrics import METRICS, Metric
from monitoring.recorder import SUM, is_gauge, parse

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
Parts = dict[str, float]
"""The parts of a histogram: the number of observations by bucket, and their sum."""


class SeriesCollector(Collector):
    """Holds the last shown series. A gauge that is no longer shown is 0."""

    def __init__(self) -> None:
        self._series: dict[str, float] = {}

    def show(self, series: Mapping[str, float]) -> None:
        """Replace the series."""
        gone = dict.fromkeys(filter(is_gauge, self._series), 0.0)
        self._series = {**gone, **{name: value for name, value in series.items() if parse(name)}}

    def describe(self) -> Iterator[Family]:
        """No static description: the series are known at collection."""
        return iter(())

    def collect(self) -> Iterator[Family]:
        """One family for each metric that has a series."""
        found: dict[str, Family] = {}
        histograms: dict[tuple[str, tuple[str, ...]], Parts] = {}
        for _, (metric, labels, value) in parsed(self._series):
            family = found.setdefault(metric.name, _family(metric))
            if isinstance(family, HistogramMetricFamily):
                *own, part = labels
                histograms.setdefault((metric.name, tuple(own)), {})[part] = value
            else:
                family.add_metric(labels, value)
        for (name, labels), parts in histograms.items():
            _add_histogram(found[name], METRICS[name], labels, parts)
        yield from found.values()


def parsed(series: Mapping[str, float]) -> Iterator[tuple[str, tuple[Metric, tuple[str, ...], float]]]:
    """The series that belong to a metric: name, then metric, label values and value."""
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
