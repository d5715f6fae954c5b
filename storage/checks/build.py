"""Verifies a build: its plan, commits and verdicts, in pieces of work that any process can do."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from random import Random
from typing import Any

from storage.builds.plan_counts import PlanCounts, counts_of
from storage.builds.segment import KINDS
from storage.builds.source_state import SourceStates
from storage.builds.verdicts import VerdictStore
from storage.checks.chunks import BuildWork, ChunkItem, ChunkReport, check_chunks, check_handed_back
from storage.checks.finding import MALFORMED, Item, Report, Run, Take, json_object, told
from storage.checks.ids import Ids
from storage.checks.images import ImageCheck
from storage.files.store import Files, StoreUnavailable

GROUP_EPISODES, GROUP_REPLAYS = 256, 16
"""Approximate number of planned episodes in one piece of work; the second number applies if each of them is drawn
again."""

GROUP_FILES = 8

PlanFile = tuple[str, str, str]
"""A file of a plan: its path, its sha256, and the path of the segment's record that says so."""


def groups(items: Iterable[Item], size: int) -> Iterator[tuple[Item, ...]]:
    """The items in their order, in groups of this size."""
    stream = iter(items)
    while group := tuple(islice(stream, size)):
        yield group


def check_plan_files(files: Files, named: tuple[PlanFile, ...]) -> Report:
    """Hash some files of a plan."""
    report = Report()
    for path, digest, record in named:
        try:
            data = files.read(path)
        except FileNotFoundError:
            report.add(path, "it is missing, and the plan needs it: restore it")
            continue
        report.read += len(data)
        if hashlib.sha256(data).hexdigest() != digest:
            report.add(path, f"its sha256 is not the one that {record} has: restore it")
    return report


class BuildCheck:
    """Reads a build whole and reports what is wrong with it. The findings and their order do not depend on `run`.

    Args:
        take: receives the report of each piece of work.
        run: runs the pieces of work.

    Attributes:
        chunks: that are planned, in the plan's order.
        made: the committed ones.
    """

    def __init__(self, work: BuildWork, images: ImageCheck, take: Take, run: Run) -> None:
        self._work, self._images, self._take, self._run = work, images, take, run
        self._files, self._folder = work.files, work.folder
        self.chunks: tuple[str, ...] = ()
        self.made: tuple[str, ...] = ()

    def run(self) -> bool:
        """Whether the plan could be read. Otherwise nothing else is checked."""
        if not self._segments():
            return False
        work, judges = self._work, self._files.folders(f"{self._folder}/verdicts")
        stores = {judge: VerdictStore(self._files, work.fingerprint, judge) for judge in judges}
        try:
            # A build may be running: files that follow from other files are read before those.
            self._handed_back(work.plan.chunk_ids())
            judged = {judge: store.committed() for judge, store in stores.items()}
            committed = work.episodes.committed()
            said, failures = self._planned()
        except StoreUnavailable:
            raise
        except MALFORMED as error:
            self._tell("plan", f"it cannot be read: {type(error).__name__}: {error}")
            return False
        self._source()
        self.made = tuple(chunk_id for chunk_id in self.chunks if chunk_id in committed)
        self._strangers({"episodes": committed, **{f"verdicts/{judge}": there for judge, there in judged.items()}})
        found = self._chunks(self._items(committed, judged))
        if said != (counts := PlanCounts(found.samples, dict(sorted(found.rungs.items())), failures, len(self.chunks))):
            self._tell("plan/segments", f"they count {said}, the plan's files hold {counts}")
        return True

    def _tell(self, path: str, what: str) -> None:
        told(self._take, f"{self._folder}/{path}", what)

    def _chunks(self, items: Iterable[ChunkItem]) -> ChunkReport:
        """Check the chunks; return the sum of their reports."""
        episodes = sum(self._work.plan.counts().episodes.values())
        wanted = GROUP_REPLAYS if self._work.choice.which == "all" else GROUP_EPISODES
        size = max(1, wanted * len(self.chunks) // max(1, episodes))
        ids, total = Ids(), ChunkReport()
        for report in self._run(partial(check_chunks, self._work), groups(items, size)):
            self._take(report)
            self._images.need(report.needs)
            ids.add(report.ids)
            total.samples += report.samples
            total.rungs += report.rungs
        for repeated in ids.repeated():
            self._tell("plan", f"episode {repeated} is planned more than once")
        return total

    def _items(self, committed: Mapping[str, int], judged: Mapping[str, Mapping[str, int]]) -> Iterator[ChunkItem]:
        chosen = self._replays()
        for chunk_id in self.chunks:
            by_judge = {judge: there[chunk_id] for judge, there in judged.items() if chunk_id in there}
            replays = chosen.get(chunk_id, 0) if chosen is not None else None
            yield ChunkItem(chunk_id, committed.get(chunk_id), by_judge, replays)

    def _replays(self) -> Mapping[str, int] | None:
        """How many episodes of which chunks are drawn again, spread evenly over the chunks; None means all."""
        choice = self._work.choice
        if choice.which == "all":
            return None
        if choice.which == "none" or not self.made:
            return {}
        each = -(-choice.count // len(self.made))
        chosen = Random(choice.seed).sample(self.made, min(len(self.made), -(-choice.count // each)))
        return dict.fromkeys(chosen, each)

    def _strangers(self, stores: Mapping[str, Collection[str]]) -> None:
        mine = set(self.chunks)
        for folder, there in stores.items():
            for chunk_id in sorted(set(there) - mine):
                self._tell(f"{folder}/commits", f"chunk {chunk_id} is not planned")

    def _planned(self) -> tuple[PlanCounts, int]:
        """Record the chunks; return the counts of the segments, and the number of failures in their files."""
        plan, said = self._work.plan, None
        while said != (now := plan.counts()):  # else it has grown in between
            said = now
            self.chunks = plan.chunk_ids()
            failures = sum(1 for _ in plan.failures())
        return now, failures

    def _source(self) -> None:
        """What the source held at its last reading: `pipelines.judge` publishes that."""
        try:
            state = SourceStates(self._files, self._work.fingerprint).last()
            if state is not None and (strangers := state.held - self._work.plan.known()):
                raise ValueError(f"{len(strangers)} samples are not planned, e.g. {min(strangers)}")
        except StoreUnavailable:
            raise
        except MALFORMED as error:
            self._tell("source", str(error))

    def _segments(self) -> bool:
        """Check every file of the plan against its segment's record; return whether all are whole."""
        named = list[PlanFile]()
        for number, path in enumerate(self._files.list(f"{self._folder}/plan/segments")):
            if path.rpartition("/")[2] != f"{number:06d}.json":
                told(self._take, path, f"segment {number:06d} is missing before it: restore it", field="segment")
                return False
            try:
                sums = _sums(json_object(self._files.read(path)), number)
            except StoreUnavailable:
                raise
            except MALFORMED as error:
                told(self._take, path, f"it cannot be read ({type(error).__name__}: {error}): restore it")
                return False
            named += ((name, digest, path) for name, digest in sums.items())
        whole = True
        for report in self._run(partial(check_plan_files, self._files), groups(named, GROUP_FILES)):
            self._take(report)
            whole = whole and not report.findings
        return whole

    def _handed_back(self, planned: Collection[str]) -> None:
        """Rows that wait for the next worker that takes their chunk."""
        opened = {path.split("/")[-2] for path in self._files.each(f"{self._folder}/episodes/open")}
        waiting = sorted(opened.intersection(planned))
        for report in self._run(partial(check_handed_back, self._work), groups(waiting, GROUP_FILES)):
            self._take(report)
            self._images.need(report.needs)


def _sums(segment: Mapping[str, Any], number: int) -> Mapping[str, str]:
    """The files of a segment's record with their sha256.

    Raises:
        ValueError, LookupError, TypeError: this is no record of segment `number`.
    """
    sums = dict(segment["sha256"])
    named = [name for kind in KINDS for name in segment[kind]]
    counts_of(segment)
    if segment["segment"] != number or sorted(named) != sorted(sums):
        raise ValueError("its number or its files are not what they must be")
    return sums
