"""What a driver does before its first chunk goes out, when nine tenths of a large build are done.

    python -m benchmarks.planning [--millions 1 3 10]

The store, on local disk, holds the plan, the commits and the verdicts' commits of 90 % of the episodes (8 rungs a
sample, 256 episodes a chunk). The source, in memory, has all samples; the pictures are in the store. Measured is one
process from nothing to the first chunk: plan what the source has, find what is committed and judged, and what is
missing. Prints seconds, those of the processor among them, peak memory (the process's largest resident set) and the
processor's microseconds for each episode id.

The command fails (exit 1) where the largest takes more than 60 s or 2 GB, or where an id costs the processor more than
1.5 times what it costs in the smallest.
"""

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from actors.ingest.planning import Planner, PlanSettings
from actors.rollouts.route import Route
from benchmarks.stubs import Clock
from lensmill.agents.reader.settings import ReaderSettings
from lensmill.resolution import LADDER, Ladder
from lensmill.sample import Sample, sample_id_of
from storage.builds.commits import CommitLog
from storage.builds.episodes import EPISODES, EpisodeStore
from storage.builds.images import ImageStore
from storage.builds.plan import Plan, plan_sample
from storage.builds.verdicts import VERDICTS, VerdictStore
from storage.files.store import Files
from storage.sources.protocol import Source, SourceItem
from storage.sources.synthetic import SyntheticSettings

MOST_SECONDS = 60.0
MOST_MB = 2000.0
MOST_RATIO = 1.5
DONE = 0.9
CHUNK_SIZE = 256
QUESTIONS = 8
"""Of one picture."""

FINGERPRINT, JUDGE = "f" * 16, "j" * 16


def picture(number: int) -> bytes:
    return b"picture %d" % (number // QUESTIONS)


class Numbers:
    """A source of samples by number."""

    name = "numbers"

    def __init__(self, samples: int) -> None:
        self._samples = samples

    def read(self) -> Iterator[SourceItem]:
        for number in range(self._samples):
            yield SourceItem(a_sample(number), picture(number))


def a_sample(number: int) -> Sample:
    image_id = hashlib.sha256(picture(number)).hexdigest()
    question, answers = f"What is bar {number}?", (str(number),)
    sample_id = sample_id_of(image_id, question, answers)
    return Sample(sample_id, image_id, 3840, 3840, question, answers, source="numbers", origin=f"row {number}")


class NumbersPlanner(Planner):
    """Plans the samples by number."""

    def __init__(self, files: Files, samples: int) -> None:
        source, ladder = SyntheticSettings(), Ladder()
        super().__init__(PlanSettings(files, FINGERPRINT, source, ReaderSettings(), None, ladder, CHUNK_SIZE, None))
        self._samples = samples

    def _source(self) -> Source:
        return Numbers(self._samples)


def set_up(root: str, samples: int) -> None:
    """The store in which the first samples are done."""
    files = Files(root)
    done = int(samples * DONE)
    planned = (plan_sample(FINGERPRINT, a_sample(number), LADDER, ["reader"], [0]) for number in range(done))
    plan = Plan(files, FINGERPRINT)
    plan.append(planned, CHUNK_SIZE)
    logs = (
        CommitLog(files, f"builds/{FINGERPRINT}/episodes", EPISODES),
        CommitLog(files, f"builds/{FINGERPRINT}/verdicts/{JUDGE}", VERDICTS),
    )
    for log in logs:
        for chunk_id in plan.chunk_ids():
            _write(files, log.commit_path(chunk_id), b"{}")
    for number in range(done, samples, QUESTIONS):
        data = picture(number)
        _write(files, ImageStore.path(hashlib.sha256(data).hexdigest()), data)


def _write(files: Files, path: str, data: bytes) -> None:
    """Without making it durable, which takes longer than all that is measured."""
    place = Path(files.locate(path))
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def start(root: str, samples: int) -> dict[str, float]:
    """What is measured."""
    clock = Clock()
    files = Files(root)
    planner = NumbersPlanner(files, samples)
    planner.plan()
    outline = planner.outline(measure=False)
    committed = EpisodeStore(files, FINGERPRINT).committed()
    judged = VerdictStore(files, FINGERPRINT, JUDGE).committed()
    missing = [chunk_id for chunk_id in outline.chunk_ids if chunk_id not in committed]
    unjudged = [chunk_id for chunk_id in outline.chunk_ids if chunk_id in committed and chunk_id not in judged]
    done = Plan(files, FINGERPRINT).episodes_in(chunk_id for chunk_id in outline.chunk_ids if chunk_id in committed)
    first = Route(missing, "run", lambda _: frozenset()).popleft()
    wall, cpu = clock.read()
    episodes = sum(outline.episodes.values())
    assert episodes == samples * len(LADDER)
    assert done == int(samples * DONE) * len(LADDER)
    assert first not in committed
    assert not unjudged
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return {"seconds": wall, "cpu": cpu, "mb": peak, "episodes": episodes, "missing": len(missing)}


def measure(millions: float) -> dict[str, float]:
    samples = round(millions * 1_000_000 / len(LADDER))
    with tempfile.TemporaryDirectory() as root:
        command = [sys.executable, "-m", "benchmarks.planning", "--root", root, "--samples", str(samples)]
        subprocess.run([*command, "--step", "set_up"], check=True)
        told = subprocess.run([*command, "--step", "start"], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(told.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--millions", type=float, nargs="+", default=[1, 3, 10], help="of episode ids")
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
    print(f"{'episode ids':>12} {'missing chunks':>15} {'seconds':>8} {'cpu s':>6} {'peak MB':>8} {'us an id':>9}")
    costs = []
    for millions in options.millions:
        found = measure(millions)
        costs.append(found["cpu"] / found["episodes"])
        print(
            f"{found['episodes']:>12,.0f} {found['missing']:>15,.0f} {found['seconds']:>8.1f} {found['cpu']:>6.1f} "
            f"{found['mb']:>8.0f} {costs[-1] * 1e6:>9.2f}",
            flush=True,
        )
    ratio = costs[-1] / costs[0]
    print(f"an id costs {ratio:.2f} times what it costs in the smallest (at most {MOST_RATIO})")
    if found["seconds"] > MOST_SECONDS or found["mb"] > MOST_MB or ratio > MOST_RATIO:
        sys.exit(f"missed: at most {MOST_SECONDS:.0f} s and {MOST_MB:.0f} MB")


if __name__ == "__main__":
    main()
