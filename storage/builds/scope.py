"""Which of the planned samples a version holds, and what the version says about its source.

The chunks of a plan are fixed, and a source changes. A version leaves out samples of its chunks by id: samples that the
source no longer holds, that lie beyond a run's `limit=`, or that were taken down. Rungs and seeds that the run did not
ask for are left out by name.
"""

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lensmill.sample import Sample
from storage.builds.exclusion import Exclusion, parse_exclusion
from storage.builds.plan import Plan, PlannedEpisode
from storage.builds.schema import clean
from storage.builds.segment import failure_key
from storage.builds.source_state import SourceState
from storage.builds.wanted import ALL, Wanted
from storage.files.store import Files, StoreError
from storage.sources.protocol import SourceFailure

LEFT_OUT = "left_out.txt"
"""File of the samples of a version's chunks that the version leaves out: one id a line. A version that leaves out none
has no such file."""

BEYOND = "beyond.txt"
"""File of the episodes that a version leaves out because a lower rung of the version shows every pixel: one sample and
rung a line. Such episodes exist only if an earlier run had other rungs."""

EXCLUDE = "exclude.txt"
"""File of the names that were taken down (`storage.builds.exclusion`). A version without such names has no such
file."""

_MANIFEST = "manifest.json"

SHOWN = 5
"""Number of withdrawn samples that are named, the first in the plan's order."""


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What a version's source held, as the version's manifest says.

    Attributes:
        samples, unreadable: see `storage.builds.source_state.SourceState`.
        withdrawn: samples that earlier runs planned and the source holds no more.
        first_withdrawn: ids of the first of them.
        kept: withdrawn samples are published all the same.
    """

    samples: int
    unreadable: int
    withdrawn: int = 0
    first_withdrawn: tuple[str, ...] = ()
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows of its chunks a version holds.

    Attributes:
        left_out: ids of samples.
        source: None if no run recorded what the source held.
        by_origin: the samples of `left_out` that were taken down by the origin of their row.
        rungs, seeds: of the version's episodes; None means all.
        beyond: (sample, rung) of episodes that the version leaves out although their rung is among `rungs`.
    """

    left_out: frozenset[str] = frozenset()
    exclusion: Exclusion = field(default_factory=Exclusion)
    source: SourceCounts | None = None
    by_origin: frozenset[str] = frozenset()
    rungs: tuple[int, ...] | None = None
    seeds: tuple[int, ...] | None = None
    beyond: frozenset[tuple[str, int]] = frozenset()

    def holds(self, planned: PlannedEpisode, image_id: str) -> bool:
        """Whether an episode is in the version; `image_id`: of its sample."""
        return self.selects(planned) and not self.named(planned, image_id)

    def selects(self, planned: PlannedEpisode) -> bool:
        """Whether an episode would be in the version if nothing was taken down by id."""
        return (
            (self.rungs is None or planned.rung in self.rungs)
            and (self.seeds is None or planned.seed in self.seeds)
            and planned.sample_id not in self.left_out
            and (planned.sample_id, planned.rung) not in self.beyond
        )

    def within(self, rows: pa.Table) -> npt.NDArray[np.bool_]:
        """For each row of a table, whether the version has its rung and seed. Samples that are left out by id are not
        checked.

        Args:
            rows: columns sample_id, rung and seed; other columns are ignored.
        """
        held: npt.NDArray[np.bool_] = np.ones(len(rows), dtype=bool)
        for name, kept in (("rung", self.rungs), ("seed", self.seeds)):
            if kept is not None:
                held &= np.isin(rows.column(name).to_numpy(), np.array(kept))
        if self.beyond:
            names = pa.array({sample_id for sample_id, _ in self.beyond}, pa.string())
            some = pc.is_in(rows.column("sample_id").cast(pa.string()), value_set=names)
            places = np.flatnonzero(held & some.to_numpy())
            few = rows.select(["sample_id", "rung"]).take(places)
            pairs = zip(few.column("sample_id").to_pylist(), few.column("rung").to_pylist(), strict=True)
            held[places] = [pair not in self.beyond for pair in pairs]
        return held

    def named(self, planned: PlannedEpisode, image_id: str) -> set[str]:
        """The ids by which an episode was taken down; none if the episode was not taken down."""
        ids = self.exclusion.ids
        return {name for name in (planned.episode_id, planned.sample_id, image_id) if name in ids} if ids else set()

    def holds_failure(self, failure: SourceFailure) -> bool:
        """Whether a failed row of the source is in the scope."""
        return failure.origin not in self.exclusion.origins

    def record(self) -> dict[str, Any]:
        """The record in the manifest. Lists are given by their length, since the manifest has the hash of their
        files."""
        source: dict[str, Any] = {}
        if (counts := self.source) is not None:
            source = {"samples": counts.samples, "unreadable": counts.unreadable, "withdrawn": counts.withdrawn}
            source |= {"first_withdrawn": list(counts.first_withdrawn), "withdrawn_kept": counts.kept}
        wanted = Wanted(self.rungs, self.seeds).record()
        return {"source": source, "rungs": wanted["rungs"], "seeds": wanted["seeds"], **self.counts()}

    def counts(self) -> dict[str, int]:
        """The lengths of the lists."""
        lists = {"left_out": self.left_out, "excluded": self.exclusion.lines(), "beyond": self.beyond}
        return {name: len(lines) for name, lines in lists.items()}

    def files(self) -> dict[str, bytes]:
        """The files of a version that say what it leaves out, by name."""
        beyond = [f"{sample_id} {rung}" for sample_id, rung in sorted(self.beyond)]
        lists = {LEFT_OUT: sorted(self.left_out), EXCLUDE: self.exclusion.lines(), BEYOND: beyond}
        return {name: "".join(f"{line}\n" for line in lines).encode() for name, lines in lists.items() if lines}


def read_scope(files: Files, folder: str) -> Scope:
    """Which rows of its chunks a published version holds.

    Raises:
        ValueError, KeyError: the version's files do not say so.
        FileNotFoundError: the version is not published.
    """
    names = (LEFT_OUT, EXCLUDE, BEYOND)
    found = {name: files.read(path) for name in names if files.exists(path := f"{folder}/{name}")}
    wanted = Wanted.from_record(json.loads(files.read(f"{folder}/{_MANIFEST}"))["inputs"])
    pairs = (line.split() for line in found.get(BEYOND, b"").decode().splitlines())
    return Scope(
        frozenset(found.get(LEFT_OUT, b"").decode().split()),
        parse_exclusion(found.get(EXCLUDE, b"")),
        rungs=wanted.rungs,
        seeds=wanted.seeds,
        beyond=frozenset((sample_id, int(rung)) for sample_id, rung in pairs),
    )


@dataclass(frozen=True, slots=True)
class RunScope:
    """The part of a plan that a run makes and publishes.

    Attributes:
        chunk_ids: the chunks that hold at least one of these samples, in the plan's order.
        samples: number of samples of these episodes.
        episodes: number of episodes by rung, including episodes that were taken down by id.
        withdrawn: id -> sample, of the first withdrawn samples in the plan's order.
        unknown_origins: origins to take down that no row has.
    """

    chunk_ids: tuple[str, ...]
    samples: int
    scope: Scope
    withdrawn: Mapping[str, Sample]
    unknown_origins: tuple[str, ...]
    episodes: Mapping[int, int]


def run_scope(plan: Plan, state: SourceState | None, exclusion: Exclusion) -> RunScope:
    """The part of a plan that its source held in a state; the whole plan if no state was recorded.

    Raises:
        StoreError: an origin to take down names different samples in the source and in the plan.
    """
    held, wanted = (plan.known(), ALL) if state is None else (state.held, state.wanted)
    beyond = frozenset() if state is None else frozenset(state.beyond)
    keep = state is not None and state.whole and state.keep
    found = plan.part(held, keep, SHOWN, wanted, beyond)
    named, counts = _named(plan, state, exclusion.origins, None if keep else held), None
    by_origin = frozenset[str]().union(*named.values())
    shown = dict[str, Sample]()
    if state is not None:
        gone = (found.others, tuple(found.first), keep) if state.whole else (0, (), False)
        counts = SourceCounts(len(state.held), state.unreadable, *gone)
        if state.whole:
            shown = {name: plan.read_chunk(chunk).samples[name] for name, chunk in found.first.items()}
    unknown = tuple(sorted(exclusion.origins - named.keys()))
    scope = Scope(
        found.left_out | by_origin, exclusion, counts, by_origin, rungs=wanted.rungs, seeds=wanted.seeds, beyond=beyond
    )
    return RunScope(found.chunk_ids, found.samples, scope, shown, unknown, found.episodes)


def _named(plan: Plan, state: SourceState | None, origins: Set[str], inside: Set[str] | None) -> dict[str, Set[str]]:
    """The samples of these origins, by origin. An origin of a failed row has no samples.

    A row has the origin of the last reading. Its sample has the origin of its planning, which the failures table has.
    The two differ if the source has been put in another order.

    Args:
        inside: ids of the samples that may be published; None: all.
    """
    if not origins:
        return {}
    now = {} if state is None else state.samples_at(origins)
    failed = {
        clean(failure.origin)
        for failure in plan.failures()
        if state is None or failure_key(failure) in state.failure_keys
    }
    planned = dict[str, set[str]]()
    for row in plan.rows("sample_id", "sample"):
        origin, sample_id = clean(json.loads(row["sample"])["origin"]), row["sample_id"]
        if origin in origins and (inside is None or sample_id in inside):
            planned.setdefault(origin, set()).add(sample_id)
    held, found = set[str]() if state is None else state.held, dict[str, Set[str]]()
    for origin in sorted(origins & (now.keys() | planned.keys() | failed)):
        read, first = now.get(origin, set()), planned.get(origin, set())
        others = first - read
        if others and (read or len(others) > 1 or (origin in failed and others & held)):
            names = [*sorted(read | first), *(["a row that failed"] if origin in failed else [])]
            samples = " or ".join(names[:5])
            raise StoreError(
                f"exclude: {origin!r} may be sample {samples}: rows have moved since they were planned; name the "
                "sample by its id"
            )
        found[origin] = read | first
    return found
