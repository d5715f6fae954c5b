"""JSON lines, CSV and TSV files: rows at places in the file, each read alone."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from storage.sources.files import refuse_compressed
from storage.sources.json_rows import parsed_row
from storage.sources.protocol import SourceError
from storage.sources.rows import RowProblem
from storage.sources.table.layouts.layout import MAX_ROW, Layout, Part, Row, grouped

MAX_CELLS = 2000
"""Maximum columns of a CSV file."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class JsonLinesLayout(Layout):
    """JSON lines. Blank lines are no rows."""

    kind = "JSON lines"

    def parts(self) -> Iterator[Part]:
        """See `Layout`."""
        with _opened(self) as file:
            yield from grouped(_places(file))

    def rows(self, part: Part, wanted: Sequence[str]) -> Iterator[tuple[str, Row | RowProblem]]:
        """See `Layout`."""
        del wanted  # rows are read whole
        with _opened(self) as file:
            file.seek(part.at)
            number = part.before
            while number < part.before + part.rows:
                line = _line(file)
                if not line:
                    return
                if line.strip():
                    number += 1
                    yield f"{self.where} row {number}", _parsed(line)


class CsvLayout(Layout):
    """CSV, with the columns in the first row. Cells are texts; an empty cell is null.

    The separator is a tab in a .tsv, and otherwise the one of comma, semicolon, tab and bar that parts the first row.
    """

    kind = "CSV"

    def parts(self) -> Iterator[Part]:
        """See `Layout`."""
        with _opened(self) as file:
            separator, names = self._header(file)
            yield from grouped((place, True) for place, _ in self._records(file, separator, len(names)))

    def rows(self, part: Part, wanted: Sequence[str]) -> Iterator[tuple[str, Row | RowProblem]]:
        """See `Layout`."""
        del wanted  # rows are read whole
        with _opened(self) as file:
            separator, names = self._header(file)
            file.seek(part.at)
            records = self._records(file, separator, len(names))
            for number in range(part.before + 1, part.before + part.rows + 1):
                _, cells = next(records, (0, RowProblem("bad_row", "the file ends before the row; read it again")))
                if isinstance(cells, RowProblem):
                    yield f"{self.where} row {number}", cells
                else:
                    row = {name: cell or None for name, cell in zip(names, cells, strict=True)}
                    yield f"{self.where} row {number}", row

    def _header(self, file: BinaryIO) -> tuple[str, list[str]]:
        first = _line(file)
        try:
            text = first.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise SourceError(f"sources/{self.source}: {self.file} is not UTF-8 text; save it as UTF-8") from error
        separator = "\t" if self.file.suffix.lower() == ".tsv" else max(",;\t|", key=text.count)
        names = next(csv.reader(io.StringIO(text), delimiter=separator), [])
        twice = next((name for name in names if names.count(name) > 1), None)
        if not any(names) or twice is not None or len(names) > MAX_CELLS:
            why = f'has column "{twice}" twice' if twice is not None else "has no row of column names"
            raise SourceError(f"sources/{self.source}: {self.file} {why}; mend its first row")
        return separator, [name.strip() for name in names]

    def _records(self, file: BinaryIO, separator: str, count: int) -> Iterator[tuple[int, list[str] | RowProblem]]:
        """The place and the cells of each record. A record goes on over lines while a quoted cell is open."""
        csv.field_size_limit(MAX_ROW)
        lines = _RecordLines(file)
        reader = csv.reader(lines, delimiter=separator, strict=True)
        while True:
            lines.begin()
            try:
                cells = next(reader, None)
            except (csv.Error, RowProblem) as error:
                problem = error if isinstance(error, RowProblem) else _csv_problem(error, lines.read_lines)
                yield lines.place, problem
                reader = csv.reader(lines, delimiter=separator, strict=True)
                continue
            if cells is None:
                return
            if not cells:
                continue
            if len(cells) != count:
                why = f"the row has {len(cells)} cells, and the first row {count}; quote cells with separators"
                yield lines.place, RowProblem("bad_row", why)
            else:
                yield lines.place, cells


class _RecordLines:
    """The lines of a CSV file as texts, with the place of the record that they belong to."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = 0
        self.place = self.read_lines = 0

    def begin(self) -> None:
        """A record begins."""
        self.place, self._size, self.read_lines = self._file.tell(), 0, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = _line(self._file)
        if not line:
            raise StopIteration
        self._size += len(line)
        self.read_lines += 1
        if self._size > MAX_ROW:
            raise RowProblem(
                "too_long",
                f"the row has more than {MAX_ROW} bytes in {self.read_lines} lines; close its quotes, or keep pictures "
                "in files of their own",
            )
        try:
            return line.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise RowProblem(
                "bad_text", f"the row is not UTF-8 (byte {error.start}); save the file as UTF-8"
            ) from error


def _csv_problem(error: Exception, lines: int) -> RowProblem:
    over = f" (it goes over {lines} lines: is a quote not closed?)" if lines > 1 else ""
    return RowProblem("bad_row", f"the row is no CSV: {error}{over}; mend it")


def _opened(layout: Layout) -> BinaryIO:
    try:
        refuse_compressed(layout.file, layout.source)
        file = layout.file.open("rb")
    except OSError as error:
        raise SourceError(
            f"sources/{layout.source}: {layout.file} cannot be read ({error.strerror}); check the file"
        ) from error
    if file.read(2) in _UTF16:
        raise SourceError(f"sources/{layout.source}: {layout.file} is UTF-16 text; save it as UTF-8")
    file.seek(0)
    return file


def _places(file: BinaryIO) -> Iterator[tuple[int, bool]]:
    place = 0
    while line := _line(file):
        yield place, bool(line.strip())
        place = file.tell()


def _line(file: BinaryIO) -> bytes:
    """The next line; of a line that is too long only the beginning, one byte more than allowed."""
    line = rest = file.readline(MAX_ROW + 1)
    while rest and not rest.endswith(b"\n"):
        rest = file.readline(2**20)
    return line


def _parsed(line: bytes) -> Row | RowProblem:
    try:
        return parsed_row(line, MAX_ROW)
    except RowProblem as problem:
        return problem
