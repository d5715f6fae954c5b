"""A finding, and the report of one piece of work, which travels from a task to the driver."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import pyarrow as pa

from storage.files.store import StoreError

MALFORMED = (
    *(StoreError, pa.ArrowException, OSError),
    *(ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError),
)
"""Exceptions of reading a file whose content is not what it must be."""

MOST = 10_000
"""Maximum findings of one report. A file with a million wrong rows is one thing to mend."""

MOST_CHARS = 500

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: its place, down to the row and the field if it has one, and the problem."""

    file: str
    what: str
    row: int | None = None
    field: str = ""

    def __str__(self) -> str:
        row = "" if self.row is None else f" row {self.row}"
        what = " ".join(self.what.split())[:MOST_CHARS]
        return f"{self.file}{row}{f' {self.field}' if self.field else ''}: {what}"


@dataclass(slots=True)
class Report:
    """The result of one piece of work. A report is small, whatever the work has read.

    Attributes:
        read: bytes.
        replayed: trajectories that were drawn again.
    """

    findings: list[Finding] = field(default_factory=list)
    read: int = 0
    rows: int = 0
    replayed: int = 0

    def add(self, file: str, what: str, row: int | None = None, field: str = "") -> None:
        """Add a finding. After `MOST` findings only the file of the next one is told."""
        if len(self.findings) < MOST:
            self.findings.append(Finding(file, what[: 2 * MOST_CHARS], row, field[:MOST_CHARS]))
        elif len(self.findings) == MOST:
            self.findings.append(Finding(file, "more is wrong here, and is not listed: mend the other findings first"))


class Run(Protocol):
    """Runs one function over many items and yields the results in the order of the items, as `map` does."""

    def __call__(self, work: Callable[[Item], Made], items: Iterable[Item], /) -> Iterator[Made]: ...


Take = Callable[[Report], None]
"""Receives a report: its findings in their order, and the counts of what was read."""


def told(take: Take, file: str, what: str, row: int | None = None, field: str = "") -> None:
    """Hand over one finding."""
    report = Report()
    report.add(file, what, row, field)
    take(report)


def json_object(data: bytes) -> dict[str, object]:
    """A JSON object.

    Raises:
        ValueError: the bytes are something else.
    """
    value = json.loads(data)
    if not isinstance(value, dict):
        raise ValueError(f"it is a JSON {type(value).__name__}, not an object")
    return value
