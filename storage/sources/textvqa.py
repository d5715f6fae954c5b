"""TextVQA: questions about photographs with text, ten answers each: the raw JSON files, or the hub's Parquet files."""

from dataclasses import dataclass
from typing import Literal

from storage.sources.spec import FileSourceSettings, SourceSpec, find_files
from storage.sources.table.named import has_files, is_file
from storage.sources.table.settings import TableSettings
from storage.sources.table.source import TableSource

LICENCE = "cc-by-4.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextVQASettings(FileSourceSettings):
    """TextVQA: TextVQA_0.5.1_{train,val}.json beside train_images/, or the hub's Parquet files."""

    name: Literal["textvqa"] = "textvqa"
    path: str
    """the folder of either"""
    split: Literal["train", "val"] = "val"
    """the split; the answers of the test split are not public"""


def textvqa(settings: TextVQASettings) -> TableSource:
    """The source.

    Raises:
        SourceError: there is no file of the split.
    """
    columns = {"question": "question", "answers": "answers", "image": "image_id"}
    only = [f"TextVQA*_{settings.split}.json", f"*/TextVQA*_{settings.split}.json"]
    raw = is_file(settings.path, settings.name) or has_files(settings.path, settings.name, only)
    table = TableSettings(
        path=settings.path,
        columns=columns if raw else {**columns, "image": "image"},
        picture_name="{}.jpg" if raw else "{}",
        split=settings.split,
        dataset=settings.name,
        licence=LICENCE,
    )
    return TableSource(table, settings.name, only if raw else (), ("train_images", "train_val_images/train_images"))


SPEC = SourceSpec(
    settings=TextVQASettings,
    build=textvqa,
    version=1,
    licence=LICENCE,
    look_for=find_files,
    not_in_recipe=frozenset({"split"}),
)
