"""Reward terms: one file a term, each a pure function of a rollout and its group."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lensmill.rewards.attempt import Attempt
from lensmill.specs import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """The spec of a term.

    Attributes:
        doc: the meaning, with the source.
        of: the value, from the rollout and all rollouts of the same question (this one among them). Raises ValueError
            if the row lacks a column.
        low, high: bounds of the value.
        grouped: the value depends on the other rollouts of the question.
        version: raised when the same rollout gets another value.
    """

    name: str
    doc: str
    of: Callable[[Attempt, Sequence[Attempt]], float]
    low: float = 0.0
    high: float = 1.0
    grouped: bool = False
    version: int = 1


TERMS: Registry[Term] = Registry("reward term", "lensmill.rewards.terms", Term)
"""Every term of ours, by name; one of your own is named as `module:NAME`."""
