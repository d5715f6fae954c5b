"""DocVQA and InfographicVQA in their own JSON files, `{"data": [{question, image, answers, ...}]}`."""

from dataclasses import dataclass
from typing import Literal

from storage.sources.spec import FileSourceSettings, SourceSpec, find_files
from storage.sources.table.named import columns_found, is_file
from storage.sources.table.settings import TableSettings
from storage.sources.table.source import TableSource

FOLDERS = ("documents", "spdocvqa_images", "infographicsvqa_images", "infographicVQA_images", "images")
"""Where copies of the two datasets have the pictures."""

_COLUMNS = {"question": ("question",), "answers": ("answers", "answer"), "image": ("image_local_name", "image")}


@dataclass(frozen=True, slots=True, kw_only=True)
class DocVQASettings(FileSourceSettings):
    """DocVQA, InfographicVQA and sets laid out like them: a JSON file of questions beside a folder of pictures."""

    name: Literal["docvqa"] = "docvqa"
    path: str
    """val_v1.0_withQT.json, infographicsVQA_val_v1.0_withQT.json, or the folder of one"""
    split: Literal["train", "val"] = "val"
    """the split; the answers of the test split are not public"""
    pictures: str | None = None
    """the folder of the pictures; null looks for documents/, spdocvqa_images/, infographicsvqa_images/ and images/"""


def docvqa(settings: DocVQASettings) -> TableSource:
    """The source.

    Raises:
        SourceError: there is no file of the split, or a column is missing.
    """
    only = () if is_file(settings.path, settings.name) else (f"*{settings.split}_v*.json", f"*{settings.split}*.json")
    table = TableSettings(
        path=settings.path,
        columns=columns_found(settings.path, settings.name, _COLUMNS, None, only),
        pictures=settings.pictures,
        picture_name="{name}",
        split=settings.split,
        dataset=settings.name,
    )
    return TableSource(table, settings.name, only, FOLDERS)


SPEC = SourceSpec(
    settings=DocVQASettings,
    build=docvqa,
    version=1,
    look_for=find_files,
    not_in_recipe=frozenset({"split", "pictures"}),
)
