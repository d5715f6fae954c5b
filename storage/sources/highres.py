"""V*-style questions about pictures of any size: JSON lines, or one JSON file beside each picture."""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lensmill.geometry import Box
from lensmill.sample import Sample, sample_id_of
from storage.sources.embedded_pictures import image_name
from storage.sources.files import files_below, is_litter, read_within, require_folder, require_local, snapshot_of
from storage.sources.json_rows import MAX_LINE, json_rows, parsed_row
from storage.sources.option_fields import named
from storage.sources.options import QUESTIONS, asked, options_to_choose
from storage.sources.protocol import SlicedSource, SourceError, SourceFailure, SourceItem
from storage.sources.right_option import Indices, fixed_at, indices_of
from storage.sources.rows import (
    CheckedImage,
    RowProblem,
    box_of,
    by_picture,
    check_picture,
    require,
    text_of,
)
from storage.sources.spec import FileSourceSettings, SourceSpec, find_files

MAX_BOXES = 100
PICTURES_A_SLICE = 16
"""Pictures in a slice: about a second of work."""

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".mpo")


@dataclass(frozen=True, slots=True)
class _Row:
    origin: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class HighResSlice:
    """Some pictures with their rows, and how these rows count options; or rows without a picture."""

    indices: Indices
    pictures: tuple[tuple[str, tuple[_Row, ...]], ...] = ()
    failures: tuple[SourceFailure, ...] = ()

    @property
    def rows(self) -> int:
        """The number of rows."""
        return sum(len(rows) for _, rows in self.pictures) + len(self.failures)


class HighResSource(SlicedSource[HighResSlice]):
    """Questions with options (or a plain answer) and the boxes of what they ask about.

    Args:
        path: a `.jsonl` file; a folder with `test_questions.jsonl` (or one other `.jsonl`); or a folder of pictures,
            each with a JSON file of the same stem (V*: `direct_attributes/`, `relative_position/`).
        first_index: the index of the first option, if rows name the right option by a number. None means 0, unless the
            rows contradict 0 (then these rows fail).

    Fields of a row: `image` (a path beside the file), `question` or `text`, `options` (the right one first, unless
    `answer` or `label` says otherwise; docs/sources.md has the shapes that are read), `bbox` ([x, y, w, h] or a list of
    those, in pixels of the upright original), `category`. A row of a `.jsonl` without `bbox` takes what it lacks from
    the JSON file beside its picture, if there is one. Rows are given picture by picture, in the order of first mention.

    Raises:
        SourceError: nothing to read there.
    """

    name = "highres"

    def __init__(self, path: str | os.PathLike[str], first_index: Literal[0, 1] | None = None) -> None:
        self._first_index = first_index
        given = require_local(path, self.name)
        self._lines: Path | None = None
        if given.is_file():
            # The file may be a link, in a hub's cache to a blob: the pictures lie beside the link.
            self._root = given.absolute().parent.resolve()
            self._lines = self._root / given.name
            return
        self._root = snapshot_of(require_folder(path, self.name), self.name)
        self._lines = _lines_file(self._root)
        if self._lines is None and not _sidecars(self._root):
            raise SourceError(
                f"sources/highres: {path} holds neither a .jsonl file nor pictures with a JSON file of the same name"
            )

    def is_here(self) -> bool:
        """Whether this machine has the folder, and the file of rows if the source has one."""
        return self._root.is_dir() and (self._lines is None or self._lines.is_file())

    def slices(self) -> Iterator[HighResSlice]:
        """Some pictures at a time. Rows without a picture come first.

        Raises:
            SourceError: the file of rows cannot be read at all.
        """
        pictures, failures = dict[str, list[_Row]](), list[SourceFailure]()
        for origin, content in json_rows(self._lines, self.name) if self._lines else _json_files(self._root):
            try:
                if isinstance(content, RowProblem):
                    raise content
                row = self._completed(content)
                pictures.setdefault(image_name(require(row, "image"), "image"), []).append(_Row(origin, row))
            except RowProblem as problem:
                failures.append(problem.at(origin))
        indices = self._indices(pictures)
        if failures:
            yield HighResSlice(indices, (), tuple(failures))
        for some in by_picture(pictures, PICTURES_A_SLICE):
            yield HighResSlice(indices, some)

    def read_slice(self, part: HighResSlice) -> Iterator[SourceItem | SourceFailure]:
        """Every row of a slice, as a sample or as a failure."""
        yield from part.failures
        for name, rows in part.pictures:
            yield from self._read_picture(name, rows, part.indices)

    def _indices(self, pictures: Mapping[str, list[_Row]]) -> Indices:
        if self._first_index is not None:
            return fixed_at(self._first_index)
        rows = (row.fields for rows in pictures.values() for row in rows)
        return indices_of((options, row) for row in rows if (options := options_to_choose(row)))

    def _completed(self, row: Mapping[str, object]) -> Mapping[str, object]:
        """The row, completed from the JSON file beside its picture, which lists the right option first."""
        if self._lines is None or "bbox" in row or not isinstance(row.get("image"), str):
            return row
        try:
            beside = str(Path(str(row["image"])).with_suffix(".json"))
            extra = parsed_row(read_within(self._root, beside, "image", MAX_LINE))
        except (RowProblem, ValueError):
            return row
        lacking = ["bbox"]
        if not named(row, QUESTIONS):
            lacking.append("question")
        if options_to_choose(row) is None:
            lacking.append("options")
        return {**{key: extra[key] for key in lacking if key in extra}, **row}

    def _read_picture(self, name: str, rows: Sequence[_Row], indices: Indices) -> Iterator[SourceItem | SourceFailure]:
        try:
            image = check_picture(read_within(self._root, name, "image"), "image", name)
        except RowProblem as problem:
            yield from (problem.at(row.origin) for row in rows)
            return
        for row in rows:
            try:
                sample = _sample(row, image, self._split(), indices)
            except RowProblem as problem:
                yield problem.at(row.origin)
            else:
                yield SourceItem(sample, image.data)

    def _split(self) -> str:
        word = self._lines.stem.split("_")[0].lower() if self._lines else ""
        return word if word in ("train", "val", "test") else ""


def _sample(row: _Row, image: CheckedImage, split: str, indices: Indices) -> Sample:
    question, answers, choices = asked(row.fields, image.image_id, indices)
    category = row.fields.get("category")
    return Sample(
        sample_id=sample_id_of(image.image_id, question, answers, choices),
        image_id=image.image_id,
        width=image.header.width,
        height=image.header.height,
        question=question,
        answers=answers,
        choices=choices,
        targets=_targets(row.fields.get("bbox"), image),
        source="highres",
        subset=text_of(category, "category", 200) if category else "",
        split=split,
        origin=row.origin,
    )


def _targets(value: object, image: CheckedImage) -> tuple[Box, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise RowProblem("bad_box", 'field "bbox" must be [x, y, w, h] or a list of those')
    boxes = value if all(isinstance(part, (list, dict)) for part in value) else [value]
    if len(boxes) > MAX_BOXES:
        raise RowProblem("bad_box", f'field "bbox" has {len(boxes)} boxes, more than {MAX_BOXES}')
    return tuple(box_of(box, f"bbox[{index}]", image.header) for index, box in enumerate(boxes))


def _lines_file(root: Path) -> Path | None:
    usual = root / "test_questions.jsonl"
    if usual.is_file():
        return usual
    found = sorted(file for file in root.iterdir() if file.suffix.lower() == ".jsonl" and not is_litter(file.name))
    if len(found) > 1:
        names = ", ".join(file.name for file in found[:5])
        raise SourceError(f"sources/highres: {root} has several .jsonl files ({names}); give the path of one")
    return found[0] if found else None


def _sidecars(root: Path) -> dict[Path, list[Path]]:
    """JSON file -> pictures of the same stem, for every file below the folder that has one."""
    pictures: defaultdict[str, list[Path]] = defaultdict(list)
    for picture in files_below(root, *PICTURES):
        pictures[_stem(picture)].append(picture)
    return {file: pictures[_stem(file)] for file in files_below(root, ".json") if _stem(file) in pictures}


def _stem(file: Path) -> str:
    """The path without its ending, in one Unicode normal form, because the two files may be spelled differently."""
    return unicodedata.normalize("NFC", str(file.with_suffix("")))


def _json_files(root: Path) -> Iterator[tuple[str, Mapping[str, object] | RowProblem]]:
    """Each picture's JSON file as a row, or the problem with the file."""
    for file, pictures in _sidecars(root).items():
        origin = str(file.relative_to(root))
        category = file.parent.name if file.parent != root else ""
        try:
            if len(pictures) > 1:
                names = ", ".join(picture.name for picture in pictures[:5])
                raise RowProblem("bad_row", f"several pictures have the name of this file: {names}; keep one")
            content = parsed_row(read_within(root, origin, "file", MAX_LINE))
            yield origin, {"category": category, **content, "image": str(pictures[0].relative_to(root))}
        except RowProblem as problem:
            yield origin, problem


@dataclass(frozen=True, slots=True, kw_only=True)
class HighResSettings(FileSourceSettings):
    """High-resolution pictures with multiple-choice questions, as V* has them: JSON lines beside an images folder."""

    name: Literal["highres"] = "highres"
    path: str
    """the folder with test_questions.jsonl, or a .jsonl file"""
    first_index: Literal[0, 1] | None = None
    """the index of the first option, 0 or 1, if rows name the right option by a number; null takes 0, unless the rows
    contradict 0 (then these rows fail)"""


SPEC = SourceSpec(
    settings=HighResSettings,
    build=lambda settings: HighResSource(settings.path, settings.first_index),
    version=1,
    look_for=find_files,
    not_in_recipe=frozenset({"first_index"}),
)
