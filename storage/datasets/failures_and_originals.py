"""The rows of a version's tables `failures` and `originals`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from storage.builds.episodes import Failure
from storage.builds.judged import JudgedEpisode
from storage.builds.plan import PlannedEpisode
from storage.builds.schema import clean
from storage.datasets.features import IMAGE, with_features
from storage.datasets.rows import image_value
from storage.sources.protocol import SourceFailure

FAILURES = with_features(
    pa.schema(
        [
            ("kind", pa.string()),
            ("error_class", pa.string()),
            ("message", pa.string()),
            ("attempts", pa.int32()),
            ("retry", pa.string()),
            ("origin", pa.string()),
            ("sample_id", pa.string()),
            ("episode_id", pa.string()),
            ("rung", pa.int32()),
            ("agent", pa.string()),
            ("seed", pa.int64()),
        ]
    )
)
"""Episodes that failed (`kind` "episode"), and rows of the source that could not become samples (`kind` "source")."""

ORIGINALS = with_features(pa.schema([("image_id", pa.string()), ("image", IMAGE)]))
"""The original picture of every row of the episode tables, once."""


@dataclass(frozen=True, slots=True)
class FailedEpisode:
    """An episode without a trajectory, as a FAILURES row has it; `origin`: of the source row."""

    planned: PlannedEpisode
    origin: str
    failure: Failure


def failed_row(judged: JudgedEpisode) -> dict[str, Any]:
    """An episode without a trajectory as a FAILURES row."""
    planned, failure = judged.planned, judged.failure
    assert failure is not None
    return {
        "kind": "episode",
        "error_class": clean(failure.error_class),
        "message": clean(failure.message),
        "attempts": failure.attempts,
        "retry": clean(failure.retry),
        "origin": clean(judged.sample.origin),
        "sample_id": planned.sample_id,
        "episode_id": planned.episode_id,
        "rung": planned.rung,
        "agent": clean(planned.agent),
        "seed": planned.seed,
    }


def source_failure_row(failure: SourceFailure) -> dict[str, Any]:
    """A source row that could not become a sample as a FAILURES row."""
    return {
        "kind": "source",
        "error_class": clean(failure.error_class),
        "message": clean(failure.message),
        "attempts": 1,
        "retry": "correct the row at its source and run again",
        "origin": clean(failure.origin),
    }


def failure_of(row: Mapping[str, Any]) -> FailedEpisode | SourceFailure:
    """The failure in a FAILURES row.

    Raises:
        KeyError, TypeError: the row holds no failure.
    """
    if row["kind"] == "source":
        return SourceFailure(row["origin"], row["error_class"], row["message"])
    planned = PlannedEpisode(row["episode_id"], row["sample_id"], row["rung"], row["agent"], row["seed"])
    return FailedEpisode(
        planned, row["origin"], Failure(row["error_class"], row["message"], row["attempts"], row["retry"])
    )


def original_row(image_id: str, data: bytes) -> dict[str, Any]:
    """An original picture's file as an ORIGINALS row."""
    return {"image_id": image_id, "image": image_value(image_id, data)}


def original_of(row: Mapping[str, Any]) -> tuple[str, bytes]:
    """The id and the file of an ORIGINALS row."""
    return row["image_id"], row["image"]["bytes"]
