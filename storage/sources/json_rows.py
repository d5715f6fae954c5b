"""Rows in a JSON file, as lines or as one array. Each row is read alone, so a bad row costs only itself."""

import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from storage.sources.files import parse_json, read_text, refuse_compressed
from storage.sources.protocol import SourceError
from storage.sources.rows import RowProblem, require_row

MAX_LINE = 2**20
"""Bytes of one row; pictures belong in files of their own."""

Row = Mapping[str, object]


def json_rows(file: Path, source: str) -> Iterator[tuple[str, Row | RowProblem]]:
    """The origin and the content of each row ("x.jsonl line 3", "x.json row 3"), or the problem with the row.

    Raises:
        SourceError: the file cannot be read, is compressed, or is an array that does not parse.
    """
    try:
        refuse_compressed(file, source)
        yield from _array(file, source) if _is_array(file) else _lines(file)
    except OSError as error:
        raise SourceError(f"sources/{source}: {file} cannot be read ({error.strerror}); check the file") from error


def parsed_row(line: bytes, max_bytes: int = MAX_LINE) -> Row:
    """One row's JSON.

    Raises:
        RowProblem: too long, not UTF-8, not JSON, no object, or a field comes twice.
    """
    if len(line) > max_bytes:
        raise RowProblem("bad_json", f"the row is longer than {max_bytes} bytes; keep pictures in files of their own")
    try:
        content: object = json.loads(line.decode("utf-8-sig"), object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise RowProblem("bad_json", f"the row is not JSON: {error.msg} at column {error.colno}; mend it") from error
    except UnicodeDecodeError as error:
        raise RowProblem("bad_json", f"the row is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except (RecursionError, ValueError) as error:
        raise RowProblem("bad_json", f"the row is no JSON that can be read ({error}); mend it") from error
    return require_row(content)


def are_lines(file: Path, field: str) -> bool:
    """Whether the file begins with a line that is a complete row with this field."""
    try:
        with file.open("rb") as lines:
            first = next((line for line in iter(lambda: lines.readline(MAX_LINE + 1), b"") if line.strip()), b"")
            return field in parsed_row(first)
    except (OSError, RowProblem):
        return False


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice = next(key for place, (key, _) in enumerate(pairs) if key in [other for other, _ in pairs[:place]])
        raise RowProblem("bad_json", f'the row has "{twice[:40]}" twice; leave one')
    return fields


def _is_array(file: Path) -> bool:
    """Whether the file is one array: it begins like an array, and its second line is not a complete row."""
    with file.open("rb") as lines:
        first = b""
        while not first.strip(b"\xef\xbb\xbf \t\r\n"):
            first = lines.readline(MAX_LINE)
            if not first:
                return False
        if not first.lstrip(b"\xef\xbb\xbf \t").startswith(b"["):
            return False
        while first and not first.endswith(b"\n"):
            first = lines.readline(MAX_LINE)
        second = b"\n"
        while second and not second.strip():
            second = lines.readline(MAX_LINE + 1)
    try:
        return not (second and parsed_row(second))
    except RowProblem:
        return True


def _array(file: Path, source: str) -> Iterator[tuple[str, Row | RowProblem]]:
    content = parse_json(read_text(file, source), str(file), source)
    assert isinstance(content, list)
    for number, row in enumerate(content, start=1):
        try:
            yield f"{file.name} row {number}", require_row(row)
        except RowProblem as problem:
            yield f"{file.name} row {number}", problem


def _lines(file: Path) -> Iterator[tuple[str, Row | RowProblem]]:
    """Each line that is not blank. Of a line that is too long only the beginning is kept."""
    with file.open("rb") as lines:
        for number in itertools.count(1):
            line = rest = lines.readline(MAX_LINE + 1)
            if not line:
                return
            while rest and not rest.endswith(b"\n"):
                rest = lines.readline(MAX_LINE)
            if line.strip():
                try:
                    yield f"{file.name} line {number}", parsed_row(line)
                except RowProblem as problem:
                    yield f"{file.name} line {number}", problem
