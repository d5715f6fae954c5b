"""The outline of a run, once its source is read."""

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
"""Failure classes that do not keep a row's sample out of the plan."""


@dataclass(frozen=True, slots=True)
class PlanOutline:
    """The part of a plan that a run works on: the chunks with the episodes that the run asked for, and their counts.

    Attributes:
        chunk_ids: in the plan's order. Further chunks of an earlier run that asked for more stay as they are.
        planned_chunks: of the whole plan.
        samples: number of samples that the run asked for.
        asked: rung -> number of episodes that the run asked for.
        episodes: rung -> number of episodes of the whole chunks, including episodes that the run did not ask for.
        failures: number of source rows that could not be planned completely, by error class; without `KEPT_ROWS`.
        failure_keys: the keys of these rows (`storage.builds.segment.failure_key`), also if an earlier run met them
            first.
        first_failure: origin and message of the first of these rows.
        tokens: rung -> image tokens of the views of `episodes`.
        originals_size: bytes of the pictures' files; 0 if they were not measured.
        scope: the rows of these chunks to publish.
        withdrawn: id -> origin, of the first samples that the source no longer holds.
        unknown_origins: origins to take down that no row has.
        chunk_sizes: the settings that the plan's chunks were planned with.
        changed: number of samples whose values in the source (split, subset, licence, regions, targets) differ from
            those at their first planning. Their episodes stay as planned.
        first_changed: origin of the first changed sample.
        absent: number of slices that the planner read itself because other nodes lack the source's files.
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
    """Observations while the source was read; see `PlanOutline`."""

    changed: int = 0
    first_changed: str = ""
    absent: int = 0


def outline_of(
    plan: Plan, files: Files, state: SourceState, exclusion: Exclusion, notes: Notes, measured_on: Ladder | None
) -> PlanOutline:
    """The outline of a run on a plan.

    Args:
        state: what the source held.
        measured_on: the ladder, to count image tokens (reads the plan chunk by chunk) and the originals' bytes (asks
            the store for each). None counts neither.
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
    """The number of failed rows by class, and the first of these rows."""
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
            if sample.image_id != measured:  # rows of one picture are adjacent
                measured = sample.image_id
                size += images.size(measured)
        for episode in chunk.episodes:
            sample = chunk.samples[episode.sample_id]
            frame = ladder.frame((sample.width, sample.height), episode.rung)
            tokens[episode.rung] += image_tokens(frame.width, frame.height, ladder.factor)
    return dict(tokens), size
