"""Writes the segments of a ledger: reads the chunks, measures every episode, creates one file."""

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lensmill.facts.measure import Making, facts_of, measures_of
from storage.builds.judged import JudgedBuild
from storage.builds.ledger import SEGMENT_EPISODES, LedgerSegment, ledger_schema
from storage.builds.schema import COMPRESSION, clean
from storage.files.ahead import READERS, ahead
from storage.files.store import Files, StoreError


class LedgerWriter:
    """Writes segments of one build's ledger. It holds the index of the plan, so one writer serves many segments.

    Args:
        measures: names of measures beside ours, as `module:NAME`.

    Raises:
        SpecError: see `measures_of`.
        StoreError: the build's recipe is missing or damaged.
    """

    def __init__(self, files: Files, fingerprint: str, judge: str, measures: Sequence[str] = ()) -> None:
        self._files = files
        self._build = JudgedBuild(files, fingerprint, judge)
        self._measures = measures_of(measures)
        self._schema = ledger_schema(self._measures)
        self._making = Making(_recipe(files, fingerprint), fingerprint, judge)

    def write(self, segment: LedgerSegment) -> int:
        """Create the file of a segment, unless it exists; returns the number of episodes. Idempotent: the same segment
        has the same bytes, whichever process writes it.

        Raises:
            StoreError: a chunk is not judged or damaged, or the store cannot be written.
        """
        columns: dict[str, list[Any]] = {name: [] for name in self._schema.names}
        chunks = ahead(lambda chunk_id: self._build.read(chunk_id, segment.layers), segment.chunk_ids, READERS)
        for chunk_id, episodes in zip(segment.chunk_ids, chunks, strict=True):
            for position, episode in enumerate(episodes):
                place = {"chunk": chunk_id, "position": position}
                _add(columns, {**place, **facts_of(episode, self._making, self._measures)})
        sink = pa.BufferOutputStream()
        options = {**COMPRESSION, "write_page_index": True, "write_page_checksum": True}
        pq.write_table(self._table(columns), sink, row_group_size=SEGMENT_EPISODES, **options)
        self._files.create(segment.path, sink.getvalue().to_pybytes())
        return len(columns["position"])

    def _table(self, columns: dict[str, list[Any]]) -> pa.Table:
        arrays = []
        for field in self._schema:
            try:
                arrays.append(pa.array(columns[field.name], field.type))
            except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
                (owner,) = (m.name for m in self._measures if field.name in {column.name for column in m.columns})
                why = " ".join(str(error).split())[:200]
                raise StoreError(f"measure {owner}: a value of {field.name} is no {field.type}: {why}") from error
        return pa.Table.from_arrays(arrays, schema=self._schema)


def _add(columns: dict[str, list[Any]], row: dict[str, Any]) -> None:
    for name, values in columns.items():
        value = row[name]
        values.append(clean(value) if isinstance(value, str) else value)


def _recipe(files: Files, fingerprint: str) -> dict[str, Any]:
    path = f"builds/{fingerprint}/recipe.json"
    try:
        recipe: dict[str, Any] = json.loads(files.read(path))
    except (FileNotFoundError, ValueError) as error:
        raise StoreError(f"{files.locate(path)} is missing or damaged ({error}): restore it, or build anew") from error
    return recipe
