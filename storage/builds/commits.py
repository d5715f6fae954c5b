"""Chunk commits: at-least-once work, exactly-once rows.

Every attempt at a chunk writes a uniquely named part and then creates the chunk's one commit object, which names the
part, conditionally. A second attempt finds the commit and leaves an orphaned part behind. Readers trust commits only.

A commit never changes. Rows that are tried again later become a numbered layer over the commit. A layer is a commit
too: layer n is created conditionally, so one of several runs that try again at once is kept. Readers lay the layers
over the first rows.

Commits lie in one folder. One cheap listing, also of an object store, shows what is committed, whatever the number of
parts:

    commits/<chunk>.json            and   commits/<chunk>-000001.json, its first layer
    parts/<chunk>-<unique>.parquet  and   parts/<chunk>-000001-<unique>.parquet
"""

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from itertools import groupby
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from storage.builds.schema import from_parquet, to_parquet
from storage.files.ahead import ahead
from storage.files.store import Files, StoreError

FEW = 64
"""Maximum number of chunks that are looked for one by one; a listing of thousands costs more."""

_NO_COUNTS: Mapping[str, int] = MappingProxyType({})


class CommitLog:
    """The committed tables of one folder, by chunk. A chunk's id holds no "-"."""

    def __init__(self, files: Files, folder: str, schema: pa.Schema) -> None:
        self._files = files
        self._folder = folder
        self._schema = schema

    def commit_path(self, chunk_id: str, layer: int = 0) -> str:
        """Path of the commit of a chunk's layer."""
        return f"{self._folder}/commits/{_key(chunk_id, layer)}.json"

    def commit(
        self,
        chunk_id: str,
        rows: Sequence[Mapping[str, Any]],
        layer: int = 0,
        failed: Mapping[str, int] = _NO_COUNTS,
        retried: Mapping[str, int] = _NO_COUNTS,
        **notes: int,
    ) -> bool:
        """Commit a chunk's rows, or the layer with this number. Return False if another attempt has committed it
        before.

        Args:
            failed: number of failed rows, by class. Readers find these chunks without reading rows.
            retried: number of rows that this layer replaces, by the class of their earlier failure.
            notes: further values that `record` returns.
        """
        data = to_parquet(rows, self._schema)
        name = f"{_key(chunk_id, layer)}-{uuid.uuid4().hex}.parquet"
        record: dict[str, Any] = {"part": name, "sha256": hashlib.sha256(data).hexdigest()}
        record |= {"size": len(data), "rows": len(rows), "failed": dict(failed), "retried": dict(retried), **notes}
        commit = self.commit_path(chunk_id, layer)
        if self._files.exists(commit):
            return False
        self._files.put(self._part_path(name), data)
        return self._files.create(commit, json.dumps(record, sort_keys=True).encode())

    def is_committed(self, chunk_id: str, layer: int = 0) -> bool:
        """Whether a chunk's layer is committed."""
        return self._files.exists(self.commit_path(chunk_id, layer))

    def layers(self, chunk_id: str) -> int:
        """The number of layers over a chunk."""
        number = 0
        while self.is_committed(chunk_id, number + 1):
            number += 1
        return number

    def committed(self) -> dict[str, int]:
        """Every committed chunk, with the number of layers over it."""
        found: dict[str, int] = {}
        for key in self._keys():
            chunk_id, _, layer = key.partition("-")
            found[chunk_id] = max(found.get(chunk_id, 0), int(layer or 0))
        return found

    def committed_of(self, chunk_ids: Collection[str]) -> Set[str]:
        """The committed ones of these chunks."""
        if len(chunk_ids) <= FEW:
            return {chunk_id for chunk_id in chunk_ids if self.is_committed(chunk_id)}
        return self.committed().keys() & set(chunk_ids)

    def failed(self, committed: Mapping[str, int]) -> Iterator[tuple[str, Counter[str]]]:
        """The number of rows of each chunk that are failed now, by class, with this many layers over the chunk. A class
        has 0 if all its rows were mended."""
        yield from zip(committed, ahead(lambda item: self._failed(*item), committed.items()), strict=True)

    def _failed(self, chunk_id: str, layers: int) -> Counter[str]:
        counts = Counter[str]()
        for layer in range(layers + 1):
            record = self.record(chunk_id, layer)
            counts.update(record["failed"])
            counts.subtract(record["retried"])
        return counts

    def read(self, chunk_id: str, layer: int = 0) -> list[dict[str, Any]]:
        """The rows of a committed chunk, or of one of its layers, as committed.

        Raises:
            StoreError: it is not committed, or its part is missing or damaged.
        """
        record = self.record(chunk_id, layer)
        path = self._part_path(str(record["part"]))
        again = f"restore it, or delete {self._files.locate(self.commit_path(chunk_id, layer))} and run again"
        try:
            data = self._files.read(path)
        except FileNotFoundError:
            raise StoreError(f"{self._files.locate(path)} is missing, though its chunk is committed: {again}") from None
        if hashlib.sha256(data).hexdigest() != record["sha256"] or len(data) != record["size"]:
            raise StoreError(f"{self._files.locate(path)} is damaged (its sha256 is not the committed one): {again}")
        rows = from_parquet(data)
        if len(rows) != record["rows"]:
            raise StoreError(f"{self._files.locate(path)} has {len(rows)} rows, its commit says {record['rows']}")
        return rows

    def record(self, chunk_id: str, layer: int = 0) -> dict[str, Any]:
        """What a commit says: its part, its number of rows, and which rows failed.

        Raises:
            StoreError: it is not committed.
        """
        path = self.commit_path(chunk_id, layer)
        try:
            record: dict[str, Any] = json.loads(self._files.read(path))
        except FileNotFoundError:
            raise StoreError(
                f"{self._files.locate(path)}: the chunk is not committed yet: run the build first"
            ) from None
        return record

    def orphans(self) -> Iterator[str]:
        """Every part that no commit names. Some of them may be committed in a moment, so remove only old ones."""
        names = [path.rpartition("/")[2] for path in self._files.list(f"{self._folder}/parts")]
        keys = set(self._keys())  # after the parts: a part that is committed meanwhile is no orphan
        for key, group in groupby(sorted(names), lambda name: name.rpartition("-")[0]):
            parts = list(group)
            if key in keys:  # a single part is the one that its commit names
                chunk_id, _, layer = key.partition("-")
                named = parts[0] if len(parts) == 1 else self.record(chunk_id, int(layer or 0))["part"]
                parts = [name for name in parts if name != named]
            yield from map(self._part_path, parts)

    def _keys(self) -> Iterator[str]:
        for path in self._files.list(f"{self._folder}/commits"):
            if path.endswith(".json"):
                yield path.rpartition("/")[2].removesuffix(".json")

    def _part_path(self, name: str) -> str:
        return f"{self._folder}/parts/{name}"


def _key(chunk_id: str, layer: int) -> str:
    return f"{chunk_id}-{layer:06d}" if layer else chunk_id
