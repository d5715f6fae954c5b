"""RefChartQA: ChartQA's questions with the boxes of the answers, which become targets."""

from dataclasses import dataclass
from typing import Literal

from storage.sources.spec import FileSourceSettings, SourceSpec, find_files
from storage.sources.table.named import columns_found
from storage.sources.table.settings import TableSettings
from storage.sources.table.source import TableSource

LICENCE = "AGPL-3.0"

_COLUMNS = {
    "question": ("query", "question"),
    "answers": ("label", "answer", "response"),
    "image": ("image",),
    "boxes": ("grounding_bboxes",),
    "subset": ("type",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RefChartQASettings(FileSourceSettings):
    """RefChartQA: questions about charts, with the boxes of the answers, in Parquet files."""

    name: Literal["refchartqa"] = "refchartqa"
    path: str
    """a Parquet file, a folder of them, or the hub's cache"""
    split: str | None = "test"
    """train, val or test, by the files' names; null reads all"""


def refchartqa(settings: RefChartQASettings) -> TableSource:
    """The source.

    Raises:
        SourceError: there is no file, or a column is missing.
    """
    table = TableSettings(
        path=settings.path,
        columns=columns_found(settings.path, settings.name, _COLUMNS, settings.split),
        boxes="xywh",
        split=settings.split,
        dataset=settings.name,
        licence=LICENCE,
    )
    return TableSource(table, settings.name)


SPEC = SourceSpec(
    settings=RefChartQASettings,
    build=refchartqa,
    version=1,
    licence=LICENCE,
    look_for=find_files,
    not_in_recipe=frozenset({"split"}),
)
