"""What a run is about, once its source is read."""

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from lensmill.resolution import Ladder, image_tokens
from storage.builds.exclusion import Exclusion
from storage.builds.images import ImageStore
from storage.builds.plan import Plan
from storage.builds.scope import Scope, run_scope
from storage.builds.segment import failure_key
from storage.builds.source_state import SourceState
from storage.files.store import Files

KEPT_ROWS = frozenset({"duplicate", "annotation_unreadable"})
"""Classes of failures whose row's sample is planned all the same."""


@dataclass(frozen=True, slots=True)
class PlanOutline:
    """What of a plan this run is about: the chunks that hold the episodes it asked for, and their numbers.

    Attributes:
        chunk_ids: in the plan's order. An earlier run that asked for more has planned others, which are left alone.
        planned_chunks: of the whole plan.
        samples: that were asked for.
        asked: rung -> episodes that were asked for.
        episodes: rung -> episodes of whole chunks, those that were not asked for among them.
        failures: rows of the source of which something could not be planned, by error class; not of `KEPT_ROWS`.
        failure_keys: of these rows (`storage.builds.segment.failure_key`), whenever they were first met.
        first_failure: origin and message of the first of them.
        tokens: rung -> image tokens of the views of `episodes`.
        originals_size: bytes of the pictures' files; 0 where they were not to be measured.
        scope: which rows of these chunks are to be published.
        withdrawn: origin by id of the first samples that the source holds no more.
        unknown_origins: that are to be taken down and that no row has.
        chunk_sizes: the settings that the plan's chunks were planned with.
        changed: samples of which the source says something else (split, subset, licence, regions, targets) than when
            they were planned first. Their episodes stay as planned.
        first_changed: origin of the first of them.
        absent: slices that were read beside the driver because other nodes lack the source's files.
    """

    chunk_ids: tuple[str, ...]
    planned_chunks: int
    samples: int
    asked: Mapping[int, int]
    episodes: Mapping[int, int]
    failures: Mapping[str, int]
    failure_keys: frozenset[str]
    first_failure: str
    tokens: Mapping[int, int]
    originals_size: int
    scope: Scope
    withdrawn: Mapping[str, str]
    unknown_origins: tuple[str, ...]
    chunk_sizes: frozenset[int | None]
    changed: int = 0
    first_changed: str = ""
    absent: int = 0


@dataclass(slots=True)
class Notes:
    """What was noticed while the source was read; see `PlanOutline`."""

    changed: int = 0
    first_changed: str = ""
    absent: int = 0


def outline_of(
    plan: Plan, files: Files, state: SourceState, exclusion: Exclusion, notes: Notes, measured_on: Ladder | None
) -> PlanOutline:
    """The outline of a run on a plan.

    Args:
        state: what the source held.
        measured_on: the ladder; None: neither tokens nor sizes are measured. Else the plan is read chunk by chunk for
            image tokens, and every original is looked at for its size.
    """
    found = run_scope(plan, state, exclusion)
    tokens, size = _measured(plan, files, found.chunk_ids, measured_on) if measured_on is not None else ({}, 0)
    failures, first = _failures(plan, state.failure_keys)
    return PlanOutline(
        found.chunk_ids,
        plan.counts().chunks,
        found.samples,
        found.episodes,
        plan.counts_in(found.chunk_ids).episodes,
        failures,
        state.failure_keys,
        first,
        tokens,
        size,
        found.scope,
        {sample_id: sample.origin for sample_id, sample in found.withdrawn.items()},
        found.unknown_origins,
        plan.chunk_sizes(),
        notes.changed,
        notes.first_changed,
        notes.absent,
    )


def _failures(plan: Plan, keys: Set[str]) -> tuple[dict[str, int], str]:
    """Rows that failed by class, and the first of them."""
    origins, first = dict[str, set[str]](), ""
    for failure in plan.failures():
        if failure_key(failure) in keys and failure.error_class not in KEPT_ROWS:
            origins.setdefault(failure.error_class, set()).add(failure.origin)  # a row fails once for each rung
            first = first or f"{failure.origin}: {failure.message}"
    return {name: len(found) for name, found in origins.items()}, first


def _measured(plan: Plan, files: Files, chunk_ids: Iterable[str], ladder: Ladder) -> tuple[dict[int, int], int]:
    """Image tokens of the views by rung, and bytes of the originals."""
    images, tokens, size, measured = ImageStore(files), Counter[int](), 0, ""
    for chunk_id in chunk_ids:
        chunk = plan.read_chunk(chunk_id)
        for sample in chunk.samples.values():
            if sample.image_id != measured:  # rows of one picture come one after the other
                measured = sample.image_id
                size += images.size(measured)
        for episode in chunk.episodes:
            sample = chunk.samples[episode.sample_id]
            frame = ladder.frame((sample.width, sample.height), episode.rung)
            tokens[episode.rung] += image_tokens(frame.width, frame.height, ladder.factor)
    return dict(tokens), size
