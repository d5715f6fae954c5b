"""How far two judges agree: counts of both verdicts, and Cohen's kappa."""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

from lensmill.verdict import Outcome

DECIDED: tuple[Outcome, ...] = ("correct", "incorrect")
OUTCOMES: tuple[Outcome, ...] = (*DECIDED, "undecided", "judge_error")


@dataclass(slots=True)
class Agreement:
    """Two judges' verdicts on the same answers. `counts`: by the outcomes of the first and the second judge."""

    counts: Counter[tuple[Outcome, Outcome]] = field(default_factory=Counter)

    def add(self, first: Outcome, second: Outcome) -> None:
        self.counts[first, second] += 1

    @property
    def decided(self) -> int:
        """Answers that both judges call correct or incorrect; the others are not part of agreement or kappa."""
        return sum(self.counts[first, second] for first in DECIDED for second in DECIDED)

    @property
    def agreed(self) -> int:
        return sum(self.counts[outcome, outcome] for outcome in DECIDED)

    @property
    def kappa(self) -> Fraction | None:
        """Agreement beyond chance (Cohen, "A coefficient of agreement for nominal scales", 1960), exactly: 1 is full
        agreement, 0 what chance gives. None where nothing is decided by both, or chance alone would always agree."""
        total = self.decided
        by_chance = sum(self._first(outcome) * self._second(outcome) for outcome in DECIDED)
        if total * total == by_chance:
            return None
        return Fraction(total * self.agreed - by_chance, total * total - by_chance)

    def _first(self, outcome: Outcome) -> int:
        return sum(self.counts[outcome, second] for second in DECIDED)

    def _second(self, outcome: Outcome) -> int:
        return sum(self.counts[first, outcome] for first in DECIDED)
