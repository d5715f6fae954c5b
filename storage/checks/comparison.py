"""Checks a version against its plan: the version has every episode of its chunks, and no other."""

from collections.abc import Iterator, Mapping
from functools import partial

from storage.builds.episodes import EpisodeStore
from storage.builds.plan import Plan
from storage.builds.scope import read_scope
from storage.builds.verdicts import VerdictStore
from storage.checks.build import groups
from storage.checks.chunks import BuildWork, planned_ids
from storage.checks.finding import MALFORMED, Run, Take, json_object, told
from storage.checks.replays import ReplayChoice
from storage.checks.version import Version
from storage.datasets.version import claim_path, read_chunks
from storage.files.store import Files, StoreUnavailable

GROUP_CHUNKS = 16


class PlanComparison:
    """Whether a version has every episode of its chunks, if the store has the version's build."""

    def __init__(self, files: Files, version: Version, take: Take, run: Run, token: str) -> None:
        self._files, self._version, self._take, self._run = files, version, take, run
        self._token = token

    def run(self) -> bool:
        """Compare. Return False if the store does not have the build."""
        version, inputs = self._version, self._version.inputs
        claim = claim_path(version.name)
        try:
            claimed = json_object(self._files.read(claim))
        except FileNotFoundError:
            claimed = {**inputs}
        except ValueError:
            claimed = {}
        if claimed != inputs:
            self._tell(f"its inputs are not those of {claim}: one of both has changed", "inputs")
        if not version.whole:
            return True
        try:
            plan = Plan(self._files, str(inputs["recipe"]))
            if not plan.chunk_ids():
                return False
            chunk_ids, layers = read_chunks(self._files, version.name)
            self._episodes(chunk_ids)
            self._layers(chunk_ids, layers)
        except StoreUnavailable:
            raise
        except MALFORMED as error:
            told(self._take, f"builds/{inputs['recipe']}/plan", f"it cannot be read: {error}")
        return True

    def _tell(self, what: str, field: str) -> None:
        told(self._take, self._version.path, what, field=field)

    def _episodes(self, chunk_ids: tuple[str, ...]) -> None:
        version = self._version
        scope = read_scope(self._files, version.folder)
        said = {name: version.inputs.get(name, 0) for name in scope.counts()}
        if said != scope.counts():
            self._tell(f"it says {said}, the version's files {scope.counts()}", "inputs")
        work = BuildWork(self._files, str(version.inputs["recipe"]), None, ReplayChoice(), self._token)

        def planned() -> Iterator[bytes]:
            for report in self._run(partial(planned_ids, work, scope), groups(chunk_ids, GROUP_CHUNKS)):
                self._take(report)
                yield bytes(report.ids)

        lacking, strange = version.episodes.compare(planned())
        for episode_id in lacking:
            self._tell(f"planned episode {episode_id} is in no table", "episode_id")
        for episode_id in strange:
            self._tell(f"episode {episode_id} is in a table and was not planned", "episode_id")

    def _layers(self, chunk_ids: tuple[str, ...], layers: Mapping[str, tuple[int, int]]) -> None:
        recipe, judge = str(self._version.inputs["recipe"]), str(self._version.inputs["judge"])
        made = EpisodeStore(self._files, recipe).committed()
        judged = VerdictStore(self._files, recipe, judge).committed()
        for chunk_id in chunk_ids:
            tried, asked = layers.get(chunk_id, (0, 0))
            if made.get(chunk_id, -1) < tried or judged.get(chunk_id, -1) < asked:
                what = f"it is of chunk {chunk_id} with {tried} and {asked} layers, which the store has not"
                self._tell(what, "chunks")
