"""A JSON file as one value: a list of rows, an object with such a list, or an object of rows by key.

The file is mapped and walked by its brackets, so memory holds one row at a time, and a bad row costs only itself.
"""

import itertools
import json
import mmap
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from storage.sources.files import refuse_compressed
from storage.sources.json_rows import parsed_row
from storage.sources.protocol import SourceError
from storage.sources.rows import RowProblem
from storage.sources.table.layouts.layout import MAX_ROW, Layout, Part, Row, grouped

KEY = "__key__"
"""The column with the key of a row in an object of rows."""

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},]', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*+(?:\xef\xbb\xbf)?[ \t\r\n]*+")
_KEY = re.compile(rb'[ \t\r\n,]*+("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\r\n]*+:[ \t\r\n]*+', re.DOTALL)
Span = tuple[int, int]


class DocumentLayout(Layout):
    """See the module. `Part.skip` is 1 where rows have keys.

    Args:
        named: the field of an object that holds its list of rows; None finds the only one.
    """

    kind = "JSON"

    def __init__(self, file: Path, where: str, source: str, named: str | None = None) -> None:
        super().__init__(file, where, source)
        self._named = named

    def parts(self) -> Iterator[Part]:
        """See `Layout`."""
        with self._mapped() as data:
            at, keyed = self._rows_at(data)
            for part in grouped((begin, True) for begin, _ in _entries(data, at + 1)):
                yield replace(part, skip=int(keyed))

    def rows(self, part: Part, wanted: Sequence[str]) -> Iterator[tuple[str, Row | RowProblem]]:
        """See `Layout`."""
        del wanted  # rows are read whole
        with self._mapped() as data:
            spans = itertools.islice(_entries(data, part.at), part.rows)
            for number, (begin, end) in enumerate(spans, start=part.before + 1):
                yield f"{self.where} row {number}", _row(data, begin, end, bool(part.skip))

    def _rows_at(self, data: mmap.mmap) -> tuple[int, bool]:
        """Where the list or object of rows begins, and whether the rows have keys."""
        start = _match_end(_SPACE, data, 0)
        opening = data[start : start + 1]
        if opening == b"[":
            return start, False
        if opening != b"{":
            raise self._problem("is neither a list nor an object")
        lists, objects, others = dict[str, int](), 0, 0
        for begin, end in _entries(data, start + 1):
            match = _KEY.match(data, begin, end)
            if match is None:
                raise self._problem("has an entry without a key")
            key = json.loads(match[1])
            value = data[match.end() : match.end() + 1]
            inner = _match_end(_SPACE, data, match.end() + 1)
            if value == b"[" and (data[inner : inner + 1] == b"{" or key == self._named):
                lists[key] = match.end()
            objects, others = objects + (value == b"{"), others + (value not in (b"{", b"["))
        if self._named is not None:
            if self._named not in lists:
                raise self._problem(f'has no list "{self._named}" (lists: {", ".join(lists) or "none"})')
            return lists[self._named], False
        if len(lists) == 1:
            return next(iter(lists.values())), False
        if lists:
            raise self._problem(f"has several lists of rows ({', '.join(lists)}); name one with source.rows")
        if objects and not others:
            return start, True
        raise self._problem("is an object without a list of rows")

    def _problem(self, what: str) -> SourceError:
        return SourceError(f"sources/{self.source}: {self.file} {what}; expected a list of rows, or an object of rows")

    @contextmanager
    def _mapped(self) -> Iterator[mmap.mmap]:
        try:
            refuse_compressed(self.file, self.source)
            with self.file.open("rb") as file:
                # not closed here: a reader that stops half-way still looks at the map
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
                    raise SourceError(f"sources/{self.source}: {self.file} is UTF-16 text; save it as UTF-8")
                yield data
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise SourceError(f"sources/{self.source}: {self.file} cannot be read ({why}); check the file") from error


def _match_end(pattern: re.Pattern[bytes], data: mmap.mmap, at: int) -> int:
    found = pattern.match(data, at)
    return found.end() if found else at


def _entries(data: mmap.mmap, begin: int) -> Iterator[Span]:
    """The span of each entry of a list or an object, from the entry at this byte on.

    A missing end is the end of the file; the last entry then fails to parse.
    """
    depth = 0
    for token in _TOKEN.finditer(data, begin):
        sign = data[token.start() : token.start() + 1]
        if sign in b"[{":
            depth += 1
        elif sign in b"]}":
            depth -= 1
        if depth < 0 or (depth == 0 and sign == b","):
            if _match_end(_SPACE, data, begin) < token.start():
                yield _match_end(_SPACE, data, begin), token.start()
            if depth < 0:
                return
            begin = token.end()
    if _match_end(_SPACE, data, begin) < len(data):
        yield _match_end(_SPACE, data, begin), len(data)


def _row(data: mmap.mmap, begin: int, end: int, keyed: bool) -> Row | RowProblem:
    try:
        if not keyed:
            return parsed_row(data[begin : min(end, begin + MAX_ROW + 1)], MAX_ROW)
        match = _KEY.match(data, begin, end)
        if match is None:
            raise RowProblem("bad_json", "the row has no key; mend the file")
        content = parsed_row(data[match.end() : min(end, match.end() + MAX_ROW + 1)], MAX_ROW)
        return {KEY: json.loads(match[1]), **content}
    except (RowProblem, ValueError) as problem:
        return problem if isinstance(problem, RowProblem) else RowProblem("bad_json", f"the key is no text: {problem}")
