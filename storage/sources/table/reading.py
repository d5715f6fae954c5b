"""Turns a mapped row into samples, each with its picture."""

import ast
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lensmill.geometry import Box
from lensmill.sample import Sample, sample_id_of
from storage.sources.option_fields import option_columns
from storage.sources.option_letters import LETTERS
from storage.sources.options import asked
from storage.sources.protocol import SourceFailure, SourceItem
from storage.sources.right_option import Indices
from storage.sources.rows import CheckedImage, RowProblem, check_picture, shown, text_of
from storage.sources.table.boxes import boxes_of, frame_of
from storage.sources.table.paths import items_of, parts_of, value_at
from storage.sources.table.pictures import Pictures
from storage.sources.table.settings import TableSettings

_PLACEHOLDER = re.compile(r"\A(?:\s*<image>)+|(?:<image>\s*)+\Z")
"""Where the picture stands, as training rows write it at the begin or the end of a question: it is no word of it."""

MAX_SIDE = 100_000
MAX_LIST = 20_000
"""Maximum characters of a list in a text."""


class RowReader:
    """Makes samples. The last picture is kept, since rows of one picture are mostly adjacent."""

    def __init__(self, settings: TableSettings, folders: Sequence[Path], split: str, indices: Indices) -> None:
        self._settings, self._split, self._indices = settings, split, indices
        self._columns = settings.columns
        self._pictures = Pictures(folders, settings.picture_name, settings.url_base)
        self._last: CheckedImage | None = None

    def items(self, row: Mapping[str, object], origin: str) -> Iterator[SourceItem | SourceFailure]:
        """Every sample of a row, mostly one, or the row's failure."""
        try:
            found = items_of(row, self._settings.top_columns)
        except RowProblem as problem:
            yield problem.at(origin)
            return
        for item in found:
            where = origin if item is None else f"{origin} item {item + 1}"
            try:
                yield self._item(row, where, item)
            except RowProblem as problem:
                yield problem.at(where)

    def _item(self, row: Mapping[str, object], origin: str, item: int | None) -> SourceItem:
        settings = self._settings
        plain = question_row(settings, row, item)
        image = self._checked(value_at(row, self._columns["image"], item))
        try:
            question, answers, choices = asked(plain, image.image_id, self._indices)
        except RowProblem as problem:
            raise RowProblem(problem.error_class, self._in_columns(str(problem))) from problem
        sample = Sample(
            sample_id=sample_id_of(image.image_id, question, answers, choices),
            image_id=image.image_id,
            width=image.header.width,
            height=image.header.height,
            question=question,
            answers=answers,
            choices=choices,
            targets=self._targets(row, item, image),
            source=settings.dataset,
            subset=settings.subset or self._note(row, "subset", item),
            split=self._split or self._note(row, "split", item),
            licence=settings.licence or self._note(row, "licence", item),
            origin=origin,
        )
        return SourceItem(sample, image.data)

    def _checked(self, value: object) -> CheckedImage:
        field = self._columns["image"]
        if value is None:
            raise RowProblem("missing_field", f'field "{field}" is empty; give the picture')
        data = self._pictures.read(value, field)
        if self._last is None or self._last.data != data:
            self._last = check_picture(data, field)
        return self._last

    def _targets(self, row: Mapping[str, object], item: int | None, image: CheckedImage) -> tuple[Box, ...]:
        if "boxes" not in self._columns:
            return ()
        field, settings = self._columns["boxes"], self._settings
        size = (image.header.width, image.header.height)
        shown_size = None
        if "box_width" in self._columns:
            width, height = (self._side(row, role, item) for role in ("box_width", "box_height"))
            shown_size = (width, height)
        frame = frame_of(size, settings.box_of, shown_size)
        return boxes_of(value_at(row, field, item), field, settings.boxes or "", settings.box_unit, frame, size)

    def _side(self, row: Mapping[str, object], role: str, item: int | None) -> int:
        value = value_at(row, self._columns[role], item)
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0
        if isinstance(value, str) and re.fullmatch(r"\s*\d{1,6}\s*", value):
            number = float(value)
        if not 1 <= number <= MAX_SIDE or not number.is_integer():
            raise RowProblem("bad_field", f'field "{self._columns[role]}" must be a size in pixels, got {shown(value)}')
        return int(number)

    def _note(self, row: Mapping[str, object], role: str, item: int | None) -> str:
        """A short text about a row, "" without one."""
        if role not in self._columns:
            return ""
        value = value_at(row, self._columns[role], item)
        if value is None or (isinstance(value, float) and math.isnan(value)) or value == "":
            return ""
        return text_of(str(value) if isinstance(value, int) else value, self._columns[role], 200)

    def _in_columns(self, message: str) -> str:
        """A message about question, answer and options, with the row's own names."""
        options = self._columns.get("options")
        named = {"question": self._columns["question"], "answer": self._columns.get("answers", "answer")}
        named["options"] = options if isinstance(options, str) else "options"
        return re.sub(r'"(question|answer|options)(?=["\[])', lambda match: '"' + named[match[1]], message)


def question_row(settings: TableSettings, row: Mapping[str, object], item: int | None) -> dict[str, object]:
    """The question, the answer and the options of a row, by the names that `storage.sources.options` reads.

    Raises:
        RowProblem: a field is missing, or has another form than the settings say.
    """
    columns = settings.columns
    question = value_at(row, columns["question"], item)
    if question is None:
        raise missing_problem(row, columns["question"])
    text = text_of(question, columns["question"])
    plain: dict[str, object] = {"question": _PLACEHOLDER.sub("", text).strip() or text}
    options = columns.get("options")
    if isinstance(options, str):
        plain["options"] = value_at(row, options, item)
    elif options is not None:
        names = [parts_of(one)[-1] for one in options]
        if option_columns(names) != [names]:  # names of their own say no letters
            names = list(LETTERS[: len(options)])
        plain.update((name, value_at(row, one, item)) for name, one in zip(names, options, strict=True))
    if "answers" in columns and settings.answers != "first_option":
        value = value_at(row, columns["answers"], item)
        if value is None:
            raise missing_problem(row, columns["answers"])
        plain["answer"] = _answers(settings, value, columns["answers"])
    return plain


def missing_problem(row: Mapping[str, object], field: str) -> RowProblem:
    """The problem of a row without a field, or with nothing in the field."""
    keys = ", ".join(str(key)[:40] for key in list(row)[:20])
    return RowProblem("missing_field", f'the row has no "{field}", or it is empty (columns read: {keys}); fill it in')


def _answers(settings: TableSettings, value: object, field: str) -> object:
    if settings.answers == "plain" or not isinstance(value, str):
        return value
    if settings.answers == "joined":
        return [part.strip() for part in value.split(settings.separator) if part.strip()] or value
    found = list_in(value)
    if found is None:
        raise RowProblem("bad_field", f'field "{field}" is no list in a text: {shown(value)}; see source.answers')
    return found


def list_in(text: str) -> list[object] | None:
    """The list of texts or numbers in a text, as JSON or as Python prints one; None for any other text.

    A list as numpy prints it has no commas; Python would join its texts into one.
    """
    if len(text) > MAX_LIST or text.strip()[:1] != "[" or re.search(r"""['"]\s+['"]""", text):
        return None
    for parse in (json.loads, ast.literal_eval):
        try:
            found = parse(text.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return found if isinstance(found, list) else None
    return None
