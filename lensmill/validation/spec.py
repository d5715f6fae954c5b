"""A validator: what a training format's file says about its rows, its columns and its trainer's settings."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lensmill.formats.checking import Finding, Needs, Training
from lensmill.validation.budget import needs_of
from lensmill.validation.conversation import Conversation, Reading
from lensmill.validation.schema import Columns, Features


def no_columns(columns: Columns, features: Features) -> Iterator[Finding]:
    """Types of columns say nothing about this format."""
    del columns, features
    return iter(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Validator:
    """The validator of one training format.

    Attributes:
        name: of the format.
        version: raised when other rows are found wrong.
        check: findings about one row; its generator returns the conversation, from which needs are computed.
        check_schema: findings about the types of a Parquet file's columns.
        snippet: the settings that the trainer needs for rows with these needs, ready to be pasted.
        alike: a part of a row that must be the same in all rows of a file, and the finding about a row that differs.
        fits: how well the names of a file's columns fit, 0 for not at all; `format=auto` takes the best.
    """

    name: str
    version: int = 1
    check: Callable[[Mapping[str, Any], Training], Reading]
    check_schema: Callable[[Columns, Features], Iterator[Finding]] = no_columns
    snippet: Callable[[Needs], str]
    fits: Callable[[Mapping[str, Any]], int]
    alike: tuple[Callable[[Mapping[str, Any]], object], Finding] | None = None


def examine(validator: Validator, row: Mapping[str, Any], training: Training) -> tuple[list[Finding], Needs | None]:
    """Everything that is wrong with a row, and the row's needs; None if the row could not be read."""
    findings: list[Finding] = []
    reading = validator.check(row, training)
    while True:
        try:
            findings.append(next(reading))
        except StopIteration as end:
            conversation: Conversation | None = end.value
            break
    return findings, None if conversation is None else needs_of(conversation, training)
