"""Files of rows: Parquet, or JSON lines. Each grows batch by batch and appears under its name when it is complete."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import IO, Any, Protocol, TypeAlias, cast

import pyarrow as pa
import pyarrow.types as kinds

from lensmill.formats.spec import Container
from storage.exports.types import schema_of
from storage.files.store import Files
from storage.files.table import FileRecord, TableWriter

Written: TypeAlias = bytes | Any
"""A row as its file takes it: a line of JSON, or an Arrow batch of one row (pyarrow has no types)."""


class RowFile(Protocol):
    """A file of rows that is being written."""

    def write(self, rows: Sequence[Written]) -> None:
        """Write some rows, as `written` gives them for the same container and schema."""

    def close(self) -> FileRecord:
        """Complete the file. The file is durable when this returns."""

    def abandon(self) -> None:
        """Remove the file."""


class JsonLines:
    """A file of JSON objects, one a line.

    Args:
        path: of the file.
    """

    def __init__(self, files: Files, path: str) -> None:
        self._path, self._hash, self._size, self._rows = path, hashlib.sha256(), 0, 0
        self._stack = ExitStack()
        self._sink: IO[bytes] = self._stack.enter_context(files.open(path, "whole"))

    def write(self, rows: Sequence[Written]) -> None:
        """See `RowFile`."""
        data = b"".join(cast(Sequence[bytes], rows))
        self._hash.update(data)
        self._sink.write(data)
        self._size += len(data)
        self._rows += len(rows)

    def close(self) -> FileRecord:
        """See `RowFile`."""
        self._stack.close()
        return FileRecord(self._path, self._size, self._hash.hexdigest(), self._rows)

    def abandon(self) -> None:
        """See `RowFile`."""
        error = InterruptedError()
        self._stack.__exit__(InterruptedError, error, None)


class ParquetRows:
    """A Parquet file; each batch of rows is a row group."""

    def __init__(self, table: TableWriter, schema: pa.Schema) -> None:
        self._table, self._schema = table, schema

    def write(self, rows: Sequence[Written]) -> None:
        """See `RowFile`."""
        self._table.write_table(pa.Table.from_batches(rows, self._schema))

    def close(self) -> FileRecord:
        """See `RowFile`."""
        return self._table.close()

    def abandon(self) -> None:
        """See `RowFile`."""
        self._table.abandon()


def written(row: Mapping[str, Any], container: Container, schema: pa.Schema) -> Written:
    """A row as its file takes it. A text may hold half a character, and a format may give other types.

    Raises:
        ValueError: the row cannot be written.
    """
    try:
        if container == "jsonl":
            return _line(row)
        return pa.RecordBatch.from_pylist([dict(row)], schema=schema)
    except (pa.ArrowException, ValueError, TypeError, OverflowError, AttributeError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())[:200]) from error


def _line(row: Mapping[str, Any]) -> bytes:
    """A row as a line. Numbers that JSON does not have are refused."""
    return f"{json.dumps(row, ensure_ascii=False, allow_nan=False)}\n".encode()


def row_file(files: Files, stem: str, container: Container, columns: Mapping[str, Any]) -> RowFile:
    """A new file of rows.

    Args:
        stem: path of the file without its ending.
        columns: types by name, as `lensmill.formats.spec.FormatSpec.columns` writes types.
    """
    if container == "jsonl":
        return JsonLines(files, f"{stem}.jsonl")
    schema = schema_of(columns)
    pictures = [name for name in _leaves(schema) if name.endswith(".bytes")]
    plain = {name: "zstd" for name in _leaves(schema) if name not in pictures}
    options = {
        "compression": plain | dict.fromkeys(pictures, "none"),  # pictures are compressed already
        "compression_level": dict.fromkeys(plain, 3),
        "use_dictionary": [*plain],
        "write_statistics": False,
        "store_schema": False,
    }
    return ParquetRows(TableWriter(files, f"{stem}.parquet", schema, options, "whole"), schema)


def _leaves(schema: Any) -> list[str]:
    """The paths of a schema's columns in a Parquet file."""

    def of(kind: Any, path: str) -> list[str]:
        if kinds.is_list(kind):
            return of(kind.value_type, f"{path}.list.element")
        if kinds.is_struct(kind):
            return [leaf for entry in kind for leaf in of(entry.type, f"{path}.{entry.name}")]
        return [path]

    return [leaf for field in schema for leaf in of(field.type, field.name)]
