"""The place of each row of a version, and the version's ledger, which holds the places."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from storage.datasets.blocks import BlockRecord, record_path
from storage.datasets.cutting import Cut
from storage.files.store import StoreError

_NAME = pa.dictionary(pa.int32(), pa.string())
PLACES = pa.schema(
    [("table", _NAME), ("reason", _NAME), ("file", _NAME), ("row_group", pa.int32()), ("row", pa.int32())]
)
"""Columns that a version's ledger has beside the facts: what became of the episode, and the place of its row: the shard
in the store, the row group of the shard, and the row of the row group, both from 0."""


def places(rows: pa.Table, cuts: Iterable[Cut], blocks: Iterable[BlockRecord]) -> Iterator[pa.Table]:
    """The PLACES of a selection's rows, a block at a time.

    Args:
        cuts, blocks: where the selection was cut, and the block of each cut.

    Raises:
        StoreError: a block has other rows than the selection.
    """
    for cut, block in zip(cuts, blocks, strict=True):
        some = rows.slice(cut.start, cut.rows)
        tables, rungs = (np.asarray(some[name].cast(kind)) for name, kind in (("table", "string"), ("rung", "int32")))
        file, group, row = (np.zeros(cut.rows, np.int32) for _ in range(3))
        for number, shard in enumerate(block.files):
            if shard.table == "originals":
                continue
            mine = tables == shard.table if shard.rung is None else (tables == shard.table) & (rungs == shard.rung)
            if int(mine.sum()) != sum(shard.row_groups):
                raise StoreError(
                    f"{shard.path} has {sum(shard.row_groups)} rows where the version has {int(mine.sum())}: it was "
                    f"made of another build: remove {record_path(block.key)} and what names it, and publish again"
                )
            file[mine] = number
            group[mine] = np.repeat(np.arange(len(shard.row_groups)), shard.row_groups)
            row[mine] = np.concatenate([np.arange(count) for count in shard.row_groups])
        paths = pa.DictionaryArray.from_arrays(file, [shard.path for shard in block.files])
        columns = [some["table"].cast(_NAME), some["reason"].cast(_NAME), paths, pa.array(group), pa.array(row)]
        yield pa.table(columns, schema=PLACES)


def version_ledger(ledger: Iterable[pa.Table], rows: pa.Table, placed: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The rows of a build's ledger that a version holds, with their PLACES.

    Args:
        ledger: a build's ledger in plan order; more rows than the selection has, never fewer.
        rows: the selection, in plan order.
        placed: its places, in plan order.

    Raises:
        StoreError: the ledger lacks a row of the selection.
    """
    stream, held, begin = iter(placed), pa.table({}, schema=None), 0
    held = PLACES.empty_table()
    for table in ledger:
        wanted = rows["episode_id"].slice(begin, len(table))
        mine = table.filter(pc.is_in(table["episode_id"], value_set=_flat(wanted)))
        while len(held) < len(mine):
            held = pa.concat_tables([held, next(stream)])
        begin += len(mine)
        if not len(mine):
            continue
        names = [name for name in mine.column_names if name not in PLACES.names]
        mine, there = mine.select(names), held.slice(0, len(mine))
        for name in PLACES.names:
            mine = mine.append_column(name, _flat(there[name]).cast(pa.string()) if _is_name(name) else there[name])
        held = held.slice(len(mine)).combine_chunks()
        yield mine.combine_chunks()
    if begin < len(rows):
        raise StoreError(f"the ledger has {begin} of the version's {len(rows)} rows: remove the ledger and run again")


def _is_name(name: str) -> bool:
    return bool(PLACES.field(name).type == _NAME)


def _flat(column: pa.ChunkedArray) -> pa.Array:
    found: pa.Array = pa.concat_arrays(column.cast(pa.string()).chunks) if column.num_chunks else pa.array([], "string")
    return found


def chunks_in(rows: pa.Table) -> Sequence[str]:
    """The chunks of some rows of a selection, in order, each once."""
    names: list[str] = pc.unique(rows["chunk"].cast(pa.string())).to_pylist()
    return names
