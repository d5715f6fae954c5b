"""Rows to publish, with their pictures in the store, and a version of them that needs no build."""

import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
from PIL import Image

from lensmill.picture import draw_view, encode
from lensmill.sample import Sample
from lensmill.tools import uses_of
from lensmill.trajectory import Trajectory
from lensmill.verdict import Verdict
from storage.builds.counts import CardCounts
from storage.builds.episodes import Failure
from storage.builds.images import ImageStore
from storage.builds.judged import JudgedEpisode
from storage.builds.plan import PlannedEpisode, plan_sample
from storage.builds.selection import SELECTION
from storage.datasets.blocks import BlockRecord, block_key, forget, made_blocks, missing_blocks
from storage.datasets.cutting import Cut
from storage.datasets.failures_and_originals import failed_row, original_row, source_failure_row
from storage.datasets.places import places, version_ledger
from storage.datasets.rows import episode_row
from storage.datasets.shards import BlockWriter, ShardSizes
from storage.datasets.version import CardSettings, Contents, DatasetInputs, PublishedDataset, begin, finish
from storage.files.store import Files
from storage.sources.protocol import SourceFailure
from tests.storage.made import FINGERPRINT, a_sample, a_trajectory

INPUTS = DatasetInputs(FINGERPRINT, "j" * 32, ("c1", "c2"), {"keep": "correct"})
CORRECT = Verdict("correct", "number", 1.0, "7 is 7")
WRONG = Verdict("incorrect", "number", 0.0, "8 is not 7")


@dataclass(frozen=True, slots=True)
class Row:
    """An episode and what curation makes of it."""

    judged: JudgedEpisode
    table: str = "train"
    reason: str | None = None


def accepted(planned: PlannedEpisode, sample: Sample, trajectory: Trajectory, table: str = "train") -> Row:
    return Row(JudgedEpisode(planned, sample, trajectory, None, CORRECT), table)


def rejected(
    planned: PlannedEpisode, sample: Sample, trajectory: Trajectory, verdict: Verdict = WRONG, reason: str = "incorrect"
) -> Row:
    return Row(JudgedEpisode(planned, sample, trajectory, None, verdict), "rejected", reason)


def failed(planned: PlannedEpisode, sample: Sample, failure: Failure) -> Row:
    return Row(JudgedEpisode(planned, sample, None, failure, None), "failures", "failed")


def _png(colour: tuple[int, int, int], size: tuple[int, int] = (300, 200)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def seen(images: ImageStore, number: int) -> tuple[Sample, Trajectory]:
    """A sample whose pictures are in the store, and a trajectory over them."""
    data = _png((number % 256, 0, 0))
    sample = a_sample(number, data)
    images.put(sample.image_id, data)
    view = encode(draw_view(Image.open(io.BytesIO(data)), 224))
    crop = encode(draw_view(Image.new("RGB", (56, 56), (0, number % 256, 0)), 56), lossless=False)
    for image in (view, crop):
        images.put(image.ref.image_id, image.data)
    return sample, a_trajectory(view.ref, crop.ref)


def planned(sample: Sample, rung: int = 224) -> PlannedEpisode:
    return plan_sample(FINGERPRINT, sample, (rung,), ("reader",), (0,)).episodes[0]


def rows_of(files: Files, numbers: Sequence[int] = range(6)) -> Iterator[Row | SourceFailure]:
    """Two accepted rows, one rejected, and so on; then one of each failure."""
    images = ImageStore(files)
    for number in numbers:
        sample, trajectory = seen(images, number)
        if number % 3 == 2:
            yield rejected(planned(sample), sample, trajectory)
        else:
            yield accepted(planned(sample), sample, trajectory)
    sample = a_sample(99)
    yield failed(planned(sample), sample, Failure("timeout", "took too long", 2, "raise agent.timeout"))
    yield SourceFailure("rows.json row 3", "missing_field", "no query: add one")


def publish(
    files: Files,
    version: str,
    rows: Iterable[Row | SourceFailure],
    inputs: DatasetInputs = INPUTS,
    about: CardSettings | None = None,
    sizes: ShardSizes | None = None,
) -> PublishedDataset:
    """A version of these rows, in one block, and one of the source rows that failed."""
    if (there := begin(files, version, inputs, about)) is not None:
        return there
    given = list(rows)
    some = [row for row in given if isinstance(row, Row)]
    lost = [row for row in given if isinstance(row, SourceFailure)]
    selection = _selection(some)

    def made() -> tuple[list[BlockRecord], list[BlockRecord]]:
        return [_block(files, some, inputs, sizes)] if some else [], [_failures(files, lost)] if lost else []

    blocks, of_source = made()

    def ledger() -> Iterator[pa.Table]:
        facts = selection.select(["episode_id", "sample_id", "image_id", "rung"])
        classes = [row.judged.failure.error_class if row.judged.failure else None for row in some]
        facts = facts.append_column("error_class", pa.array(classes, pa.string()))
        verdicts = [row.judged.verdict for row in some]
        outcomes = ["failed" if verdict is None else verdict.outcome for verdict in verdicts]
        facts = facts.append_column("outcome", pa.array(outcomes))
        facts = facts.append_column("seed", pa.array([row.judged.planned.seed for row in some]))
        return version_ledger([facts], selection, places(selection, [Cut(0, len(some))][: len(blocks)], blocks))

    errors = Counter(failure.error_class for failure in lost)
    contents = Contents([*blocks, *of_source], _counts(some), (), errors, ledger)
    done = finish(files, version, contents, inputs, about)
    if missing := missing_blocks(files, done.blocks, done.shards):
        forget(files, missing)
        made()
    return done


def _block(files: Files, rows: Sequence[Row], inputs: DatasetInputs, sizes: ShardSizes | None) -> BlockRecord:
    key = block_key({"sizes": repr(sizes)}, map(repr, rows))
    if made := list(made_blocks(files, [key])):
        return made[0]
    images, stored = ImageStore(files), set[str]()
    with BlockWriter(files, key, sizes) as writer:
        for row in rows:
            trajectory, image_id = row.judged.trajectory, row.judged.sample.image_id
            if trajectory is None:
                writer.add_failure(failed_row(row.judged))
                continue
            pictures = [images.get(reference.image_id) for reference in trajectory.images]
            writer.add_episode(row.table, episode_row(row.judged, pictures, inputs.recipe, inputs.judge, row.reason))
            if image_id not in stored:
                stored.add(image_id)
                writer.add_original(original_row(image_id, images.get(image_id)))
        return writer.finish()


def _failures(files: Files, failures: Sequence[SourceFailure]) -> BlockRecord:
    key = hashlib.sha256(repr(failures).encode()).hexdigest()[:32]
    with BlockWriter(files, key) as writer:
        for failure in failures:
            writer.add_failure(source_failure_row(failure))
        return writer.finish()


def _selection(rows: Sequence[Row]) -> pa.Table:
    values = [
        {
            "chunk": "c1",
            "position": number,
            "episode_id": row.judged.planned.episode_id,
            "sample_id": row.judged.planned.sample_id,
            "image_id": row.judged.sample.image_id,
            "rung": row.judged.planned.rung,
            "table": row.table,
            "reason": row.reason,
            "pixels": 1000,
            "content": number,
        }
        for number, row in enumerate(rows)
    ]
    return pa.Table.from_pylist(values, schema=SELECTION)


def _counts(rows: Sequence[Row]) -> CardCounts:
    counts = CardCounts()
    for row in rows:
        rung, sample, trajectory = row.judged.planned.rung, row.judged.sample, row.judged.trajectory
        if row.judged.failure is not None:
            counts.failed[rung] += 1
            counts.errors[row.judged.failure.error_class] += 1
        elif row.reason is not None:
            counts.rejected[rung] += 1
            counts.reasons[row.reason] += 1
        elif trajectory is not None and row.judged.verdict is not None:
            uses = uses_of(trajectory)
            counts.accepted[rung] += 1
            counts.steps[rung] += uses.steps
            counts.zoomed[rung] += uses.zooms > 0
            counts.edited[rung] += uses.edits > 0
            counts.origins[(sample.source, sample.subset, sample.split, sample.licence)] += 1
            counts.agents[row.judged.planned.agent] += 1
            counts.rules[row.judged.verdict.rule] += 1
    return counts


def rejudged(row: Row, reason: str) -> Row:
    """The row with another reason to reject it."""
    return replace(row, reason=reason)
