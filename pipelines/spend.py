"""Caps on what a job may spend on models."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import get_args

from lensmill.models.meter import Caps, Meter
from lensmill.verdict import Outcome
from monitoring import metrics
from monitoring.progress import clock_text, count_text


@dataclass(frozen=True, slots=True)
class SpendSettings:
    """Caps of one run of a job, over all its workers; conf/spend/default.yaml explains each. None is no cap."""

    requests: int | None = None
    tokens: int | None = None
    hours: float | None = None

    def __post_init__(self) -> None:
        for name in ("requests", "tokens"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, or null for no cap")
        if self.hours is not None and not 0 < self.hours <= 100_000:
            raise ValueError("hours must be above 0, or null for no cap")


NO_CAP = SpendSettings()

_OUTCOMES = ("accepted", "rejected", "failed", *get_args(Outcome))
"""Outcomes of finished episodes and of verdicts."""


class Spend:
    """What this run has spent.

    Args:
        meter: of the driver's own calls.
        clock: seconds, monotonic.

    Attributes:
        over: the name of the cap that is reached; "" while none is.
    """

    def __init__(self, settings: SpendSettings, meter: Meter, clock: Callable[[], float] = monotonic) -> None:
        self._settings = settings
        self._meter = meter
        self._clock = clock
        self._start = clock()
        self._workers: Mapping[str, float] = {}
        self.over = ""
        self._finished = 0.0

    @property
    def requests(self) -> int:
        """Requests sent so far, by the driver and all workers."""
        return self._meter.requests + round(self._workers.get(metrics.ATTEMPTS.name, 0))

    @property
    def tokens(self) -> int:
        """Tokens used so far, by the driver and all workers."""
        return self._meter.tokens + round(self._workers.get(metrics.TOKENS.name, 0))

    def look(self, counts: Mapping[str, float]) -> bool:
        """Read the counts of all workers. Return whether a cap is reached that forbids further calls."""
        self._workers = {name: counts.get(name, 0) for name in (metrics.ATTEMPTS.name, metrics.TOKENS.name)}
        self._finished = sum(counts.get(name, 0) for name in _OUTCOMES)
        settings = self._settings
        hours = (self._clock() - self._start) / 3600
        spent = (("requests", self.requests), ("tokens", self.tokens), ("hours", hours))
        for name, value in spent:
            cap = getattr(settings, name)
            if not self.over and cap is not None and value >= cap:
                self.over = name
        return self.over in ("requests", "tokens")

    def left(self) -> Caps:
        """What the workers may spend, without the driver's own calls."""
        settings, meter = self._settings, self._meter
        requests = None if settings.requests is None else max(0, settings.requests - meter.requests)
        return Caps(requests, None if settings.tokens is None else max(0, settings.tokens - meter.tokens))

    def line(self) -> str:
        """The line at the end of a run that reached a cap."""
        cap = getattr(self._settings, self.over)
        spent = (
            f"spend.{self.over}={cap:g} is reached: this run spent {count_text(self.requests, 'request')}, "
            f"{count_text(self.tokens, 'token')} and {clock_text(self._clock() - self._start)}"
        )
        if not self._finished:
            return (
                f"{spent} and finished nothing, so the same command would end here again: run it with a higher "
                f"spend.{self.over}"
            )
        return (
            f"{spent}; finished work is kept: run the same command again to go on with a new allowance, or with a "
            f"higher spend.{self.over}"
        )
