"""Makes one block of a version: the work of one Ray task."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from actors.publishing.drawing import Drawer
from lensmill.replay import ReplaySettings
from storage.builds.judged import JudgedBuild, JudgedEpisode, Layers
from storage.datasets.blocks import BlockRecord, block_key, read_block
from storage.datasets.cutting import encoded, failed
from storage.datasets.failures_and_originals import failed_row, original_row
from storage.datasets.rows import FACTS, episode_row
from storage.datasets.shards import BlockWriter
from storage.files.ahead import ahead
from storage.files.store import Files, StoreError

CHUNKS_AHEAD = 2
"""Chunks that are read before they are needed, since an object store takes time for each."""

_DECIDES = ("chunk", "position", "table", "reason", "original", "content")
"""Columns of a selection that decide the rows of a block; `original`: whether the block holds the row's original."""


@dataclass(frozen=True, slots=True)
class Build:
    """The judged build from which blocks are made."""

    files: Files
    fingerprint: str
    judge: str
    replay: ReplaySettings


@dataclass(frozen=True, slots=True)
class BlockWork:
    """The work on one block.

    Attributes:
        rows: columns `_DECIDES` of its rows, as an Arrow stream, which holds these rows and no others.
        layers: of its chunks.
        ledger: paths of the ledger's segments that have its rows' facts.
    """

    key: str
    rows: bytes
    layers: Layers
    ledger: tuple[str, ...] = ()


def with_originals(rows: pa.Table) -> pa.Table:
    """A selection with the column `original`: whether a row is the first of its picture in the episode tables."""
    shown = np.flatnonzero(~failed(rows))
    codes = encoded(rows["image_id"])[0][shown]
    first = np.zeros(len(rows), bool)
    first[shown[np.unique(codes, return_index=True)[1]]] = True
    return rows.append_column("original", pa.array(first))


def work_of(decides: Mapping[str, Any], rows: pa.Table, layers: Layers, ledger: Sequence[str] = ()) -> BlockWork:
    """A block of some rows of a selection with originals.

    Args:
        decides: see `storage.datasets.blocks.block_key`.
        layers: of all chunks.
    """
    some = rows.select(_DECIDES).combine_chunks()
    plain = [some[name].cast(pa.string()) for name in _DECIDES]
    lines = pc.binary_join_element_wise(*plain, " ", null_handling="replace", null_replacement="-").to_pylist()
    chunks = pc.unique(plain[0]).to_pylist()
    mine = {chunk_id: layers[chunk_id] for chunk_id in chunks if chunk_id in layers}
    tried = (f"{chunk_id} {episodes} {verdicts}" for chunk_id, (episodes, verdicts) in mine.items())
    sink = pa.BufferOutputStream()
    narrow = pa.table(dict(zip(_DECIDES, plain, strict=True)))
    narrow = narrow.set_column(1, "position", some["position"]).set_column(4, "original", some["original"])
    with pa.ipc.new_stream(sink, narrow.schema) as writer:
        writer.write_table(narrow)
    return BlockWork(block_key(decides, [*tried, *lines]), sink.getvalue().to_pybytes(), mine, tuple(ledger))


def make_block(build: Build, work: BlockWork) -> BlockRecord:
    """Draw and write one block, unless the block exists. Idempotent: the same work gives the same bytes.

    Raises:
        StoreError: the build or a picture is damaged, or the store cannot be written.
    """
    if (there := read_block(build.files, work.key)) is not None:
        return there
    rows = pa.ipc.open_stream(work.rows).read_all().to_pylist()
    facts = _facts(build.files, work.ledger, {row["chunk"] for row in rows})
    with Drawer(build.files, build.replay) as drawer, BlockWriter(build.files, work.key) as writer:
        for row, judged in _judged(build, work.layers, rows):
            if row["original"]:
                image_id = judged.sample.image_id
                writer.add_original(original_row(image_id, drawer.original(image_id)))
            if judged.trajectory is None:
                writer.add_failure(failed_row(judged))
                continue
            known = facts.get((row["chunk"], row["position"]))
            pictures = drawer.pictures(judged)
            value = episode_row(judged, pictures, build.fingerprint, build.judge, row["reason"], known)
            writer.add_episode(row["table"], value)
        return writer.finish()


def _judged(
    build: Build, layers: Layers, rows: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Mapping[str, Any], JudgedEpisode]]:
    """The rows with their episodes; each chunk is read once."""
    chunks = [(chunk_id, list(same)) for chunk_id, same in groupby(rows, lambda row: str(row["chunk"]))]
    judged = _judged_build(build)
    read = ahead(lambda chunk: judged.read(chunk[0], layers), chunks, CHUNKS_AHEAD)
    for (_, some), episodes in zip(chunks, read, strict=True):
        for row in some:
            yield row, episodes[row["position"]]


def _facts(files: Files, paths: Sequence[str], chunks: set[str]) -> dict[tuple[str, int], Mapping[str, Any]]:
    """The facts that rows carry, by chunk and position.

    Raises:
        StoreError: a segment of the ledger is missing or damaged.
    """
    found: dict[tuple[str, int], Mapping[str, Any]] = {}
    for path in paths:
        try:
            with files.open(path) as source:
                part = pq.ParquetFile(source)
                names = [name for name in ("chunk", "position", *FACTS) if name in part.schema_arrow.names]
                table = part.read(columns=names)
        except (pa.ArrowException, OSError) as error:
            why = " ".join(str(error).split())[:300]
            raise StoreError(
                f"{files.locate(path)} is missing or damaged ({why}): delete this file of the ledger and run again"
            ) from error
        table = table.filter(pc.is_in(table["chunk"].cast(pa.string()), value_set=pa.array(sorted(chunks))))
        found |= {(row["chunk"], row["position"]): row for row in table.to_pylist()}
    return found


_builds: dict[tuple[str, str, str], JudgedBuild] = {}


def _judged_build(build: Build) -> JudgedBuild:
    """The build that this process read last. It keeps the plan's index for many blocks."""
    name = (build.files.root, build.fingerprint, build.judge)
    if name not in _builds:
        _builds.clear()
        _builds[name] = JudgedBuild(build.files, build.fingerprint, build.judge)
    return _builds[name]
