"""Charts, posters, figures, tables and documents drawn from public-domain figures: the default source."""

from dataclasses import dataclass
from typing import Literal

from storage.sources.spec import SourceSettings, SourceSpec
from storage.sources.synthetic.source import LICENCE, SyntheticSource

__all__ = ["SPEC", "SyntheticSettings", "SyntheticSource"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticSettings(SourceSettings):
    """Charts, posters, tables and more that lensmill draws itself, 3840 px long, from public-domain figures."""

    name: Literal["synthetic"] = "synthetic"
    seed: int = 0
    """another seed draws other charts"""
    charts: int = 20
    """number of charts"""
    posters: int = 2
    """number of dense 4K posters"""
    figures: int = 0
    """number of figures of several panels"""
    tables: int = 0
    """number of tables, ruled and unruled"""
    documents: int = 0
    """number of documents of one page"""
    questions_per_picture: int = 3
    """at most"""

    def __post_init__(self) -> None:
        counts = (self.charts, self.posters, self.figures, self.tables, self.documents)
        if min(counts) < 0 or sum(counts) == 0:
            raise ValueError("charts, posters, figures, tables and documents must not be negative, and not all 0")
        if self.questions_per_picture < 1:
            raise ValueError("questions_per_picture must be at least 1")


SPEC = SourceSpec(
    settings=SyntheticSettings,
    build=lambda settings: SyntheticSource(
        seed=settings.seed,
        charts=settings.charts,
        posters=settings.posters,
        figures=settings.figures,
        tables=settings.tables,
        documents=settings.documents,
        questions_per_picture=settings.questions_per_picture,
    ),
    version=4,
    licence=LICENCE,
    not_in_recipe=frozenset({"charts", "posters", "figures", "tables", "documents", "questions_per_picture"}),
)
