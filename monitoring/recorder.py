"""What a worker counts, as plain numbers: cheap to add to, small to send, and added up by whoever gets several.

A report is series -> value. Reports of several workers are added up as Counters are, and those of dead workers are
kept, so a series of a counter never goes back. A histogram's series are the number of each bucket and the sum of all.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from monitoring.metrics import METRICS, OTHER, Labels, Metric

_SPLIT = "|"

SUM = "sum"
"""Of a histogram; stands where its other series have the index of their bucket."""


def series_name(metric: Metric, *labels: str) -> str:
    """The name under which reports have a metric with these label values, folded already."""
    return _SPLIT.join((metric.name, *labels))


def parse(series: str) -> tuple[Metric, tuple[str, ...]] | None:
    """The metric and label values of a series (of a histogram's, then the bucket's index or "sum"); None of what else
    workers count."""
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
    """Label values as series have them: those that are not in the closed sets are "other". A label without a set takes
    any text, cut to 100 characters and without the sign that separates."""
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
        self.value += by


class Histogram:
    """One series of a histogram: how many observations fell into each bucket, and the sum of all."""

    __slots__ = ("_bounds", "numbers", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.numbers = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.numbers[bisect_left(self._bounds, value)] += 1
        self.sum += value


class Recorder:
    """The series of one process. For one thread.

    Args:
        rungs: of the build, which are values of the label `rung` beside the usual ones.
    """

    def __init__(self, rungs: Iterable[int] = ()) -> None:
        self._rungs = tuple(map(str, rungs))
        self._names: dict[tuple[object, ...], str] = {}
        self._values: defaultdict[str, Value] = defaultdict(Value)
        self._histograms: dict[str, Histogram] = {}

    def value(self, metric: Metric, *labels: object) -> Value:
        """The series of a counter or gauge; hold on to it where it is added to often."""
        return self._values[self._name(metric, labels)]

    def histogram(self, metric: Metric, *labels: object) -> Histogram:
        """The series of a histogram; hold on to it where it is added to often."""
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
            if OTHER not in folded:  # there is no end of what is unknown
                self._names[asked] = name
        return name

    def report(self) -> dict[str, float]:
        """Every series so far; those of zero may be left out."""
        found = {name: series.value for name, series in self._values.items()}
        for name, histogram in self._histograms.items():
            found[name + _SPLIT + SUM] = histogram.sum
            for bucket, number in enumerate(histogram.numbers):
                if number:
                    found[f"{name}{_SPLIT}{bucket}"] = number
        return found
