"""What the layouts of files share."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.sources.rows import RowProblem

Row = Mapping[str, object]

PART_ROWS = 64
"""Rows of a part: about a second of work, if rows have pictures."""

MAX_ROW = 2**26
"""Maximum bytes of one row in a text file, with a picture in base64 inside."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a file.

    Attributes:
        at: where they begin: a byte, or the number of a row group or batch.
        before: rows of the file before these.
        rows: their number.
        skip: rows of the row group or batch before these.
    """

    at: int
    before: int
    rows: int
    skip: int = 0


class Layout(ABC):
    """A file of rows. It holds no open file, so that it can be sent to any process.

    Args:
        file: the file.
        where: its name in origins, below the source's folder.
        source: name of the source, for messages.
    """

    kind = ""

    def __init__(self, file: Path, where: str, source: str) -> None:
        self.file, self.where, self.source = file, where, source

    @abstractmethod
    def parts(self) -> Iterator[Part]:
        """The parts of the file, in order.

        Raises:
            SourceError: the file as a whole cannot be read.
        """

    @abstractmethod
    def rows(self, part: Part, wanted: Sequence[str]) -> Iterator[tuple[str, Row | RowProblem]]:
        """The origin and the content of each row of a part, or the problem with the row.

        Args:
            wanted: the columns that are needed, as paths; others may be left out. Empty for all.

        Raises:
            SourceError: the file is damaged.
        """


def chosen(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The columns, of these names, that hold the wanted paths; all without wanted paths."""
    tops = [*wanted, *(path[: at + 1] for path in wanted for at in range(len(path)) if path[at + 1 : at + 2] in ".[")]
    return [name for name in names if not wanted or name in tops]


def grouped(marks: Iterator[tuple[int, bool]]) -> Iterator[Part]:
    """Parts of PART_ROWS rows, from each row's place in the file. The flag says that the place begins a row that is
    counted; so the last place, of the file's end, is none."""
    at, before, rows = 0, 0, 0
    for place, counted in marks:
        if not counted:
            continue
        if rows == 0:
            at = place
        rows += 1
        if rows == PART_ROWS:
            yield Part(at, before, rows)
            before, rows = before + rows, 0
    if rows:
        yield Part(at, before, rows)
