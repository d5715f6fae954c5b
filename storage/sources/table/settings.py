"""The settings of the source `table`: which columns hold what, and in which form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from storage.sources.spec import FileSourceSettings

ROLES = (
    *("question", "answers", "image", "options", "boxes", "box_width", "box_height"),
    *("split", "subset", "licence"),
)
"""What a column can be."""

NEEDED = ("question", "image")

_PATTERN = re.compile(r"\{(?:name|stem)?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSettings(FileSourceSettings):
    """Anyone's dataset, by a mapping of its columns: Parquet, Arrow, JSON, JSON lines, CSV, TSV or WebDataset tar.
    `python -m pipelines.inspect path=...` proposes these settings."""

    name: Literal["table"] = "table"
    path: str
    """a file of rows, or a folder with such files of one kind"""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """e.g. {question: query, answers: label, image: img}; also options (one column, or a list of columns A to D),
    boxes, box_width, box_height, split, subset and licence. Below a column: conversations.0.value; one sample an
    item of a list: texts.*.user; a list of all: answers[].answer"""
    answers: Literal["plain", "list", "joined", "first_option"] = "plain"
    """plain: a text, a number, or a list of accepted answers; with options also a letter or an index; list: a list in a
    text, as JSON or as Python prints one; joined: several in a text, parted by source.separator; first_option: the
    first option is right"""
    separator: str = "||"
    """between joined answers"""
    first_index: Literal[0, 1] | None = None
    """the index of the first option, 0 or 1, if rows name the right option by a number; null takes 0, unless the rows
    contradict 0 (then these rows fail)"""
    boxes: Literal["xyxy", "xywh"] | None = None
    """the four numbers of a box without names: corners, or corner and size; needed with columns.boxes"""
    box_unit: Literal["pixels", "unit", "thousand"] = "pixels"
    """pixels, 0-1 or 0-1000"""
    box_of: Literal["picture", "square"] = "picture"
    """boxes are of the picture (columns.box_width and box_height name its size, if boxes are of a resized copy), or of
    the picture padded to a square, as LLaVA pads"""
    pictures: str | None = None
    """the folder below which the rows' picture names lie; null takes the folder of each file of rows"""
    picture_name: str = "{}"
    """the file of a row's picture: {} is the value, {name} its last part, {stem} that without ending; e.g. {}.jpg"""
    url_base: str = ""
    """the beginning of the rows' URLs that source.pictures mirrors; nothing is fetched"""
    rows: str | None = None
    """the field of a JSON object that holds its list of rows; null finds the only one"""
    split: str | None = None
    """read only files with this word in their name (val is also validation), and name the split so; null reads all
    files, and takes the split from columns.split or from the name"""
    subset: str = ""
    """of all rows, if no column says it"""
    dataset: str = "table"
    """the dataset's name in samples, on the card and in the ledger"""
    licence: str = ""
    """of all rows, e.g. cc-by-4.0"""

    def __post_init__(self) -> None:
        for role, column in self.columns.items():
            if role not in ROLES:
                raise ValueError(f"columns: there is no {role}: choose of {', '.join(ROLES)}")
            several = isinstance(column, (list, tuple)) and role == "options" and len(column) > 1
            if not (several or (isinstance(column, str) and column)):
                raise ValueError(f"columns.{role} must name a column")
        for role in (*NEEDED, *(() if self.answers == "first_option" else ("answers",))):
            if role not in self.columns:
                raise ValueError(
                    f"columns.{role} is not set: name its column, or see what python -m pipelines.inspect "
                    f"path={self.path} proposes"
                )
        if self.answers == "first_option" and not isinstance(self.columns.get("options"), str):
            raise ValueError("answers=first_option needs columns.options, one column with a list")
        if self.answers == "joined" and not self.separator:
            raise ValueError("separator must not be empty")
        if "boxes" in self.columns and self.boxes is None:
            raise ValueError("boxes must be xyxy (corners) or xywh (corner and size)")
        if ("box_width" in self.columns) != ("box_height" in self.columns):
            raise ValueError("columns.box_width and columns.box_height go together")
        if not _PATTERN.search(self.picture_name):
            raise ValueError("picture_name must hold {}, {name} or {stem}")
        if self.url_base and self.pictures is None:
            raise ValueError("url_base needs pictures, the folder that mirrors it")

    @property
    def top_columns(self) -> tuple[str, ...]:
        """Every mapped column, as written; a column of several options is several."""
        named = (column if isinstance(column, str) else tuple(column) for column in self.columns.values())
        return tuple(one for column in named for one in ((column,) if isinstance(column, str) else column))
