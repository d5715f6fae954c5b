"""The work of a driver before its first chunk, when nine tenths of a large build are done.

    python -m benchmarks.planning [--millions 1 4 32]

The store, on local disk, holds of 90 % of the samples what a start reads of a plan, the commits and the verdicts'
commits: 8 rungs and 4 seeds a sample, chunks as they grow by default. The source, in memory, has all samples in slices
of 1,000. Measured is one process from nothing to the first chunk, in its parts:

  reading    what Ray tasks do on every node, for the new tenth; here one process does it
  planning   what the one process beside the driver does with what they hand back, and its start
  selecting  which chunks are this run's
  listing    what is committed and judged, and what is missing

Prints seconds of each part, peak memory (the process's largest resident set) and the processor's microseconds for each
episode id without the reading.

The command fails (exit 1) where the largest takes more than 120 s without the reading, or more than 2.5 GB, or where an
id costs the processor more than 1.5 times what it costs in the smallest.
"""

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.ingest.planning import Planner, PlanSettings
from actors.ingest.reading import SampleRead, SliceRead, SliceReader
from actors.rollouts.route import Route
from benchmarks.stubs import Clock
from lensmill.agents.zoom.settings import ZoomSettings
from lensmill.resolution import LADDER, Ladder
from lensmill.sample import Sample, sample_id_of
from storage.builds.commits import CommitLog
from storage.builds.episodes import EPISODES, EpisodeStore
from storage.builds.images import ImageStore
from storage.builds.plan import Plan
from storage.builds.planned import attempts_text
from storage.builds.segment import CHUNKS_PER_FILE, INDEX, KEYS, about_of, chunk_size_after
from storage.builds.verdicts import VERDICTS, VerdictStore
from storage.files.store import Files
from storage.files.table import TableWriter
from storage.sources.protocol import SlicedSource, Source, SourceItem
from storage.sources.synthetic import SyntheticSettings

MOST_SECONDS = 120.0
MOST_MB = 2500.0
MOST_RATIO = 1.5
DONE = 0.9
SAMPLES = 4
SLICE = 1000
EACH = SAMPLES * len(LADDER)
QUESTIONS = 8
"""Questions for each picture."""

FINGERPRINT, JUDGE = "f" * 16, "j" * 16


def picture(number: int) -> bytes:
    """The bytes of a sample's picture."""
    return b"picture %d" % (number // QUESTIONS)


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Samples by number."""

    first: int
    rows: int


class Numbers(SlicedSource[NumberRange]):
    """A source of samples by number."""

    name = "numbers"

    def __init__(self, samples: int) -> None:
        self._samples = samples

    def slices(self) -> Iterator[NumberRange]:
        """Yield ranges of SLICE samples."""
        for first in range(0, self._samples, SLICE):
            yield NumberRange(first, min(SLICE, self._samples - first))

    def read_slice(self, part: NumberRange) -> Iterator[SourceItem]:
        """Yield the samples of one range."""
        for number in range(part.first, part.first + part.rows):
            yield SourceItem(a_sample(number), picture(number))


def a_sample(number: int) -> Sample:
    """The sample with this number."""
    image_id = hashlib.sha256(picture(number)).hexdigest()
    question, answers = f"What is bar {number}?", (str(number),)
    sample_id = sample_id_of(image_id, question, answers)
    return Sample(sample_id, image_id, 3840, 3840, question, answers, source="numbers", origin=f"row {number}")


class Reading:
    """What tasks hand back, and how long they took. Slices that are planned are not read, since their tasks run
    elsewhere; new ones are."""

    def __init__(self, done: int) -> None:
        self.wall = self.cpu = 0.0
        self._done = done

    def over(self, reader: SliceReader, parts: Iterable[Any]) -> Generator[SliceRead]:
        """Read the slices and add up wall and processor seconds."""
        for part in parts:
            clock = Clock()
            read = _known(part) if part.first < self._done else reader(part)
            wall, cpu = clock.read()
            self.wall, self.cpu = self.wall + wall, self.cpu + cpu
            yield read


def _known(part: NumberRange) -> SliceRead:
    samples = map(a_sample, range(part.first, part.first + part.rows))
    return SliceRead([SampleRead(one.sample_id, one.image_id, one.origin, None, True) for one in samples])


class NumbersPlanner(Planner):
    """Plans numbered samples."""

    def __init__(self, files: Files, samples: int, reading: Reading) -> None:
        agent = ZoomSettings(samples=SAMPLES, temperature=0.7)
        settings = PlanSettings(files, FINGERPRINT, SyntheticSettings(), agent, None, Ladder(), None, None)
        super().__init__(settings, reading.over)
        self._samples = samples

    def _source(self) -> Source:
        return Numbers(self._samples)


def set_up(root: str, samples: int) -> None:
    """The store in which the first samples are done. Of the plan it has what a start reads: records, keys and index."""
    files, done = Files(root), _done(samples)
    chunk_ids = _write_segment(files, done)
    logs = (
        CommitLog(files, f"builds/{FINGERPRINT}/episodes", EPISODES),
        CommitLog(files, f"builds/{FINGERPRINT}/verdicts/{JUDGE}", VERDICTS),
    )
    for log in logs:
        for chunk_id in chunk_ids:
            _write(files, log.commit_path(chunk_id), b"{}")
    for number in range(done, samples, QUESTIONS):
        data = picture(number)
        _write(files, ImageStore.path(hashlib.sha256(data).hexdigest()), data)


def _done(samples: int) -> int:
    return int(samples * DONE) // SLICE * SLICE


def _write_segment(files: Files, samples: int) -> list[str]:
    """A plan of the first samples, as `SegmentWriter` would leave it but for the samples' files; its chunks."""
    folder, attempts = f"builds/{FINGERPRINT}/plan", [(rung, seed) for rung in LADDER for seed in range(SAMPLES)]
    keys = TableWriter(files, f"{folder}/parts/keys-0.parquet", KEYS)
    text = attempts_text(attempts)
    for first in range(0, samples, 10_000):
        some = map(a_sample, range(first, min(samples, first + 10_000)))
        keys.write(
            {
                "sample_id": bytes.fromhex(one.sample_id),
                "about": about_of(one),
                "attempts": text,
                "split": "",
                "subset": "",
            }
            for one in some
        )
    keys.close()
    rows, planned = list[dict[str, Any]](), 0
    while planned < samples:
        size = min(samples - planned, max(1, chunk_size_after(planned * EACH) // EACH))
        made = json.dumps([[*attempt, size] for attempt in attempts])
        name = hashlib.sha256(b"%d" % planned).hexdigest()[:32]
        part, row_group = divmod(len(rows), CHUNKS_PER_FILE)
        rows.append({"chunk_id": name, "part": part, "row_group": row_group, "samples": size, "attempts": made})
        planned += size
    index = TableWriter(files, f"{folder}/parts/index-0.parquet", INDEX)
    for first in range(0, len(rows), 10_000):
        index.write(rows[first : first + 10_000])
    index.close()
    episodes = {str(rung): samples * SAMPLES for rung in LADDER}
    counts = {"samples": samples, "failures": 0, "chunks": len(rows), "episodes": episodes}
    parts = [f"{folder}/parts/samples-{number}.parquet" for number in range(part + 1)]
    record = {"segment": 0, "chunk_size": None, "counts": counts, "samples": parts, "failures": []}
    record |= {"keys": [keys.path], "index": [index.path], "sha256": {}}
    _write(files, f"{folder}/segments/000000.json", json.dumps(record).encode())
    return [row["chunk_id"] for row in rows]


def _write(files: Files, path: str, data: bytes) -> None:
    """Write a file without making it durable, which would take longer than the measured work."""
    place = Path(files.locate(path))
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def start(root: str, samples: int) -> dict[str, float]:
    """The measured work. Returns the figures."""
    clock, files, reading = Clock(), Files(root), Reading(_done(samples))
    planner = NumbersPlanner(files, samples, reading)
    planner.plan()
    planned = clock.read()[0]
    outline = planner.outline(measure=False)
    selected = clock.read()[0]
    committed = EpisodeStore(files, FINGERPRINT).committed()
    judged = VerdictStore(files, FINGERPRINT, JUDGE).committed()
    missing = [chunk_id for chunk_id in outline.chunk_ids if chunk_id not in committed]
    unjudged = [chunk_id for chunk_id in outline.chunk_ids if chunk_id in committed and chunk_id not in judged]
    done = Plan(files, FINGERPRINT).episodes_in(chunk_id for chunk_id in outline.chunk_ids if chunk_id in committed)
    first = Route(missing, "run", lambda _: frozenset()).popleft()
    wall, cpu = clock.read()
    episodes = sum(outline.episodes.values())
    assert episodes == samples * EACH
    assert done == _done(samples) * EACH
    assert first not in committed
    assert not unjudged
    return {
        "reading": reading.wall,
        "planning": planned - reading.wall,
        "selecting": selected - planned,
        "listing": wall - selected,
        "cpu": cpu - reading.cpu,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
        "episodes": episodes,
        "chunks": len(outline.chunk_ids),
    }


def measure(millions: float) -> dict[str, float]:
    """Set up a store with this many million episode ids and measure the start in a separate process."""
    samples = round(millions * 1_000_000 / len(LADDER) / SAMPLES)
    with tempfile.TemporaryDirectory() as root:
        command = [sys.executable, "-m", "benchmarks.planning", "--root", root, "--samples", str(samples)]
        subprocess.run([*command, "--step", "set_up"], check=True)
        told = subprocess.run([*command, "--step", "start"], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(told.stdout)
    return found


def main() -> None:
    """Measure all sizes and print; exit with status 1 on failure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--millions", type=float, nargs="+", default=[1, 4, 32], help="of episode ids")
    parser.add_argument("--step", choices=("set_up", "start"), help=argparse.SUPPRESS)
    parser.add_argument("--root", help=argparse.SUPPRESS)
    parser.add_argument("--samples", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step == "set_up":
        set_up(options.root, options.samples)
        return
    if options.step == "start":
        print(json.dumps(start(options.root, options.samples)))
        return
    parts = ("reading", "planning", "selecting", "listing")
    titles = " ".join(f"{part + ' s':>12}" for part in parts)
    print(f"{'episode ids':>12} {'chunks':>8} {titles} {'peak MB':>8} {'us an id':>9}")
    costs = []
    for millions in options.millions:
        found = measure(millions)
        costs.append(found["cpu"] / found["episodes"])
        seconds = " ".join(f"{found[part]:>12.1f}" for part in parts)
        print(
            f"{found['episodes']:>12,.0f} {found['chunks']:>8,.0f} {seconds} "
            f"{found['mb']:>8,.0f} {costs[-1] * 1e6:>9.2f}",
            flush=True,
        )
    ratio, total = costs[-1] / costs[0], sum(found[part] for part in parts[1:])
    print(f"an id costs {ratio:.2f} times what it costs in the smallest (at most {MOST_RATIO})")
    if total > MOST_SECONDS or found["mb"] > MOST_MB or ratio > MOST_RATIO:
        sys.exit(f"missed: at most {MOST_SECONDS:.0f} s and {MOST_MB:.0f} MB")


if __name__ == "__main__":
    main()
