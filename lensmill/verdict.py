"""A verdict: a judge's decision on an answer, and the rule that made it."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["correct", "incorrect", "undecided", "judge_error"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judge's decision on one answer.

    Attributes:
        outcome: `judge_error` means that the judge failed; it never means `incorrect`.
        rule: the rule or judge that decided, e.g. "number", "year", "choice_letter", "empty_answer".
        score: closeness from 0 to 1 if the rule has one (ANLS), otherwise None.
        reason: one sentence for a person.
        second: another judge's verdict on the same answer, for comparison only. This verdict stands.
    """

    outcome: Outcome
    rule: str
    score: float | None = None
    reason: str = ""
    second: "Verdict | None" = None
