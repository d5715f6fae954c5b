"""Agreement of two judges: counts of their verdicts, and Cohen's kappa."""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

from lensmill.verdict import Outcome

DECIDED: tuple[Outcome, ...] = ("correct", "incorrect")
OUTCOMES: tuple[Outcome, ...] = (*DECIDED, "undecided", "judge_error")


@dataclass(slots=True)
class Agreement:
    """The verdicts of two judges on the same answers. `counts` has the number of answers by both outcomes."""

    counts: Counter[tuple[Outcome, Outcome]] = field(default_factory=Counter)

    def add(self, first: Outcome, second: Outcome) -> None:
        """Count one answer with the outcomes of both judges."""
        self.counts[first, second] += 1

    @property
    def decided(self) -> int:
        """Answers that both judges call correct or incorrect. Agreement and kappa leave out the others."""
        return sum(self.counts[first, second] for first in DECIDED for second in DECIDED)

    @property
    def agreed(self) -> int:
        """Decided answers on which both judges agree."""
        return sum(self.counts[outcome, outcome] for outcome in DECIDED)

    @property
    def kappa(self) -> Fraction | None:
        """Agreement beyond chance (Cohen, "A coefficient of agreement for nominal scales", 1960), as an exact fraction.

        1 is full agreement, 0 is agreement by chance. None if no answer is decided by both, or if chance alone would
        always agree.
        """
        total = self.decided
        by_chance = sum(self._first(outcome) * self._second(outcome) for outcome in DECIDED)
        if total * total == by_chance:
            return None
        return Fraction(total * self.agreed - by_chance, total * total - by_chance)

    def _first(self, outcome: Outcome) -> int:
        return sum(self.counts[outcome, second] for second in DECIDED)

    def _second(self, outcome: Outcome) -> int:
        return sum(self.counts[first, outcome] for first in DECIDED)
