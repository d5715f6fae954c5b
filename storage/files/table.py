"""Writes a growing Parquet file, one row group at a time, and hashes it on the way."""

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import IO, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from storage.builds.schema import COMPRESSION
from storage.files.store import Files


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A finished file as a manifest names it. `rows` is None for files that are not tables."""

    path: str
    size: int
    sha256: str
    rows: int | None = None


class _Abandoned(Exception):
    """Thrown into an open file to have it removed."""


class _HashingSink:
    """Hashes bytes and passes them on; implements the methods of a file object that pyarrow uses."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink
        self._hash = hashlib.sha256()
        self.size = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self._sink.write(data)
        self.size += len(data)
        return len(data)

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


class TableWriter:
    """Writes one Parquet file. Its bytes depend only on the rows and the row groups.

    Args:
        files: the store.
        path: of the file.
        schema: of the rows.
        options: for pyarrow's writer, in addition to the compression.
        mode: "wb" for a uniquely named file, "whole" for a file that appears when it is complete (`Files.open`).
    """

    def __init__(
        self,
        files: Files,
        path: str,
        schema: pa.Schema,
        options: Mapping[str, Any] | None = None,
        mode: Literal["wb", "whole"] = "wb",
    ) -> None:
        self.path = path
        self.rows = 0
        self.row_groups = 0
        self._schema = schema
        self._keeps_schema = (options or {}).get("store_schema", True)
        self._stack = ExitStack()
        self._sink = _HashingSink(self._stack.enter_context(files.open(path, mode)))
        self._writer = pq.ParquetWriter(
            self._sink, schema, write_page_checksum=True, **{**COMPRESSION, **(options or {})}
        )

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._sink.size

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write one row group; nothing if there are no rows (readers use a row group's length as their step).

        Raises:
            StoreError: the file cannot be written; it is removed.
        """
        self.write_table(pa.Table.from_pylist(list(rows), schema=self._schema))

    def write_table(self, table: pa.Table) -> None:
        """Write one row group, or none where the table is empty; raises as `write` does."""
        if not len(table):
            return
        with self._guarded():
            self._writer.write_table(table, row_group_size=len(table))
        self.rows += len(table)
        self.row_groups += 1

    def close(self) -> FileRecord:
        """Complete the file. It is durable when this returns."""
        with self._guarded():
            if not self._keeps_schema:  # which has the metadata, otherwise
                self._writer.add_key_value_metadata(self._schema.metadata or {})
            self._writer.close()
        self._stack.close()
        return FileRecord(self.path, self._sink.size, self._sink.hexdigest(), self.rows)

    def abandon(self) -> None:
        """Remove the file if possible."""
        with suppress(Exception):
            self._writer.close()
        self._writer.is_open = False  # otherwise garbage collection would write again
        self._stack.__exit__(_Abandoned, _Abandoned(), None)

    def _guarded(self) -> ExitStack:
        """On an error, close and remove the file, and let the store explain the error."""
        guard = ExitStack()

        def on_exit(kind: Any, error: BaseException | None, trace: Any) -> bool:
            if error is not None:
                self._writer.is_open = False
                return bool(self._stack.__exit__(kind, error, trace))
            return False

        guard.push(on_exit)
        return guard
