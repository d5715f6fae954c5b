"""Chunk commits: at-least-once work, exactly-once rows.

Every attempt at a chunk writes a uniquely named part and then creates the chunk's one `commit.json`, which names the
part, conditionally. Whoever comes second finds it there and leaves an orphaned part behind. Readers trust commits
only.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from storage.files import Files, StoreError
from storage.schema import from_parquet, to_parquet

COMMIT = "commit.json"


class CommitLog:
    """The committed tables of one folder, by chunk."""

    def __init__(self, files: Files, folder: str, schema: pa.Schema) -> None:
        self._files = files
        self._folder = folder
        self._schema = schema

    def path(self, chunk_id: str, name: str) -> str:
        return f"{self.folder(chunk_id)}/{name}"

    def folder(self, chunk_id: str) -> str:
        return f"{self._folder}/{chunk_id}"

    def commit(self, chunk_id: str, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Commit a chunk's rows; False if another attempt has committed it before."""
        data = to_parquet(rows, self._schema)
        name = f"part-{uuid.uuid4().hex}.parquet"
        record = {"part": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "rows": len(rows)}
        commit = self.path(chunk_id, COMMIT)
        if self._files.exists(commit):
            return False
        self._files.put(self.path(chunk_id, name), data)
        if self._files.create(commit, json.dumps(record).encode()):
            return True
        # An object store may lose its reply to a write that it did: then the commit names our part.
        return bool(self._record(chunk_id)["part"] == name)

    def is_committed(self, chunk_id: str) -> bool:
        return self._files.exists(self.path(chunk_id, COMMIT))

    def committed(self) -> frozenset[str]:
        """Every committed chunk."""
        ending = "/" + COMMIT
        return frozenset(path.split("/")[-2] for path in self._files.list(self._folder) if path.endswith(ending))

    def read(self, chunk_id: str) -> list[dict[str, Any]]:
        """A committed chunk's rows, as committed.

        Raises:
            StoreError: the chunk is not committed, or its part is missing or damaged.
        """
        record = self._record(chunk_id)
        path = self.path(chunk_id, str(record["part"]))
        try:
            data = self._files.read(path)
        except FileNotFoundError:
            raise StoreError(
                f"{self._files.locate(path)} is missing, though its chunk is committed: restore it, or delete the "
                "chunk's folder and run again"
            ) from None
        if hashlib.sha256(data).hexdigest() != record["sha256"]:
            raise StoreError(
                f"{self._files.locate(path)} is damaged (its sha256 is not the committed one): restore it, or delete "
                "the chunk's folder and run again"
            )
        rows = from_parquet(data)
        if len(rows) != record["rows"]:
            raise StoreError(f"{self._files.locate(path)} has {len(rows)} rows, its commit says {record['rows']}")
        return rows

    def _record(self, chunk_id: str) -> dict[str, Any]:
        path = self.path(chunk_id, COMMIT)
        try:
            record: dict[str, Any] = json.loads(self._files.read(path))
        except FileNotFoundError:
            raise StoreError(
                f"{self._files.locate(path)}: the chunk is not committed yet: run the build first"
            ) from None
        return record
