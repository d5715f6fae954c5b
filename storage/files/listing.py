"""Entries of a store's listing, independent of the kind of store."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the store: its path, its bytes, and the time of writing in seconds since 1970 (None if unknown)."""

    path: str
    size: int
    modified: float | None


def local_file(full: str) -> StoredFile | None:
    """A file of this machine; None if it was removed since it was listed."""
    try:
        about = os.stat(full)
    except FileNotFoundError:
        return None
    return StoredFile(full, about.st_size, about.st_mtime)


def seconds_of(about: Mapping[str, Any]) -> float | None:
    """The time of writing in an entry of a listing. Each kind of store has another name for it."""
    times = (about.get(name) for name in ("LastModified", "mtime", "updated", "last_modified", "created"))
    time = next((time for time in times if time), None)
    if isinstance(time, str):
        time = datetime.fromisoformat(time)
    if isinstance(time, datetime):
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    return time if isinstance(time, int | float) else None
