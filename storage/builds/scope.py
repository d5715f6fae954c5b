"""What of the planned samples a version holds, and what it says of its source.

The chunks of a plan are fixed, and a source changes: samples of a chunk that the source holds no more, that lie beyond
a run's `limit=`, or that were taken down are left out of a version by id.
"""

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from lensmill.sample import Sample
from storage.builds.exclusion import Exclusion, parse_exclusion
from storage.builds.plan import Plan, PlannedEpisode
from storage.builds.schema import clean
from storage.builds.segment import failure_key
from storage.builds.source_state import SourceState
from storage.files.store import Files, StoreError
from storage.sources.protocol import SourceFailure

LEFT_OUT = "left_out.txt"
"""Samples of a version's chunks that it does not hold, by id, one a line. A version without any has no such file."""

EXCLUDE = "exclude.txt"
"""What was taken down by name (`storage.builds.exclusion`). A version of which nothing was has no such file."""

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
    """

    left_out: frozenset[str] = frozenset()
    exclusion: Exclusion = field(default_factory=Exclusion)
    source: SourceCounts | None = None
    by_origin: frozenset[str] = frozenset()

    def holds(self, planned: PlannedEpisode, image_id: str) -> bool:
        """Whether an episode is in the version; `image_id`: of its sample."""
        return planned.sample_id not in self.left_out and not self.named(planned, image_id)

    def named(self, planned: PlannedEpisode, image_id: str) -> set[str]:
        """The ids by which an episode was taken down; none if it was not."""
        ids = self.exclusion.ids
        return {name for name in (planned.episode_id, planned.sample_id, image_id) if name in ids} if ids else set()

    def holds_failure(self, failure: SourceFailure) -> bool:
        return failure.origin not in self.exclusion.origins

    def record(self) -> dict[str, Any]:
        """As the manifest has it; the lists by number, since their files have a hash there."""
        source: dict[str, Any] = {}
        if (counts := self.source) is not None:
            source = {"samples": counts.samples, "unreadable": counts.unreadable, "withdrawn": counts.withdrawn}
            source |= {"first_withdrawn": list(counts.first_withdrawn), "withdrawn_kept": counts.kept}
        return {"source": source, **self.counts()}

    def counts(self) -> dict[str, int]:
        """How long its lists are."""
        return {"left_out": len(self.left_out), "excluded": len(self.exclusion.lines())}

    def files(self) -> dict[str, bytes]:
        """The files of a version that say what it leaves out, by name."""
        lists = {LEFT_OUT: sorted(self.left_out), EXCLUDE: self.exclusion.lines()}
        return {name: "".join(f"{line}\n" for line in lines).encode() for name, lines in lists.items() if lines}


def read_scope(files: Files, folder: str) -> Scope:
    """Which rows of its chunks a published version holds.

    Raises:
        ValueError: its files do not say so.
    """
    found = {name: files.read(path) for name in (LEFT_OUT, EXCLUDE) if files.exists(path := f"{folder}/{name}")}
    return Scope(frozenset(found.get(LEFT_OUT, b"").decode().split()), parse_exclusion(found.get(EXCLUDE, b"")))


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a plan is made and published.

    Attributes:
        chunk_ids: the chunks that hold at least one of its samples, in the plan's order.
        samples: how many samples of these chunks are its own.
        withdrawn: id -> sample of the first that were withdrawn, in the plan's order.
        unknown_origins: that are to be taken down and that no row has.
    """

    chunk_ids: tuple[str, ...]
    samples: int
    scope: Scope
    withdrawn: Mapping[str, Sample]
    unknown_origins: tuple[str, ...]


def select(plan: Plan, state: SourceState | None, exclusion: Exclusion) -> Selection:
    """What of a plan its source held in a state; all of it where no state was recorded.

    Raises:
        StoreError: an origin that is to be taken down names different samples in the source and in the plan.
    """
    held = plan.known() if state is None else state.held
    keep = state is not None and state.whole and state.keep
    found = plan.select(held, keep, SHOWN)
    named, counts = _named(plan, state, exclusion.origins, None if keep else held), None
    by_origin = frozenset[str]().union(*named.values())
    if state is not None:
        gone = (found.others, tuple(found.first), keep) if state.whole else (0, (), False)
        counts = SourceCounts(len(state.held), state.unreadable, *gone)
    shown = found.first if state is not None and state.whole else {}
    unknown = tuple(sorted(exclusion.origins - named.keys()))
    scope = Scope(found.left_out | by_origin, exclusion, counts, by_origin)
    return Selection(found.chunk_ids, found.samples, scope, shown, unknown)


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
