"""Publishing a version on every node: ledger, selection, blocks, and the version's folder last."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import pyarrow as pa

from actors.cluster.tasks import Tasks, in_order
from actors.publishing.blocks import BlockWork, Build, make_block, with_originals, work_of
from actors.publishing.ledger import written_ledger
from actors.publishing.tally import tally_of
from lensmill.curation.correct import CURATION_VERSION
from lensmill.curation.settings import CurationSettings
from lensmill.facts.measure import measures_of
from lensmill.loading import FORMAT
from lensmill.replay import ReplaySettings
from monitoring.report import BuildTally
from storage.builds.counts import CardCounts, card_counts
from storage.builds.judged import JudgedBuild, Layers
from storage.builds.ledger import Ledger
from storage.builds.plan import Plan
from storage.builds.scope import Scope
from storage.builds.segment import failure_key
from storage.builds.selection import Selection, select
from storage.datasets.blocks import BlockRecord, block_key, forget, made_blocks, missing_blocks
from storage.datasets.cutting import Cut, cuts
from storage.datasets.failures_and_originals import source_failure_row
from storage.datasets.places import chunks_in, places, version_ledger
from storage.datasets.rows import FACTS
from storage.datasets.shards import TABLES, BlockWriter, ShardSizes, options_of
from storage.datasets.version import (
    CardSettings,
    Contents,
    DatasetInputs,
    PublishedDataset,
    begin,
    finish,
    published,
    require_free,
)
from storage.files.store import Files, StoreError
from storage.sources.protocol import SourceFailure

MADE_AGAIN = 3
"""Number of times that blocks are looked for after the manifest; blocks that garbage collection has removed meanwhile
are made again."""


@dataclass(frozen=True, slots=True)
class PublishSettings:
    """Which judged build becomes which version.

    Attributes:
        chunk_ids: the chunks of the version, in plan order.
        failure_keys: keys of the source rows for the failures table; None takes all failed rows.
        version: the name; None names the version by its content.
        name: of the dataset, for its card.
        layers: to read; None reads the layers that exist when publishing begins.
        scope: the rows of the chunks that the version holds.
        workers: tasks that run at once, at most; None takes every CPU of the cluster.
    """

    files: Files
    fingerprint: str
    judge_fingerprint: str
    chunk_ids: tuple[str, ...]
    failure_keys: frozenset[str] | None
    curation: CurationSettings
    version: str | None
    name: str
    layers: Layers | None = None
    scope: Scope = field(default_factory=Scope)
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of publishing.

    Attributes:
        total: rows of the version, and rows that are left out of the version.
        rows: rows of finished blocks; `pictures` and `size` (bytes of files) are those of these blocks.
        new: bytes of `size` that this run wrote.
        left_out: rows of the chunks that are not in the version.
    """

    total: int = 0
    rows: int = 0
    pictures: int = 0
    size: int = 0
    new: int = 0
    left_out: int = 0

    @property
    def done(self) -> int:
        """Finished rows and rows left out, to compare with `total`."""
        return self.rows + self.left_out

    def add(self, block: BlockRecord, new: bool) -> "Progress":
        """The progress after one more block."""
        return replace(
            self,
            rows=self.rows + block.rows,
            pictures=self.pictures + block.pictures,
            size=self.size + block.size,
            new=self.new + block.size * new,
        )


@dataclass(frozen=True, slots=True)
class Prepared:
    """A version that is ready to be published.

    Attributes:
        settings: with the layers to read.
        inputs: of the version.
        selection: the table of every episode.
        failures: the source rows that failed.
    """

    settings: PublishSettings
    inputs: DatasetInputs
    ledger: Ledger
    selection: Selection
    failures: tuple[SourceFailure, ...]

    @property
    def tally(self) -> BuildTally:
        """The closing table."""
        return tally_of(self.selection)

    @property
    def counts(self) -> CardCounts:
        """The counts on the card."""
        return card_counts(self.selection)

    @property
    def progress(self) -> Progress:
        """The progress before the first block."""
        left_out = self.selection.left_out
        return Progress(len(self.selection.rows) + left_out + len(self.failures), left_out=left_out)


def inputs_of(settings: PublishSettings) -> tuple[PublishSettings, DatasetInputs]:
    """The settings with the layers that exist now, and the inputs of the version. Reads no episode."""
    files, fingerprint = settings.files, settings.fingerprint
    if settings.layers is None:
        layers = JudgedBuild(files, fingerprint, settings.judge_fingerprint).layers(settings.chunk_ids)
        settings = replace(settings, layers=layers)
    curation = {**asdict(settings.curation), "version": CURATION_VERSION}
    curation["facts"] = {measure.name: measure.version for measure in measures_of(settings.curation.measures)}
    return settings, DatasetInputs(
        fingerprint,
        settings.judge_fingerprint,
        settings.chunk_ids,
        curation,
        source_failures=tuple(map(failure_key, _failures(settings))),
        layers=settings.layers or {},
        replay=_replay(settings).record(),
        scope=settings.scope,
    )


def check_version(settings: PublishSettings, retried: bool = False) -> None:
    """Raise StoreError if another version has the name. A version named by its content never conflicts.

    Args:
        retried: the run will try episodes again, so the version will differ from every existing one.
    """
    if settings.version is None:
        return
    require_free(settings.files, settings.version, inputs_of(settings)[1], CardSettings(settings.name))
    if retried and (there := published(settings.files, settings.version)) is not None:
        raise StoreError(
            f"{there.path} is published already, without the episodes that are to be tried again: choose another "
            "version="
        )


def prepare(
    settings: PublishSettings,
    stopping: Callable[[], bool] = lambda: False,
    show: Callable[[int, int], None] | None = None,
    tasks: Tasks = in_order,
) -> Prepared:
    """Write the ledger and select.

    Args:
        show: see `written_ledger`.

    Raises:
        Stopped: asked to stop meanwhile.
        StoreError: the store cannot be read or written, or an episode is not judged.
    """
    settings, inputs = inputs_of(settings)
    ledger = written_ledger(
        settings.files,
        settings.fingerprint,
        settings.judge_fingerprint,
        settings.chunk_ids,
        settings.layers or {},
        settings.curation.measures,
        stopping,
        settings.workers,
        show,
        tasks,
    )
    selection = select(ledger, settings.scope, settings.curation)
    return Prepared(settings, inputs, ledger, selection, tuple(_failures(settings)))


def publish_prepared(
    prepared: Prepared,
    stopping: Callable[[], bool] = lambda: False,
    show: Callable[[Progress], None] = lambda _progress: None,
    tasks: Tasks = in_order,
) -> PublishedDataset:
    """Make the missing blocks, then the version's folder. A second call continues an interrupted one.

    Args:
        show: receives the progress after each block, and twice a second while none is finished.

    Raises:
        Stopped: asked to stop meanwhile. Finished blocks stay.
        ValueError: the version's name cannot be a folder's.
        StoreError: the version exists with other inputs, or the store cannot be written or read.
    """
    settings, inputs, selection = prepared.settings, prepared.inputs, prepared.selection
    files, about = settings.files, CardSettings(settings.name)
    version = settings.version or f"v-{inputs.digest[:12]}"
    show(prepared.progress)
    there = begin(files, version, inputs, about)
    if there is not None and not missing_blocks(files, there.blocks, there.shards):
        return there
    works = _Works(prepared)
    if there is not None:  # its publisher was killed before it looked for them
        return _with_all_blocks(files, there, lambda: works.make(stopping, show, tasks))
    blocks = works.make(stopping, show, tasks)

    def ledger() -> Iterator[pa.Table]:
        facts = prepared.ledger.tables(prepared.ledger.repeatable)
        return version_ledger(facts, selection.rows, places(selection.rows, works.cuts, blocks[: len(works.cuts)]))

    errors = Counter(failure.error_class for failure in prepared.failures)
    contents = Contents(blocks, prepared.counts, selection.funnel, errors, ledger)
    done = finish(files, version, contents, inputs, about)
    return _with_all_blocks(files, done, lambda: works.make(stopping, show, tasks))


def _with_all_blocks(files: Files, done: PublishedDataset, make: Callable[[], object]) -> PublishedDataset:
    """The version, once every block that its manifest names is there.

    Raises:
        StoreError: blocks are missing and do not come back.
    """
    for _ in range(MADE_AGAIN):
        if not (missing := missing_blocks(files, done.blocks, done.shards)):
            return done
        forget(files, missing)
        make()
    if missing_blocks(files, done.blocks, done.shards):
        raise StoreError(
            f"{done.path}: shards are missing, and this installation makes others, or they are removed meanwhile: "
            "restore them, or choose another version="
        )
    return done


class _Works:
    """The blocks of a version, finished or not."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._progress = prepared.progress
        settings = prepared.settings
        self._build = Build(settings.files, settings.fingerprint, settings.judge_fingerprint, _replay(settings))
        self._rows = with_originals(prepared.selection.rows)
        self.cuts: tuple[Cut, ...] = tuple(cuts(self._rows))
        self._keys = tuple(work.key for work in self._works())

    def make(
        self, stopping: Callable[[], bool], show: Callable[[Progress], None], tasks: Tasks
    ) -> tuple[BlockRecord, ...]:
        """The records of all blocks, in the rows' order, and last the block of the failed source rows. Missing blocks
        are made."""
        made = dict[str, BlockRecord]()

        def add(record: BlockRecord, new: bool) -> None:
            made[record.key] = record
            self._progress = self._progress.add(record, new)

        def tell() -> None:
            show(self._progress)

        self._progress = self._prepared.progress
        for record in made_blocks(self._build.files, self._keys):
            add(record, new=False)
        missing = (work for work in self._works() if work.key not in made)
        workers = self._prepared.settings.workers
        for record in tasks(partial(make_block, self._build), missing, stopping, workers, tell):
            add(record, new=True)
            tell()
        of_source = _source_failures(self._build.files, self._prepared)
        for record, new in of_source:
            add(record, new)
        tell()
        return (*(made[key] for key in self._keys), *(record for record, _ in of_source))

    def _works(self) -> Iterator[BlockWork]:
        """The work for each block, made when it is taken: the driver holds few of them."""
        settings = self._prepared.settings
        segments = iter(self._prepared.ledger.segments)
        segment, inside = next(segments, None), frozenset[str]()
        inside = frozenset(segment.chunk_ids) if segment else inside
        decides = _decides(settings, self._prepared.inputs)
        for cut in self.cuts:
            rows, paths = self._rows.slice(cut.start, cut.rows), list[str]()
            for chunk_id in chunks_in(rows):
                while segment is not None and chunk_id not in inside:
                    segment = next(segments, None)
                    inside = frozenset(segment.chunk_ids) if segment else frozenset()
                if segment is not None and segment.path not in paths[-1:]:
                    paths.append(segment.path)
            yield work_of(decides, rows, settings.layers or {}, paths)


def _decides(settings: PublishSettings, inputs: DatasetInputs) -> Mapping[str, Any]:
    """Everything that decides the bytes of a version's blocks, besides a block's rows."""
    measures = measures_of()
    facts = {one.name: one.version for one in measures if any(column.name in FACTS for column in one.columns)}
    return {
        "format": FORMAT,
        "schemas": {name: schema.to_string(show_field_metadata=False) for name, schema in TABLES.items()},
        "sizes": asdict(ShardSizes()),
        "options": {name: options_of(schema) for name, schema in TABLES.items()},
        "recipe": settings.fingerprint,
        "judge": settings.judge_fingerprint,
        "replay": inputs.record()["replay"],
        "facts": facts,
        "pyarrow": pa.__version__,
    }


def _source_failures(files: Files, prepared: Prepared) -> list[tuple[BlockRecord, bool]]:
    """The block of the failed source rows, and whether this call made it; empty if no row failed."""
    if not prepared.failures:
        return []
    key = block_key({"format": FORMAT, "pyarrow": pa.__version__}, prepared.inputs.source_failures)
    if made := [*made_blocks(files, [key])]:
        return [(made[0], False)]
    with BlockWriter(files, key) as writer:
        for failure in prepared.failures:
            writer.add_failure(source_failure_row(failure))
        return [(writer.finish(), True)]


def _failures(settings: PublishSettings) -> Iterator[SourceFailure]:
    for failure in Plan(settings.files, settings.fingerprint).failures():
        mine = settings.failure_keys is None or failure_key(failure) in settings.failure_keys
        if mine and settings.scope.holds_failure(failure):
            yield failure


def _replay(settings: PublishSettings) -> ReplaySettings:
    """How the build's pictures are drawn."""
    path = f"builds/{settings.fingerprint}/recipe.json"
    try:
        return ReplaySettings.of_recipe(json.loads(settings.files.read(path)))
    except ValueError as error:
        raise StoreError(f"{settings.files.locate(path)}: {error}") from error
