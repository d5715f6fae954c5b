"""The places of a plan's chunks, for plans of any size."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from storage.builds.planned import Codebook
from storage.builds.segment import INDEX, paths_of


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a chunk: a Parquet file and one of its row groups."""

    path: str
    row_group: int


VIEW = pa.schema([*(field for field in INDEX if field.name != "attempts"), pa.field("kind", pa.int32())])
"""Columns of `PlanView.index`."""


def kind_of(attempts: str) -> Mapping[tuple[int, int], int]:
    """The meaning of a text of INDEX's "attempts": (rung, seed) -> number of episodes."""
    return {(rung, seed): episodes for rung, seed, episodes in json.loads(attempts)}


class PlanView:
    """The segments at the last look, and the places of their chunks. A plan may have a million chunks, so they are
    columns, not objects.

    Attributes:
        index: columns of all segments, in the plan's order: those of INDEX, but instead of "attempts" the number of its
            text, "kind". "part" counts in `paths`.
        kinds: by that number, a chunk's episodes of each (rung, seed).
    """

    def __init__(
        self,
        segments: tuple[Mapping[str, object], ...],
        paths: tuple[str, ...],
        index: pa.Table,
        kinds: tuple[Mapping[tuple[int, int], int], ...] = (),
    ) -> None:
        self.segments = segments
        self.paths = paths
        self.index = index
        self.kinds = kinds

    @cached_property
    def _sorted(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bytes_]]:
        """The rows of the index in the order of their ids, and these ids. Sorted when a chunk is first looked for: a
        plan is read segment by segment, and may have hundreds."""
        ids = np.array(self.index.column("chunk_id").to_pylist(), dtype="S32")
        order = np.argsort(ids)
        return order, ids[order]

    @classmethod
    def empty(cls) -> Self:
        """The view of a plan without segments."""
        return cls((), (), VIEW.empty_table())

    def grown(self, segment: Mapping[str, object], tables: Iterable[pa.Table], kinds: Codebook) -> Self:
        """The view with one more segment.

        Args:
            tables: of the segment's index files.
            kinds: numbers the texts of "attempts"; the same for all segments.
        """
        index = self.index
        for table in tables:
            kind = pa.array(kinds.encode(table.column("attempts")))
            part = pc.cast(pc.add(table.column("part"), len(self.paths)), pa.int32())
            table = table.drop_columns("attempts").set_column(1, "part", part).append_column("kind", kind)
            index = pa.concat_tables([index, table])
        paths = (*self.paths, *paths_of(segment, "samples"))
        return type(self)((*self.segments, segment), paths, index.combine_chunks(), tuple(map(kind_of, kinds.texts)))

    def chunk_ids(self) -> tuple[str, ...]:
        """Every chunk, in the plan's order."""
        return tuple(self.index.column("chunk_id").to_pylist())

    def episodes(self, rows: npt.NDArray[np.intp]) -> dict[int, int]:
        """Rung -> episodes of the chunks in these rows of the index."""
        counts = np.bincount(self.index.column("kind").to_numpy()[rows], minlength=len(self.kinds)).tolist()
        found = Counter[int]()
        for kind, chunks in zip(self.kinds, counts, strict=True):
            for (rung, _), episodes in kind.items():
                if chunks:
                    found[rung] += chunks * episodes
        return {rung: found[rung] for rung in sorted(found)}

    def runs(self, episodes: int) -> Iterator[tuple[str, ...]]:
        """All chunks in their order, cut into runs of about this many episodes. A run lies within one segment, and a
        cut follows from the chunks before it in the segment. So runs stay the same when the plan grows."""
        sizes = np.array([sum(kind.values()) for kind in self.kinds], dtype=np.int64)
        sizes, ids, start = sizes[self.index.column("kind").to_numpy()], self.chunk_ids(), 0
        for segment in self.segments:
            counts = segment["counts"]
            assert isinstance(counts, dict)
            end = start + counts["chunks"]
            before = np.cumsum(sizes[start:end]) - sizes[start:end]
            cuts = np.flatnonzero(np.diff(before // episodes)) + 1
            for first, last in pairwise([0, *cuts.tolist(), end - start]):
                if last > first:
                    yield ids[start + first : start + last]
            start = end

    def rows(self, chunk_ids: Iterable[str]) -> npt.NDArray[np.intp]:
        """The rows of these chunks in the index; unknown chunks are left out."""
        wanted = np.array([chunk_id.encode() for chunk_id in chunk_ids], dtype="S")
        order, ids = self._sorted
        places = np.searchsorted(ids, wanted)
        there = places < len(ids)
        there[there] = ids[places[there]] == wanted[there]
        return order[places[there]]

    def place(self, chunk_id: str) -> Place | None:
        """The place of a chunk; None if the plan has no such chunk."""
        rows = self.rows([chunk_id])
        if not len(rows):
            return None
        row = self.index.slice(rows[0], 1)
        return Place(self.paths[row.column("part")[0].as_py()], row.column("row_group")[0].as_py())
