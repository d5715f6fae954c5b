"""Counts of a plan, or of some of its chunks."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """Numbers of planned samples, episodes and chunks.

    Attributes:
        samples: a sample that was planned again, for one rung more, counts each time.
        episodes: by rung.
        failures: source rows that could not become samples.
    """

    samples: int = 0
    episodes: Mapping[int, int] = field(default_factory=dict)
    failures: int = 0
    chunks: int = 0

    def __add__(self, other: "PlanCounts") -> "PlanCounts":
        rungs = sorted({*self.episodes, *other.episodes})
        return PlanCounts(
            self.samples + other.samples,
            {rung: self.episodes.get(rung, 0) + other.episodes.get(rung, 0) for rung in rungs},
            self.failures + other.failures,
            self.chunks + other.chunks,
        )


def counts_of(segment: Mapping[str, object]) -> PlanCounts:
    """The counts in a segment's record."""
    counts = segment["counts"]
    assert isinstance(counts, dict)
    rungs = {int(rung): count for rung, count in counts["episodes"].items()}
    return PlanCounts(counts["samples"], rungs, counts["failures"], counts["chunks"])
