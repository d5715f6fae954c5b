"""The judged episodes of a build: the one place where plan, episodes and verdicts are joined."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lensmill.models.chat import ModelCall
from lensmill.sample import Sample
from lensmill.trajectory import Trajectory
from lensmill.verdict import Verdict
from storage.builds.episodes import EpisodeStore, Failure
from storage.builds.plan import Plan, PlannedEpisode
from storage.builds.verdicts import VerdictStore
from storage.files.store import Files, StoreError

Layers = Mapping[str, tuple[int, int]]
"""Layers to read by chunk id: of episodes, then of verdicts. A chunk without an entry is read without layers."""


@dataclass(frozen=True, slots=True)
class JudgedEpisode:
    """One planned episode and everything that is known about the episode.

    Attributes:
        trajectory: None if the episode failed.
        failure: None if the episode has a trajectory.
        verdict: None if the episode failed.
        seconds: how long the episode took.
        calls: the model calls behind the episode, in their order.
    """

    planned: PlannedEpisode
    sample: Sample
    trajectory: Trajectory | None
    failure: Failure | None
    verdict: Verdict | None
    seconds: float = 0.0
    calls: tuple[ModelCall, ...] = ()


class JudgedBuild:
    """The episodes of one recipe with the verdicts of one judge. Threads may share it."""

    def __init__(self, files: Files, fingerprint: str, judge: str) -> None:
        self.plan = Plan(files, fingerprint)
        self._episodes = EpisodeStore(files, fingerprint)
        self._verdicts = VerdictStore(files, fingerprint, judge)
        self._where = f"{files.locate(f'builds/{fingerprint}')}, judge {judge}"

    def layers(self, chunk_ids: Iterable[str]) -> Layers:
        """The layers that these chunks have now; chunks without layers are left out. A layer of episodes that is not
        judged yet is left out. Costs two listings of commits."""
        tried, verdicts = self._episodes.committed(), self._verdicts.committed()
        found = {}
        for chunk_id in chunk_ids:
            if chunk_id in verdicts and (tried.get(chunk_id) or verdicts[chunk_id]):
                layers = (self._verdicts.judged_layers(chunk_id, verdicts[chunk_id]), verdicts[chunk_id])
                if any(layers):
                    found[chunk_id] = layers
        return found

    def read(self, chunk_id: str, layers: Layers) -> tuple[JudgedEpisode, ...]:
        """The episodes of a chunk, in plan order, with the layers that `layers` names and no newer ones.

        Raises:
            StoreError: the chunk is not committed or not judged, or a file of the chunk is missing or damaged.
        """
        tried, asked = layers.get(chunk_id, (0, 0))
        samples = self.plan.read_chunk(chunk_id).samples
        verdicts = {row.episode_id: row.verdict for row in self._verdicts.rows(chunk_id, asked)}
        found = []
        for row in self._episodes.rows(chunk_id, tried):
            verdict = verdicts.get(row.planned.episode_id)
            if row.failure is None and verdict is None:
                raise StoreError(
                    f"{self._where}: episode {row.planned.episode_id} of chunk {chunk_id} has no verdict: run "
                    "pipelines.judge"
                )
            if row.failure is not None:  # a verdict of an older layer says nothing about it
                verdict = None
            sample = samples[row.planned.sample_id]
            found.append(
                JudgedEpisode(row.planned, sample, row.trajectory, row.failure, verdict, row.seconds, row.calls)
            )
        return tuple(found)
