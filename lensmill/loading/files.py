"""Small files by path or URL, and the checks that every list of files passes."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

MOST_BYTES = 1 << 30
"""Of a manifest."""


class LoadError(ValueError):
    """A folder that cannot be loaded: one line that names the file and says what to do."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of rows.

    Attributes:
        path: or URL.
        rows: as the manifest counts them; None if nothing counts them.
        split: of its rows.
    """

    path: str
    rows: int | None
    split: str


def place_of(path: str | os.PathLike[str]) -> str:
    """A path in absolute form, without a slash at its end; a URL as it is."""
    text = os.fspath(path)
    return text.rstrip("/") if "://" in text else os.path.abspath(text)


def read_json(path: str, storage_options: Mapping[str, Any] | None) -> Any:
    """The value of a JSON file.

    Raises:
        FileNotFoundError: there is no such file.
        LoadError: the file is damaged.
    """
    if "://" in path:
        import fsspec

        with fsspec.open(path, "rb", **(storage_options or {})) as source:
            data = source.read(MOST_BYTES + 1)
    else:
        with open(path, "rb") as local:
            data = local.read(MOST_BYTES + 1)
    try:
        if len(data) > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES >> 20} MiB")
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise LoadError(f"{path} is damaged ({' '.join(str(error).split())}): restore it") from error


def inside(folder: str, path: object, manifest: str) -> str:
    """The place of a file that a manifest names, below its folder.

    Raises:
        LoadError: the path is none, or leads elsewhere.
    """
    parts = PurePosixPath(path).parts if isinstance(path, str) else ()
    if not parts or ".." in parts or parts[0] == "/" or "\\" in str(path) or "://" in str(path):
        raise LoadError(f"{manifest}: a file's path must lead into {folder}, got {path!r:.200}")
    return f"{folder}/{path}"


def check_there(files: list[DataFile], advice: str) -> None:
    """Check local files before a library reads them, since its messages take many lines.

    Raises:
        LoadError: a file is missing or damaged.
    """
    for file in files:
        if "://" in file.path:
            continue
        try:
            size = os.path.getsize(file.path)
            if file.path.endswith(".parquet"):
                with open(file.path, "rb") as source:
                    head = source.read(4)
                    source.seek(max(0, size - 4))
                    whole = size >= 12 and head == source.read(4) == b"PAR1"
                if not whole:
                    raise LoadError(f"{file.path} is damaged (no whole Parquet file): {advice}")
        except FileNotFoundError as error:
            raise LoadError(f"{file.path} is missing: {advice}") from error
