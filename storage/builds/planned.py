"""The planned attempts at each sample, for plans of any size: columns, not objects."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from storage.builds.sample_ids import IDS, IdColumn, SampleIds, column_of
from storage.builds.wanted import Attempts

Codes = npt.NDArray[np.int32]


class Codebook:
    """Numbers texts in the order in which they come, so that a column of a few texts becomes a column of numbers."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def encode(self, column: pa.ChunkedArray) -> Codes:
        """The numbers of a column's texts."""
        encoded = column.combine_chunks().dictionary_encode() if len(column) else pa.array([], pa.string())
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        if not len(encoded):
            return np.zeros(0, dtype=np.int32)
        codes = [self._codes.setdefault(text, len(self._codes)) for text in encoded.dictionary.to_pylist()]
        found: Codes = np.array(codes, dtype=np.int32)[encoded.indices.to_numpy(zero_copy_only=False)]
        return found

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text by its number."""
        return tuple(self._codes)


@dataclass(frozen=True, slots=True)
class PlannedRows:
    """The rows of a plan's samples, in the plan's order. A sample that was planned again, for one rung more, has
    several.

    Attributes:
        ids: of samples.
        about: see `storage.builds.segment.about_of`.
        attempts, splits, subsets: numbers in the tuples behind them.
    """

    ids: IdColumn
    about: npt.NDArray[np.bytes_]
    attempts: Codes
    splits: Codes
    subsets: Codes
    attempt_sets: tuple[Attempts, ...] = ()
    split_names: tuple[str, ...] = ()
    subset_names: tuple[str, ...] = ()

    @classmethod
    def none(cls) -> "PlannedRows":
        """No row."""
        codes = np.zeros(0, dtype=np.int32)
        return cls(np.zeros(0, dtype=IDS), np.zeros(0, dtype="S8"), codes, codes, codes)


class RowsReader:
    """Reads the tables of a plan's segments, one after the other."""

    def __init__(self) -> None:
        self.rows = PlannedRows.none()
        self._books = tuple(Codebook() for _ in range(3))

    def add(self, table: pa.Table) -> None:
        """`table`: columns of `storage.builds.segment.KEYS`."""
        rows = self.rows
        attempts, splits, subsets = (
            np.concatenate([codes, book.encode(table.column(name))])
            for name, codes, book in zip(
                ("attempts", "split", "subset"), (rows.attempts, rows.splits, rows.subsets), self._books, strict=True
            )
        )
        self.rows = PlannedRows(
            np.concatenate([rows.ids, _fixed(table.column("sample_id"), 16)]),
            np.concatenate([rows.about, _fixed(table.column("about"), 8)]),
            attempts,
            splits,
            subsets,
            tuple(map(attempts_of, self._books[0].texts)),
            self._books[1].texts,
            self._books[2].texts,
        )


def _fixed(column: pa.ChunkedArray, width: int) -> npt.NDArray[np.bytes_]:
    """A column of values of fixed width."""
    return np.frombuffer(b"".join(_bytes_of(chunk, width) for chunk in column.chunks), dtype=f"S{width}")


def _bytes_of(chunk: pa.Array, width: int) -> bytes:
    data = chunk.buffers()[1]
    return b"" if data is None else data.to_pybytes()[chunk.offset * width : (chunk.offset + len(chunk)) * width]


def attempts_text(attempts: Iterable[tuple[int, int]]) -> str:
    """Attempts as a column holds them."""
    return json.dumps(sorted(attempts), separators=(",", ":"))


def attempts_of(text: str) -> Attempts:
    """What `attempts_text` wrote."""
    return frozenset((rung, seed) for rung, seed in json.loads(text))


class PlannedSamples:
    """Which attempts at each sample are planned: about 30 bytes a sample. The object can be sent to any process."""

    def __init__(self, rows: PlannedRows) -> None:
        order = np.argsort(rows.ids, kind="stable")
        ids, codes = rows.ids[order], rows.attempts[order]
        starts = np.flatnonzero(np.concatenate([np.ones(min(1, len(ids)), dtype=bool), ids[1:] != ids[:-1]]))
        self._ids = ids[starts]
        self._about = rows.about[order][starts]
        self._sets, self._codes = _joined(rows.attempt_sets, codes, starts)

    @cached_property
    def ids(self) -> SampleIds:
        """The samples with a planned episode."""
        return SampleIds(self._ids)

    def find(self, sample_id: str) -> tuple[Attempts, bytes] | None:
        """The planned attempts at a sample, and its first `about_of`; None if none is planned."""
        wanted = column_of([sample_id])
        place = int(np.searchsorted(self._ids, wanted)[0])
        if place == len(self._ids) or self._ids[place] != wanted[0]:
            return None
        return self._sets[self._codes[place]], bytes(self._about[place]).ljust(8, b"\0")

    def attempts(self, sample_id: str) -> Attempts:
        """The attempts at a sample that are planned."""
        found = self.find(sample_id)
        return frozenset() if found is None else found[0]


def _joined(
    sets: tuple[Attempts, ...], codes: Codes, starts: npt.NDArray[np.intp]
) -> tuple[tuple[Attempts, ...], Codes]:
    """The union of the attempts of each run of rows. Runs begin at `starts`."""
    known: dict[Attempts, int] = {attempts: number for number, attempts in reversed([*enumerate(sets)])}
    found, ends = codes[starts].copy(), np.append(starts[1:], len(codes))
    all_sets, later = list(sets), 1
    while len(longer := np.flatnonzero(ends - starts > later)):
        pairs = found[longer].astype(np.int64) * (1 << 31) + codes[starts[longer] + later]
        kinds, places = np.unique(pairs, return_inverse=True)
        joined = []
        for kind in kinds.tolist():
            attempts = all_sets[kind >> 31] | all_sets[kind & (1 << 31) - 1]
            if attempts not in known:
                known[attempts] = len(all_sets)
                all_sets.append(attempts)
            joined.append(known[attempts])
        found[longer] = np.array(joined, dtype=np.int32)[places]
        later += 1
    return tuple(all_sets), found
