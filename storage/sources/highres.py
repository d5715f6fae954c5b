"""V*-style questions about pictures of any size: JSON lines, or one JSON file beside each picture."""

import itertools
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lensmill.geometry import Box
from lensmill.sample import Sample, sample_id_of
from storage.sources.files import read_within, require_folder
from storage.sources.options import asked
from storage.sources.protocol import SourceError, SourceFailure, SourceItem
from storage.sources.rows import (
    CheckedImage,
    RowProblem,
    SeenSamples,
    box_of,
    check_picture,
    require,
    require_row,
    text_of,
)

MAX_LINE = 2**20
MAX_BOXES = 100
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".mpo")


@dataclass(frozen=True, slots=True)
class _Row:
    origin: str
    fields: Mapping[str, object]


class HighResSource:
    """Questions with options (or a plain answer) and the boxes of what they ask about.

    Args:
        path: a `.jsonl` file; a folder with `test_questions.jsonl` (or one other `.jsonl`); or a folder of pictures,
            each with a JSON file of the same stem (V*: `direct_attributes/`, `relative_position/`).

    Fields of a row: `image` (a path beside the file), `question` or `text`, `options` (right one first unless
    `answer` or `label` says otherwise; see `storage.sources.options`), `bbox` ([x, y, w, h] or a list of those, in
    pixels of the upright original), `category`. A row of a `.jsonl` without `bbox` takes what it lacks from the JSON
    file beside its picture, if there is one. Rows are given picture by picture, in the order of first mention.

    Raises:
        SourceError: nothing to read there.
    """

    name = "highres"

    def __init__(self, path: str | os.PathLike[str]) -> None:
        given = Path(path).expanduser()
        self._lines: Path | None = None
        if given.is_file():
            self._root, self._lines = given.resolve().parent, given.resolve()
            return
        self._root = require_folder(path, self.name)
        self._lines = _lines_file(self._root)
        if self._lines is None and not any(_sidecars(self._root)):
            raise SourceError(
                f"sources/highres: {path} holds neither a .jsonl file nor pictures with a JSON file of the same name"
            )

    def read(self) -> Iterator[SourceItem | SourceFailure]:
        """Every row, as a sample or as a failure.

        Raises:
            SourceError: the file of rows cannot be read at all.
        """
        seen = SeenSamples()
        pictures: dict[str, list[_Row]] = {}
        for origin, content in _json_lines(self._lines) if self._lines else _json_files(self._root):
            if isinstance(content, RowProblem):
                yield content.at(origin)
                continue
            try:
                row = self._completed(content)
                name = text_of(require(row, "image"), "image", max_chars=1024)
                pictures.setdefault(name, []).append(_Row(origin, row))
            except RowProblem as problem:
                yield problem.at(origin)
        for name, rows in pictures.items():
            yield from self._read_picture(name, rows, seen)

    def _completed(self, row: Mapping[str, object]) -> Mapping[str, object]:
        if self._lines is None or "bbox" in row or not isinstance(row.get("image"), str):
            return row
        try:
            beside = str(Path(str(row["image"])).with_suffix(".json"))
            extra = _parsed(read_within(self._root, beside, "image", MAX_LINE))
        except (RowProblem, ValueError):
            return row
        return {**{key: extra[key] for key in ("bbox", "options", "question") if key in extra}, **row}

    def _read_picture(self, name: str, rows: list[_Row], seen: SeenSamples) -> Iterator[SourceItem | SourceFailure]:
        try:
            image = check_picture(read_within(self._root, name, "image"), "image", name)
        except RowProblem as problem:
            yield from (problem.at(row.origin) for row in rows)
            return
        for row in rows:
            try:
                sample = _sample(row, image, self._split())
                seen.admit(sample)
            except RowProblem as problem:
                yield problem.at(row.origin)
            else:
                yield SourceItem(sample, image.data)

    def _split(self) -> str:
        word = self._lines.stem.split("_")[0].lower() if self._lines else ""
        return word if word in ("train", "val", "test") else ""


def _sample(row: _Row, image: CheckedImage, split: str) -> Sample:
    question, answers, choices = asked(row.fields, image.image_id)
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
    found = sorted(root.glob("*.jsonl"))
    if len(found) > 1:
        names = ", ".join(file.name for file in found[:5])
        raise SourceError(f"sources/highres: {root} has several .jsonl files ({names}); give the path of one")
    return found[0] if found else None


def _json_lines(file: Path) -> Iterator[tuple[str, Mapping[str, object] | RowProblem]]:
    """Each line that is not blank as a row, or why it is none; of a line that is too long no more than that is kept."""
    try:
        with file.open("rb") as lines:
            for number in itertools.count(1):
                line = rest = lines.readline(MAX_LINE + 1)
                if not line:
                    return
                while rest and not rest.endswith(b"\n"):
                    rest = lines.readline(MAX_LINE)
                if line.strip():
                    try:
                        yield f"{file.name} line {number}", _parsed(line)
                    except RowProblem as problem:
                        yield f"{file.name} line {number}", problem
    except OSError as error:
        raise SourceError(f"sources/highres: {file} cannot be read ({error.strerror}); check the file") from error


def _sidecars(root: Path) -> Iterator[tuple[Path, Path]]:
    """Every picture below the folder that has a JSON file of the same stem."""
    for file in sorted(root.rglob("*.json")):
        for suffix in PICTURES:
            if file.with_suffix(suffix).is_file():
                yield file, file.with_suffix(suffix)
                break


def _json_files(root: Path) -> Iterator[tuple[str, Mapping[str, object] | RowProblem]]:
    """Each picture's JSON file as a row, or why it is none."""
    for file, picture in _sidecars(root):
        image = str(picture.relative_to(root))
        category = picture.parent.name if picture.parent != root else ""
        try:
            content = read_within(root, str(file.relative_to(root)), "file", MAX_LINE)
            yield str(file.relative_to(root)), {"category": category, **_parsed(content), "image": image}
        except RowProblem as problem:
            yield str(file.relative_to(root)), problem


def _parsed(line: bytes) -> Mapping[str, object]:
    if len(line) > MAX_LINE:
        raise RowProblem("bad_json", f"the row is longer than {MAX_LINE} bytes; shorten it")
    try:
        content: object = json.loads(line.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise RowProblem("bad_json", f"the row is not JSON: {error.msg} at column {error.colno}; mend it") from error
    except UnicodeDecodeError as error:
        raise RowProblem("bad_json", f"the row is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except (RecursionError, ValueError) as error:
        raise RowProblem("bad_json", f"the row is no JSON that can be read ({error}); mend it") from error
    return require_row(content)
