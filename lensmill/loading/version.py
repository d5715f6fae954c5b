"""The files of a published version, on a local disk or in a bucket.

A version is a folder `datasets/<version>` of a store. Its manifest names the files, which lie in
`shards/` of the store.
"""

import os
from collections.abc import Mapping
from typing import Any

from lensmill.loading.files import DataFile, LoadError, inside, place_of, read_json

FORMAT = 6
"""Of versions. Raised when the same rows get other bytes; readers refuse other numbers."""

MANIFEST = "manifest.json"

TRAINING = ("train", "validation")


def data_files(
    folder: str | os.PathLike[str], config: str = "default", storage_options: Mapping[str, Any] | None = None
) -> dict[str, list[str]]:
    """The files of a version by split, in the rows' order, as `datasets.load_dataset` takes them.

    Args:
        folder: of the version: a path or a URL, `.../datasets/<version>`.
        config: "default" (every rung), "rung-<side>", "rejected", "failures" or "originals".
        storage_options: for fsspec, e.g. an endpoint.

    Raises:
        FileNotFoundError: the folder is no published version.
        LoadError: the manifest is damaged, of another lensmill, or has no row of this configuration.
    """
    found: dict[str, list[str]] = {}
    for file in version_files(folder, config, storage_options):
        found.setdefault(file.split, []).append(file.path)
    return {split: found[split] for split in TRAINING if split in found}


def version_files(
    folder: str | os.PathLike[str], config: str = "default", storage_options: Mapping[str, Any] | None = None
) -> list[DataFile]:
    """The files of a version, in the rows' order; see `data_files`."""
    where = place_of(folder)
    manifest = f"{where}/{MANIFEST}"
    value = read_json(manifest, storage_options)
    store = where.rpartition("/")[0].rpartition("/")[0]
    try:
        written = value["inputs"]["format"]
        if written != FORMAT:
            raise LoadError(
                f"{where}: this version has format {written!r:.40}, and this lensmill reads format {FORMAT}: load the "
                "version with the lensmill that wrote it, or publish it again"
            )
        files = [file for block in value["blocks"] for file in block["files"]]
        listed = [(file["table"], file["rung"], file["path"], int(file["rows"])) for file in files]
        configs = _configs(listed)
    except LoadError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        why = f"{type(error).__name__}: {error}"
        raise LoadError(f"{manifest} is no manifest of a version ({why}): restore it") from error
    if config not in configs:
        has = f"it has {', '.join(configs)}" if configs else "it has no row at all"
        raise LoadError(f"{where}: this version has no row of configuration {config!r}: {has}")
    found = []
    for table, rung, path, rows in listed:
        training = table in TRAINING
        if config in (("default", f"rung-{rung}") if training else (table,)):
            found.append(DataFile(inside(store, path, manifest), rows, table if training else "train"))
    return found


def _configs(listed: list[tuple[Any, Any, Any, Any]]) -> list[str]:
    """Names of the configurations that have rows."""
    rungs = sorted({rung for table, rung, *_ in listed if table in TRAINING})
    others = sorted({str(table) for table, *_ in listed if table not in TRAINING})
    return [*(["default"] if rungs else []), *(f"rung-{rung}" for rung in rungs), *others]
