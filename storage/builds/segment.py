"""Writes a plan's segment: samples stream in, and bounded buffers go out as Parquet row groups, one for each chunk."""

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from lensmill.sample import Sample
from storage.builds.planned import attempts_text
from storage.builds.schema import clean, sample_json
from storage.builds.wanted import Attempts
from storage.files.store import Files, StoreError
from storage.files.table import TableWriter
from storage.sources.protocol import SourceFailure

CHUNKS_PER_FILE = 256
"""Maximum row groups of a file: a reader of one chunk reads the whole footer."""

SAMPLES = pa.schema(
    [
        ("sample_id", pa.string()),
        ("sample", pa.string()),
        ("episode_id", pa.list_(pa.string())),
        ("rung", pa.list_(pa.int32())),
        ("agent", pa.list_(pa.string())),
        ("seed", pa.list_(pa.int64())),
    ]
)
KEYS = pa.schema(
    [
        ("sample_id", pa.binary(16)),
        ("about", pa.binary(8)),
        ("attempts", pa.string()),
        ("split", pa.string()),
        ("subset", pa.string()),
    ]
)
"""A row for each row of SAMPLES, in the same order, in one small file: readers learn what is planned without reading
the samples. `about`: see `about_of`; `attempts`: `storage.builds.planned.attempts_text`."""

BUFFERED = 10_000
"""Maximum rows of keys, index and failures that are held before they are written."""

INDEX = pa.schema(
    [
        ("chunk_id", pa.string()),
        ("part", pa.int32()),
        ("row_group", pa.int32()),
        ("samples", pa.int32()),
        ("attempts", pa.string()),
    ]
)
"""One row a chunk. `attempts`: JSON list of [rung, seed, episodes]; few texts differ."""

Row = Mapping[str, Any]
"""Values of a SAMPLES row and of its KEYS row; see `storage.builds.plan.row_of`."""

KINDS = ("samples", "keys", "index", "failures")
"""The files of a segment."""

SMALLEST, LARGEST, GROWTH = 16, 256, 64
"""Episodes of a chunk whose size grows with the plan: the largest power of two that is at most 1/GROWTH of the episodes
planned before the chunk, within these bounds. Small builds keep every worker busy, and large ones have few objects."""

FAILURES = pa.schema([("origin", pa.string()), ("error_class", pa.string()), ("message", pa.string())])


_text_of = lru_cache(1024)(attempts_text)


def failure_key(failure: SourceFailure) -> str:
    """A key that equal failures share, also after one of them was stored and read back."""
    content = "\0".join(map(clean, (failure.origin, failure.error_class, failure.message)))
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def about_of(sample: Sample) -> bytes:
    """8 bytes that differ if the source's values for a sample differ (split, subset, licence, regions, targets), and
    stay the same if only the sample's row has moved."""
    return hashlib.sha256(sample_json(replace(sample, origin="")).encode("utf-8", "surrogatepass")).digest()[:8]


def chunk_size_after(episodes: int) -> int:
    """The size of a chunk, in episodes, after this many planned episodes."""
    share = max(1, episodes // GROWTH)
    return min(LARGEST, max(SMALLEST, 1 << share.bit_length() - 1))


def without(row: Row, planned: Attempts) -> Row | None:
    """The row without the planned episodes; None if no episode is left."""
    if not planned:
        return row
    attempts = zip(row["rung"], row["seed"], strict=True)
    places = [place for place, attempt in enumerate(attempts) if attempt not in planned]
    if not places:
        return None
    return {**row, **{name: [row[name][place] for place in places] for name in ("episode_id", "rung", "agent", "seed")}}


def paths_of(segment: Mapping[str, object], kind: str) -> list[str]:
    """The files of one of KINDS in a segment's record."""
    names = segment[kind]
    assert isinstance(names, list)
    return names


def read_rows(files: Files, paths: Iterable[str], columns: list[str]) -> Iterator[dict[str, Any]]:
    """Some columns of a segment's rows, file by file.

    Raises:
        StoreError: a file is missing or damaged.
    """
    for path in paths:
        try:
            with files.open(path) as source:
                for batch in pq.ParquetFile(source).iter_batches(batch_size=1024, columns=columns):
                    yield from batch.to_pylist()
        except (pa.ArrowException, FileNotFoundError) as error:
            where = files.locate(path)
            raise StoreError(f"{where} is missing or damaged: restore it, or build into a new out=") from error


def read_failures(files: Files, segment: Mapping[str, object]) -> Iterator[SourceFailure]:
    """The failed rows of a segment.

    Raises:
        StoreError: a file is missing or damaged.
    """
    for row in read_rows(files, paths_of(segment, "failures"), FAILURES.names):
        yield SourceFailure(row["origin"], row["error_class"], row["message"])


class SegmentWriter:
    """Takes samples (SAMPLES rows) and failures in the source's order and leaves uniquely named files, which `finish`
    names.

    Args:
        folder: the plan's folder.
        chunk_size: maximum episodes of a chunk, in whole samples; None means `chunk_size_after`.
        before: number of episodes in the segments before.
        chunk_id_of: the id of a chunk of these episode ids.
    """

    def __init__(
        self,
        files: Files,
        folder: str,
        chunk_size: int | None,
        before: int,
        chunk_id_of: Callable[[Iterable[str]], str],
    ) -> None:
        self._files = files
        self._folder = folder
        self._chunk_size = chunk_size
        self._chunk_id_of = chunk_id_of
        self._open: dict[str, TableWriter] = {}
        self._before = before
        self._paths: dict[str, list[str]] = {kind: [] for kind in KINDS}
        self._sums: dict[str, str] = {}
        self._chunk: list[Row] = []
        self._chunk_episodes = 0
        self._keys: list[dict[str, Any]] = []
        self._index: list[dict[str, Any]] = []
        self._failures: list[dict[str, Any]] = []
        self._rungs: Counter[int] = Counter()
        self._counts = Counter({"samples": 0, "failures": 0, "chunks": 0})

    @property
    def empty(self) -> bool:
        """Whether nothing was written."""
        return not self._counts["samples"] and not self._counts["failures"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            for table in self._open.values():
                table.abandon()
            return
        self._end_chunk()
        self._flush_failures()
        if not self.empty:
            self._flush_keys()
            self._flush_index()
        for table in self._open.values():
            self._close(table)

    def add(self, sample: Row) -> None:
        """Take the next sample."""
        size, episodes = self._chunk_size or chunk_size_after(self._before), len(sample["rung"])
        if self._chunk and self._chunk_episodes + episodes > size:
            self._end_chunk()
        self._chunk.append(sample)
        self._chunk_episodes += episodes
        self._counts["samples"] += 1
        self._keys.append(
            {
                "sample_id": bytes.fromhex(sample["sample_id"]),
                "attempts": _text_of(tuple(zip(sample["rung"], sample["seed"], strict=True))),
                **{name: sample[name] for name in ("about", "split", "subset")},
            }
        )
        if len(self._keys) >= BUFFERED:
            self._flush_keys()

    def fail(self, failure: SourceFailure) -> None:
        """Add a row that could not become a sample."""
        self._failures.append(
            {
                "origin": clean(failure.origin),
                "error_class": clean(failure.error_class),
                "message": clean(failure.message),
            }
        )
        self._counts["failures"] += 1
        if len(self._failures) >= BUFFERED:
            self._flush_failures()

    def finish(self, number: int) -> bytes:
        """The record that makes these files segment `number` once the record is created."""
        counts = {
            **{name: self._counts[name] for name in ("samples", "failures", "chunks")},
            "episodes": {str(rung): self._rungs[rung] for rung in sorted(self._rungs)},
        }
        sums = dict(sorted(self._sums.items()))
        record = {"segment": number, "chunk_size": self._chunk_size, "counts": counts, **self._paths, "sha256": sums}
        return json.dumps(record, indent=1).encode()

    def _close(self, table: TableWriter) -> None:
        self._sums[table.path] = table.close().sha256

    def _table(self, kind: str, schema: pa.Schema) -> TableWriter:
        if kind not in self._open:
            path = f"{self._folder}/parts/{kind}-{uuid.uuid4().hex}.parquet"
            self._open[kind] = TableWriter(self._files, path, schema)
            self._paths[kind].append(path)
        return self._open[kind]

    def _end_chunk(self) -> None:
        if not self._chunk:
            return
        table = self._table("samples", SAMPLES)
        attempts = Counter[tuple[int, int]]()
        for row in self._chunk:
            attempts.update(zip(row["rung"], row["seed"], strict=True))
        for (rung, _), episodes in attempts.items():
            self._rungs[rung] += episodes
        self._index.append(
            {
                "chunk_id": self._chunk_id_of(episode for row in self._chunk for episode in row["episode_id"]),
                "part": len(self._paths["samples"]) - 1,
                "row_group": table.row_groups,
                "samples": len(self._chunk),
                "attempts": json.dumps([[*attempt, attempts[attempt]] for attempt in sorted(attempts)]),
            }
        )
        table.write(self._chunk)
        self._counts["chunks"] += 1
        self._before += self._chunk_episodes
        self._chunk, self._chunk_episodes = [], 0
        if table.row_groups >= CHUNKS_PER_FILE:
            self._close(self._open.pop("samples"))
        if len(self._index) >= BUFFERED:
            self._flush_index()

    def _flush_keys(self) -> None:
        self._table("keys", KEYS).write(self._keys)
        self._keys = []

    def _flush_index(self) -> None:
        self._table("index", INDEX).write(self._index)
        self._index = []

    def _flush_failures(self) -> None:
        if self._failures:
            self._table("failures", FAILURES).write(self._failures)
            self._failures = []
