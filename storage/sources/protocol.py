"""What a source is: a stream of samples with their pictures, and of what could not be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from lensmill.sample import Sample


@dataclass(frozen=True, slots=True)
class SourceItem:
    """A sample and its picture's file, byte for byte as the source had it (already checked to decode)."""

    sample: Sample
    image: bytes


@dataclass(frozen=True, slots=True)
class SourceFailure:
    """A row that could not become a sample. It ends in the failures table; the rest goes on.

    Attributes:
        origin: file and row, e.g. "test/test_human.json row 17"; the file below the source's own folder, so that
            datasets do not depend on where it lay.
        error_class: a stable name, e.g. "missing_field", "image_missing", "image_truncated", "duplicate".
        message: one sentence: field, what was wrong, what to do.
    """

    origin: str
    error_class: str
    message: str


class SourceError(Exception):
    """The source as a whole cannot be read (no such folder, not JSON): one clear line, the job ends."""


class Source(Protocol):
    """Reads samples one at a time; rows that share a picture come one after the other where possible."""

    @property
    def name(self) -> str: ...

    def read(self) -> Iterator[SourceItem | SourceFailure]: ...


def duplicate(sample: Sample) -> SourceFailure:
    """What becomes of a row that a source has given before."""
    message = "the same picture, question and answers as an earlier row: remove one"
    return SourceFailure(sample.origin, "duplicate", message)
