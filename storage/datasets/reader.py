"""The files of a version for `datasets`, on a local disk or in a bucket.

`datasets.load_dataset(folder)` takes a version's folder on a local disk. From a bucket:

    datasets.load_dataset("parquet", data_files=data_files("s3://bucket/charts/datasets/2026-01-31", "rung-448"))
"""

import json
import os
from collections.abc import Mapping
from typing import Any

import fsspec

TRAINING = ("train", "validation")


def data_files(
    folder: str, config: str = "default", storage_options: Mapping[str, Any] | None = None
) -> dict[str, list[str]]:
    """The files of a version by split, in the rows' order.

    Args:
        folder: of the version: a path or a URL, `.../datasets/<version>`.
        config: "default" (every rung), "rung-<side>", "rejected", "failures" or "originals".
        storage_options: for fsspec, e.g. an endpoint.

    Raises:
        FileNotFoundError: the folder is no published version.
        ValueError: the version has no row of this configuration.
    """
    where = folder.rstrip("/") if "://" in folder else os.path.abspath(folder)
    with fsspec.open(f"{where}/manifest.json", "rb", **(storage_options or {})) as source:
        manifest = json.load(source)
    store = where.rpartition("/")[0].rpartition("/")[0]
    rung = int(config.removeprefix("rung-")) if config.startswith("rung-") else None
    tables = TRAINING if config == "default" or rung is not None else (config,)
    found: dict[str, list[str]] = {}
    for block in manifest["blocks"]:
        for file in block["files"]:
            if file["table"] in tables and rung in (None, file["rung"]):
                split = file["table"] if file["table"] in TRAINING else "train"
                found.setdefault(split, []).append(f"{store}/{file['path']}")
    if not found:
        raise ValueError(f"{where}: this version has no row of configuration {config!r}")
    return {split: found[split] for split in TRAINING if split in found}
