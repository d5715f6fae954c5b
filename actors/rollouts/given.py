"""Given trajectories: an episode that begins with the pictures of an earlier build's episode.

The pictures are drawn again from that episode's record, as publishing draws them. Thoughts, messages and the answer
stay behind: an agent sees pictures only.
"""

import asyncio
import json
from collections.abc import Mapping

from actors.publishing.drawing import Drawer
from lensmill.agents.environment import Given
from lensmill.agents.errors import NoTrajectory
from lensmill.decoding import ImageError
from lensmill.picture import Encoded
from lensmill.replay import ReplayError, ReplaySettings
from lensmill.sample import Sample
from storage.builds.episodes import EpisodeRow, EpisodeStore
from storage.builds.judged import JudgedEpisode
from storage.builds.plan import Plan, PlannedEpisode
from storage.files.store import Files, StoreError

_HELD_CHUNKS = 4
_PNG = b"\x89PNG"


class GivenTrajectories:
    """The trajectories of a build of the same store.

    Args:
        fingerprint: of the build, whole.
    """

    def __init__(self, files: Files, fingerprint: str) -> None:
        recipe = json.loads(files.read(f"builds/{fingerprint}/recipe.json"))
        self._plan, self._episodes = Plan(files, fingerprint), EpisodeStore(files, fingerprint)
        self._committed: Mapping[str, int] = self._episodes.committed()
        self._drawer = Drawer(files, ReplaySettings.of_recipe(recipe))
        self._rows: dict[str, tuple[EpisodeRow, ...]] = {}
        self._drawing = asyncio.Lock()  # a drawer is not thread-safe, and holds one original
        self._name = f"build {fingerprint}"

    async def of(self, planned: PlannedEpisode, sample: Sample) -> Given:
        """The given pictures of an episode: those of the same question, rung and seed, or of the first seed.

        Raises:
            NoTrajectory: there is none, or the pictures come out differently now.
            StoreError: the build cannot be read, or a picture is missing.
        """
        async with self._drawing:
            return await asyncio.to_thread(self._given, planned, sample)

    def _given(self, planned: PlannedEpisode, sample: Sample) -> Given:
        row = self._found(planned)
        trajectory = row.trajectory
        assert trajectory is not None
        try:
            files = self._drawer.pictures(JudgedEpisode(row.planned, sample, trajectory, None, None))
        except StoreError as error:
            if isinstance(error.__cause__, ReplayError | ImageError):
                raise NoTrajectory(f"{self._name}: {error}") from error
            raise
        images = [
            Encoded(ref, data, "png" if data.startswith(_PNG) else "jpeg")
            for ref, data in zip(trajectory.images, files, strict=True)
        ]
        return Given.of(trajectory, images)

    def _found(self, planned: PlannedEpisode) -> EpisodeRow:
        chunk_ids = [name for name in self._plan.part({planned.sample_id}).chunk_ids if name in self._committed]
        rows = [
            row
            for chunk_id in chunk_ids
            for row in self._read(chunk_id)
            if (row.planned.sample_id, row.planned.rung) == (planned.sample_id, planned.rung) and row.trajectory
        ]
        if not rows:
            raise NoTrajectory(f"{self._name} has no trajectory of this question on rung {planned.rung}")
        return min(rows, key=lambda row: (row.planned.seed != planned.seed, row.planned.seed))

    def _read(self, chunk_id: str) -> tuple[EpisodeRow, ...]:
        if chunk_id not in self._rows:
            self._rows[chunk_id] = self._episodes.rows(chunk_id, self._committed[chunk_id])
            while len(self._rows) > _HELD_CHUNKS:
                del self._rows[next(iter(self._rows))]
        return self._rows[chunk_id]
