"""Blocks: the work of one task on a version, and what versions share.

A block is some rows of a version, written as one Parquet file for each table and rung in `shards/`. Its key is a hash
of all that decides these bytes. The block counts once its record `blocks/<key>.json` exists, which is created
conditionally when every file is complete. A block whose record exists is never made again.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from time import time
from typing import Any, Self

from storage.files.ahead import ahead
from storage.files.store import Files, StoreError

SHARDS, BLOCKS = "shards", "blocks"
"""Folders of the shards and of the blocks' records, beside `datasets/`."""

RENEW_S = 86_400.0
"""A record older than this gets a new time when a version takes its block over, so that garbage collection keeps
the block until the version's manifest names it."""


@dataclass(frozen=True, slots=True)
class ShardRecord:
    """A complete file of a block.

    Attributes:
        path: in the store.
        table: "train", "validation", "rejected", "failures" or "originals".
        rung: None in a table that is not split by rungs.
        row_groups: rows of each row group; manifests do not have them.
    """

    path: str
    size: int
    sha256: str
    rows: int
    table: str
    rung: int | None
    row_groups: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockRecord:
    """A finished block. `pictures`: number of pictures that its episodes show."""

    key: str
    files: tuple[ShardRecord, ...]
    pictures: int

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def rows(self) -> int:
        """Rows of all tables but the originals."""
        return sum(file.rows for file in self.files if file.table != "originals")

    def to_json(self) -> bytes:
        """The content of `blocks/<key>.json`."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def of_json(cls, data: bytes) -> Self:
        """The record that `to_json` wrote.

        Raises:
            ValueError, KeyError, TypeError: the record is not one of a block.
        """
        values: dict[str, Any] = json.loads(data)
        files = (ShardRecord(**{**file, "row_groups": tuple(file["row_groups"])}) for file in values["files"])
        return cls(values["key"], tuple(files), values["pictures"])


def block_key(decides: Mapping[str, Any], lines: Iterable[str]) -> str:
    """The key of a block.

    Args:
        decides: JSON values that decide every block of a version, e.g. its format and recipe.
        lines: what decides this block's rows, in order.
    """
    digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode())
    for line in lines:
        digest.update(b"\n" + line.encode())
    return digest.hexdigest()[:32]


def record_path(key: str) -> str:
    """Where a block's record lies."""
    return f"{BLOCKS}/{key}.json"


def shard_path(table: str, rung: int | None, key: str) -> str:
    """Where the file of one table and rung of a block lies."""
    return f"{SHARDS}/{table}-{'' if rung is None else f'{rung}-'}{key}.parquet"


def key_of(path: str) -> str:
    """The key of the block that a shard or a record is of."""
    return path.rpartition("/")[2].rpartition(".")[0].rpartition("-")[2]


def read_block(files: Files, key: str) -> BlockRecord | None:
    """A block's record; None if the block does not exist.

    Raises:
        StoreError: the record is damaged.
    """
    path = record_path(key)
    try:
        return BlockRecord.of_json(files.read(path))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{files.locate(path)} is no record of a block: remove it and publish again") from error


def commit(files: Files, record: BlockRecord) -> BlockRecord:
    """Make a block count. All its files are complete.

    Raises:
        StoreError: another run has made the same block with other bytes.
    """
    if not files.create(record_path(record.key), record.to_json()) and read_block(files, record.key) != record:
        raise StoreError(
            f"{files.locate(record_path(record.key))}: another run has made this block with other bytes: remove the "
            "record and publish again with one installation"
        )
    return record


def made_blocks(files: Files, keys: Iterable[str]) -> Iterator[BlockRecord]:
    """The records of the existing ones of these blocks, in order. An old record gets a new time.

    Costs one listing of `blocks/`, and a request for each record.
    """
    before = time() - RENEW_S
    there = {file.path: file.modified for file in files.details(BLOCKS)}

    def taken_over(key: str) -> BlockRecord | None:
        record = read_block(files, key)
        modified = there[record_path(key)]
        if record is not None and (modified is None or modified < before):
            with files.open(record_path(key), "whole") as sink:
                sink.write(record.to_json())
        return record

    wanted = (key for key in keys if record_path(key) in there)
    yield from (record for record in ahead(taken_over, wanted) if record is not None)


def missing_blocks(files: Files, keys: Iterable[str], shards: Iterable[ShardRecord]) -> list[str]:
    """The blocks whose record or whose shards are missing. Costs a listing of both folders."""
    keys, lost = [*keys], {shard.path for shard in shards}
    records = set(files.each(BLOCKS))
    lost.difference_update(files.each(SHARDS))
    absent = {key_of(path) for path in lost}
    return [key for key in keys if key in absent or record_path(key) not in records]


def forget(files: Files, keys: Iterable[str]) -> None:
    """Remove the blocks' records, so that publishing makes the blocks again."""
    for key in keys:
        files.remove(record_path(key))
