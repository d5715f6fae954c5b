"""Sources: slices with samples, their pictures, and the rows that could not be read."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from lensmill.sample import Sample


@dataclass(frozen=True, slots=True)
class SourceItem:
    """A sample and its picture's file, byte for byte as the source had it (already checked to decode).

    Attributes:
        given: files of the further pictures of the sample's recorded trajectory, by id.
    """

    sample: Sample
    image: bytes
    given: Mapping[str, bytes] = field(default_factory=dict)


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
    """The source as a whole cannot be read (e.g. a missing folder): one clear line. The job ends."""


class Slice(Protocol):
    """A part of a source that is read in one go: a small value that can be sent to any process.

    A source has the same slices on every node, and the slices in their order give the whole source. Rows that share a
    picture lie in one slice where possible.
    """

    @property
    def rows(self) -> int | None:
        """Maximum number of rows; None if only reading shows the number."""
        ...


class Source(Protocol):
    """Reads samples, slice by slice or all of them.

    Attributes:
        splits, subsets: to read, as samples name them; None reads all.
    """

    splits: tuple[str, ...] | None
    subsets: tuple[str, ...] | None

    @property
    def name(self) -> str:
        """The source's name in samples."""

    def slices(self) -> Iterator[Any]:
        """The slices, listed as they are asked for.

        Raises:
            SourceError: the source cannot be listed any further.
        """
        ...

    def read(self, part: Any = None) -> Iterator[SourceItem | SourceFailure]:
        """Every row of a slice, or of all slices in their order, as a sample or as a failure. Repeated rows are
        included.

        Raises:
            SourceError: the source cannot be read any further.
        """
        ...

    def is_here(self) -> bool:
        """Whether this machine has the source's files."""
        ...


S = TypeVar("S", bound=Slice)


class SlicedSource(ABC, Generic[S]):
    """A source with methods for listing and reading its slices."""

    splits: tuple[str, ...] | None = None
    subsets: tuple[str, ...] | None = None

    @abstractmethod
    def slices(self) -> Iterator[S]:
        """See `Source`."""

    @abstractmethod
    def read_slice(self, part: S) -> Iterator[SourceItem | SourceFailure]:
        """Every row of a slice, as a sample or as a failure."""

    def read(self, part: S | None = None) -> Iterator[SourceItem | SourceFailure]:
        """See `Source`."""
        parts: Iterable[S] = self.slices() if part is None else [part]
        for one in parts:
            yield from self.read_slice(one)

    def is_here(self) -> bool:
        """See `Source`."""
        return True


def duplicate(origin: str) -> SourceFailure:
    """The failure of a row that repeats an earlier row of its source."""
    message = "the same picture, question and answers as an earlier row: remove one"
    return SourceFailure(origin, "duplicate", message)
