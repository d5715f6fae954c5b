"""Files of training rows, anyone's: Parquet, JSON lines and JSON arrays, read row by row.

Memory holds one row, or a few rows of a Parquet file. A row that cannot be read costs itself; damage within a file
costs the rest of that file.
"""

import codecs
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from storage.files.arrow import arrow_filesystem
from storage.files.store import Files, StoreError

ENDINGS: Mapping[str, str] = {".parquet": "parquet", ".jsonl": "lines", ".ndjson": "lines", ".json": "json"}

MOST_BYTES = 256 * 2**20
"""Bytes of one row in JSON: pictures in base64 may stand in it."""

BATCH = 8
"""Rows of a Parquet file that are in memory together."""

_PIECE = 2**20

BESIDE = ("dataset_info.json", "manifest.json", "export.json")
"""JSON files that lie beside rows and hold none."""

LEFT_OUT = "left_out"
"""Folder of an export with a line for each row that was left out."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row, or the rest of a file, that cannot be read: one line that says why and what to do."""

    problem: str


def row_files(files: Files, folder: str) -> list[str]:
    """The files with rows below a folder, sorted: those with known endings. Folders whose names begin with a dot hold
    none, and of an export only its own rows count, not the lists of rows left out."""
    found = files.list(folder)
    listed = [path for path in found if ending_of(path) and path.rpartition("/")[2] not in BESIDE]
    exports = {path.removesuffix("/export.json") for path in found if path.endswith("/export.json")}
    left_out = tuple(f"{export}/{LEFT_OUT}/" for export in exports)
    below = len(folder) + 1
    return [path for path in listed if "/." not in f"/{path[below:]}" and not path.startswith(left_out)]


def ending_of(path: str) -> str:
    """The kind of a file, from its name; "" for other files."""
    return next((kind for ending, kind in ENDINGS.items() if path.lower().endswith(ending)), "")


def columns_of(files: Files, path: str) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """The types of a Parquet file's columns as plain values, and the features that `datasets` has written beside them.

    Raises:
        ValueError: the file is no Parquet file, or is damaged.
    """
    try:
        system, prefix = arrow_filesystem(files)
        schema = pq.read_schema(f"{prefix}{path}", filesystem=system)
    except (pa.ArrowException, OSError, StoreError) as error:
        raise ValueError(f"the file is no Parquet file ({_one_line(error)}): write it again") from error
    features = None
    try:
        info = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        features = info if isinstance(info, dict) else None
    except (ValueError, LookupError, TypeError, RecursionError):
        features = None
    return {field.name: plain_type(field.type) for field in schema}, features


def plain_type(kind: pa.DataType) -> Any:
    """An Arrow type as `lensmill.validation.schema` describes types."""
    if isinstance(kind, pa.ExtensionType):
        return plain_type(kind.storage_type)
    if pa.types.is_struct(kind):
        return {field.name: plain_type(field.type) for field in kind}
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return [plain_type(kind.value_type)]
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    return str(kind)


def read_rows(files: Files, path: str) -> Iterator[Mapping[str, Any] | Unreadable]:
    """The rows of a file in order, each with its problem in its place."""
    kind = ending_of(path)
    try:
        if kind == "parquet":
            yield from _parquet(files, path)
            return
        with files.open(path) as source:
            first = _first(source)
            if first == b"[":
                yield from _array(source)
            else:
                yield from _lines(source)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, StoreError) as error:
        yield Unreadable(f"the file cannot be read from here on ({_one_line(error)}): write it again")


def _parquet(files: Files, path: str) -> Iterator[Mapping[str, Any] | Unreadable]:
    system, prefix = arrow_filesystem(files)
    with pq.ParquetFile(f"{prefix}{path}", filesystem=system, buffer_size=_PIECE, pre_buffer=False) as file:
        for batch in file.iter_batches(batch_size=BATCH):
            for index in range(batch.num_rows):
                yield _row_at(batch, index)


def _row_at(batch: pa.RecordBatch, index: int) -> Mapping[str, Any] | Unreadable:
    row: dict[str, Any] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            row[name] = column[index].as_py()
        except (pa.ArrowException, ValueError, OverflowError, TypeError) as error:
            return Unreadable(f"the field {name[:60]} cannot be read ({_one_line(error)}): write the row again")
    return row


def _first(source: IO[bytes]) -> bytes:
    """The first sign of a file that is neither blank nor a byte order mark; the file is back at its beginning."""
    head = source.read(_PIECE).removeprefix(codecs.BOM_UTF8).lstrip()
    source.seek(0)
    return head[:1]


def _lines(source: IO[bytes]) -> Iterator[Mapping[str, Any] | Unreadable]:
    first = True
    while line := source.readline(MOST_BYTES + 1):
        if len(line) > MOST_BYTES:
            yield Unreadable(f"the line is longer than {MOST_BYTES} bytes: keep pictures in files of their own")
            while line and not line.endswith(b"\n"):
                line = source.readline(_PIECE)
            continue
        if not line.strip():
            continue
        row = _parsed(line.removeprefix(codecs.BOM_UTF8) if first else line)
        if first and isinstance(row, Unreadable) and line.strip() in (b"{", b"["):
            yield Unreadable("the file is one JSON object over several lines, and no rows: write one row a line")
            return
        first = False
        yield row


def _parsed(line: bytes) -> Mapping[str, Any] | Unreadable:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Unreadable(f"the row is no JSON ({_one_line(error)}): write the row again")
    if not isinstance(value, dict):
        return Unreadable(f"the row is a JSON {type(value).__name__}, not an object: write an object")
    return value


def _array(source: IO[bytes]) -> Iterator[Mapping[str, Any] | Unreadable]:
    """The items of one JSON array, each parsed as soon as it is whole."""
    decode, scan = codecs.getincrementaldecoder("utf-8")(), json.JSONDecoder().raw_decode
    text, at, ended = "", 0, False
    try:
        text = decode.decode(source.read(_PIECE))
        at = text.index("[") + 1
        while True:
            while at < len(text) and text[at] in " \t\r\n,":
                at += 1
            if at < len(text) and text[at] == "]":
                return
            try:
                value, end = scan(text, at)
                whole = end < len(text) or ended
            except (ValueError, RecursionError) as error:
                whole = False
                if ended or len(text) - at > MOST_BYTES:
                    yield Unreadable(f"the rest of the file is no JSON ({_one_line(error)}): write it again")
                    return
            if whole:
                at = end
                yield value if isinstance(value, dict) else Unreadable("the row is no JSON object: write an object")
                continue
            more = source.read(max(_PIECE, len(text) - at))  # twice as much each time: a long row is parsed seldom
            ended = not more
            text, at = text[at:] + decode.decode(more, final=ended), 0
            if ended and not text.strip():
                yield Unreadable("the file ends within its array: write it again")
                return
    except UnicodeDecodeError as error:
        yield Unreadable(f"the file is not UTF-8 ({_one_line(error)}): write it again")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
