"""What can be set about each source."""

from dataclasses import dataclass
from typing import Literal

from storage.sources.protocol import Source

Withdrawn = Literal["drop", "keep"]
"""What becomes of samples that an earlier run planned and the source holds no more: versions drop or keep them."""


@dataclass(frozen=True, slots=True)
class SyntheticSettings:
    """Charts and posters that we draw ourselves."""

    name: Literal["synthetic"] = "synthetic"
    seed: int = 0
    charts: int = 20
    posters: int = 2
    questions_per_picture: int = 3
    withdrawn: Withdrawn = "drop"

    def __post_init__(self) -> None:
        if min(self.charts, self.posters) < 0 or self.charts + self.posters == 0:
            raise ValueError("charts and posters must not be negative, and not both 0")
        if self.questions_per_picture < 1:
            raise ValueError("questions_per_picture must be at least 1")


@dataclass(frozen=True, slots=True)
class ChartQASettings:
    """ChartQA in its own folder layout."""

    path: str
    name: Literal["chartqa"] = "chartqa"
    splits: tuple[str, ...] | None = None
    subsets: tuple[Literal["human", "augmented"], ...] = ("human", "augmented")
    withdrawn: Withdrawn = "drop"


@dataclass(frozen=True, slots=True)
class ChartQAHubSettings:
    """ChartQA in the hub's columns, from Parquet or by name."""

    path: str
    name: Literal["chartqa_hub"] = "chartqa_hub"
    split: str = "test"
    withdrawn: Withdrawn = "drop"


@dataclass(frozen=True, slots=True)
class HighResSettings:
    """High-resolution pictures with V*-style questions."""

    path: str
    name: Literal["highres"] = "highres"
    withdrawn: Withdrawn = "drop"


SourceSettings = SyntheticSettings | ChartQASettings | ChartQAHubSettings | HighResSettings


def build_source(settings: SourceSettings) -> Source:
    """The source that the settings describe.

    Raises:
        SourceError: what it needs is not there.
    """
    match settings:
        case SyntheticSettings():
            from storage.sources.synthetic import SyntheticSource

            return SyntheticSource(settings.seed, settings.charts, settings.posters, settings.questions_per_picture)
        case ChartQASettings():
            from storage.sources.chartqa import ChartQASource

            return ChartQASource(settings.path, settings.splits, settings.subsets)
        case ChartQAHubSettings():
            from storage.sources.hub import HubSource

            return HubSource(settings.path, settings.split)
        case HighResSettings():
            from storage.sources.highres import HighResSource

            return HighResSource(settings.path)
