"""CoF-SFT-Data: Chain-of-Focus's conversations with zooms, as its LLaMA-Factory file has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lensmill.formats.cof_rows import imported, picture_names
from lensmill.formats.imported import GivenPicture, Imported
from storage.sources.recorded import RecordedRow, RecordedSource
from storage.sources.spec import FileSourceSettings, SourceSpec, find_files


class CofSource(RecordedSource):
    """See `lensmill.formats.cof_rows`. `images` are paths below the folder of pictures; the first is asked about."""

    def __init__(self, path: str, pictures: str | None = None) -> None:
        super().__init__("cof_sft", path, ("cof_sft_data*.json", "*.jsonl", "*.json"), (pictures,))

    def picture_of(self, fields: Mapping[str, Any]) -> str:
        """See `RecordedSource`."""
        return picture_names(fields)[0]

    def imported(self, row: RecordedRow, original: GivenPicture) -> Imported:
        """See `RecordedSource`."""
        names = picture_names(row.fields)
        further = [self.picture(name, f"images[{at}]") for at, name in enumerate(names[1:], start=1)]
        return imported(row.fields, [original, *further], self.name, row.origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class CofSftSettings(FileSourceSettings):
    """CoF-SFT-Data: conversations with zooms on photographs, recorded trajectories that agent=recorded hands in."""

    name: Literal["cof_sft"] = "cof_sft"
    path: str
    """cof_sft_data.json, or its folder"""
    pictures: str | None = None
    """the folder below which rows' `images` lie; null takes the folder of the rows"""


SPEC = SourceSpec(
    settings=CofSftSettings,
    build=lambda settings: CofSource(settings.path, settings.pictures),
    version=1,
    look_for=find_files,
    not_in_recipe=frozenset({"pictures"}),
)
