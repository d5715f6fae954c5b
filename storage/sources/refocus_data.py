"""ReFocus_Data: questions about bar charts, with GPT-4o's thoughts, Python and edited pictures, as JSON lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lensmill.formats.imported import GivenPicture, Imported, text_in
from lensmill.formats.refocus_rows import imported
from storage.sources.recorded import RecordedRow, RecordedSource
from storage.sources.spec import FileSourceSettings, SourceSpec, find_files

LICENCE = "GPL-3.0"
"""Of ChartQA, whose pictures and questions these are."""


class RefocusSource(RecordedSource):
    """See `lensmill.formats.refocus_rows`. `image` and `edited_image` are paths below the folders of pictures."""

    def __init__(self, path: str, pictures: str | None = None, edited_pictures: str | None = None) -> None:
        super().__init__("refocus_data", path, ("*.jsonl",), (pictures, edited_pictures or pictures))

    def picture_of(self, fields: Mapping[str, Any]) -> str:
        """See `RecordedSource`."""
        return text_in(fields, "image")

    def imported(self, row: RecordedRow, original: GivenPicture) -> Imported:
        """See `RecordedSource`."""
        name = row.fields.get("edited_image")
        edited = self.picture(name, "edited_image") if name else None
        return imported(row.fields, original, edited, self.name, row.origin, LICENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefocusDataSettings(FileSourceSettings):
    """ReFocus_Data as JSON lines: questions about bar charts, the charts' axis boxes, and recorded trajectories, which
    agent=recorded hands in."""

    name: Literal["refocus_data"] = "refocus_data"
    path: str
    """a .jsonl file, or a folder of such files"""
    pictures: str | None = None
    """the folder below which rows' `image` lies; null takes the folder of the rows"""
    edited_pictures: str | None = None
    """the folder below which rows' `edited_image` lies; null takes that of the pictures"""


SPEC = SourceSpec(
    settings=RefocusDataSettings,
    build=lambda settings: RefocusSource(settings.path, settings.pictures, settings.edited_pictures),
    version=1,
    licence=LICENCE,
    look_for=find_files,
    not_in_recipe=frozenset({"pictures", "edited_pictures"}),
)
