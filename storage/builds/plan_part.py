"""The part of a plan that a run works on, found in columns: a plan may have a million samples."""

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from storage.builds.plan_view import PlanView
from storage.builds.planned import Codes, PlannedRows
from storage.builds.sample_ids import SampleIds, column_of, hex_of
from storage.builds.wanted import Wanted

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PlanPart:
    """Some episodes of a plan.

    Attributes:
        chunk_ids: the chunks that hold at least one of them, in the plan's order.
        samples: number of samples of these episodes.
        left_out: ids of the samples in these chunks that are not in the part.
        others: number of samples of the whole plan that the source no longer holds. Samples of splits and subsets that
            the run did not ask for do not count.
        first: id -> chunk of the first of these others, in the plan's order.
        episodes: rung -> episodes.
    """

    chunk_ids: tuple[str, ...]
    samples: int
    left_out: frozenset[str]
    others: int
    first: Mapping[str, str]
    episodes: Mapping[int, int]


def part_of(
    view: PlanView,
    rows: PlannedRows,
    held: SampleIds,
    others_too: bool,
    shown: int,
    wanted: Wanted,
    beyond: Set[tuple[str, int]],
) -> PlanPart:
    """The part of a plan that a run works on.

    Args:
        view, rows: the plan's chunks and samples.
        held: the samples that the source holds.
        others_too: include samples that are not `held`, if their split and subset are `wanted`.
        shown: number of these others to return.
        wanted: the episodes that the run asks for.
        beyond: (sample, rung) of episodes that are left out although their rung is wanted.
    """
    chunk_of = np.repeat(np.arange(len(view.index)), view.index.column("samples").to_numpy())
    offered = _offered(rows, wanted)
    there = held.mask(rows.ids)
    others = ~there & offered
    mine = there | others if others_too else there
    kinds = tuple(wanted.of(attempts) for attempts in rows.attempt_sets)
    inside = mine & _look_up([bool(kind) for kind in kinds], rows.attempts)
    counts = np.bincount(rows.attempts[inside], minlength=len(kinds)).tolist()
    episodes = Counter[int]()
    for kind, count in zip(kinds, counts, strict=True):
        for rung, _ in kind:
            episodes[rung] += count
    if beyond:
        skipped = set(beyond)
        at = SampleIds(column_of({sample_id for sample_id, _ in beyond}))
        for row in np.flatnonzero(inside & at.mask(rows.ids)).tolist():
            sample_id, kind = hex_of(rows.ids[row]), kinds[rows.attempts[row]]
            kept = [rung for rung, _ in kind if (sample_id, rung) not in skipped]
            episodes.subtract(rung for rung, _ in kind)
            episodes.update(kept)
            inside[row] = bool(kept)
    chosen = np.bincount(chunk_of[inside], minlength=len(view.index)) > 0
    ids = view.chunk_ids()
    left_out = rows.ids[~mine & chosen[chunk_of]]
    first = dict[str, str]()
    for row in np.flatnonzero(others).tolist():
        if len(first) == shown:
            break
        first.setdefault(hex_of(rows.ids[row]), ids[chunk_of[row]])
    return PlanPart(
        tuple(ids[place] for place in np.flatnonzero(chosen).tolist()),
        len(np.unique(rows.ids[inside])),
        frozenset(map(hex_of, left_out.tolist())),
        len(np.unique(rows.ids[others])),
        first,
        {rung: episodes[rung] for rung in sorted(episodes) if episodes[rung]},
    )


def _offered(rows: PlannedRows, wanted: Wanted) -> Mask:
    """For each row whether its split and subset are asked for."""
    splits = [wanted.splits is None or name in wanted.splits for name in rows.split_names]
    subsets = [wanted.subsets is None or name in wanted.subsets for name in rows.subset_names]
    return _look_up(splits, rows.splits) & _look_up(subsets, rows.subsets)


def _look_up(table: list[bool], codes: Codes) -> Mask:
    found: Mask = np.array([*table, False], dtype=bool)[codes]
    return found
