"""`lensmill.load`: the rows of a version, of an export, or of plain files, as a dataset of Hugging Face."""

import glob
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Union

from lensmill.loading.export import ENDINGS, EXPORT, export_files, plain_files
from lensmill.loading.files import DataFile, LoadError, check_there, place_of
from lensmill.loading.version import MANIFEST, version_files

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset


def load(
    path: str | os.PathLike[str],
    format: str | None = None,
    split: str = "train",
    streaming: bool = False,
    *,
    rung: int | None = None,
    config: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Union["Dataset", "IterableDataset"]:
    """The rows of a published version or an export.

    Args:
        path: folder or fsspec URL of a version (`.../datasets/<version>`) or of an export; or a Parquet or JSON lines
            file, or a local folder of such files.
        format: name of the format that an export must have; None for any.
        split: "train", "validation" ...
        streaming: read while iterating, instead of copying the files into the cache of `datasets` first.
        rung: of a version, the rows of one rung only.
        config: of a version, another table: "rejected", "failures" or "originals".
        storage_options: for fsspec, e.g. an endpoint. Credentials come from the environment.

    Returns:
        A Dataset, or with `streaming` an IterableDataset, in the order of the files.

    Raises:
        FileNotFoundError: there is no version, export or file of rows.
        LoadError (a ValueError): a file is missing or damaged, of another lensmill or format, or has no such split.
        ImportError: `datasets` is not installed.
    """
    where = place_of(path)
    if rung is not None and config is not None:
        raise LoadError("rung and config name two tables: leave one out")
    table = f"rung-{rung}" if rung is not None else config
    files, advice = _found(where, format, table, storage_options)
    mine = [file for file in files if file.split == split]
    if not mine:
        has = ", ".join(dict.fromkeys(file.split for file in files)) or "none"
        raise LoadError(f"{where}: there is no split {split!r}; the splits are: {has}")
    check_there(mine, advice)
    return _loaded(where, mine, split, streaming, storage_options, advice)


def _found(
    where: str, format: str | None, table: str | None, storage_options: Mapping[str, Any] | None
) -> tuple[list[DataFile], str]:
    """The files at a place, and what to do if one of them is damaged."""
    plain = plain_files(where) if os.path.splitext(where)[1] in ENDINGS else []
    if not plain:
        try:
            files = version_files(where, table or "default", storage_options)
        except FileNotFoundError:
            pass
        else:
            if format is not None:
                raise LoadError(f"{where}: this is a version, which has no training format {format!r}: export it first")
            return files, "copy the store's shards/ with the version, or run pipelines.verify"
        try:
            files = export_files(where, format, storage_options)
        except FileNotFoundError:
            plain = plain_files(where)
        else:
            _no_table(where, table)
            return files, "export again"
    if not plain:
        raise FileNotFoundError(
            f"{where}: there is no {MANIFEST} of a published version, no {EXPORT} of an export, and no Parquet or JSON "
            "lines file"
        )
    _no_table(where, table)
    if format is not None:
        raise LoadError(f"{where}: without {EXPORT} nothing says that the format is {format!r}: leave format out")
    return plain, "restore it"


def _no_table(where: str, table: str | None) -> None:
    if table is not None:
        raise LoadError(f"{where}: only a version has rungs and tables, and this is none: leave rung and config out")


def _loaded(
    where: str,
    files: list[DataFile],
    split: str,
    streaming: bool,
    storage_options: Mapping[str, Any] | None,
    advice: str,
) -> Any:
    try:
        import datasets
    except ImportError as error:
        raise ImportError("lensmill.load needs the package datasets: pip install 'lensmill[data]'") from error
    builders = {ENDINGS.get(os.path.splitext(file.path)[1], "") for file in files}
    if len(builders) > 1 or "" in builders:
        raise LoadError(f"{where}: the files of a split must all be Parquet, or all JSON lines: {advice}")
    paths = [file.path if "://" in file.path else glob.escape(file.path) for file in files]
    options = {"storage_options": dict(storage_options)} if storage_options else {}
    try:
        rows = datasets.load_dataset(
            builders.pop(), data_files={split: paths}, split=split, streaming=streaming, **options
        )
    except (datasets.exceptions.DatasetGenerationError, FileNotFoundError) as error:
        why = " ".join(str(error.__cause__ or error).split())
        raise LoadError(f"{where}: its rows cannot be read ({why:.300}): {advice}") from error
    counts = [file.rows for file in files]
    if not streaming and None not in counts and len(rows) != sum(count for count in counts if count is not None):
        raise LoadError(f"{where}: its files have {len(rows)} rows, and the manifest counts others: {advice}")
    return rows
