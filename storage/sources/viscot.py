"""Visual-CoT: questions with the box of what answers them: viscot_363k.json, or the metadata as JSON lines.

The conversations give boxes from 0 to 1 of the picture *padded to a square*; the metadata give them in pixels, as lists
`bboxs` of xyxy. Both become pixels of the original.
"""

import re
from dataclasses import dataclass
from typing import Literal

from storage.sources.rows import RowProblem
from storage.sources.spec import FileSourceSettings, SourceSpec, find_files
from storage.sources.table.layouts.layout import Row
from storage.sources.table.named import columns_found
from storage.sources.table.paths import value_at
from storage.sources.table.settings import TableSettings
from storage.sources.table.source import TableSource

LICENCE = "apache-2.0 (questions and boxes); copyright of the owners of its datasets (pictures)"
_REQUEST = re.compile(r"\s*Please provide the bounding box coordinates?\b[^.]*\.?\s*\Z", re.IGNORECASE)
"""The end of the first turn, which asks for the box."""

_FOUR_TURNS = {
    "question": "__question__",
    "answers": "conversations.3.value",
    "image": "image.0",
    "boxes": "conversations.1.value",
}
_METADATA = {"question": "question", "answers": "answer", "image": "image", "boxes": "bboxs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class VisualCoTSettings(FileSourceSettings):
    """Visual-CoT: questions with the box of the evidence: viscot_363k.json, or the metadata as JSON lines."""

    name: Literal["viscot"] = "viscot"
    path: str
    """viscot_363k.json, a metadata .jsonl, or a folder of these"""
    pictures: str | None = None
    """the folder below which the rows' pictures lie; null takes the folder of the rows"""
    split: str | None = None
    """the split's name; null takes that of the rows or of the file's name"""


def viscot(settings: VisualCoTSettings) -> TableSource:
    """The source.

    Raises:
        SourceError: there is no file, or it has neither conversations nor boxes.
    """
    wanted = {"boxes": ("conversations", "bboxs"), "image": ("image",)}
    four_turns = columns_found(settings.path, settings.name, wanted)["boxes"] == "conversations"
    table = TableSettings(
        path=settings.path,
        columns=_FOUR_TURNS if four_turns else {**_METADATA, "subset": "dataset", "split": "split"},
        boxes="xyxy",
        box_unit="unit" if four_turns else "pixels",
        box_of="square" if four_turns else "picture",
        pictures=settings.pictures,
        split=settings.split,
        dataset=settings.name,
        licence=LICENCE,
    )
    return TableSource(table, settings.name, prepare=without_request if four_turns else None)


def without_request(row: Row) -> Row:
    """A row with the question alone, without the words that ask for a box.

    Raises:
        RowProblem: the row has not the four turns of question, box, picture and answer.
    """
    turns, images = row.get("conversations"), row.get("image")
    question = value_at(row, "conversations.0.value")
    if not isinstance(turns, list) or len(turns) != 4 or not isinstance(question, str):
        raise RowProblem("bad_row", "the row has not four conversations (question, box, picture, answer); remove it")
    if not isinstance(images, list) or len(images) != 2 or "###" not in str(images[1]):
        raise RowProblem("bad_row", 'field "image" must be a picture and the same with "###[box]"; remove the row')
    return {**row, "__question__": _REQUEST.sub("", question)}


SPEC = SourceSpec(
    settings=VisualCoTSettings,
    build=viscot,
    version=1,
    licence=LICENCE,
    look_for=find_files,
    not_in_recipe=frozenset({"split", "pictures"}),
)
