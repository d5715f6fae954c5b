"""ChartQA in the hub's columns: `image, query, label, human_or_machine`, from Parquet files or by the hub's name."""

import math
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa

from lensmill.sample import Sample, sample_id_of
from storage.sources.embedded_pictures import image_bytes
from storage.sources.files import files_below, require_local, snapshot_of
from storage.sources.parquet import Row, check_columns, check_schema, one_line, open_parquet, row_at
from storage.sources.protocol import SlicedSource, SourceError, SourceFailure, SourceItem
from storage.sources.rows import (
    CheckedImage,
    RowProblem,
    answers_of,
    check_picture,
    require,
    require_row,
    shown,
    text_of,
)
from storage.sources.spec import FileSourceSettings, SourceSpec
from storage.sources.streaming import HUB_WAIT, bounded, stream_from_hub

BATCH_ROWS = 16
ROWS_A_PART, MOST_PARTS = 512, 8
"""Rows of a part of a large row group, and the maximum number of parts. Each part decodes the rows before it again."""

COLUMNS = ("image", "query", "label", "human_or_machine")
LICENCE = "GPL-3.0"
_SPLIT_NAMES = {"val": ("val", "validation"), "validation": ("val", "validation")}
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_FILE_ENDING = re.compile(r"\.(?:parquet|jsonl?|csv|tsv|arrow|zip|gz|tar|txt|png|jpe?g)$", re.IGNORECASE)

OpenHub = Callable[[str, str], tuple[tuple[str, ...], Iterable[Row]]]
"""(name, split) -> (column names, rows with the picture as {bytes, path})."""


@dataclass(frozen=True, slots=True)
class HubSlice:
    """Some rows of one Parquet file, within one of its row groups; or all rows of a dataset that is streamed.

    Attributes:
        file: the number of the file; None: a dataset that is streamed.
        row_group: of the file.
        begin: rows of the row group before these.
        before: rows of the file before these.
        rows: number of rows; None for a streamed dataset.
    """

    file: int | None = None
    row_group: int = 0
    begin: int = 0
    before: int = 0
    rows: int | None = None


class HubSource(SlicedSource[HubSlice]):
    """Questions about charts, from the columns that the hub's copies of ChartQA share.

    Args:
        path: a Parquet file, a folder of them (`data/test-00000-of-00001.parquet`), or a hub name ("owner/name").
        split: which split of a folder or of a hub dataset; one Parquet file is read whole.
        open_hub: opens a hub name.
        wait: maximum seconds for each answer of the hub.

    `image` is {bytes, path}, plain bytes, base64 or a file's name, `label` one text or a list, `human_or_machine` 0 or
    1. Parquet is read a few rows at a time.

    Raises:
        SourceError: there is nothing to read, or a column is missing. Columns are checked before the first row.
    """

    name = "chartqa_hub"

    def __init__(
        self,
        path: str | os.PathLike[str],
        split: str = "test",
        open_hub: OpenHub = stream_from_hub,
        wait: float = HUB_WAIT,
    ) -> None:
        self._split = split
        self.splits = (split,)
        self._open_hub = open_hub
        self._wait = wait
        self._hub_name = ""
        self._root, self._files = Path(), list[Path]()
        found = require_local(path, self.name)
        if found.exists():
            self._root, self._files = _parquet_files(found, split)
            for file in self._files:
                with open_parquet(file) as parquet:
                    check_schema(parquet.schema_arrow, file)
        elif is_hub_name(str(path)):
            self._hub_name = str(path)
        else:
            raise SourceError(
                f"sources/chartqa_hub: there is no file or folder {found}, and it is no hub name (owner/name); "
                "give Parquet files, or a name"
            )

    def is_here(self) -> bool:
        """Whether this machine has the files. A streamed dataset is available everywhere."""
        return all(file.is_file() for file in self._files)

    def slices(self) -> Iterator[HubSlice]:
        """Row groups, the large ones in parts. A streamed dataset is one slice.

        Raises:
            SourceError: a file is damaged.
        """
        if self._hub_name:
            yield HubSlice()
            return
        for number, file in enumerate(self._files):
            with open_parquet(file) as parquet:
                groups = [parquet.metadata.row_group(group).num_rows for group in range(parquet.num_row_groups)]
            before = 0
            for group, rows in enumerate(groups):
                parts = min(MOST_PARTS, -(-rows // ROWS_A_PART))
                for part in range(parts):
                    begin, end = rows * part // parts, rows * (part + 1) // parts
                    yield HubSlice(number, group, begin, before + begin, end - begin)
                before += rows

    def read_slice(self, part: HubSlice) -> Iterator[SourceItem | SourceFailure]:
        """Every row of a slice, as a sample or as a failure.

        Raises:
            SourceError: a file is damaged, or the hub cannot be reached.
        """
        rows = self._hub_rows() if part.file is None else self._parquet_rows(part, self._files[part.file])
        reader = _RowReader(self._root if self._files else None, self._split)
        for origin, row in rows:
            try:
                if isinstance(row, RowProblem):
                    raise row
                yield reader.item(row, origin)
            except RowProblem as problem:
                yield problem.at(origin)

    def _parquet_rows(self, part: HubSlice, file: Path) -> Iterator[tuple[str, Row | RowProblem]]:
        """The rows of a slice. Earlier rows of its row group are decoded and skipped."""
        with open_parquet(file) as parquet:
            wanted = [name for name in COLUMNS if name in parquet.schema_arrow.names]
            number, first, left = part.before - part.begin, part.before, part.rows or 0
            try:
                batches = parquet.iter_batches(
                    BATCH_ROWS, row_groups=[part.row_group], columns=wanted, use_threads=False
                )
                while left:
                    batch = next(batches)
                    # One row at a time becomes Python objects, so that sixteen large pictures do not exist twice.
                    for index in range(batch.num_rows):
                        number += 1
                        if number > first and left:
                            left -= 1
                            yield f"{file.relative_to(self._root)} row {number}", row_at(batch, index)
            except (pa.ArrowException, OSError, StopIteration) as error:
                raise SourceError(
                    f"sources/chartqa_hub: {file} is damaged after row {number} ({one_line(error)}); fetch it again"
                ) from error

    def _hub_rows(self) -> Iterator[tuple[str, Row]]:
        name = self._hub_name
        try:
            columns, rows = next(bounded(self._opened(), self._wait))
            check_columns(columns, name)
            for number, row in enumerate(bounded(rows, self._wait), start=1):
                yield f"{name} {self._split} row {number}", row
        except SourceError:
            raise
        except Exception as error:
            raise SourceError(
                f"sources/chartqa_hub: there is no folder {name} here, and the hub's split "
                f'"{self._split}" of this name cannot be read '
                f"({type(error).__name__}: {one_line(error)}); check path, name and network, "
                "or download its Parquet files and give their folder"
            ) from error

    def _opened(self) -> Iterator[tuple[tuple[str, ...], Iterable[Row]]]:
        yield self._open_hub(self._hub_name, self._split)


def is_hub_name(path: str) -> bool:
    """Whether a path that does not exist may be a hub's name: owner/name, without the look of a path."""
    owner, _, name = path.partition("/")
    return bool(_HUB_NAME.fullmatch(path)) and not Path(owner).is_dir() and not _FILE_ENDING.search(name)


class _RowReader:
    """Turns rows into items. Holds the last picture, since rows of one picture are adjacent."""

    def __init__(self, root: Path | None, split: str) -> None:
        self._root = root
        self._split = split
        self._last: CheckedImage | None = None

    def item(self, raw: Row, origin: str) -> SourceItem:
        row = require_row(raw)
        question = text_of(require(row, "query"), "query")
        answers = answers_of(require(row, "label"), "label")
        subset = _subset(row.get("human_or_machine"))
        image = self._checked(image_bytes(require(row, "image"), self._root, "image"))
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
        return SourceItem(sample, image.data)

    def _checked(self, data: bytes) -> CheckedImage:
        if self._last is None or self._last.data != data:
            self._last = check_picture(data, "image")
        return self._last


def _subset(value: object) -> str:
    match value:
        case None:
            return ""
        case float() if math.isnan(value):
            return ""
        case 0 | "0" | "human":
            return "human"
        case 1 | "1" | "machine" | "augmented":
            return "augmented"
        case _:
            raise RowProblem("bad_field", f'field "human_or_machine" must be 0 or 1, got {shown(value)}')


def _parquet_files(path: Path, split: str) -> tuple[Path, list[Path]]:
    if path.is_file():
        return path.absolute().parent.resolve(), [path.absolute().parent.resolve() / path.name]
    path = snapshot_of(path.resolve(), "chartqa_hub")
    files = files_below(path, ".parquet")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartQAHubSettings(FileSourceSettings):
    """ChartQA in the hub's columns (image, query, label, human_or_machine): Parquet files, or a dataset's name."""

    name: Literal["chartqa_hub"] = "chartqa_hub"
    path: str
    """a Parquet file, a folder of them, or a hub name such as HuggingFaceM4/ChartQA"""
    split: str = "test"
    """the split, with the hub's names: train, val, test"""


def _look_for(settings: ChartQAHubSettings) -> str | None:
    if require_local(settings.path, settings.name).exists():
        return None
    HubSource(settings.path)  # is it a hub's name?
    return f"there is no folder {settings.path}: asking the hub for it, up to {HUB_WAIT:g} s for each answer"


SPEC = SourceSpec(
    settings=ChartQAHubSettings,
    build=lambda settings: HubSource(settings.path, settings.split),
    version=1,
    licence=LICENCE,
    look_for=_look_for,
    not_in_recipe=frozenset({"split"}),
)
