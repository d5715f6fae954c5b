"""Export against a plain copy: rows a second with picture files, bytes a second with embedded pictures.

    python -m benchmarks.exporting [--version demo/datasets/demo] [--rows 100000] [--embedded 10000]

Makes a version of many rows from the rows of a real one (each row with ids and picture files of its own), exports the
version on two CPUs, and copies the bytes of each export with `shutil` into fresh files for comparison. Rows for formats
with picture files have plain pictures of the same sizes (about 2 kB each), because the disk would be the limit
otherwise. The rows with embedded pictures must be a few GB: a copy of less ends before its bytes are on the disk.
Prints the rates and the peak memory of a process. The command fails (exit 1) below 1,500 rows a second with picture
files, below 0.8 of the copy with embedded pictures, or above 1 GB.
"""

import argparse
import hashlib
import io
import itertools
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from storage.builds.counts import CardCounts
from storage.datasets.blocks import BlockRecord
from storage.datasets.places import PLACES
from storage.datasets.shards import BlockWriter
from storage.datasets.version import Contents, DatasetInputs, begin, finish, published
from storage.files.store import Files

ROWS_A_BLOCK = 4000
LEAST_ROWS, LEAST_SHARE, MOST_MB = 1500.0, 0.8, 1000.0
FORMATS = (("llamafactory", "files"), ("swift", "files"), ("trl", "embedded"), ("verl_sft", "embedded"))


def enlarged(version: Path, store: str, rows: int, plain: bool) -> None:
    """Publish `rows` rows into a store: those of a version again and again, with other ids and other picture files.

    Args:
        plain: pictures are of one colour.
    """
    source = Files(str(version.parents[1]))
    there = published(source, version.name)
    assert there is not None
    real = [row for shard in there.shards_of("train") for row in pq.read_table(source.locate(shard.path)).to_pylist()]
    facts = {row["episode_id"]: row for row in pq.read_table(version / "ledger.parquet").to_pylist()}
    schema = pq.read_schema(version / "ledger.parquet")
    files, blocks, ledgers = Files(store), [], []
    numbers = itertools.count()
    for start in range(0, rows, ROWS_A_BLOCK):
        made, lines = [], []
        for number in range(start, min(rows, start + ROWS_A_BLOCK)):
            row = real[number % len(real)]
            made.append(_other(row, number, numbers, plain))
            lines.append(
                {**facts[row["episode_id"]], "episode_id": made[-1]["episode_id"], "rung": 448, "table": "train"}
            )
        block = _block(files, f"{start:032x}", made)
        blocks.append(block)
        ledgers.append(_placed(pa.Table.from_pylist(lines, schema=schema), block))
    inputs = DatasetInputs("0" * 16, "1" * 16, ("c",), replay=there.inputs["replay"])
    begin(files, "many", inputs)
    finish(files, "many", Contents(blocks, CardCounts(), ledger=lambda: iter(ledgers)), inputs)


@cache
def _flat(width: int, height: int) -> bytes:
    sink = io.BytesIO()
    Image.new("L", (width, height), 200).save(sink, "PNG")
    return sink.getvalue()


def _other(row: dict[str, Any], number: int, numbers: Iterator[int], plain: bool) -> dict[str, Any]:
    """The same row with ids and picture files of its own: bytes after a PNG's end do not matter to a reader."""
    images, ids = [], []
    for image, frame in zip(row["images"], row["frames"], strict=True):
        data = _flat(frame["width"], frame["height"]) if plain else image["bytes"]
        data += next(numbers).to_bytes(8, "big")
        ids.append(hashlib.sha256(data).hexdigest())
        images.append({"bytes": data, "path": f"{ids[-1]}.png"})
    return {**row, "images": images, "image_ids": ids, "episode_id": f"{number:032x}", "rung": 448}


def _block(files: Files, key: str, rows: list[dict[str, Any]]) -> BlockRecord:
    with BlockWriter(files, key) as writer:
        for row in rows:
            writer.add_episode("train", row)
        return writer.finish()


def _placed(ledger: pa.Table, block: BlockRecord) -> pa.Table:
    shard = block.files[0]
    groups = np.repeat(np.arange(len(shard.row_groups)), shard.row_groups)
    inside = np.concatenate([np.arange(count) for count in shard.row_groups])
    for name, values in (("file", [shard.path] * len(groups)), ("row_group", groups), ("row", inside)):
        kind = pa.string() if name == "file" else PLACES.field(name).type
        ledger = ledger.set_column(ledger.column_names.index(name), name, pa.array(values, kind))
    return ledger


def made_apart(version: Path, store: str, rows: int, plain: bool) -> None:
    """`enlarged` in a process of its own: an export would inherit this process's peak of memory otherwise."""
    process = multiprocessing.get_context("spawn").Process(target=enlarged, args=(version, store, rows, plain))
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"no rows could be made of {version}: `make demo` makes a version there")


def exported(store: str, to: str, name: str, pictures: str) -> tuple[float, float]:
    """Seconds of an export in its own process, with two workers, and the largest memory of its processes in MB."""
    started = time.monotonic()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "pipelines.export", f"dataset={store}/datasets/many", f"to={to}"),
            *(f"format={name}", f"format.pictures={pictures}"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"the export as {name} failed")
    return time.monotonic() - started, usage.ru_maxrss / 1024


def copied(folder: str, to: str) -> float:
    """Seconds of a plain copy of a folder, durable at its end."""
    started = time.monotonic()
    shutil.copytree(folder, to)
    os.sync()
    return time.monotonic() - started


def size_of(folder: str) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def main() -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--version", type=Path, default=Path("demo/datasets/demo"), help="a version (made by `make demo`)"
    )
    parser.add_argument("--rows", type=int, default=100_000, help="of formats with picture files")
    parser.add_argument("--embedded", type=int, default=10_000, help="rows of formats that embed pictures")
    given = parser.parse_args()
    failed, memory = False, 0.0
    with tempfile.TemporaryDirectory() as folder:
        counts = {"files": given.rows, "embedded": given.embedded}
        for pictures, rows in counts.items():
            made_apart(given.version.absolute(), f"{folder}/{pictures}", rows, pictures == "files")
            print(f"{pictures}: {rows:,} rows, {size_of(f'{folder}/{pictures}/shards') / 1e6:,.0f} MB of shards")
        for name, pictures in FORMATS:
            to = f"{folder}/{name}"
            seconds, peak = exported(f"{folder}/{pictures}", to, name, pictures)
            memory = max(memory, peak)
            size, rate = size_of(to), counts[pictures] / seconds
            line = f"{name:<13} {pictures:<9} {rate:8,.0f} rows/s  {size / seconds / 1e6:8,.1f} MB/s"
            if pictures == "embedded":
                plain = size / copied(to, f"{to}-copy")
                line += f"  {size / seconds / plain:.2f} of a plain copy ({plain / 1e6:,.0f} MB/s)"
                failed |= size / seconds < LEAST_SHARE * plain
                shutil.rmtree(f"{to}-copy")
            else:
                failed |= rate < LEAST_ROWS
            print(line, flush=True)
            shutil.rmtree(to)
    print(f"largest process {memory:,.0f} MB")
    return 1 if failed or memory > MOST_MB else 0


if __name__ == "__main__":
    sys.exit(main())
