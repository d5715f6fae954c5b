"""A table of a dataset version while it is written: bounded row groups and files, never the whole in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from storage.files.store import Files
from storage.files.table import FileRecord, TableWriter


@dataclass(frozen=True, slots=True)
class ShardSizes:
    """Bounds on a table's files.

    Attributes:
        row_group_rows: rows of a row group at most.
        row_group_bytes: pictures of a row group at most, in bytes; a larger row stands alone.
        shard_bytes: a file is closed when it has reached this size.
    """

    row_group_rows: int = 100
    row_group_bytes: int = 16 * 2**20
    shard_bytes: int = 256 * 2**20


@dataclass
class ShardedTable:
    """Writes one table of a version as numbered files in a staging folder.

    Args:
        staging: where files lie until all are finished.
        name: the table's path in the version without number and ending, e.g. "data/train".
    """

    files: Files
    staging: str
    name: str
    schema: pa.Schema
    sizes: ShardSizes
    rows: int = 0
    finished: list[FileRecord] = field(default_factory=list)
    _pending: list[Mapping[str, Any]] = field(default_factory=list)
    _pending_bytes: int = 0
    _writer: TableWriter | None = None

    def add(self, row: Mapping[str, Any], size: int = 0) -> None:
        """Add a row with `size` bytes of pictures."""
        if self._pending and (
            len(self._pending) >= self.sizes.row_group_rows or self._pending_bytes + size > self.sizes.row_group_bytes
        ):
            self._write()
        self._pending.append(row)
        self._pending_bytes += size
        self.rows += 1

    def finish(self) -> list[tuple[FileRecord, str]]:
        """Complete the table: its staged files, each with its path in the version. There is always at least one.

        A path holds the beginning of the file's sha256, e.g. data/train-00000-of-00002-5f1c02e9a7b3d846.parquet. The
        card names the paths, and `datasets` keys its cache by the card: other rows never load from an old cache.
        """
        if self._pending or not self.finished:
            self._write()
        if self._writer is not None:
            self.finished.append(self._writer.close())
            self._writer = None
        total = len(self.finished)
        return [
            (record, f"{self.name}-{number:05d}-of-{total:05d}-{record.sha256[:16]}.parquet")
            for number, record in enumerate(self.finished)
        ]

    def abandon(self) -> None:
        """Remove what is not finished."""
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None

    def _write(self) -> None:
        if self._writer is None:
            path = f"{self.staging}/{self.name}-{len(self.finished):05d}.parquet"
            # pictures differ from row to row: a dictionary of them would only be thrown away again
            scalars = [column.name for column in self.schema if pa.types.is_string(column.type)]
            self._writer = TableWriter(self.files, path, self.schema, {"use_dictionary": scalars})
        self._writer.write(self._pending)
        self._pending, self._pending_bytes = [], 0
        if self._writer.size >= self.sizes.shard_bytes:
            self.finished.append(self._writer.close())
            self._writer = None
