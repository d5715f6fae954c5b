"""TableVQA-Bench: questions about drawn and photographed tables, in Parquet files of four subsets.

Columns `qa_id, image, question, text_html_table, text_markdown_table, gt`; several references are joined by "||". The
tables' texts are not read: answers must come from the picture.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from storage.sources.parts import PartsSource
from storage.sources.protocol import SourceError
from storage.sources.spec import FileSourceSettings, SourceSpec, find_files
from storage.sources.table.named import is_file
from storage.sources.table.settings import TableSettings
from storage.sources.table.source import TableSource

LICENCE = "cc-by-4.0"
Subset = Literal["vwtq", "vwtq_syn", "vtabfact", "fintabnetqa"]
SUBSETS: tuple[Subset, ...] = ("vwtq", "vwtq_syn", "vtabfact", "fintabnetqa")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableVQASettings(FileSourceSettings):
    """TableVQA-Bench: questions about pictures of tables (VWTQ, VWTQ-Syn, VTabFact, FinTabNetQA), a test set."""

    name: Literal["tablevqa"] = "tablevqa"
    path: str
    """the folder with the Parquet files, or the hub's cache"""
    subsets: tuple[Subset, ...] = SUBSETS
    """of vwtq, vwtq_syn, vtabfact and fintabnetqa"""


def tablevqa(settings: TableVQASettings) -> PartsSource:
    """The source.

    Raises:
        SourceError: there is no file of any chosen subset.
    """
    found: list[TableSource] = []
    problem = SourceError(f"sources/tablevqa: {settings.path} holds none of the subsets {', '.join(settings.subsets)}")
    alone = re.split("[-.]", Path(settings.path).name)[0] if is_file(settings.path, "tablevqa") else ""
    for subset in settings.subsets:
        if alone and alone != subset:
            continue
        try:
            found.append(_subset(settings.path, subset))
        except SourceError as error:
            problem = error
    if not found:
        raise problem
    return PartsSource("tablevqa", found, None, settings.subsets)


def _subset(path: str, subset: str) -> TableSource:
    only: Sequence[str] = [f"{folder}{subset}{end}" for folder in ("", "*/") for end in ("-*.parquet", ".parquet")]
    table = TableSettings(
        path=path,
        columns={"question": "question", "answers": "gt", "image": "image"},
        answers="joined",
        dataset="tablevqa",
        subset=subset,
        split="test",
        licence=LICENCE,
    )
    return TableSource(table, "tablevqa", [*only, f"{subset}/*.parquet", f"*/{subset}/*.parquet"])


SPEC = SourceSpec(
    settings=TableVQASettings,
    build=tablevqa,
    version=1,
    licence=LICENCE,
    look_for=find_files,
    not_in_recipe=frozenset({"subsets"}),
)
