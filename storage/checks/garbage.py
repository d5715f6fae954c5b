"""Files of a store that nothing names any more: attempts that came second, or that were killed, left them.

Only kinds of files that are known to be left behind count, and never a file that a commit, a segment of a plan or a
manifest names.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress

from lensmill.loading import MANIFEST
from storage.builds.episodes import EpisodeStore
from storage.builds.segment import KINDS
from storage.builds.source_state import SourceStates
from storage.builds.verdicts import VerdictStore
from storage.datasets.blocks import BLOCKS, SHARDS, key_of, record_path
from storage.datasets.version import published
from storage.files.listing import StoredFile
from storage.files.store import STAGING, Files, StoreError

UNNAMED_S = 7 * 86_400.0
"""A block that no version names is removed when its record is this old: longer than any run is at publishing. A run
that takes a block over gives the record a new time."""


def orphans(files: Files, before: float) -> Iterator[StoredFile]:
    """Orphaned files, all written before this moment (seconds since 1970); pictures are not among them.

    Raises:
        StoreError: the store cannot be read.
        ValueError, LookupError: a commit, segment or manifest cannot be read, so the files that it names are unknown.
    """
    yield from (file for file in files.details(STAGING) if _old(file, before))
    for build in files.folders("builds"):
        # sizes and times first: a file that is named later is in the store now, and is not an orphan
        there = {file.path: file for file in files.details(f"builds/{build}") if _old(file, before)}
        yield from (there[path] for path in _of_build(files, build) if path in there)
    yield from _of_versions(files, before)
    yield from unnamed_blocks(files, before)


def unnamed_blocks(files: Files, before: float) -> Iterator[StoredFile]:
    """Blocks that no version names: their records, written before this moment, and their shards. Then shards of that
    age without a record, which killed tasks have left.

    Raises:
        StoreError: the store cannot be read.
        ValueError, LookupError: a manifest cannot be read.
    """
    records, shards = files.details(BLOCKS), files.details(SHARDS)  # before the manifests: see `orphans`
    named = named_blocks(files)
    gone = {key_of(file.path) for file in records if key_of(file.path) not in named and _old(file, before)}
    there = {key_of(file.path) for file in records} - gone
    yield from (file for file in records if key_of(file.path) in gone)
    for file in shards:
        key = key_of(file.path)
        if key in gone or (key not in there and key not in named and _old(file, before)):
            yield file


def named_blocks(files: Files) -> set[str]:
    """The keys of the blocks that versions name.

    Raises:
        StoreError: the store cannot be read, a manifest is damaged, or one lies in a folder that no version can have.
    """
    named = set[str]()
    for name in files.folders("datasets"):
        try:
            version = published(files, name)
        except ValueError as error:  # a folder of somebody else
            if files.exists(path := f"datasets/{name}/{MANIFEST}"):
                raise StoreError(f"{files.locate(path)}: {error}: rename the folder, or move it away") from error
            continue
        named.update(() if version is None else version.blocks)
    return named


def remove(files: Files, found: Iterable[StoredFile]) -> None:
    """Remove orphans. Files of a version that another run has finished meanwhile stay, and so do blocks that a version
    names by now. Claims go first, so that a version with missing files is begun anew. Records of blocks go before their
    shards, so that no record names a missing shard.

    Raises:
        StoreError: the store cannot be read or written.
    """
    records, shards = list[StoredFile](), list[StoredFile]()
    for file in sorted(found, key=lambda file: not file.path.startswith("claims/")):
        if file.path.startswith(f"{BLOCKS}/"):
            records.append(file)
        elif file.path.startswith(f"{SHARDS}/"):
            shards.append(file)
        elif (version := _version_of(file.path)) is None or not files.exists(f"datasets/{version}/{MANIFEST}"):
            files.remove(file.path)
    if records or shards:
        _remove_blocks(files, records, shards)


def _remove_blocks(files: Files, records: Iterable[StoredFile], shards: Iterable[StoredFile]) -> None:
    """Remove records, then shards, so that no record is of a shard that is gone.

    A publisher writes its manifest and then looks whether its blocks are there. So blocks that are named once the
    records are gone stay, with their records; blocks that are named later are made again by their publisher, and their
    new records protect their shards.
    """
    named, removed = named_blocks(files), dict[str, bytes]()
    for file in records:
        if key_of(file.path) not in named:
            with suppress(FileNotFoundError):
                removed[file.path] = files.read(file.path)
            files.remove(file.path)
    named = named_blocks(files)
    for path, data in removed.items():
        if key_of(path) in named:
            files.create(path, data)
    for file in shards:
        key = key_of(file.path)
        if key not in named and not files.exists(record_path(key)):
            files.remove(file.path)


def _version_of(path: str) -> str | None:
    """The version of one of its files or of its claim; None of others."""
    match path.split("/"):
        case ["datasets", version, *_]:
            return version
        case ["claims", *_, name]:
            return name.removesuffix(".json")
    return None


def _of_build(files: Files, build: str) -> Iterator[str]:
    """The orphans of a build, of any age."""
    folder = f"builds/{build}"
    parts = files.list(f"{folder}/plan/parts")
    named = {
        name
        for path in files.list(f"{folder}/plan/segments")
        for kind in KINDS
        for name in json.loads(files.read(path))[kind]
    }
    yield from (path for path in parts if path not in named)
    yield from SourceStates(files, build).superseded()
    yield from EpisodeStore(files, build).orphans()
    for judge in files.folders(f"{folder}/verdicts"):
        yield from VerdictStore(files, build, judge).orphans()


def _of_versions(files: Files, before: float) -> Iterator[StoredFile]:
    """Files of versions that were never finished, with their claims, if every file of the version is old."""
    versions: dict[str, list[StoredFile]] = defaultdict(list)
    for file in (*files.details("datasets"), *files.details("claims")):
        versions[_version_of(file.path) or ""].append(file)
    for version, there in sorted(versions.items()):
        finished = any(file.path == f"datasets/{version}/{MANIFEST}" for file in there)
        if not finished and all(_old(file, before) for file in there):
            yield from there


def _old(file: StoredFile, before: float) -> bool:
    """Whether a file is old. A file of unknown age is not."""
    return file.modified is not None and file.modified < before
