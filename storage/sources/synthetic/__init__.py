"""Charts, posters, figures, tables and documents drawn from public-domain figures: the default source."""

from dataclasses import dataclass, fields
from typing import Literal

from storage.sources.spec import SourceSettings, SourceSpec
from storage.sources.synthetic.difficulty import PLAIN, Difficulty
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
    clutter: int = PLAIN.clutter
    """number of notes on blank ground of a chart"""
    print_size: float = PLAIN.print_size
    """size of a chart's type, as a share of the usual one: 0.1 to 1"""
    series: int = PLAIN.series
    """number of series of a chart, up to 8; 0 for any number"""
    distractors: int = PLAIN.distractors
    """number of other charts beside a chart, up to 11"""
    steps: int = PLAIN.steps
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
        return Difficulty(**{knob.name: getattr(self, knob.name) for knob in fields(Difficulty)})


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
