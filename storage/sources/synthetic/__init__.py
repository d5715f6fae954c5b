"""Charts, posters, figures, tables and documents drawn from public-domain figures: the default source."""

from dataclasses import dataclass
from typing import Literal

from storage.sources.spec import SourceSettings, SourceSpec
from storage.sources.synthetic.difficulty import Difficulty
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
    clutter: int = 0
    """number of notes on blank ground of a chart"""
    print_size: float = 1.0
    """size of a chart's type, as a share of the usual one: 0.1 to 1"""
    series: int = 0
    """number of series of a chart, up to 8; 0 for any number"""
    distractors: int = 0
    """number of other charts beside a chart, up to 11"""
    steps: int = 0
    """figures to be found and put together for an answer about a chart, up to 5; 0 for questions of all kinds"""

    def __post_init__(self) -> None:
        counts = (self.charts, self.posters, self.figures, self.tables, self.documents)
        if min(counts) < 0 or sum(counts) == 0:
            raise ValueError("charts, posters, figures, tables and documents must not be negative, and not all 0")
        if self.questions_per_picture < 1:
            raise ValueError("questions_per_picture must be at least 1")
        _ = self.difficulty

    @property
    def difficulty(self) -> Difficulty:
        """Of the charts.

        Raises:
            ValueError: a number is outside its limits.
        """
        return Difficulty(
            clutter=self.clutter,
            print_size=self.print_size,
            series=self.series,
            distractors=self.distractors,
            steps=self.steps,
        )


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
        difficulty=settings.difficulty,
    ),
    version=4,
    licence=LICENCE,
    not_in_recipe=frozenset({"charts", "posters", "figures", "tables", "documents", "questions_per_picture"}),
)
