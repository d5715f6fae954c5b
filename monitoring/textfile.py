"""A file of the job's series for node_exporter's textfile collector, for jobs that end before anybody scrapes them."""

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, time

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.parser import text_string_to_metric_families

from monitoring import metrics
from monitoring.exposition import SeriesCollector

log = logging.getLogger("lensmill.metrics")

EVERY_S = 15.0
"""How often the file is written while the job runs, beside its last time."""

_open: list["Textfile"] = []
"""Files of this process whose job has not ended."""


class Textfile:
    """Written under another name and renamed, so that nobody reads half a file. What it says of the last success stays
    until a job succeeds again.

    Args:
        path: its folder must be there; ends in .prom, as node_exporter asks for.
        clock: seconds, monotonic.

    Raises:
        OSError: nothing can be written there.
    """

    def __init__(self, path: str, clock: Callable[[], float] = monotonic) -> None:
        self._path = Path(path)
        self._clock = clock
        self._succeeded = _last_success(self._path)
        self._collector = SeriesCollector()
        self._registry = CollectorRegistry()
        self._registry.register(self._collector)
        self._series: dict[str, float] = {}
        self._due = clock() + EVERY_S
        self._failed = False
        write_to_textfile(str(self._path.with_suffix(".prom.tried")), self._registry)
        os.remove(self._path.with_suffix(".prom.tried"))
        _open.append(self)

    def show(self, series: Mapping[str, float]) -> None:
        """Take the job's series, and write them if that is due."""
        self._series = dict(series)
        if self._clock() >= self._due:
            self._write()

    def close(self) -> None:
        """Write what there is: the job works no more, but has not ended yet."""
        self._write()

    def end(self, status: int, now: float) -> None:
        """Write the last time, with how and when (seconds since the epoch) the job ended."""
        if status == 0:
            self._succeeded = now
        self._series |= {metrics.EXIT_STATUS.name: status, metrics.ENDED.name: now}
        self._write()

    def _write(self) -> None:
        last = {} if self._succeeded is None else {metrics.LAST_SUCCESS.name: self._succeeded}
        self._collector.show({**self._series, **last})
        self._due = self._clock() + EVERY_S
        try:
            write_to_textfile(str(self._path), self._registry)
            self._failed = False
        except OSError as error:  # a full disk is no reason to end the job
            if not self._failed:
                log.warning("metrics.textfile=%s cannot be written: %s", self._path, error.strerror or error)
            self._failed = True


def job_ended(status: int) -> None:
    """Have this process's textfile say how its job ended."""
    while _open:
        _open.pop().end(int(status), time())


def _last_success(path: Path) -> float | None:
    """What a file of an earlier job says; None where there is none, or it cannot be read."""
    try:
        for family in text_string_to_metric_families(path.read_text()):
            for sample in family.samples:
                if sample.name == metrics.LAST_SUCCESS.name:
                    return float(sample.value)
    except (OSError, ValueError):
        return None
    return None
