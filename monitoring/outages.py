"""Records the outages that a job waits for, and their duration."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from monitoring import metrics
from monitoring.recorder import fold, series_name


class Outages:
    """The outages of one process. The reports of several processes are summed, so the gauge is the number of processes
    that wait.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}
        self._seconds: Counter[str] = Counter()

    def note(self, awaited: str, away: bool) -> None:
        """Record whether one of `metrics.AWAITED` is unreachable now."""
        if away:
            self._since.setdefault(awaited, self._clock())
        elif awaited in self._since:
            self._seconds[awaited] += self._clock() - self._since.pop(awaited)  # type: ignore[assignment]

    @contextmanager
    def waiting(self, awaited: str) -> Iterator[None]:
        """Count the block as an outage."""
        self.note(awaited, True)
        try:
            yield
        finally:
            self.note(awaited, False)

    def end(self) -> None:
        """End all outages."""
        for awaited in list(self._since):
            self.note(awaited, False)

    def series(self) -> dict[str, float]:
        """The series of everything that was ever unreachable; empty otherwise."""
        found: dict[str, float] = {}
        for awaited in {*self._since, *self._seconds}:
            labels = fold(metrics.OUTAGES.labels, (awaited,))
            since = self._since.get(awaited)
            open_s = 0.0 if since is None else self._clock() - since
            found[series_name(metrics.OUTAGES, *labels)] = float(since is not None)
            found[series_name(metrics.OUTAGE_SECONDS, *labels)] = self._seconds[awaited] + open_s
        return found
