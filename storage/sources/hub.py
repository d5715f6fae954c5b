"""ChartQA in the hub's columns: `image, query, label, human_or_machine`, from Parquet files or by the hub's name."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lensmill.sample import Sample, sample_id_of
from storage.sources.files import MAX_IMAGE_BYTES, read_within
from storage.sources.protocol import SourceError, SourceFailure, SourceItem
from storage.sources.rows import (
    CheckedImage,
    RowProblem,
    SeenSamples,
    answers_of,
    check_picture,
    require,
    require_row,
    shown,
    text_of,
)

BATCH_ROWS = 16
LICENCE = "GPL-3.0"
_EXPECTED = "expected image, query, label and optionally human_or_machine"
_SPLIT_NAMES = {"val": ("val", "validation"), "validation": ("val", "validation")}
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")

Row = Mapping[str, object]
OpenHub = Callable[[str, str], tuple[tuple[str, ...], Iterable[Row]]]
"""(name, split) -> (column names, rows with the picture as {bytes, path})."""


def stream_from_hub(name: str, split: str) -> tuple[tuple[str, ...], Iterable[Row]]:
    """The columns and rows of a hub dataset, fetched as they are read."""
    import datasets

    dataset = datasets.load_dataset(name, split=split, streaming=True)
    columns = tuple(dataset.column_names or ())
    if "image" in columns:
        dataset = dataset.cast_column("image", datasets.Image(decode=False))
    return columns, dataset


class HubSource:
    """Questions about charts, from the columns that the hub's copies of ChartQA share.

    Args:
        path: a Parquet file, a folder of them (`data/test-00000-of-00001.parquet`), or a hub name ("owner/name").
        split: which split of a folder or of a hub dataset; one Parquet file is read whole.
        open_hub: how a hub name is opened.

    `image` is {bytes, path} or plain bytes, `label` one text or a list, `human_or_machine` 0 or 1. Parquet is read a
    few rows at a time.

    Raises:
        SourceError: nothing to read there, or columns missing; columns are looked at before any row is given.
    """

    name = "chartqa_hub"

    def __init__(self, path: str | os.PathLike[str], split: str = "test", open_hub: OpenHub = stream_from_hub) -> None:
        self._split = split
        self._open_hub = open_hub
        self._hub_name = ""
        self._root, self._files = Path(), list[Path]()
        found = Path(path).expanduser()
        if found.exists():
            self._root, self._files = _parquet_files(found.resolve(), split)
            for file in self._files:
                with _open_parquet(file) as parquet:
                    _check_schema(parquet.schema_arrow, file)
        elif _HUB_NAME.fullmatch(str(path)):
            self._hub_name = str(path)
        else:
            raise SourceError(
                f"sources/chartqa_hub: {path} is no file, folder or hub name; give Parquet files or owner/name"
            )

    def read(self) -> Iterator[SourceItem | SourceFailure]:
        """Every row, as a sample or as a failure.

        Raises:
            SourceError: a file is damaged, or the hub cannot be reached.
        """
        rows = self._hub_rows() if self._hub_name else self._parquet_rows()
        reader = _RowReader(self._root if self._files else None, self._split)
        for origin, row in rows:
            try:
                yield reader.item(row, origin)
            except RowProblem as problem:
                yield problem.at(origin)

    def _parquet_rows(self) -> Iterator[tuple[str, Row]]:
        for file in self._files:
            with _open_parquet(file) as parquet:
                wanted = [name for name in ("image", "query", "label", "human_or_machine") if name in _names(parquet)]
                number = 0
                try:
                    for batch in parquet.iter_batches(BATCH_ROWS, columns=wanted, use_threads=False):
                        # One row at a time becomes Python objects: sixteen large pictures need not exist twice.
                        for index in range(batch.num_rows):
                            number += 1
                            yield f"{file.relative_to(self._root)} row {number}", batch.slice(index, 1).to_pylist()[0]
                except (pa.ArrowException, OSError) as error:
                    raise SourceError(
                        f"sources/chartqa_hub: {file} is damaged after row {number} ({_line(error)}); fetch it again"
                    ) from error

    def _hub_rows(self) -> Iterator[tuple[str, Row]]:
        try:
            columns, rows = self._open_hub(self._hub_name, self._split)
            _check_columns(columns, self._hub_name)
            for number, row in enumerate(rows, start=1):
                yield f"{self._hub_name} {self._split} row {number}", row
        except SourceError:
            raise
        except Exception as error:
            raise SourceError(
                f'sources/chartqa_hub: cannot read split "{self._split}" of {self._hub_name} from the hub '
                f"({type(error).__name__}: {_line(error)}); check name and network, "
                "or download its Parquet files and give their folder"
            ) from error


class _RowReader:
    """Turns rows into items; remembers the last picture, since rows of one picture follow each other."""

    def __init__(self, root: Path | None, split: str) -> None:
        self._root = root
        self._split = split
        self._seen = SeenSamples()
        self._last: CheckedImage | None = None

    def item(self, raw: Row, origin: str) -> SourceItem:
        row = require_row(raw)
        question = text_of(require(row, "query"), "query")
        answers = answers_of(require(row, "label"), "label")
        subset = _subset(row.get("human_or_machine"))
        image = self._checked(self._image_bytes(require(row, "image")))
        sample = Sample(
            sample_id=sample_id_of(image.image_id, question, answers),
            image_id=image.image_id,
            width=image.header.width,
            height=image.header.height,
            question=question,
            answers=answers,
            source="chartqa",
            subset=subset,
            split=self._split,
            licence=LICENCE,
            origin=origin,
        )
        self._seen.admit(sample)
        return SourceItem(sample, image.data)

    def _image_bytes(self, value: object) -> bytes:
        data, path = (value.get("bytes"), value.get("path")) if isinstance(value, dict) else (value, None)
        if data is None and path is not None and self._root is not None:
            return read_within(self._root, path, "image.path")
        if not isinstance(data, bytes):
            raise RowProblem("image_missing", f'field "image" holds no bytes, got {shown(value)}; embed the picture')
        if len(data) > MAX_IMAGE_BYTES:
            raise RowProblem("image_too_large", f'field "image" has more than {MAX_IMAGE_BYTES} bytes; scale it down')
        return data

    def _checked(self, data: bytes) -> CheckedImage:
        if self._last is None or self._last.data != data:
            self._last = check_picture(data, "image")
        return self._last


def _subset(value: object) -> str:
    match value:
        case None:
            return ""
        case 0 | "0" | "human":
            return "human"
        case 1 | "1" | "machine" | "augmented":
            return "augmented"
        case _:
            raise RowProblem("bad_field", f'field "human_or_machine" must be 0 or 1, got {shown(value)}')


def _parquet_files(path: Path, split: str) -> tuple[Path, list[Path]]:
    if path.is_file():
        return path.parent, [path]
    files = sorted(file for file in path.rglob("*.parquet") if file.is_file())
    if not files:
        raise SourceError(f"sources/chartqa_hub: {path} holds no .parquet file; give the folder that does")
    chosen = [file for file in files if _names_split(file.relative_to(path), split)]
    if not chosen:
        found = ", ".join(str(file.relative_to(path)) for file in files[:5])
        raise SourceError(
            f'sources/chartqa_hub: {path} has no Parquet file of split "{split}" (found: {found}); '
            f"name them {split}-*.parquet, or give one file"
        )
    return path, chosen


def _names_split(file: Path, split: str) -> bool:
    words = {word for part in (*file.parent.parts, file.stem) for word in re.split(r"[-_.]", part.lower())}
    return any(name in words for name in _SPLIT_NAMES.get(split, (split,)))


def _open_parquet(file: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(
            f"sources/chartqa_hub: {file} is not a Parquet file ({_line(error)}); fetch it again"
        ) from error


def _names(parquet: pq.ParquetFile) -> list[str]:
    return list(parquet.schema_arrow.names)


def _check_columns(columns: Iterable[str], where: object) -> None:
    names = list(columns)
    missing = [name for name in ("image", "query", "label") if name not in names]
    if missing:
        raise SourceError(
            f'sources/chartqa_hub: {where} has no column "{missing[0]}" (columns: {", ".join(names)}); {_EXPECTED}'
        )


def _check_schema(schema: pa.Schema, file: Path) -> None:
    _check_columns(schema.names, file)
    image, query, label = (schema.field(name).type for name in ("image", "query", "label"))
    if not (_is_bytes(image) or (pa.types.is_struct(image) and "bytes" in [field.name for field in image])):
        raise SourceError(
            f'sources/chartqa_hub: {file} column "image" is {image}; expected struct<bytes, path> or binary'
        )
    if not _is_text(query):
        raise SourceError(f'sources/chartqa_hub: {file} column "query" is {query}; expected string')
    item = label.value_type if pa.types.is_list(label) or pa.types.is_large_list(label) else label
    if not (_is_text(item) or pa.types.is_integer(item) or pa.types.is_floating(item)):
        raise SourceError(f'sources/chartqa_hub: {file} column "label" is {label}; expected string or list<string>')


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
