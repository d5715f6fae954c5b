"""The difference of two versions: episodes that came, went, or are judged differently.

    python -m pipelines.diff out=out/chartqa versions=[2026-01-30,2026-01-31]

Reads the versions' ledgers; needs neither a cluster nor the builds.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TextIO

from monitoring.progress import ProgressDisplay, count_text
from pipelines.command import run_command
from pipelines.config import SettingsError, load, with_folder
from pipelines.exit_status import ExitStatus
from pipelines.help import DIFF_HELP
from pipelines.settings import DiffSettings
from storage.datasets.difference import Difference, difference
from storage.datasets.releases import Releases
from storage.datasets.version import PublishedDataset, published
from storage.files.store import Files, StoreError
from storage.files.watch import StoreWatch


def _chosen(files: Files, versions: Sequence[str]) -> tuple[PublishedDataset, PublishedDataset]:
    """The versions to compare, the older first.

    Raises:
        SettingsError: no versions are named, and fewer than two are released.
        StoreError: a version is not published.
    """
    if not versions:
        newest = dict.fromkeys(release.version for release in reversed(Releases(files).all()))
        versions = [*newest][1::-1]  # a version that is released again becomes the latest again
        if len(versions) < 2:
            there = ", ".join(files.folders("datasets")) or "none"
            raise SettingsError(
                f"out={files.root}: only pipelines.nightly releases versions, and it has not released two: name two "
                f"versions with versions=[OLD,NEW], of: {there}"
            )
    found = []
    for version in versions:
        if (there_is := published(files, version)) is None:
            names = ", ".join(files.folders("datasets")) or "none"
            raise StoreError(f"{files.root}: version {version} is not published (there are: {names})")
        found.append(there_is)
    return found[0], found[1]


def print_difference(found: Difference, stream: TextIO) -> None:
    """Print a difference for people."""
    print(f"{found.old} -> {found.new}", file=stream)
    for outcome, (before, after) in found.rows.items():
        name = "failed episodes" if outcome == "failed" else outcome
        print(f"  {name:<15} {before:>9,} -> {after:>9,}  ({after - before:+,})", file=stream)
    for rung, (before, after) in found.by_rung.items():
        print(f"  accepted at rung {rung}: {before:,} -> {after:,}", file=stream)
    print(
        f"  {count_text(found.samples_came, 'sample')} came, {count_text(found.samples_went, 'sample')} went",
        file=stream,
    )
    for name, counts in (("came", found.came), ("went", found.went)):
        for outcome, count in sorted(counts.items()):
            print(f"  {count_text(count, 'episode')} {name}: {outcome}", file=stream)
    for (before_, after_), count in sorted(found.changed.items()):
        print(f"  {count_text(count, 'episode')} changed: {before_} -> {after_}", file=stream)
    for line in _made_from(found.inputs):
        print(f"  made from: {line}"[:300], file=stream)
    for change in found.examples:
        print(
            f"    rung {change.rung} episode {change.episode_id} of sample {change.sample_id}: "
            f"{change.before or 'absent'} -> {change.after or 'absent'}",
            file=stream,
        )
    if not (found.came or found.went or found.changed):
        print("  every episode is the same", file=stream)


COUNTED = {"left_out": "sample", "excluded": "name", "source_failures": "failed source row"}
"""Inputs that are numbers, with their nouns."""


def _made_from(inputs: Mapping[str, tuple[Any, Any]]) -> Iterator[str]:
    """The inputs in which the versions differ, without hashes, which people cannot read."""
    lists = {"exclude": "excluded"}
    for name, (before, after) in sorted(inputs.items()):
        if isinstance(before, dict) and isinstance(after, dict):
            for key in sorted({*before, *after}):
                if (old := before.get(key)) != (new := after.get(key)):
                    yield f"{name}.{key}: {json.dumps(old)} -> {json.dumps(new)}"
            continue
        plain = name.removesuffix("_sha256")
        if plain == name:
            what = f" {COUNTED[name]}s" if name in COUNTED else ""
            yield f"{name}: {json.dumps(before)} -> {json.dumps(after)}{what}"
        elif lists.get(plain, plain) not in inputs:
            yield f"the {plain.replace('_', ' ')} differ"


def run(settings: DiffSettings, stream: TextIO) -> None:
    """Compare two versions and print how they differ.

    Raises:
        SettingsError, StoreError: see `_chosen`; or a version cannot be read.
    """
    files = settings.store.open(settings.out)
    with ProgressDisplay() as display, StoreWatch(files, display.say):
        found = difference(files, *_chosen(files, settings.versions), settings.show)
    if settings.format == "json":
        record = asdict(found)
        record["changed"] = [
            {"before": before, "after": after, "episodes": count} for (before, after), count in found.changed.items()
        ]
        print(json.dumps(record, ensure_ascii=False), file=stream)
    else:
        print_difference(found, stream)


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""

    def diff(arguments: Sequence[str]) -> int:
        run(load("diff", DiffSettings, arguments), sys.stdout)
        return ExitStatus.DONE

    return run_command("diff", DIFF_HELP, with_folder(arguments), diff)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
