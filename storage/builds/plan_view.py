"""Where the chunks of a plan lie, for plans of any size."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk lies: a Parquet file and one of its row groups."""

    path: str
    row_group: int


class PlanView:
    """The segments that were there at the last look, and where their chunks lie. A plan may have a million chunks, so
    they are columns, not objects.

    Attributes:
        index: INDEX columns of all segments, in the plan's order; "part" counts in `paths`.
    """

    def __init__(self, segments: tuple[Mapping[str, object], ...], paths: tuple[str, ...], index: pa.Table) -> None:
        self.segments = segments
        self.paths = paths
        self.index = index
        ids = np.array(index.column("chunk_id").to_pylist(), dtype="S32")
        self._order = np.argsort(ids)
        self._ids = ids[self._order]

    def chunk_ids(self) -> tuple[str, ...]:
        """Every chunk, in the plan's order."""
        return tuple(self.index.column("chunk_id").to_pylist())

    def chunks_by_segment(self) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """The segments in their order: how many episodes a chunk has at most, and the chunks."""
        ids, found = iter(self.chunk_ids()), []
        for segment in self.segments:
            counts, size = segment["counts"], segment.get("chunk_size", 1)
            assert isinstance(counts, dict)
            assert isinstance(size, int)
            found.append((size, tuple(islice(ids, counts["chunks"]))))
        return tuple(found)

    def rows(self, chunk_ids: Iterable[str]) -> npt.NDArray[np.intp]:
        """Where these chunks lie in the index; those that are not there are left out."""
        wanted = np.array([chunk_id.encode() for chunk_id in chunk_ids], dtype="S")
        places = np.searchsorted(self._ids, wanted)
        there = places < len(self._ids)
        there[there] = self._ids[places[there]] == wanted[there]
        return self._order[places[there]]

    def place(self, chunk_id: str) -> Place | None:
        """Where a chunk lies; None if it is not there."""
        rows = self.rows([chunk_id])
        if not len(rows):
            return None
        row = self.index.slice(rows[0], 1)
        return Place(self.paths[row.column("part")[0].as_py()], row.column("row_group")[0].as_py())
