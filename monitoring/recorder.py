"""What a worker counts, as plain numbers: cheap to add to, small to send, and added up by whoever gets several.

A report is series -> value. Reports of several workers are added up as Counters are, and those of dead workers are
kept, so a series of a counter never goes back. A histogram's series are the number and the sum of each bucket.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping

from monitoring.metrics import METRICS, OTHER, Labels, Metric

_SPLIT = "|"


def series_name(metric: Metric, *labels: str) -> str:
    """The name under which reports have a metric with these label values, folded already."""
    return _SPLIT.join((metric.name, *labels))


def parse(series: str) -> tuple[Metric, tuple[str, ...]] | None:
    """The metric and label values (of a histogram's, the bucket's number and "n" or "s" after them) of a series; None
    of what else workers count."""
    name, *rest = series.split(_SPLIT)
    metric = METRICS.get(name)
    return None if metric is None else (metric, tuple(rest))


def lasting(report: Mapping[str, int]) -> Counter[str]:
    """What of a report still holds once its worker is gone: all but gauges."""
    return Counter({name: value for name, value in report.items() if not is_gauge(name)})


def is_gauge(series: str) -> bool:
    metric = METRICS.get(series.partition(_SPLIT)[0])
    return metric is not None and metric.kind == "gauge"


def fold(labels: Labels, values: Iterable[object]) -> tuple[str, ...]:
    """Label values as series have them: those that are not in the closed sets are "other"."""
    given = zip(labels.values(), map(str, values), strict=True)
    return tuple(value if value in known else OTHER for known, value in given)


class Value:
    """One series of a counter or gauge."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0

    def add(self, by: float = 1) -> None:
        self.value += by


class Histogram:
    """One series of a histogram: how many observations fell into each bucket, and their sums."""

    __slots__ = ("_bounds", "numbers", "sums")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.numbers = [0] * (len(bounds) + 1)
        self.sums = [0.0] * (len(bounds) + 1)

    def observe(self, value: float) -> None:
        bucket = bisect_left(self._bounds, value)
        self.numbers[bucket] += 1
        self.sums[bucket] += value


class Recorder:
    """The series of one process. For one thread.

    Args:
        rungs: of the build, which are values of the label `rung` beside the usual ones.
    """

    def __init__(self, rungs: Iterable[int] = ()) -> None:
        self._rungs = tuple(map(str, rungs))
        self._values: dict[str, Value] = {}
        self._histograms: dict[str, Histogram] = {}

    def value(self, metric: Metric, *labels: object) -> Value:
        """The series of a counter or gauge; hold on to it where it is added to often."""
        name = series_name(metric, *self._fold(metric, labels))
        return self._values.setdefault(name, Value())

    def histogram(self, metric: Metric, *labels: object) -> Histogram:
        """The series of a histogram; hold on to it where it is added to often."""
        name = series_name(metric, *self._fold(metric, labels))
        return self._histograms.setdefault(name, Histogram(metric.buckets))

    def _fold(self, metric: Metric, values: tuple[object, ...]) -> tuple[str, ...]:
        folded = fold(metric.labels, values)
        if OTHER in folded and "rung" in metric.labels:
            own = {**metric.labels, "rung": self._rungs + metric.labels["rung"]}
            return fold(own, values)
        return folded

    def report(self) -> dict[str, float]:
        """Every series so far; those of zero may be left out."""
        found = {name: series.value for name, series in self._values.items()}
        for name, histogram in self._histograms.items():
            for bucket, number in enumerate(histogram.numbers):
                if number:
                    found[f"{name}{_SPLIT}{bucket}{_SPLIT}n"] = number
                    found[f"{name}{_SPLIT}{bucket}{_SPLIT}s"] = histogram.sums[bucket]
        return found
