"""What a run asks for, among everything that a build plans.

A build's fingerprint does not depend on it. A run that asks for one more rung plans only that rung. A run that asks for
less leaves the other episodes as they are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

Attempts = frozenset[tuple[int, int]]
"""(rung, seed) of the episodes of a sample."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which episodes a run asks for. None means all.

    Attributes:
        rungs, seeds: of episodes, in ascending order.
        splits, subsets: of samples, as the source names them.
    """

    rungs: tuple[int, ...] | None = None
    seeds: tuple[int, ...] | None = None
    splits: tuple[str, ...] | None = None
    subsets: tuple[str, ...] | None = None

    def takes(self, rung: int, seed: int) -> bool:
        """Whether an episode of this rung and seed is asked for."""
        return (self.rungs is None or rung in self.rungs) and (self.seeds is None or seed in self.seeds)

    def of(self, attempts: Iterable[tuple[int, int]]) -> Attempts:
        """The attempts that are asked for."""
        return frozenset(attempt for attempt in attempts if self.takes(*attempt))

    def record(self) -> dict[str, Any]:
        """JSON values."""
        values = {"rungs": self.rungs, "seeds": self.seeds, "splits": self.splits, "subsets": self.subsets}
        return {name: None if value is None else list(value) for name, value in values.items()}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """What `record` wrote; a name that is missing asks for all."""
        values = (record.get(name) for name in ("rungs", "seeds", "splits", "subsets"))
        return cls(*(None if value is None else tuple(value) for value in values))


ALL = Wanted()
"""Every episode."""
