"""What of the planned samples a version holds, and what it says of its source.

The chunks of a plan are fixed, and a source changes: samples of a chunk that the source holds no more, that lie beyond
a run's `limit=`, or that were taken down are left out of a version by id. Rungs and seeds that a run did not ask for
are left out by name.
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
"""Samples of a version's chunks that it does not hold, by id, one a line. A version without any has no such file."""

BEYOND = "beyond.txt"
"""Episodes that a version does not hold because a lower rung of it shows every pixel, one sample and rung a line. They
are there only where an earlier run had other rungs."""

EXCLUDE = "exclude.txt"
"""What was taken down by name (`storage.builds.exclusion`). A version of which nothing was has no such file."""

_MANIFEST = "manifest.json"

SHOWN = 5
"""Samples that were withdrawn and are named, the first in the plan's order."""


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What a version's source held, as its manifest says it.

    Attributes:
        samples, unreadable: see `storage.builds.source_state.SourceState`.
        withdrawn: samples that earlier runs planned and the source holds no more.
        first_withdrawn: ids of the first of them.
        kept: they are published all the same.
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
        source: None where nobody recorded what it held.
        by_origin: those of `left_out` that were taken down by the origin of their row.
        rungs, seeds: of its episodes; None: all.
        beyond: (sample, rung) of episodes that it does not hold although their rung is among `rungs`.
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
        """For each row of a table whether its rung and seed are this version's; samples that are left out by id are not
        looked at.

        Args:
            rows: columns sample_id, rung and seed; others are not looked at.
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
        """The ids by which an episode was taken down; none if it was not."""
        ids = self.exclusion.ids
        return {name for name in (planned.episode_id, planned.sample_id, image_id) if name in ids} if ids else set()

    def holds_failure(self, failure: SourceFailure) -> bool:
        """Whether a failed row of the source is in the scope."""
        return failure.origin not in self.exclusion.origins

    def record(self) -> dict[str, Any]:
        """As the manifest has it; the lists by number, since their files have a hash there."""
        source: dict[str, Any] = {}
        if (counts := self.source) is not None:
            source = {"samples": counts.samples, "unreadable": counts.unreadable, "withdrawn": counts.withdrawn}
            source |= {"first_withdrawn": list(counts.first_withdrawn), "withdrawn_kept": counts.kept}
        wanted = Wanted(self.rungs, self.seeds).record()
        return {"source": source, "rungs": wanted["rungs"], "seeds": wanted["seeds"], **self.counts()}

    def counts(self) -> dict[str, int]:
        """How long its lists are."""
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
        ValueError, KeyError: its files do not say so.
        FileNotFoundError: it is not published.
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
    """What of a plan is made and published.

    Attributes:
        chunk_ids: the chunks that hold at least one of its samples, in the plan's order.
        samples: of how many samples its episodes are.
        episodes: how many these are by rung, what was taken down by id among them.
        withdrawn: id -> sample of the first that were withdrawn, in the plan's order.
        unknown_origins: that are to be taken down and that no row has.
    """

    chunk_ids: tuple[str, ...]
    samples: int
    scope: Scope
    withdrawn: Mapping[str, Sample]
    unknown_origins: tuple[str, ...]
    episodes: Mapping[int, int]


def run_scope(plan: Plan, state: SourceState | None, exclusion: Exclusion) -> RunScope:
    """What of a plan its source held in a state; all of it where no state was recorded.

    Raises:
        StoreError: an origin that is to be taken down names different samples in the source and in the plan.
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
    """The samples of these origins, by origin; none where the origin is that of a row that failed.

    A row has the origin under which it was read last, and its sample the one under which it was planned, which the
    failures table has. A source that is put in another order makes them differ.

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
