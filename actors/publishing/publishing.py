"""Curating, publishing and counting beside the driver: they read every row, and write every picture."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import ray
from ray.exceptions import RayError

from actors.cluster.connection import fetch
from actors.cluster.errors import Stopped
from actors.publishing.drawing import with_pictures
from lensmill.curation.correct import CURATION_VERSION, rejection
from lensmill.replay import ReplaySettings
from lensmill.sample import Sample
from lensmill.tools import uses_of
from lensmill.verdict import Verdict
from monitoring.report import BuildTally, RungTally
from storage.builds.episodes import EpisodeRow, EpisodeStore
from storage.builds.plan import Plan
from storage.builds.scope import Scope
from storage.builds.segment import failure_key
from storage.builds.verdicts import VerdictStore
from storage.datasets.rows import AcceptedEpisode, DatasetRow, FailedEpisode, RejectedEpisode
from storage.datasets.version import (
    CardSettings,
    DatasetInputs,
    PublishedDataset,
    manifest_inputs,
    publish,
    published,
    require_free,
)
from storage.files.ahead import READERS, ahead
from storage.files.store import Files, StoreError
from storage.sources.protocol import SourceFailure

ROWS_AHEAD = 1024
"""Episodes that are read before they are needed, about: an object store takes its time for each chunk."""

Layers = Mapping[str, tuple[int, int]]
"""How many layers of episodes and of verdicts to take in, by chunk; none of chunks that are left out."""


@dataclass(frozen=True, slots=True)
class PublishSettings:
    """Which judged build becomes which version.

    Attributes:
        chunk_ids: that the version is of, in plan order.
        failure_keys: of the source rows that belong into its failures table; None takes all.
        version: None names it by its content.
        layers: None takes in those that there are when it is published (`layers_now`).
        scope: which rows of the chunks it holds.
    """

    files: Files
    fingerprint: str
    judge_fingerprint: str
    chunk_ids: tuple[str, ...]
    failure_keys: frozenset[str] | None
    curation: Mapping[str, Any]
    version: str | None
    name: str
    layers: Layers | None = None
    scope: Scope = field(default_factory=Scope)


def layers_now(settings: PublishSettings) -> Layers:
    """The layers that there are by now. Episodes that were tried again and are not judged yet are not taken in."""
    tried = EpisodeStore(settings.files, settings.fingerprint).committed()
    judged = VerdictStore(settings.files, settings.fingerprint, settings.judge_fingerprint)
    verdicts, found = judged.committed(), {}
    for chunk_id in settings.chunk_ids:
        if chunk_id in verdicts and (tried.get(chunk_id) or verdicts[chunk_id]):
            layers = (judged.judged_layers(chunk_id, verdicts[chunk_id]), verdicts[chunk_id])
            if any(layers):
                found[chunk_id] = layers
    return found


def _layers(settings: PublishSettings) -> Layers:
    return layers_now(settings) if settings.layers is None else settings.layers


@dataclass(slots=True)
class LeftOut:
    """What of its chunks a version does not hold.

    Attributes:
        episodes: how many there are; `accepted` of those that were taken down by name would be in it otherwise.
        names: the ids by which rows were taken down.
    """

    episodes: int = 0
    accepted: int = 0
    names: set[str] = field(default_factory=set)

    def add(self, other: "LeftOut") -> None:
        self.episodes += other.episodes
        self.accepted += other.accepted
        self.names |= other.names


def curated(
    settings: PublishSettings, layers: Layers, left_out: LeftOut
) -> Iterator[tuple[DatasetRow, EpisodeRow | None]]:
    """Every episode in the version's scope as the row that it becomes, in plan order; then the source rows that failed.

    Args:
        left_out: gets the episodes of the chunks that are out of it.
    """
    files = settings.files
    plan = Plan(files, settings.fingerprint)
    episodes = EpisodeStore(files, settings.fingerprint)
    judged = VerdictStore(files, settings.fingerprint, settings.judge_fingerprint)

    def read(chunk_id: str) -> tuple[list[tuple[DatasetRow, EpisodeRow]], LeftOut]:
        tried, asked = layers.get(chunk_id, (0, 0))
        samples = plan.read_chunk(chunk_id).samples
        verdicts = {row.episode_id: row.verdict for row in judged.rows(chunk_id, asked)}
        rows, out, scope = [], LeftOut(), settings.scope
        for row in episodes.rows(chunk_id, tried):
            sample, verdict = samples[row.planned.sample_id], verdicts.get(row.planned.episode_id)
            if scope.holds(row.planned, sample.image_id):
                rows.append((_curate(row, sample, verdict), row))
                continue
            names = scope.named(row.planned, sample.image_id)
            out.episodes += 1
            out.names |= names
            if names or row.planned.sample_id in scope.by_origin:
                out.accepted += isinstance(_curate(row, sample, verdict), AcceptedEpisode)
        return rows, out

    # chunks of a build are alike
    threads = READERS if not settings.chunk_ids else ROWS_AHEAD // len(plan.read_chunk(settings.chunk_ids[0]).episodes)
    for rows, out in ahead(read, settings.chunk_ids, max(1, min(READERS, threads))):
        left_out.add(out)
        yield from rows
    for failure in _failures(plan, settings):
        yield failure, None


def _failures(plan: Plan, settings: PublishSettings) -> Iterator[SourceFailure]:
    for failure in plan.failures():
        mine = settings.failure_keys is None or failure_key(failure) in settings.failure_keys
        if mine and settings.scope.holds_failure(failure):
            yield failure


def _curate(row: EpisodeRow, sample: Sample, verdict: Verdict | None) -> DatasetRow:
    if row.trajectory is None or verdict is None:
        assert row.failure is not None
        return FailedEpisode(row.planned, sample, row.failure)
    reason = rejection(sample, row.trajectory, verdict)
    if reason is None:
        return AcceptedEpisode(row.planned, sample, row.trajectory, verdict)
    return RejectedEpisode(row.planned, sample, row.trajectory, verdict, reason)


def dataset_inputs(settings: PublishSettings, layers: Layers) -> DatasetInputs:
    """What the version follows from."""
    return DatasetInputs(
        settings.fingerprint,
        settings.judge_fingerprint,
        settings.chunk_ids,
        {**settings.curation, "version": CURATION_VERSION},
        source_failures=tuple(
            failure_key(failure) for failure in _failures(Plan(settings.files, settings.fingerprint), settings)
        ),
        layers=layers,
        replay=_replay(settings).record(),
        scope=settings.scope,
    )


def _replay(settings: PublishSettings) -> ReplaySettings:
    """How the build's pictures are drawn."""
    path = f"builds/{settings.fingerprint}/recipe.json"
    try:
        return ReplaySettings.of_recipe(json.loads(settings.files.read(path)))
    except ValueError as error:
        raise StoreError(f"{settings.files.locate(path)}: {error}") from error


def version_inputs(settings: PublishSettings) -> tuple[Layers, dict[str, Any]]:
    """The layers that a version would take in now, and what its manifest would say that it is made from."""
    layers = _layers(settings)
    return layers, manifest_inputs(dataset_inputs(settings, layers), CardSettings(settings.name))


def check_version(settings: PublishSettings, retried: bool = False) -> None:
    """Raise StoreError if the version's name is taken by another; one that is named by its content never is.

    Args:
        retried: episodes are about to be tried again, so it will differ from all that there are.
    """
    if settings.version is None:
        return
    require_free(
        settings.files, settings.version, dataset_inputs(settings, _layers(settings)), CardSettings(settings.name)
    )
    if retried and (there := published(settings.files, settings.version)) is not None:
        raise StoreError(
            f"{there.path} is published already, without the episodes that are to be tried again: choose another "
            "version="
        )


class _Counting:
    """Counts rows as they go by, and into `left_out` the episodes that do not; `ids` were to be taken down."""

    def __init__(self, ids: Set[str]) -> None:
        self._ids = ids
        self.left_out = LeftOut()
        self._rungs: dict[int, RungTally] = {}
        self._failures: dict[str, tuple[int, str]] = {}
        self._whole = False

    def passing(self, rows: Iterator[tuple[DatasetRow, EpisodeRow | None]]) -> Iterator[DatasetRow]:
        for row, episode in rows:
            if episode is not None:
                self._count(row, episode)
            yield row
        self._whole = True

    def tally(self) -> BuildTally | None:
        """None if not all rows went by."""
        unknown = tuple(sorted(self._ids - self.left_out.names))
        return BuildTally(self._rungs, self._failures, unknown, self.left_out.accepted) if self._whole else None

    def _count(self, row: DatasetRow, episode: EpisodeRow) -> None:
        tally = self._rungs.setdefault(episode.planned.rung, RungTally())
        tally.episodes += 1
        match row:
            case AcceptedEpisode():
                tally.accepted += 1
            case RejectedEpisode(reason="abstained" | "turn_limit" as reason):
                tally.abstained += 1
                tally.turn_limits += reason == "turn_limit"
            case RejectedEpisode(reason="incorrect"):
                tally.wrong += 1
            case RejectedEpisode(reason="judge_error"):
                tally.judge_errors += 1
            case RejectedEpisode(reason="undecided"):
                tally.undecided += 1
            case RejectedEpisode(reason=reason):
                tally.unfit[reason] += 1
            case _:
                tally.failed += 1
        if episode.trajectory is not None:
            uses = uses_of(episode.trajectory)
            tally.seconds += episode.seconds
            tally.steps += uses.steps
            tally.zooms += uses.zooms
            tally.edits += uses.edits
            if isinstance(row, AcceptedEpisode):
                tally.zoomed += uses.zooms > 0
                tally.edited += uses.edits > 0
        if episode.failure is not None:
            count, first = self._failures.get(episode.failure.error_class, (0, episode.failure.message))
            self._failures[episode.failure.error_class] = (count + 1, first)


@dataclass(slots=True)
class Progress:
    """How far publishing is: rows that went by of all, the pictures in them, and the rows that were left out."""

    total: int = 0
    rows: int = 0
    pictures: int = 0
    left_out: int = 0

    @property
    def done(self) -> int:
        """Of the total."""
        return self.rows + self.left_out

    def begin(self, settings: PublishSettings, inputs: DatasetInputs) -> None:
        episodes = Plan(settings.files, settings.fingerprint).episodes_in(settings.chunk_ids)
        self.total = episodes + len(inputs.source_failures)

    def passing(self, rows: Iterator[DatasetRow], left_out: LeftOut) -> Iterator[DatasetRow]:
        for row in rows:
            yield row
            self.rows += 1
            self.pictures += len(row.trajectory.images) if isinstance(row, AcceptedEpisode) else 0
            self.left_out = left_out.episodes
        self.left_out = left_out.episodes


def publish_version(settings: PublishSettings, progress: Progress | None = None) -> tuple[PublishedDataset, BuildTally]:
    """Curate and publish, and count what became of the episodes; raises as `storage.datasets.version.publish` does."""
    progress = progress or Progress()
    layers = _layers(settings)  # looked at once: a run that tries again meanwhile changes nothing here
    inputs, counting = dataset_inputs(settings, layers), _Counting(settings.scope.exclusion.ids)
    progress.begin(settings, inputs)
    version = settings.version or f"v-{inputs.digest[:12]}"
    rows = with_pictures(
        settings.files, _replay(settings), counting.passing(curated(settings, layers, counting.left_out))
    )
    done = publish(
        settings.files, version, progress.passing(rows, counting.left_out), inputs, CardSettings(settings.name)
    )
    return done, counting.tally() or tally_rungs(replace(settings, layers=layers))  # it is published already


def tally_rungs(settings: PublishSettings, progress: Progress | None = None) -> BuildTally:
    """What became of the episodes, rung by rung, and why some failed."""
    counting, layers, progress = _Counting(settings.scope.exclusion.ids), _layers(settings), progress or Progress()
    progress.begin(settings, dataset_inputs(settings, layers))
    rows = counting.passing(curated(settings, layers, counting.left_out))
    deque(progress.passing(rows, counting.left_out), maxlen=0)
    tally = counting.tally()
    assert tally is not None
    return tally


class Publisher:
    """Publishes or counts once, and tells meanwhile how far it is."""

    def __init__(self) -> None:
        self._progress = Progress()

    def publish(self, settings: PublishSettings) -> tuple[PublishedDataset, BuildTally]:
        """See `publish_version`."""
        return publish_version(settings, self._progress)

    def tally(self, settings: PublishSettings) -> BuildTally:
        """See `tally_rungs`."""
        return tally_rungs(settings, self._progress)

    def progress(self) -> Progress:
        return self._progress


RemotePublisher = ray.remote(num_cpus=1, max_concurrency=2, max_restarts=3, max_task_retries=3)(Publisher)
"""The publisher as a Ray actor; its second thread answers `progress` while the first publishes. One whose node dies
begins anew elsewhere."""


def follow(done: Any, publisher: Any, show: Callable[[Progress], None], stopping: Callable[[], bool]) -> Any:
    """What a publisher's method returns, with an eye on how far it is and on whether to go on.

    Raises:
        Stopped: asked to stop before it was done.
    """
    asked = None
    while not ray.wait([done], timeout=0.5)[0]:
        if stopping():
            raise Stopped
        asked = asked or publisher.progress.remote()
        if ray.wait([asked], timeout=0)[0]:
            with suppress(RayError):  # it may begin anew elsewhere
                show(ray.get(asked))
            asked = None
    result = ray.get(done)
    show(fetch(publisher.progress.remote(), stopping))
    return result


remote_inputs = ray.remote(version_inputs)
