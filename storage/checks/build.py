"""Verifying a build: its plan, commits, verdicts and pictures, each against what it must be."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from lensmill.replay import made_by_code
from lensmill.sample import Sample
from storage.builds.episodes import EpisodeRow, EpisodeStore, in_plan_order
from storage.builds.images import RESTORE, ImageStore
from storage.builds.plan import Chunk, Plan
from storage.builds.plan_counts import PlanCounts, counts_of
from storage.builds.segment import KINDS
from storage.builds.source_state import SourceStates
from storage.builds.verdicts import VerdictStore
from storage.checks.version import MALFORMED, Finding, Ids
from storage.files.ahead import ahead
from storage.files.store import Files, StoreError


class ImageCheck:
    """The image store: which pictures are there, and whether each is what its name says."""

    def __init__(self, files: Files, report: Callable[[Finding], None]) -> None:
        self._files, self._report = files, report
        self.sizes: dict[str, int] = {}
        self._named = Ids()
        for file in files.details("images"):
            image_id = file.path.rpartition("/")[2]
            if len(image_id) == 64 and file.path == ImageStore.path(image_id):
                self.sizes[image_id] = file.size
            else:
                report(Finding(file.path, "no picture is stored under such a name: move it away"))

    def rehash(self, advance: Callable[[int], None]) -> None:
        def whole(image_id: str) -> bool:
            try:
                return hashlib.sha256(self._files.read(ImageStore.path(image_id))).hexdigest() == image_id
            except FileNotFoundError:
                return True  # collected meanwhile; whoever needs it says so

        for (image_id, size), good in zip(self.sizes.items(), ahead(whole, self.sizes), strict=True):
            if not good:
                path = ImageStore.path(image_id)
                self._report(Finding(path, f"its bytes are not those that its name says: {RESTORE}"))
            advance(size)

    def need(self, image_id: str, by: str) -> None:
        """Report a picture that somebody needs and that is not there."""
        if image_id not in self.sizes and not self._files.exists(ImageStore.path(image_id)):
            self._report(Finding(ImageStore.path(image_id), f"it is missing, and {by} needs it: {RESTORE}"))
            self.sizes[image_id] = 0  # once is enough

    def name(self, image_id: str) -> None:
        self._named.add(image_id[:32])

    def unnamed(self) -> list[str]:
        """Paths of the pictures that nobody named."""
        there = Ids()
        for image_id in self.sizes:
            there.add(image_id[:32])
        beginnings = frozenset(there.minus(self._named))
        return [ImageStore.path(image_id) for image_id in self.sizes if image_id[:32] in beginnings]


class BuildCheck:
    """Reads a build whole and reports what is wrong with it.

    Args:
        report: told each finding.
        advance: told how many more episodes were read.
        visit: given each chunk's id, its commit's path, and its episodes with a trajectory, each with its row's number
            and its sample, e.g. to replay some.

    Attributes:
        chunks: that are planned, in the plan's order.
        made: those of them that are committed.
    """

    def __init__(
        self,
        files: Files,
        fingerprint: str,
        images: ImageCheck,
        report: Callable[[Finding], None],
        advance: Callable[[int], None],
        visit: Callable[[str, str, list[tuple[int, EpisodeRow, Sample]]], None],
    ) -> None:
        self._files, self._folder, self._images = files, f"builds/{fingerprint}", images
        self._report, self._advance, self._visit = report, advance, visit
        self._plan = Plan(files, fingerprint)
        self._episodes = EpisodeStore(files, fingerprint)
        self._judges = {
            judge: VerdictStore(files, fingerprint, judge) for judge in files.folders(f"{self._folder}/verdicts")
        }
        self.chunks: tuple[str, ...] = ()
        self.made: tuple[str, ...] = ()

    def run(self) -> bool:
        """Whether the plan could be read; without it nothing else is looked at."""
        if not self._segments():
            return False
        try:
            # A build may go on: what follows from something else is looked at before that.
            self._handed_back(self._plan.chunk_ids())
            judged = {judge: store.committed() for judge, store in self._judges.items()}
            committed = self._episodes.committed()
            said, failures = self._planned()
        except MALFORMED as error:
            self._report(Finding(f"{self._folder}/plan", f"it cannot be read: {type(error).__name__}: {error}"))
            return False
        self._source()
        mine = set(self.chunks)
        self.made = tuple(chunk_id for chunk_id in self.chunks if chunk_id in committed)
        for folder, there in (("episodes", committed), *((f"verdicts/{judge}", of) for judge, of in judged.items())):
            for chunk_id in sorted(there.keys() - mine):
                self._report(Finding(f"{self._folder}/{folder}/commits", f"chunk {chunk_id} is not planned"))
        ids, samples, rungs = Ids(), 0, Counter[int]()
        for chunk_id in self.chunks:
            try:
                chunk = self._plan.read_chunk(chunk_id)
            except StoreError as error:
                self._report(Finding(f"{self._folder}/plan", str(error)))
                continue
            samples += len(chunk.samples)
            for planned in chunk.episodes:
                ids.add(planned.episode_id)
                rungs[planned.rung] += 1
            for sample in chunk.samples.values():
                self._images.need(sample.image_id, f"sample {sample.sample_id}")
                self._images.name(sample.image_id)
            if chunk_id in committed:
                self._chunk(chunk, committed[chunk_id], {j: of[chunk_id] for j, of in judged.items() if chunk_id in of})
            self._advance(len(chunk.episodes))
        for repeated in ids.repeated():
            self._report(Finding(f"{self._folder}/plan", f"episode {repeated} is planned more than once"))
        found = PlanCounts(samples, dict(sorted(rungs.items())), failures, len(self.chunks))
        if said != found:
            self._report(Finding(f"{self._folder}/plan/segments", f"they count {said}, the plan's files hold {found}"))
        return True

    def _planned(self) -> tuple[PlanCounts, int]:
        """Take in the chunks; what the segments count, and how many failures their files hold."""
        said = None
        while said != (now := self._plan.counts()):  # else it has grown in between
            said = now
            self.chunks = self._plan.chunk_ids()
            failures = sum(1 for _ in self._plan.failures())
        return now, failures

    def _source(self) -> None:
        """What the source held when it was last read, which says what `pipelines.judge` publishes."""
        states = SourceStates(self._files, self._folder.rpartition("/")[2])
        try:
            state = states.last()
            if state is not None and (strangers := state.held - self._plan.known()):
                raise ValueError(f"{len(strangers)} samples are not planned, e.g. {min(strangers)}")
        except MALFORMED as error:
            self._report(Finding(f"{self._folder}/source", str(error)))

    def _segments(self) -> bool:
        """Every file of the plan against its segment's record."""
        whole = True
        paths = self._files.list(f"{self._folder}/plan/segments")
        for number, path in enumerate(paths):
            if path.rpartition("/")[2] != f"{number:06d}.json":
                self._report(Finding(path, f"segment {number:06d} is missing before it: restore it", field="segment"))
                return False
            try:
                segment = json.loads(self._files.read(path))
                sums = dict(segment["sha256"])
                named = [name for kind in KINDS for name in segment[kind]]
                counts_of(segment)
                if segment["segment"] != number or sorted(named) != sorted(sums):
                    raise ValueError("its number or its files are not what they must be")
            except MALFORMED as error:
                self._report(Finding(path, f"it cannot be read ({type(error).__name__}: {error}): restore it"))
                return False
            for name, digest in sums.items():
                try:
                    found = hashlib.sha256(self._files.read(name)).hexdigest()
                except FileNotFoundError:
                    self._report(Finding(name, "it is missing, and the plan needs it: restore it"))
                    whole = False
                    continue
                if found != digest:
                    self._report(Finding(name, f"its sha256 is not the one that {path} has: restore it"))
                    whole = False
        return whole

    def _chunk(self, chunk: Chunk, layers: int, judged: Mapping[str, int]) -> None:
        """A committed chunk with so many layers over it, and by judge so many over its verdicts."""
        chunk_id = chunk.chunk_id
        place = f"{self._folder}/episodes/commits/{chunk_id}.json"
        try:
            rows = self._episodes.rows(chunk_id, layers)
            ordered = in_plan_order(chunk, rows)
            ((_, said),) = self._episodes.failed({chunk_id: layers})
        except MALFORMED as error:
            self._report(Finding(place, str(error)))
            return
        for number, (row, planned) in enumerate(zip(ordered, chunk.episodes, strict=True)):
            if row.planned != planned:
                self._report(Finding(place, f"it is {row.planned}, planned is {planned}", number, "episode_id"))
        failed = Counter(row.failure.error_class for row in rows if row.failure is not None)
        if +said != failed:
            self._report(Finding(place, f"it counts {dict(+said)} failed, its rows are {dict(failed)}", field="failed"))
        done = [(number, row) for number, row in enumerate(ordered) if row.trajectory is not None]
        for _, row in done:
            self._needs(row, f"episode {row.planned.episode_id}")
        for judge, over in judged.items():
            self._verdicts(judge, chunk_id, layers, over)
        self._visit(chunk_id, place, [(number, row, chunk.samples[row.planned.sample_id]) for number, row in done])

    def _handed_back(self, planned: Collection[str]) -> None:
        """Rows that wait for whoever takes up their chunk: what code drew for them is nowhere else."""
        opened = {path.split("/")[-2] for path in self._files.each(f"{self._folder}/episodes/open")}
        for chunk_id in sorted(opened.intersection(planned)):
            try:
                rows = self._episodes.handed_back(chunk_id)
            except MALFORMED as error:
                self._report(Finding(f"{self._folder}/episodes/open/{chunk_id}", str(error)))
                continue
            for row in rows:
                self._needs(row, f"episode {row.planned.episode_id}, which was handed back,")

    def _needs(self, row: EpisodeRow, by: str) -> None:
        for image_id in made_by_code(row.trajectory) if row.trajectory else ():
            self._images.need(image_id, by)
            self._images.name(image_id)

    def _verdicts(self, judge: str, chunk_id: str, layers: int, over: int) -> None:
        place, store = f"{self._folder}/verdicts/{judge}/commits/{chunk_id}.json", self._judges[judge]
        try:
            verdicts = store.rows(chunk_id, over)
            ((_, said),) = store.failed({chunk_id: over})
            seen = store.judged_layers(chunk_id, over)
            if seen > layers:
                raise ValueError(f"it is of {seen} layers of episodes, and there are {layers}")
            rows = self._episodes.rows(chunk_id, seen)
        except MALFORMED as error:
            self._report(Finding(place, str(error)))
            return
        failed = Counter(row.verdict.rule for row in verdicts if row.failed)
        if +said != failed:
            what = f"it counts {dict(+said)} judge_errors, its rows are {dict(failed)}"
            self._report(Finding(place, what, field="failed"))
        given = {row.episode_id for row in verdicts}
        done = {row.planned.episode_id for row in rows if row.trajectory is not None}
        for episode_id in sorted(done - given):
            self._report(Finding(place, f"finished episode {episode_id} has no verdict", field="episode_id"))
        for episode_id in sorted(given - done):
            what = f"episode {episode_id} has a verdict and no trajectory in this chunk"
            self._report(Finding(place, what, field="episode_id"))
