"""HR-Bench: multiple choice about pictures of 4K and 8K, as TSV or Parquet with the pictures in base64 inside.

Each question comes four times, with its options in four orders (`cycle_category`). The orders are kept, and the four
rows of a question are adjacent: they have one picture and one question, which is how evaluations group them.
"""

from dataclasses import dataclass
from typing import Literal

from storage.sources.spec import FileSourceSettings, SourceSpec, find_files
from storage.sources.table.named import is_file
from storage.sources.table.settings import TableSettings
from storage.sources.table.source import TableSource


@dataclass(frozen=True, slots=True, kw_only=True)
class HRBenchSettings(FileSourceSettings):
    """HR-Bench 4K or 8K, a test set: TSV or Parquet with the pictures inside, each question in four orders."""

    name: Literal["hrbench"] = "hrbench"
    path: str
    """hr_bench_4k.tsv, a Parquet file, or the folder of either"""
    size: Literal["4k", "8k"] = "4k"
    """which files of a folder: hr_bench_4k or hr_bench_8k"""


def hrbench(settings: HRBenchSettings) -> TableSource:
    """The source.

    Raises:
        SourceError: there is no file.
    """
    names = (f"hr_bench_{settings.size}*.parquet", f"hr_bench_{settings.size}*.tsv", f"hr_bench_{settings.size}*.csv")
    table = TableSettings(
        path=settings.path,
        columns={
            "question": "question",
            "answers": "answer",
            "image": "image",
            "options": ["A", "B", "C", "D"],
            "subset": "category",
        },
        split="test",
        dataset=settings.name,
    )
    only = () if is_file(settings.path, settings.name) else (*names, *(f"*/{name}" for name in names))
    return TableSource(table, settings.name, only)


SPEC = SourceSpec(
    settings=HRBenchSettings, build=hrbench, version=1, look_for=find_files, not_in_recipe=frozenset({"size"})
)
