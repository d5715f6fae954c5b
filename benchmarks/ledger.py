"""The cost of the ledger: of writing it, against the agents' time, and of queries over a million episodes.

    python -m benchmarks.ledger [--rows 1000000] [--build OUT]

Runs every query of docs/query.md over a synthetic ledger (segments as in a build, on local disk), each in a separate
process with two threads, and prints the seconds of the best of three runs and the peak memory. With --build, it
measures the episodes of a real build again and prints the seconds for each episode, against the agents' seconds.

The command fails (exit 1) if a query takes more than 1 s or 1 GB, or if measuring takes more than 2 % of the agents'
time.
"""

import argparse
import hashlib
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from lensmill.facts.measure import measures_of
from lensmill.resolution import LADDER
from storage.builds.judged import JudgedBuild
from storage.builds.ledger import SEGMENT_EPISODES, Ledger, ledger_schema
from storage.builds.ledger_writer import LedgerWriter
from storage.builds.sql import ask, connect
from storage.builds.verdicts import VerdictStore
from storage.files.store import Files

MOST_SECONDS, MOST_MB, MOST_SHARE = 1.0, 1000.0, 0.02
DOCS = Path(__file__).resolve().parent.parent / "docs" / "query.md"
SAMPLES_A_SEED = 4


def made_up(rows: int) -> Iterator[pa.Table]:
    """Segments of a ledger: eight rungs, four seeds for each sample, figures in realistic ranges."""
    schema, random = ledger_schema(measures_of()), np.random.default_rng(0)
    for start in range(0, rows, SEGMENT_EPISODES):
        count = min(SEGMENT_EPISODES, rows - start)
        number = np.arange(start, start + count)
        sample = number // (len(LADDER) * SAMPLES_A_SEED)
        zooms = random.integers(0, 4, count)
        outcome = random.choice(["correct", "incorrect", "undecided", "failed"], count, p=[0.7, 0.2, 0.05, 0.05])
        values: dict[str, object] = {
            "episode_id": [hashlib.md5(b"e%d" % n).hexdigest() for n in number],
            "sample_id": [hashlib.md5(b"s%d" % n).hexdigest() for n in sample],
            "image_id": [hashlib.sha256(b"i%d" % (n // 4)).hexdigest() for n in sample],
            "chunk": [hashlib.md5(b"c%d" % (n // 32)).hexdigest() for n in number],
            "position": number % 32,
            "rung": np.array(LADDER)[number % len(LADDER)],
            "seed": number // len(LADDER) % SAMPLES_A_SEED,
            "outcome": outcome,
            "reason": [None if text == "correct" else text for text in outcome],
            "stop": [None if text == "failed" else "answered" for text in outcome],
            "error_class": ["timeout" if text == "failed" else None for text in outcome],
            "question": [f"What is the value of bar {n}?" for n in sample],
            "answer": [str(n) for n in random.integers(0, 1000, count)],
            "zooms": zooms,
            "zoom_areas": [random.random(n).tolist() for n in zooms],
            "unmeasured": [[]] * count,
        }
        table = {}
        for field in schema:
            if field.name in values:
                table[field.name] = pa.array(values[field.name], field.type)
            elif pa.types.is_floating(field.type):
                table[field.name] = pa.array(random.random(count), field.type)
            elif pa.types.is_integer(field.type):
                table[field.name] = pa.array(random.integers(0, 10, count), field.type)
            elif pa.types.is_boolean(field.type):
                table[field.name] = pa.array(random.random(count) < 0.5, field.type)
            else:
                table[field.name] = pa.array([field.name] * count, field.type)
        yield pa.table(table, schema=schema)


def queries() -> list[str]:
    """The queries of docs/query.md."""
    return re.findall(r"```sql\n(.*?)```", DOCS.read_text(), re.DOTALL)


def timed(folder: Path, sql: str) -> tuple[float, float]:
    """Seconds of the best of three runs, and this process's peak memory in MB."""
    rows = ds.FileSystemDataset.from_paths(
        sorted(map(str, folder.glob("*.parquet"))),
        ledger_schema(measures_of()),
        ds.ParquetFileFormat(),
        pafs.LocalFileSystem(),
    )
    best = float("inf")
    for _ in range(3):
        with connect(threads=2) as engine:
            started = time.perf_counter()
            for _batch in ask(engine, rows, sql):
                pass
            best = min(best, time.perf_counter() - started)
    return best, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def asked(rows: int) -> bool:
    """Run and print every query of the docs. Return whether all are within their limits."""
    good = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, table in enumerate(made_up(rows)):
            pq.write_table(table, folder / f"{number:06d}.parquet", compression="zstd")
        size = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
        print(f"{rows:,} rows in {len(list(folder.iterdir()))} files, {size:.0f} MB")
        for number, sql in enumerate(queries()):
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.ledger", "--ask", str(number), str(folder)],
                check=True,
                capture_output=True,
                text=True,
            )
            seconds, memory = map(float, done.stdout.split())
            good &= seconds <= MOST_SECONDS and memory <= MOST_MB
            print(f"{seconds:6.2f} s {memory:6.0f} MB  {' '.join(sql.split())[:90]}")
    return good


def measured(out: str) -> bool:
    """Print the seconds to measure the episodes of a build and the agents' seconds. Return whether the first are few
    enough."""
    files = Files(out)
    (build, *_) = files.folders("builds")
    (judge, *_) = files.folders(f"builds/{build}/verdicts")
    there, judged = JudgedBuild(files, build, judge), VerdictStore(files, build, judge).committed()
    chunk_ids = [chunk_id for chunk_id in there.plan.chunk_ids() if chunk_id in judged]
    ledger, writer = Ledger(files, build, judge, chunk_ids, there.layers(chunk_ids)), LedgerWriter(files, build, judge)
    for segment in ledger.segments:
        writer.write(segment)  # the first run pays for imports and caches
    started, episodes = time.process_time(), sum(map(writer.write, ledger.segments))
    each = (time.process_time() - started) / episodes
    took = sum(table.column("seconds").to_numpy().sum() for table in ledger.tables(["seconds"])) / episodes
    print(f"{episodes} episodes: measuring {1000 * each:.2f} ms each, the agent {took:.2f} s: {each / took:.2%}")
    return bool(each <= MOST_SHARE * took)


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--build")
    parser.add_argument("--ask", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ask:
        print(*timed(Path(given.ask[1]), queries()[int(given.ask[0])]))
        return 0
    good = asked(given.rows)
    return 0 if (measured(given.build) if given.build else True) and good else 1


if __name__ == "__main__":
    sys.exit(main())
