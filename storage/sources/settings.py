"""What can be set about each source."""

from dataclasses import dataclass
from typing import Literal

from storage.sources.files import require_local
from storage.sources.neutral import NeutralSource
from storage.sources.protocol import Source, SourceError

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
    first_index: Literal[0, 1] | None = None
    withdrawn: Withdrawn = "drop"


SourceSettings = SyntheticSettings | ChartQASettings | ChartQAHubSettings | HighResSettings


def look_for(settings: SourceSettings) -> str | None:
    """See whether there is something at the source's path, without reading it.

    Returns:
        what reading will wait for besides this machine's own files, in one line; None: nothing.

    Raises:
        SourceError: nothing is there.
    """
    if isinstance(settings, SyntheticSettings):
        return None
    place = require_local(settings.path, settings.name)
    if place.exists():
        return None
    if not isinstance(settings, ChartQAHubSettings):
        raise SourceError(f"sources/{settings.name}: there is no file or folder {place}; give the path of the data")
    from storage.sources.hub import HubSource
    from storage.sources.streaming import HUB_WAIT

    HubSource(settings.path)  # is it a hub's name?
    return f"there is no folder {settings.path}: asking the hub for it, up to {HUB_WAIT:g} s for each answer"


def build_source(settings: SourceSettings) -> Source:
    """The source that the settings describe, with neutral texts.

    Raises:
        SourceError: what it needs is not there.
    """
    return NeutralSource(_source(settings))


def _source(settings: SourceSettings) -> Source:
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

            return HighResSource(settings.path, settings.first_index)
