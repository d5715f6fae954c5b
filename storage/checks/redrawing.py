"""Draws the pictures of a version's rows again, a row group at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow.parquet as pq

from lensmill.replay import ReplaySettings
from storage.checks.finding import MALFORMED, Report
from storage.checks.originals import OriginalsIndex, OriginalsReader
from storage.checks.replays import Replays
from storage.checks.rows import Row
from storage.datasets.rows import EPISODES, episode_of
from storage.files.store import Files, StoreUnavailable

_READ = [name for name in EPISODES.names if name != "images"]
"""Pictures are drawn, not read."""


@dataclass(frozen=True, slots=True)
class RedrawWork:
    """What all replays of one version share.

    Attributes:
        replay: how its pictures are drawn.
        unsafe: run recorded code though this machine grants no boundary.
    """

    files: Files
    replay: ReplaySettings
    originals: OriginalsIndex
    unsafe: bool


@dataclass(frozen=True, slots=True)
class RedrawItem:
    """Rows of one row group of a shard.

    Attributes:
        first: number of the group's first row in the shard.
        rows: numbers in the shard of the rows to draw again; None draws all of the group.
    """

    path: str
    group: int
    first: int
    rows: frozenset[int] | None = None


def redraw(work: RedrawWork, item: RedrawItem) -> Report:
    """Replay rows of a shard that was verified.

    Raises:
        StoreUnavailable: the store does not answer.
        NoBoundary: see `Replays.replay`.
    """
    report, reader = Report(), OriginalsReader(work.files, work.originals)
    try:
        with work.files.open(item.path) as source:
            rows = pq.ParquetFile(source).read_row_group(item.group, columns=_READ).to_pylist()
    except StoreUnavailable:
        raise
    except MALFORMED as error:
        report.add(item.path, f"it cannot be read: {error}")
        return report
    with Replays(work.replay, reader.read, work.unsafe, report) as replays:
        for number, row in _wanted(item, rows):
            if work.originals.place(str(row["image_id"])) is None:
                continue  # the check of the ledger reports it
            try:
                episode = episode_of(row)
            except MALFORMED as error:
                report.add(item.path, f"it is no trajectory: {error}", number, "steps")
                continue
            sample = episode.sample
            replays.replay(item.path, number, sample.image_id, episode.planned.rung, sample.regions, episode.trajectory)
    return report


def _wanted(item: RedrawItem, rows: list[Row]) -> Iterator[tuple[int, Row]]:
    return ((number, row) for number, row in enumerate(rows, item.first) if item.rows is None or number in item.rows)
