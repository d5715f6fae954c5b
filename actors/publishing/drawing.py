"""Pictures for a dataset version: drawn again, since a build keeps only what cannot be drawn from its record."""

import os
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from itertools import groupby

from lensmill.decoding import ImageError
from lensmill.replay import Replayer, ReplayError, ReplaySettings, made_by_code
from storage.builds.images import ImageStore
from storage.datasets.rows import AcceptedEpisode, DatasetRow
from storage.files.ahead import ahead
from storage.files.store import Files, StoreError
from storage.sources.protocol import SourceFailure

THREADS = 4
"""Each holds an original, and the files of a group."""

GROUP = 32
"""Episodes of one picture that are drawn together, at most: their files are held at once."""


def with_pictures(files: Files, settings: ReplaySettings, rows: Iterator[DatasetRow]) -> Iterator[DatasetRow]:
    """The rows in their order, the accepted ones with the files of their pictures; in a few threads, a few
    pictures ahead.

    Raises:
        StoreError: a picture does not come out as recorded, or an original is missing.
    """
    images, threads = ImageStore(files), min(THREADS, len(os.sched_getaffinity(0)))
    for drawn in ahead(lambda group: _draw(images, settings, group), _groups(rows), threads):
        yield from drawn


def _groups(rows: Iterator[DatasetRow]) -> Iterator[list[DatasetRow]]:
    """Rows side by side of one picture."""

    def picture(row: DatasetRow) -> str:
        return "" if isinstance(row, SourceFailure) else row.sample.image_id

    for _, same in groupby(rows, picture):
        group: list[DatasetRow] = []
        for row in same:
            group.append(row)
            if len(group) == GROUP:
                yield group
                group = []
        if group:
            yield group


def _draw(images: ImageStore, settings: ReplaySettings, rows: list[DatasetRow]) -> list[DatasetRow]:
    with Replayer(settings, images.get) as replayer:
        return [_drawn(replayer, settings, row) if isinstance(row, AcceptedEpisode) else row for row in rows]


def _drawn(replayer: Replayer, settings: ReplaySettings, row: AcceptedEpisode) -> AcceptedEpisode:
    sample, trajectory, planned = row.sample, row.trajectory, row.planned
    if made_by_code(trajectory):  # those pictures were kept; of the others there is the view alone
        trajectory = replace(trajectory, images=trajectory.images[:1], steps=(), messages=())
    try:
        drawn = replayer.files(sample.image_id, planned.rung, sample.regions, trajectory)
        return replace(row, files={file.ref.image_id: file.data for file in drawn})
    except (ReplayError, ImageError) as error:
        changed = [
            f"{name} {then}, here {now}" for name, then in settings.packages.items() if (now := version(name)) != then
        ]
        advice = f"it was drawn with {'; '.join(changed)}: publish with those" if changed else "is it damaged?"
        raise StoreError(
            f"episode {planned.episode_id}: its pictures do not come out as recorded ({error}); {advice}"
        ) from error
