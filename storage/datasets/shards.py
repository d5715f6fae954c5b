"""Writes a block: rows stream in, and bounded row groups go out into one file for each table and rung."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from storage.datasets.blocks import BlockRecord, ShardRecord, commit, shard_path
from storage.datasets.failures_and_originals import FAILURES, ORIGINALS
from storage.datasets.rows import EPISODES
from storage.files.store import Files
from storage.files.table import TableWriter

TABLES: Mapping[str, pa.Schema] = {
    "train": EPISODES,
    "validation": EPISODES,
    "rejected": EPISODES,
    "failures": FAILURES,
    "originals": ORIGINALS,
}
"""A version's tables. Those of episodes are split by rungs."""

_REPEATED = (
    *("images.list.element.bytes", "images.list.element.path", "image.bytes"),
    *("messages.list.element.role", "messages.list.element.content.list.element.text"),
)
"""Nested columns whose values repeat from row to row."""


def options_of(schema: pa.Schema) -> dict[str, Any]:
    """Options of pyarrow's writer for a table.

    A dictionary may be as large as its row group, so that each picture is in the group once. Statistics are of the
    columns that readers filter by. The Arrow schema, which follows from the Parquet schema, is left out: a footer is
    read before anything else, and there is one in each of many files.
    """
    flat = [column.name for column in schema if not pa.types.is_nested(column.type)]
    return {
        "use_dictionary": [*flat, *_REPEATED],
        "dictionary_pagesize_limit": 2**30,
        "write_page_index": True,
        "write_statistics": flat,
        "store_schema": False,
    }


@dataclass(frozen=True, slots=True)
class ShardSizes:
    """Bounds on held rows and on row groups.

    Attributes:
        row_group_rows: rows of a row group at most; 100 times as many in a table without pictures.
        row_group_bytes: pictures of a row group at most, in bytes; a larger row stands alone.
        held_bytes: pictures of all row groups that are not full yet, in bytes, at most.
    """

    row_group_rows: int = 100
    row_group_bytes: int = 16 * 2**20
    held_bytes: int = 64 * 2**20


@dataclass
class _Shard:
    table: str
    rung: int | None
    writer: TableWriter
    pending: list[Mapping[str, Any]] = field(default_factory=list)
    pending_bytes: int = 0
    row_groups: list[int] = field(default_factory=list)

    def flush(self) -> None:
        if self.pending:
            self.writer.write(self.pending)
            self.row_groups.append(len(self.pending))
        self.pending, self.pending_bytes = [], 0


class BlockWriter:
    """Writes the files of one block, under their final names; a context, which removes unfinished files on an error.

    Args:
        key: of the block; its record does not exist yet.
    """

    def __init__(self, files: Files, key: str, sizes: ShardSizes | None = None) -> None:
        self._files, self._key, self._sizes = files, key, sizes or ShardSizes()
        self._shards: dict[tuple[str, int | None], _Shard] = {}
        self._held = 0
        self._pictures = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            for shard in self._shards.values():
                shard.writer.abandon()

    def add_episode(self, table: str, row: Mapping[str, Any]) -> None:
        """Add an EPISODES row to "train", "validation" or "rejected"."""
        pictures = row["images"]
        self._pictures += len(pictures)
        self._add(table, row["rung"], row, sum(len(picture["bytes"]) for picture in pictures))

    def add_failure(self, row: Mapping[str, Any]) -> None:
        """Add a FAILURES row."""
        self._add("failures", None, row, 0)

    def add_original(self, row: Mapping[str, Any]) -> None:
        """Add an ORIGINALS row."""
        self._add("originals", None, row, len(row["image"]["bytes"]))

    def finish(self) -> BlockRecord:
        """Complete the files and make the block count.

        Raises:
            StoreError: a file cannot be written, or another run has made the block with other bytes.
        """
        done = []
        for (table, rung), shard in sorted(self._shards.items(), key=lambda item: (item[0][0], item[0][1] or 0)):
            shard.flush()
            file = shard.writer.close()
            done.append(
                ShardRecord(
                    file.path, file.size, file.sha256, sum(shard.row_groups), table, rung, tuple(shard.row_groups)
                )
            )
        return commit(self._files, BlockRecord(self._key, tuple(done), self._pictures))

    def _add(self, table: str, rung: int | None, row: Mapping[str, Any], size: int) -> None:
        shard = self._shards.get((table, rung))
        if shard is None:
            path = shard_path(table, rung, self._key)
            writer = TableWriter(self._files, path, TABLES[table], options_of(TABLES[table]), "whole")
            shard = self._shards[(table, rung)] = _Shard(table, rung, writer)
        sizes = self._sizes
        most = sizes.row_group_rows * (100 if table == "failures" else 1)
        if shard.pending and (len(shard.pending) >= most or shard.pending_bytes + size > sizes.row_group_bytes):
            self._flush(shard)
        shard.pending.append(row)
        shard.pending_bytes += size
        self._held += size
        while self._held > sizes.held_bytes:
            self._flush(max(self._shards.values(), key=lambda shard: shard.pending_bytes))

    def _flush(self, shard: _Shard) -> None:
        self._held -= shard.pending_bytes
        shard.flush()
