"""Charts and posters drawn from public-domain figures: the embedded default source, which is also a useful dataset."""

from dataclasses import dataclass
from typing import Literal

from storage.sources.spec import SourceSettings, SourceSpec
from storage.sources.synthetic.source import LICENCE, SyntheticSource

__all__ = ["SPEC", "SyntheticSettings", "SyntheticSource"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticSettings(SourceSettings):
    """Charts and dense posters that lensmill draws itself, 3840 px wide, from public-domain figures."""

    name: Literal["synthetic"] = "synthetic"
    seed: int = 0
    """another seed draws other charts"""
    charts: int = 20
    """number of charts"""
    posters: int = 2
    """number of dense 4K posters"""
    questions_per_picture: int = 3
    """at most"""

    def __post_init__(self) -> None:
        if min(self.charts, self.posters) < 0 or self.charts + self.posters == 0:
            raise ValueError("charts and posters must not be negative, and not both 0")
        if self.questions_per_picture < 1:
            raise ValueError("questions_per_picture must be at least 1")


SPEC = SourceSpec(
    settings=SyntheticSettings,
    build=lambda settings: SyntheticSource(
        settings.seed, settings.charts, settings.posters, settings.questions_per_picture
    ),
    version=3,
    licence=LICENCE,
    not_in_recipe=frozenset({"charts", "posters", "questions_per_picture"}),
)
