"""The storm: a build on two Ray nodes, an S3 server that misbehaves, engines and workers and nodes and drivers that are
killed, and poison among the episodes. In the end everything must be as if nothing had happened.

    python -m tests.faults.storm [--rounds 100] [--seed 0]

Kills happen when so many episodes have been begun, drawn from the round's seed, so a slow machine meets the same storm
at the same places of the work. Everything runs on 127.0.0.1 and ends with the command.
"""

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from actors.rollouts.pool import chunks_for
from benchmarks.ray_nodes import LOOPBACK, RayNodes
from storage.files.settings import S3Settings
from storage.files.store import Files
from tests.faults.engine import POISON, TURNS
from tests.faults.proxy import FaultProxy, fault_proxy
from tests.faults.s3 import CREDENTIALS, make_bucket, s3_server

ROOT = Path(__file__).parents[2]
EPISODES = 400
"""One of a hundred is poison: one of each kind."""

CHUNK, IN_FLIGHT, WORKERS = 4, 4, 2
HELD = chunks_for(IN_FLIGHT, CHUNK) * CHUNK
"""Episodes of chunks that a worker holds: what its death can cost, since rows are kept a chunk at a time."""

RATES = {
    "error": 0.02,
    "slow_down": 0.02,
    "reset_request": 0.01,
    "reset_response": 0.01,
    "stall": 0.002,
    "lost_reply": 0.02,
}
KILLS = ("worker", "worker", "engine", "node", "driver")
BUCKET = "storm"
PATIENCE_S = 400
"""For one round."""


def draw(folder: Path, poisoned: bool) -> None:
    """A ChartQA folder: eight questions about each picture."""
    split = folder / "test"
    (split / "png").mkdir(parents=True)
    poison = dict(zip((37, 121, 222, 333), POISON, strict=True)) if poisoned else {}
    rows = []
    for number in range(EPISODES):
        name = f"{number // 8}.png"
        if number % 8 == 0:
            picture = Image.new("RGB", (320, 240), "white")
            ImageDraw.Draw(picture).rectangle((50, 50, 60 + number % 200, 200), fill="navy")
            picture.save(split / "png" / name)
        which = f" that {poison[number]}" if number in poison else ""
        rows.append({"imgname": name, "query": f"How high is bar {number}{which}?", "label": "7"})
    (split / "test_human.json").write_text(json.dumps(rows))


class Engines:
    """Two stub engines, each started again on its port whenever it ends, as a supervisor does; a context."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[subprocess.Popen[str]] = []
        self._urls: list[str] = []
        self._over = threading.Event()
        self.deaths = 0

    @property
    def urls(self) -> str:
        return f"[{','.join(self._urls)}]"

    def asked(self) -> Counter[tuple[str, str]]:
        """How often each turn of each question was asked."""
        lines = [line for path in self._folder.glob("asked-*") for line in path.read_text().splitlines()]
        return Counter((question, turn) for question, turn in (line.split() for line in lines))

    def begun(self) -> int:
        return sum(1 for _, turn in self.asked() if turn == "0")

    def forget(self) -> None:
        for path in self._folder.glob("asked-*"):
            path.write_text("")
        self.deaths = 0

    def kill(self, number: int) -> None:
        self._processes[number].kill()

    def _start(self, number: int, port: int = 0) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", "tests.faults.engine", str(port), str(self._folder / f"asked-{number}")]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    def _supervise(self) -> None:
        while not self._over.wait(0.1):
            for number, process in enumerate(self._processes):
                if process.poll() is not None:
                    self.deaths += 1
                    port = int(self._urls[number].split(":")[2].split("/")[0])
                    self._processes[number] = self._start(number, port)[0]

    def __enter__(self) -> Self:
        for number in range(2):
            process, url = self._start(number)
            self._processes.append(process)
            self._urls.append(url)
        self._thread = threading.Thread(target=self._supervise)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for process in self._processes:
            process.kill()
            process.wait()


@dataclass
class Report:
    """What a round came to.

    Attributes:
        kills: by kind; "restarts" of a driver that gave up are among the drivers.
        faults: that the store's requests met.
        needed, asked: calls of models, in an undisturbed run and in this one.
        held: calls of episodes that were held by what was killed.
    """

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    needed: int = 0
    asked: int = 0
    held: int = 0
    seconds: float = 0.0

    @property
    def redone(self) -> int:
        return self.asked - self.needed

    def __str__(self) -> str:
        killed = ", ".join(f"{count} {name}" for name, count in sorted(self.kills.items()))
        faults = sum(count for name, count in self.faults.items() if name != "requests")
        return (
            f"round {self.seed}: killed {killed}; {faults} faults in {self.faults['requests']} requests; "
            f"{self.redone} calls made again of {self.asked}, {self.held} were held by what was killed; "
            f"{self.seconds:.0f} s"
        )


@dataclass(frozen=True)
class Table:
    """A published version: its files by hash, and how often each episode is in one of its tables."""

    files: Mapping[str, str]
    episodes: Counter[str]


def published(files: Files) -> Table:
    manifest = json.loads(files.read("datasets/test/manifest.json"))
    episodes = Counter[str]()
    shards = [file for block in manifest["blocks"] for file in block["files"]]
    for shard in shards:
        if shard["table"] != "originals":
            with files.open(shard["path"]) as source:
                episodes.update(filter(None, pq.read_table(source).column("episode_id").to_pylist()))
    return Table({record["path"]: record["sha256"] for record in (*manifest["files"], *shards)}, episodes)


class Storm:
    """Everything that rounds share; a context."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            draw(self._folder / "source", poisoned=True)
            draw(self._folder / "sound", poisoned=False)
            os.environ.update({**CREDENTIALS, "AWS_EC2_METADATA_DISABLED": "true"})
            server = stack.enter_context(s3_server())
            make_bucket(server, BUCKET)
            self._proxy: FaultProxy = stack.enter_context(fault_proxy(server, seed=1))
            self._nodes = stack.enter_context(RayNodes())
            self._nodes.add(1)
            self._second = self._nodes.add(1)
            self._engines = stack.enter_context(Engines(self._folder))
            self._stack = stack.pop_all()
        self.undisturbed, self.needed = self._undisturbed("source")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _files(self, name: str) -> Files:
        return S3Settings(endpoint=self._proxy.url).open(f"s3://{BUCKET}/{name}")

    @contextmanager
    def _driver(
        self, name: str, workers: int = WORKERS, source: str = "source", log: str = ""
    ) -> Iterator["subprocess.Popen[str]"]:
        command = [
            *(sys.executable, "-m", "pipelines.build", "source=chartqa", f"source.path={self._folder}/{source}"),
            *("ladder.rungs=[224]", "agent=zoom", "model=qwen2_5_vl", f"model.urls={self._engines.urls}"),
            *("model.timeout_s=3", "model.retries=1", "model.outage_s=60", f"chunk_size={CHUNK}", "version=test"),
            *("cluster=running", f"cluster.address={self._nodes.head.address}", f"cluster.workers={workers}"),
            *(f"cluster.in_flight={IN_FLIGHT}", f"out=s3://{BUCKET}/{name}", "store=s3"),
            f"store.endpoint={self._proxy.url}",
        ]
        with (self._folder / f"{log or name}.log").open("a") as sink:
            process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **LOOPBACK}, stdout=sink, stderr=sink, text=True
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text()[-4000:]

    def _undisturbed(self, source: str) -> tuple[Table, int]:
        name = f"undisturbed-{source}"
        with self._driver(name, source=source) as driver:
            status = driver.wait(PATIENCE_S)
        if status:
            raise AssertionError(f"the undisturbed build ended with {status}:\n{self.log(name)}")
        return published(self._files(name)), self._engines.asked().total()

    def round(self, seed: int) -> Report:
        """One build in the storm.

        Raises:
            AssertionError: something is not as if nothing had happened.
        """
        chance, start, name = random.Random(seed), time.monotonic(), f"round-{seed}"
        report = Report(seed, needed=self.needed)
        self._engines.forget()
        before = self._proxy.counts()
        kills = sorted((chance.randrange(EPISODES // 10, 9 * EPISODES // 10), kind) for kind in KILLS)
        self._proxy.set_rates(RATES)
        try:
            while True:
                with self._driver(name) as driver:
                    kills = self._watch(driver, kills, chance, report, start)
                    if driver.poll() == 0:
                        break
                report.kills["driver"] += 1  # killed, or given up for a store that failed for too long
                report.held += WORKERS * HELD * TURNS
        finally:
            self._proxy.set_rates({})
        report.asked = self._engines.asked().total()
        report.kills["engine"] = self._engines.deaths
        report.held += self._engines.deaths * WORKERS * IN_FLIGHT * TURNS
        report.faults = self._proxy.counts() - before
        report.seconds = time.monotonic() - start
        self._check(published(self._files(name)), report)
        return report

    def rivals(self, name: str) -> tuple[int, int]:
        """Two drivers on one plan while the store misbehaves, each with a worker; one that gives up is started again.
        Without poison: of jobs that share engines neither knows what the other's calls do to them.

        Returns:
            How many requests met a fault, and how many calls were made beyond those that were needed.

        Raises:
            AssertionError: something is not as if there had been one driver and no faults.
        """
        self._engines.forget()
        undisturbed, needed = self._undisturbed("sound")
        self._engines.forget()
        before, until = self._proxy.counts(), time.monotonic() + PATIENCE_S
        self._proxy.set_rates(RATES)
        try:
            with self._driver(name, 1, "sound", "one") as one, self._driver(name, 1, "sound", "other") as other:
                statuses = [driver.wait(max(0.0, until - time.monotonic())) for driver in (one, other)]
            for log in ("one", "other"):
                told = self.log(log)
                assert not re.search("a bug|Traceback", told), told
                assert int(re.findall(r"accepted (\d+)", told)[-1]) > CHUNK, f"it did next to nothing:\n{told}"
            while any(statuses):  # it gave up for a store that failed for too long
                with self._driver(name, source="sound") as again:
                    statuses = [again.wait(max(0.0, until - time.monotonic()))]
        finally:
            self._proxy.set_rates({})
        table, faults = published(self._files(name)), self._proxy.counts() - before
        assert set(table.episodes.values()) == {1}
        assert table.files == undisturbed.files, self.log(name)
        return faults.total() - faults["requests"], self._engines.asked().total() - needed

    def _watch(
        self,
        driver: "subprocess.Popen[str]",
        kills: list[tuple[int, str]],
        chance: random.Random,
        report: Report,
        start: float,
    ) -> list[tuple[int, str]]:
        """Until the driver ends or is killed; the kills that are left."""
        while driver.poll() is None:
            log = f"round-{report.seed}"
            assert time.monotonic() < start + PATIENCE_S, f"{log} does not end:\n{self.log(log)}"
            with suppress(subprocess.TimeoutExpired):
                driver.wait(0.05)
            if not kills or self._engines.begun() < kills[0][0]:
                continue
            (_, kind), *kills = kills
            match kind:
                case "driver":
                    driver.kill()
                    driver.wait()
                    return kills
                case "engine":
                    self._engines.kill(chance.randrange(2))
                case "node":
                    self._second.kill()
                    self._second = self._nodes.add(1)
                    report.held += HELD * TURNS
                case "worker":
                    if not self._kill_worker(chance):
                        kills.append((0, "worker"))  # none is there right now
                        continue
                    report.held += HELD * TURNS
            if kind != "engine":
                report.kills[kind] += 1
        return kills

    def _kill_worker(self, chance: random.Random) -> bool:
        sessions = {node.process.pid for node in self._nodes.nodes}
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(ValueError, OSError):
                title = (entry / "cmdline").read_bytes()
                if title.startswith(b"ray::RolloutWorker") and os.getsid(int(entry.name)) in sessions:
                    found.append(int(entry.name))
        if found:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(sorted(found)), signal.SIGKILL)
        return bool(found)

    def _check(self, table: Table, report: Report) -> None:
        twice = [episode for episode, count in table.episodes.items() if count != 1]
        assert not twice, f"{report}: episodes {twice} are in the tables more than once"
        assert len(table.episodes) == EPISODES, f"{report}: {len(table.episodes)} of {EPISODES} episodes are there"
        different = [path for path, digest in table.files.items() if self.undisturbed.files.get(path) != digest]
        assert table.files == self.undisturbed.files, f"{report}: other bytes than undisturbed: {different}"
        assert report.redone <= report.held, f"{report}: more was made again than was held"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    options = parser.parse_args()
    totals, good = Counter[str](), 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends too
    with Storm() as storm:
        for seed in range(options.seed, options.seed + options.rounds):
            try:
                report = storm.round(seed)
            except AssertionError as error:
                print(error, flush=True)
                continue
            good += 1
            totals.update(report.kills)
            totals.update({"again": report.redone, "held": report.held})
            print(report, flush=True)
    print(f"{good} of {options.rounds} rounds: every episode once, in the bytes of an undisturbed run; {dict(totals)}")
    return 0 if good == options.rounds else 1


if __name__ == "__main__":
    sys.exit(main())
