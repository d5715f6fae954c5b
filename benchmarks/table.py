"""Ingest of mapped rows with pictures of 200 KB, against decoding and hashing the pictures alone, on two cores.

    python -m benchmarks.table [--rows 2000] [--kind parquet]

Rows lie in one Parquet file (row groups of 500), in JSON lines with base64, or in a WebDataset tar. Two processes read
slices as the tasks of a build do: they decode, hash and store the originals. The baseline decodes and hashes the same
pictures from memory. The command fails (exit 1) below 80 % of the baseline's rate, or if a process needs more than
1 GB, or if one process and three plan other samples.
"""

import argparse
import base64
import io
import json
import os
import random
import resource
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from actors.ingest.reading import SliceReader
from lensmill.agents.reader.settings import ReaderSettings
from lensmill.resolution import Ladder
from storage.builds.plan import Plan
from storage.files.store import Files
from storage.sources.rows import check_picture
from storage.sources.spec import build_source
from storage.sources.table.settings import TableSettings

LEAST, MOST_BYTES = 0.8, 10**9
GROUP = 500


def draw(number: int) -> bytes:
    """A JPEG of about 200 KB, of smooth noise."""
    numbers = random.Random(number)
    noise = Image.frombytes("RGB", (256, 192), numbers.randbytes(256 * 192 * 3))
    buffer = io.BytesIO()
    noise.resize((1024, 768), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=72)
    return buffer.getvalue()


def write(folder: Path, kind: str, pictures: Sequence[bytes]) -> TableSettings:
    """The rows in a file, and the settings that read them."""
    columns: dict[str, Any] = {"question": "question", "answers": "answer", "image": "image"}
    rows = [{"question": f"Question {at}?", "answer": str(at)} for at in range(len(pictures))]
    if kind == "parquet":
        file = folder / "rows.parquet"
        table = pa.table({**{name: [row[name] for row in rows] for name in rows[0]}, "image": list(pictures)})
        pq.write_table(table, file, row_group_size=GROUP)
    elif kind == "jsonl":
        file = folder / "rows.jsonl"
        with file.open("w") as lines:
            for row, data in zip(rows, pictures, strict=True):
                lines.write(json.dumps({**row, "image": base64.b64encode(data).decode()}) + "\n")
    else:
        file = folder / "rows.tar"
        with tarfile.open(file, "w") as tar:
            for at, (row, data) in enumerate(zip(rows, pictures, strict=True)):
                for ending, content in (("jpg", data), ("json", json.dumps(row).encode())):
                    info = tarfile.TarInfo(f"{at:06}.{ending}")
                    info.size = len(content)
                    tar.addfile(info, io.BytesIO(content))
        columns = {"question": "json.question", "answers": "json.answer", "image": "jpg"}
    return TableSettings(path=str(file), columns=columns)


@dataclass(frozen=True)
class Baseline:
    """Decodes and hashes pictures."""

    folder: str

    def __call__(self, part: tuple[int, int]) -> tuple[list[str], int]:
        """The ids of some pictures, and the process's peak memory."""
        ids = []
        for at in range(*part):
            ids.append(check_picture(Path(self.folder, f"{at}.jpg").read_bytes(), "image").image_id)
        return ids, _peak()


@dataclass(frozen=True)
class Ingest:
    """Reads slices as a build's task does."""

    reader: SliceReader

    def __call__(self, part: Any) -> tuple[list[str], int]:
        """The ids of a slice's samples, and the process's peak memory."""
        found = self.reader(part)
        assert found.error is None, found.error
        return [getattr(read, "sample_id", str(read)) for read in found.reads], _peak()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def over(
    work: Callable[[Any], tuple[list[str], int]], parts: Sequence[Any], workers: int
) -> tuple[float, list[str], int]:
    """Seconds, ids in order, and peak memory of the largest process, without the start of the processes."""
    with ProcessPoolExecutor(workers, get_context("forkserver")) as pool:
        list(pool.map(work, parts[:workers]))  # imports
        begin = time.monotonic()
        found = list(pool.map(work, parts))
        seconds = time.monotonic() - begin
    return seconds, [one for ids, _ in found for one in ids], max(peak for _, peak in found)


def ingest_into(place: Path, settings: TableSettings) -> tuple[Ingest, list[Any]]:
    """The work and the slices of an ingest into a store."""
    files, source = Files(str(place)), build_source(settings)
    planned = Plan(files, "f" * 16).planned()
    reader = SliceReader(files, "f" * 16, source, ReaderSettings(), None, Ladder((448,)), (0,), planned)
    return Ingest(reader), list(source.slices())


def main() -> int:
    """Measure, and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--kind", choices=("parquet", "jsonl", "tar"), default="parquet")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = [draw(at) for at in range(options.rows)]
        size = sum(map(len, pictures)) / len(pictures)
        (folder / "alone").mkdir()
        for at, data in enumerate(pictures):
            (folder / "alone" / f"{at}.jpg").write_bytes(data)
        settings = write(folder, options.kind, pictures)
        del pictures
        parts = [(at, min(at + 64, options.rows)) for at in range(0, options.rows, 64)]
        alone, _, _ = over(Baseline(str(folder / "alone")), parts, 2)
        found = {workers: over(*ingest_into(folder / f"out{workers}", settings), workers) for workers in (2, 1, 3)}
        again, _, _ = over(Baseline(str(folder / "alone")), parts, 2)
    seconds, ids, peak = found[2]
    rate, base = options.rows / seconds, options.rows / min(alone, again)
    print(f"{options.rows} rows of {size / 1000:.0f} KB, {options.kind}, two processes on {os.cpu_count()} cores")
    print(f"  decoding and hashing alone: {base:7.1f} pictures/s (again: {options.rows / max(alone, again):.1f})")
    print(f"  ingest:                     {rate:7.1f} rows/s, {rate / base:.2f} of that (at least {LEAST})")
    print(f"  largest process:            {peak / 1e6:7.0f} MB (at most {MOST_BYTES / 1e6:.0f})")
    same = ids == found[1][1] == found[3][1] and len(set(ids)) == options.rows
    print(f"  one, two and three processes read {'the same' if same else 'DIFFERENT'} samples in the same order")
    return 0 if same and rate / base >= LEAST and peak <= MOST_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
