"""The ledger: of every judged episode of a build one flat row of facts, in segments that are each made once.

A segment holds consecutive chunks of one segment of the plan. Its name is a hash of everything that decides its rows
(the measures, the chunks, their layers), so a segment never changes: new chunks and new layers make new segments, and
a segment that exists is not made again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.dataset as ds

from lensmill.facts.measure import Column, Measure
from storage.builds.judged import Layers
from storage.files.store import Files

PLACE = (
    Column("chunk", "string", "id of the episode's chunk"),
    Column("position", "int32", "place of the episode in its chunk, from 0"),
)
"""Columns of the ledger that no measure fills."""

SEGMENT_EPISODES = 4096
"""Episodes of a segment, about: the unit of work of a task and of what a change makes anew."""


@dataclass(frozen=True, slots=True)
class LedgerSegment:
    """Some chunks whose rows lie in one file.

    Attributes:
        path: of the Parquet file in the store.
        chunk_ids: in plan order.
        layers: of these chunks.
    """

    path: str
    chunk_ids: tuple[str, ...]
    layers: Layers


def ledger_schema(measures: Sequence[Measure]) -> pa.Schema:
    """The columns of a ledger with these measures: PLACE, those of the measures in their order, `unmeasured`."""
    raise NotImplementedError


class Ledger:
    """The ledger of some chunks of a build.

    Args:
        chunk_ids: in plan order; all of them are committed and judged.
        layers: see `JudgedBuild.layers`.
        measures: names of measures beside ours, as `module:NAME`.

    Attributes:
        segments: in plan order; a segment that `missing` names has no file yet.
    """

    def __init__(
        self,
        files: Files,
        fingerprint: str,
        judge: str,
        chunk_ids: Sequence[str],
        layers: Layers,
        measures: Sequence[str] = (),
    ) -> None:
        self.segments: tuple[LedgerSegment, ...] = ()
        raise NotImplementedError(files, fingerprint, judge, chunk_ids, layers, measures)

    def missing(self) -> tuple[LedgerSegment, ...]:
        """The segments that have no file yet. Costs one listing."""
        raise NotImplementedError

    def write(self, segment: LedgerSegment) -> int:
        """Read the chunks of a segment, measure their episodes and create its file, unless it exists; returns the
        number of episodes. Idempotent: the same segment has the same bytes, whoever writes it.

        Raises:
            StoreError: a chunk is not judged or damaged, or the store cannot be written.
        """
        raise NotImplementedError

    def dataset(self) -> ds.Dataset:
        """The rows of all segments, in plan order, as `ledger_schema` has them; reads footers only.

        Raises:
            StoreError: a segment is missing or damaged.
        """
        raise NotImplementedError

    def tables(self, columns: Iterable[str], rows: int = 2**18) -> Iterable[pa.Table]:
        """These columns of all rows, in plan order, in tables of whole segments with about `rows` rows each."""
        raise NotImplementedError
