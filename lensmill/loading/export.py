"""The files of an export, and of folders and files that somebody else wrote."""

import os
import re
from collections.abc import Mapping
from typing import Any

from lensmill.loading.files import DataFile, LoadError, inside, read_json

EXPORT = "export.json"

ENDINGS = {".parquet": "parquet", ".jsonl": "json", ".json": "json"}
"""Builder of `datasets` by the ending of a file."""

_SPLIT = re.compile(r"(train|validation|val|test)\b")


def export_files(folder: str, format: str | None, storage_options: Mapping[str, Any] | None) -> list[DataFile]:
    """The files of an export, in the order of its `export.json`.

    Args:
        folder: a path or a URL.
        format: that the export must have; None for any.

    Raises:
        FileNotFoundError: the folder has no `export.json`.
        LoadError: `export.json` is damaged or names another format.
    """
    manifest = f"{folder}/{EXPORT}"
    value = read_json(manifest, storage_options)
    try:
        written = value["format"]
        listed = [(file["path"], int(file["rows"]), str(file["split"])) for file in value["files"]]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise LoadError(f"{manifest} is damaged ({type(error).__name__}: {error}): export again") from error
    if format is not None and written != format:
        raise LoadError(f"{folder}: this export has the format {written!r:.40}, not {format!r}")
    rows = [entry for entry in listed if os.path.splitext(entry[0])[1] in ENDINGS]
    return [DataFile(inside(folder, path, manifest), count, split) for path, count, split in rows]


def plain_files(path: str) -> list[DataFile]:
    """A Parquet or JSON lines file, or a local folder of such files; the split is in a file's name, or `train`."""
    if os.path.splitext(path)[1] in ENDINGS and ("://" in path or os.path.isfile(path)):
        return [DataFile(path, None, "train")]
    if "://" in path or not os.path.isdir(path):
        return []
    found = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if os.path.splitext(name)[1] in (".parquet", ".jsonl"):
                split = _SPLIT.match(name)
                known = {"val": "validation"}.get(split[1], split[1]) if split else "train"
                found.append(DataFile(os.path.join(folder, name), None, known))
    return found
