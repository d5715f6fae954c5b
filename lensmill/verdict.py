"""A verdict: what a judge says of an answer, and by which rule."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["correct", "incorrect", "undecided", "judge_error"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judge's decision on one answer.

    Attributes:
        outcome: `judge_error` means that the judge failed, and is never the same as `incorrect`.
        rule: the rule or judge that decided, e.g. "number", "year", "choice_letter", "empty_answer".
        score: closeness from 0 to 1 where the rule has one (ANLS), else None.
        reason: one sentence for a person.
        second: what another judge said of the same answer, for comparison only; this verdict stands.
    """

    outcome: Outcome
    rule: str
    score: float | None = None
    reason: str = ""
    second: "Verdict | None" = None
