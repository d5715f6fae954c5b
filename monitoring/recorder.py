"""The counts of a worker, as plain numbers: cheap to increase, small to send, and summed over workers.

A report is series -> value. Reports of several workers are added like Counters, and reports of dead workers are kept,
so the series of a counter never decreases. The series of a histogram are the number of each bucket and the sum of all
values.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from monitoring.metrics import METRICS, OTHER, Labels, Metric

_SPLIT = "|"

SUM = "sum"
"""Stands for the sum of a histogram where its other series have the index of a bucket."""


def series_name(metric: Metric, *labels: str) -> str:
    """The name of a metric's series with these label values, which are already folded."""
    return _SPLIT.join((metric.name, *labels))


def parse(series: str) -> tuple[Metric, tuple[str, ...]] | None:
    """The metric and label values of a series (for a histogram also the bucket's index or "sum"); None for other counts
    of workers."""
    name, *rest = series.split(_SPLIT)
    metric = METRICS.get(name)
    return None if metric is None else (metric, tuple(rest))


def lasting(report: Mapping[str, int]) -> Counter[str]:
    """The part of a report that stays valid after its worker has ended: all series except gauges."""
    return Counter({name: value for name, value in report.items() if not is_gauge(name)})


def is_gauge(series: str) -> bool:
    """Whether a series belongs to a gauge."""
    metric = METRICS.get(series.partition(_SPLIT)[0])
    return metric is not None and metric.kind == "gauge"


def fold(labels: Labels, values: Iterable[object]) -> tuple[str, ...]:
    """Label values for a series. Values outside the closed sets become "other". A label without a set takes any text,
    cut to 100 characters and without the separator."""
    given = zip(labels.values(), map(str, values), strict=True)
    return tuple(
        (value if value in known else OTHER) if known else value.replace(_SPLIT, "/")[:100] for known, value in given
    )


class Value:
    """One series of a counter or gauge."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0

    def add(self, by: float = 1) -> None:
        """Increase the value."""
        self.value += by


class Histogram:
    """One series of a histogram: the number of observations in each bucket, and their sum."""

    __slots__ = ("_bounds", "numbers", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.numbers = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one observation."""
        self.numbers[bisect_left(self._bounds, value)] += 1
        self.sum += value


class Recorder:
    """The series of one process. Not thread-safe.

    Args:
        rungs: of the build; values of the label `rung` in addition to the usual ones.
    """

    def __init__(self, rungs: Iterable[int] = ()) -> None:
        self._rungs = tuple(map(str, rungs))
        self._names: dict[tuple[object, ...], str] = {}
        self._values: defaultdict[str, Value] = defaultdict(Value)
        self._histograms: dict[str, Histogram] = {}

    def value(self, metric: Metric, *labels: object) -> Value:
        """The series of a counter or gauge. Keep it if it is increased often."""
        return self._values[self._name(metric, labels)]

    def histogram(self, metric: Metric, *labels: object) -> Histogram:
        """The series of a histogram. Keep it if it is used often."""
        name = self._name(metric, labels)
        if name not in self._histograms:
            self._histograms[name] = Histogram(metric.buckets)
        return self._histograms[name]

    def _name(self, metric: Metric, labels: tuple[object, ...]) -> str:
        asked = (metric.name, labels)
        name = self._names.get(asked)
        if name is None:
            known = {**metric.labels, "rung": metric.labels["rung"] + self._rungs} if "rung" in metric.labels else None
            folded = fold(known or metric.labels, labels)
            name = series_name(metric, *folded)
            if OTHER not in folded:  # the number of unknown values is unbounded
                self._names[asked] = name
        return name

    def report(self) -> dict[str, float]:
        """Every series so far. Series that are zero may be missing."""
        found = {name: series.value for name, series in self._values.items()}
        for name, histogram in self._histograms.items():
            found[name + _SPLIT + SUM] = histogram.sum
            for bucket, number in enumerate(histogram.numbers):
                if number:
                    found[f"{name}{_SPLIT}{bucket}"] = number
        return found
