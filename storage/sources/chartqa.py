"""ChartQA in its own folder layout.

{train,val,test}/{split}_{human,augmented}.json   lists of {imgname, query, label}, or JSON lines
{train,val,test}/png/                             the pictures
{train,val,test}/annotations/*.json               optional: boxes of axis labels, which become regions
{train,val,test}/tables/                          optional, not read: the answers must come from the picture
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lensmill.sample import Region, Sample, sample_id_of
from storage.sources.annotations import regions_of
from storage.sources.files import parse_json, read_json, read_within, require_folder
from storage.sources.json_rows import are_lines, json_rows
from storage.sources.protocol import SlicedSource, SourceError, SourceFailure, SourceItem
from storage.sources.rows import (
    CheckedImage,
    RowProblem,
    answers_of,
    by_picture,
    check_picture,
    require,
    require_row,
    text_of,
)
from storage.sources.spec import FileSourceSettings, SourceSpec, find_files

SPLITS = ("train", "val", "test")
SUBSETS = ("human", "augmented")
LICENCE = "GPL-3.0"
PICTURES_A_SLICE = 64
"""Pictures in a slice: about a second of work."""

MAX_ANNOTATION_BYTES = 2**24
"""Maximum bytes of an annotation."""


@dataclass(frozen=True, slots=True)
class _Row:
    subset: str
    origin: str
    question: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChartQASlice:
    """Some pictures of a split, each with its rows; or rows of a split that name no picture."""

    split: str
    pictures: tuple[tuple[str, tuple[_Row, ...]], ...] = ()
    failures: tuple[SourceFailure, ...] = ()

    @property
    def rows(self) -> int:
        """The number of rows."""
        return sum(len(rows) for _, rows in self.pictures) + len(self.failures)


class ChartQASource(SlicedSource[ChartQASlice]):
    """Questions about charts, from the folder that the dataset's authors publish.

    Args:
        path: the folder of the splits ("ChartQA Dataset"), the folder that holds it, or one split's own folder.
        splits: the splits to read; None reads every split in the folder, in the order train, val, test.
        subsets: "human", "augmented" or both.

    Rows of one split that share a picture are adjacent. Pictures follow the order in which rows first name them, the
    human file before the augmented file. A picture is read and decoded once, and only one is held at a time. The files
    of rows are read where slices are listed; a slice has its rows with it.
    """

    name = "chartqa"

    def __init__(
        self, path: str | os.PathLike[str], splits: Sequence[str] | None = None, subsets: Sequence[str] = SUBSETS
    ) -> None:
        for subset in subsets:
            if subset not in SUBSETS:
                raise SourceError(f'sources/chartqa: unknown subset "{subset}"; choose from {", ".join(SUBSETS)}')
        if not subsets or (splits is not None and not splits):
            raise SourceError("sources/chartqa: no split or no subset is chosen; name at least one of each")
        self._subsets = self.subsets = tuple(dict.fromkeys(subsets))
        self.splits = None if splits is None else tuple(dict.fromkeys(splits))
        folders = _split_folders(require_folder(path, self.name))
        wanted = tuple(folders) if self.splits is None else self.splits
        for split in wanted:
            if split not in folders:
                raise SourceError(
                    f'sources/chartqa: {path} has no split "{split}" (found: {", ".join(folders)}); '
                    f"expected a folder {split}/ with {split}_human.json or {split}_augmented.json"
                )
        self._folders = {split: folders[split] for split in wanted}
        if not any(_row_files(folder, split, self._subsets) for split, folder in self._folders.items()):
            raise SourceError(f"sources/chartqa: {path} has none of the subsets {', '.join(self._subsets)}")

    def is_here(self) -> bool:
        """Whether this machine has the pictures."""
        return all((folder / "png").is_dir() for folder in self._folders.values())

    def slices(self) -> Iterator[ChartQASlice]:
        """Pictures of one split at a time. Rows without a picture come before the split's pictures.

        Raises:
            SourceError: a file of rows does not parse or is no list.
        """
        for split, folder in self._folders.items():
            pictures, failures = dict[str, list[_Row]](), list[SourceFailure]()
            for subset, file in _row_files(folder, split, self._subsets):
                for where, raw in _rows(file):
                    origin = f"{folder.name}/{where}"
                    try:
                        imgname, row = _parsed(raw, subset, origin)
                        pictures.setdefault(imgname, []).append(row)
                    except RowProblem as problem:
                        failures.append(problem.at(origin))
            if failures:
                yield ChartQASlice(split, (), tuple(failures))
            for some in by_picture(pictures, PICTURES_A_SLICE):
                yield ChartQASlice(split, some)

    def read_slice(self, part: ChartQASlice) -> Iterator[SourceItem | SourceFailure]:
        """Every row of a slice, as a sample or as a failure."""
        yield from part.failures
        folder = self._folders[part.split]
        png = _linked(folder / "png")
        for imgname, rows in part.pictures:
            yield from self._read_picture(part.split, folder, png, imgname, rows)

    def _read_picture(
        self, split: str, folder: Path, png: Path, imgname: str, rows: Sequence[_Row]
    ) -> Iterator[SourceItem | SourceFailure]:
        try:
            image = check_picture(read_within(png, imgname, "imgname"), "imgname", imgname)
        except RowProblem as problem:
            yield from (problem.at(row.origin) for row in rows)
            return
        regions: tuple[Region, ...] = ()
        try:
            regions = _regions(folder, imgname, image)
        except RowProblem as problem:
            yield problem.at(f"{split}/annotations/{_annotation_name(imgname)}")
        for row in rows:
            yield SourceItem(_sample(row, split, image, regions), image.data)


def _linked(folder: Path) -> Path:
    """The real place of a folder: people keep pictures elsewhere and link to them."""
    try:
        return folder.resolve()
    except (OSError, RuntimeError):  # a loop of links: nothing is found in the folder
        return folder


def _split_folders(root: Path) -> dict[str, Path]:
    """The folder of each split; the path may name any folder above them or one of them."""
    if root.name in SPLITS and _row_files(root, root.name, SUBSETS):
        return {root.name: root}
    for parent in (root, root / "ChartQA Dataset"):
        found = {split: parent / split for split in SPLITS if _row_files(parent / split, split, SUBSETS)}
        if found:
            return found
    raise SourceError(
        f"sources/chartqa: {root} has no ChartQA split; expected train/, val/ or test/ with "
        "{split}_human.json or {split}_augmented.json beside png/"
    )


def _row_files(folder: Path, split: str, subsets: Sequence[str]) -> list[tuple[str, Path]]:
    files = [(subset, folder / f"{split}_{subset}.json") for subset in SUBSETS if subset in subsets]
    return [(subset, file) for subset, file in files if file.is_file()]


def _rows(file: Path) -> Iterator[tuple[str, object]]:
    """The origin and the content of each row, from a list or from JSON lines."""
    if are_lines(file, "imgname"):
        yield from json_rows(file, "chartqa")
        return
    content = read_json(file, "chartqa")
    if not isinstance(content, list):
        raise SourceError(
            f"sources/chartqa: {file} must be a list of rows with imgname, query and label, "
            f"but is a JSON {type(content).__name__}; check the file"
        )
    yield from ((f"{file.name} row {number}", row) for number, row in enumerate(content, start=1))


def _parsed(raw: object, subset: str, origin: str) -> tuple[str, _Row]:
    if isinstance(raw, RowProblem):
        raise raw
    row = require_row(raw)
    question = text_of(require(row, "query"), "query")
    answers = answers_of(require(row, "label"), "label")
    imgname = text_of(require(row, "imgname"), "imgname", max_chars=1024)
    return imgname, _Row(subset, origin, question, answers)


def _sample(row: _Row, split: str, image: CheckedImage, regions: tuple[Region, ...]) -> Sample:
    return Sample(
        sample_id=sample_id_of(image.image_id, row.question, row.answers),
        image_id=image.image_id,
        width=image.header.width,
        height=image.header.height,
        question=row.question,
        answers=row.answers,
        regions=regions,
        source="chartqa",
        subset=row.subset,
        split=split,
        licence=LICENCE,
        origin=row.origin,
    )


def _annotation_name(imgname: str) -> str:
    return str(Path(imgname).with_suffix(".json"))


def _regions(folder: Path, imgname: str, image: CheckedImage) -> tuple[Region, ...]:
    """The axis regions of a picture, if it has an annotation.

    Raises:
        RowProblem: of class "annotation_unreadable"; the rows are kept without regions.
    """
    annotations = folder / "annotations"
    if not annotations.is_dir():
        return ()
    try:
        data = read_within(_linked(annotations), _annotation_name(imgname), "imgname", MAX_ANNOTATION_BYTES)
        content = parse_json(data.decode("utf-8-sig"), "the file", "chartqa")
        return regions_of(content, image.header)
    except (RowProblem, SourceError, UnicodeDecodeError) as problem:
        if isinstance(problem, RowProblem) and problem.error_class == "image_missing":
            return ()
        raise RowProblem(
            "annotation_unreadable", f"{problem}; its questions are kept, without regions; mend or remove the file"
        ) from problem


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartQASettings(FileSourceSettings):
    """ChartQA in its own folder layout: {train,val,test}/{png/, *_human.json, *_augmented.json, annotations/?}."""

    name: Literal["chartqa"] = "chartqa"
    path: str
    """the "ChartQA Dataset" folder, its parent, or one split's folder"""
    splits: tuple[str, ...] | None = None
    """e.g. [test]; null takes every split in the folder"""
    subsets: tuple[Literal["human", "augmented"], ...] = ("human", "augmented")
    """questions by people, and questions from templates"""


SPEC = SourceSpec(
    settings=ChartQASettings,
    build=lambda settings: ChartQASource(settings.path, settings.splits, settings.subsets),
    version=1,
    licence=LICENCE,
    look_for=find_files,
    not_in_recipe=frozenset({"splits", "subsets"}),
)
