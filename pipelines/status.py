"""The content of a store, without a job: builds and their progress, versions, the latest version, pins.

    python -m pipelines.status out=out/chartqa

Reads listings, plans' records and manifests; starts no cluster, and reads neither episodes nor pictures.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from monitoring.progress import ProgressDisplay, count_text, size_text
from pipelines.command import run_command
from pipelines.config import SettingsError, load, with_folder
from pipelines.exit_status import ExitStatus
from pipelines.help import STATUS_HELP
from pipelines.recipe import find_builds, title_of
from pipelines.settings import StatusSettings
from storage.builds.episodes import EpisodeStore
from storage.builds.plan import Plan
from storage.builds.source_state import SourceStates
from storage.builds.verdicts import VerdictStore
from storage.datasets.releases import Releases
from storage.datasets.version import published
from storage.files.store import Files
from storage.files.watch import StoreWatch


@dataclass(frozen=True, slots=True)
class BuildStatus:
    """The progress of a build.

    Attributes:
        episodes: planned, by rung.
        chunks: planned; `committed` of them have their episodes.
        judged: chunks that have verdicts, by judge.
        source_failures: source rows that could not become samples, in all runs of the build.
        held: samples that the source held at its last reading to the end; None if it was not read to the end.
    """

    build: str
    title: str
    samples: int
    episodes: Mapping[int, int]
    chunks: int
    committed: int
    judged: Mapping[str, int]
    source_failures: int
    held: int | None = None


@dataclass(frozen=True, slots=True)
class VersionStatus:
    """A version. `finished`: the version has its manifest; without a manifest the numbers are 0. `size` is in bytes.
    `source_failures` of the `failures` are rows of the source; the others are episodes."""

    version: str
    finished: bool
    rows: int = 0
    rejected: int = 0
    failures: int = 0
    source_failures: int = 0
    size: int = 0
    recipe: str = ""
    released: bool = False
    latest: bool = False
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """The content of a store.

    Attributes:
        out: the store.
        builds: every build.
        versions: every version.
    """

    out: str
    builds: tuple[BuildStatus, ...]
    versions: tuple[VersionStatus, ...]


def status_of(files: Files) -> StoreStatus:
    """Read what a store holds.

    Raises:
        StoreError: the store cannot be read, or one of its records is damaged.
    """
    return StoreStatus(files.root, tuple(_builds(files)), tuple(_versions(files)))


def _builds(files: Files) -> Iterator[BuildStatus]:
    for found in find_builds(files):
        name = found.fingerprint
        plan, state = Plan(files, name), SourceStates(files, name).last()
        counts = plan.counts()
        yield BuildStatus(
            name,
            title_of(found.recipe).partition(": ")[2],
            len(plan.known()),
            counts.episodes,
            counts.chunks,
            len(EpisodeStore(files, name).committed()),
            {
                judge: len(VerdictStore(files, name, judge).committed())
                for judge in files.folders(f"builds/{name}/verdicts")
            },
            counts.failures,
            len(state.held) if state is not None and state.whole else None,
        )


def _versions(files: Files) -> Iterator[VersionStatus]:
    releases = Releases(files)
    released, pinned, latest = {release.version for release in releases.all()}, releases.pinned(), releases.latest()
    for name in files.folders("datasets"):
        there = published(files, name)
        if there is None:
            yield VersionStatus(name, finished=False)
            continue
        yield VersionStatus(
            name,
            True,
            there.rows,
            there.rejected,
            there.failures,
            int(there.inputs.get("source_failures", 0)),
            there.size,
            str(there.inputs["recipe"]),
            name in released,
            latest is not None and latest.version == name,
            name in pinned,
        )


def print_status(status: StoreStatus, stream: TextIO) -> None:
    """Print the status for people."""
    print(status.out, file=stream)
    for build in status.builds:
        rungs = ", ".join(f"{rung}: {count:,}" for rung, count in sorted(build.episodes.items()))
        print(f"\nbuild {build.build} ({build.title})", file=stream)
        print(f"  planned    {count_text(build.samples, 'sample')}; episodes by rung: {rungs or 'none'}", file=stream)
        if build.held is not None and build.held != build.samples:
            print(f"  source     {count_text(build.held, 'sample')} when it was last read", file=stream)
        print(f"  made       {build.committed:,} of {count_text(build.chunks, 'chunk')}", file=stream)
        for judge, chunks in build.judged.items():
            print(f"  judged     {count_text(chunks, 'chunk')} by judge {judge}", file=stream)
        if build.source_failures:
            print(f"  unreadable {count_text(build.source_failures, 'source row')}, in all runs", file=stream)
    if not status.builds:
        print("no builds", file=stream)
    print("\nversions" if status.versions else "\nno versions", file=stream)
    width = max((len(version.version) for version in status.versions), default=0)
    digits = max((len(f"{max(version.rows, version.rejected):,}") for version in status.versions), default=0)
    for version in status.versions:
        if not version.finished:
            print(f"  {version.version:<{width}}  not finished: run the job again that publishes it", file=stream)
            continue
        marks = [
            name
            for name, there in (
                ("latest", version.latest),
                ("pinned", version.pinned),
                ("never released", not version.released),
            )
            if there
        ]
        episodes = count_text(version.failures - version.source_failures, "failed episode")
        rows = count_text(version.source_failures, "failed source row")
        counts = f"{version.rows:>{digits},} accepted, {version.rejected:>{digits},} rejected, {episodes}, {rows}"
        print(
            f"  {version.version:<{width}}  {counts}, {size_text(version.size)}, build {version.recipe}"
            + (f" ({', '.join(marks)})" if marks else ""),
            file=stream,
        )


def run(settings: StatusSettings, stream: TextIO) -> None:
    """Move the pins that the settings name, then print the store's status.

    Raises:
        SettingsError: there is no such folder.
        StoreError: see `status_of`; or a version to pin is not published.
    """
    if "://" not in settings.out and not Path(settings.out).is_dir():
        raise SettingsError(f"out={settings.out}: there is no store at {os.path.abspath(settings.out)}: build first")
    files = settings.store.open(settings.out)
    with ProgressDisplay() as display, StoreWatch(files, display.say):
        _run(settings, files, stream)


def _run(settings: StatusSettings, files: Files, stream: TextIO) -> None:
    releases = Releases(files)
    for version in settings.pin:
        releases.pin(version)
    for version in settings.unpin:
        releases.unpin(version)
    status = status_of(files)
    if settings.format == "json":
        print(json.dumps(asdict(status), ensure_ascii=False), file=stream)
    else:
        print_status(status, stream)


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""

    def status(arguments: Sequence[str]) -> int:
        run(load("status", StatusSettings, arguments), sys.stdout)
        return ExitStatus.DONE

    return run_command("status", STATUS_HELP, with_folder(arguments), status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
