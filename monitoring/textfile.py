"""A file with the job's series for node_exporter's textfile collector, for jobs that end before they are scraped."""

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
"""Seconds between two writes while the job runs. The file is also written at the end."""

_open: list["Textfile"] = []
"""Textfiles of this process whose job has not ended."""


class Textfile:
    """Written under another name and renamed, so that no reader sees a partial file. The time of the last success is
    kept until a job succeeds again.

    Args:
        path: in an existing folder; ends in .prom, as node_exporter requires.
        clock: seconds, monotonic.

    Raises:
        OSError: the file cannot be written.
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
        """Take the job's series, and write them if a write is due."""
        self._series = dict(series)
        if self._clock() >= self._due:
            self._write()

    def close(self) -> None:
        """Write the current series. The job has finished its work but has not ended."""
        self._write()

    def end(self, status: int, now: float) -> None:
        """Write the file for the last time.

        Args:
            status: exit status of the job.
            now: seconds since the epoch.
        """
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
        except OSError as error:  # a full disk must not end the job
            if not self._failed:
                log.warning("metrics.textfile=%s cannot be written: %s", self._path, error.strerror or error)
            self._failed = True


def job_ended(status: int) -> None:
    """Record the exit status in this process's textfile."""
    while _open:
        _open.pop().end(int(status), time())


def _last_success(path: Path) -> float | None:
    """The time of the last success in the file of an earlier job; None if there is no such file or it cannot be
    parsed."""
    try:
        for family in text_string_to_metric_families(path.read_text()):
            for sample in family.samples:
                if sample.name == metrics.LAST_SUCCESS.name:
                    return float(sample.value)
    except (OSError, ValueError):
        return None
    return None
