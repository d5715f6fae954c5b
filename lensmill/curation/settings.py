"""How a version is curated: conditions in SQL over the ledger, and the share of pictures kept for validation."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lensmill.curation.fitness import UNFIT

KEEP = "keep"
"""Name of the user's own condition."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)

_TAKEN = UNFIT | {"abstained", "turn_limit", "incorrect", "undecided", "judge_error", "failed"}
"""The reasons of `lensmill.curation.correct.rejection`, and the reason of failed episodes."""


@dataclass(frozen=True, slots=True)
class CurationSettings:
    """Which accepted episodes a version trains on. An episode that must not be trained on, or without a correct answer,
    is rejected with any settings.

    Attributes:
        name: of the preset.
        conditions: by name, in order: SQL conditions over the columns of the ledger. An episode that does not meet a
            condition (false or null) is rejected, and the condition's name is the reason.
        keep: one more condition, the last, named "keep".
        validation: share of the pictures whose episodes go to the table `validation`, 0 to 0.5.
        measures: measures of the user's own, as `module:NAME`.
    """

    name: str = "correct"
    conditions: Mapping[str, str] = field(default_factory=dict)
    keep: str | None = None
    validation: float = 0.02
    measures: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.conditions:
            if not _NAME.fullmatch(name):
                raise ValueError(f"conditions.{name}: a name is small letters, digits and underscores, at most 40")
            if name in _TAKEN or name == KEEP:
                raise ValueError(f"conditions.{name}: lensmill rejects under this name itself: choose another")
        for name, condition in self.named():
            if not condition.strip():
                raise ValueError(f"{name}: the condition is empty")
        if not 0 <= self.validation <= 0.5:
            raise ValueError(f"validation must be a share from 0 to 0.5, got {self.validation:g}")

    def named(self) -> Iterator[tuple[str, str]]:
        """The conditions in their order, each with its name."""
        yield from self.conditions.items()
        if self.keep is not None:
            yield KEEP, self.keep
