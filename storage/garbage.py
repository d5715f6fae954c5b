"""What nothing in a store names any more: left by attempts that came second, or that were killed.

Only such files count whose kind is known to be left behind, and never one that a commit, a segment of a plan or a
manifest names.
"""

import json
from collections import defaultdict
from collections.abc import Iterator

from storage.dataset import MANIFEST
from storage.episodes import EpisodeStore
from storage.files import STAGING, Files
from storage.listing import StoredFile
from storage.verdicts import VerdictStore


def orphans(files: Files, before: float) -> Iterator[StoredFile]:
    """Orphaned files, all written before this moment (seconds since 1970); pictures are not among them.

    Raises:
        StoreError: the store cannot be read.
        ValueError, LookupError: a commit, segment or manifest cannot be read, so nobody knows what it names.
    """
    yield from (file for file in files.details(STAGING) if _old(file, before))
    for build in files.folders("builds"):
        # sizes and times first: what is named later than this was there, and is not among the orphans
        there = {file.path: file for file in files.details(f"builds/{build}") if _old(file, before)}
        yield from (there[path] for path in _of_build(files, build) if path in there)
    yield from _of_versions(files, before)


def _of_build(files: Files, build: str) -> Iterator[str]:
    """Paths, whatever their age."""
    folder = f"builds/{build}"
    parts = files.list(f"{folder}/plan/parts")
    named = {
        name
        for path in files.list(f"{folder}/plan/segments")
        for kind in ("samples", "index", "failures")
        for name in json.loads(files.read(path))[kind]
    }
    yield from (path for path in parts if path not in named)
    yield from EpisodeStore(files, build).orphans()
    for judge in files.folders(f"{folder}/verdicts"):
        yield from VerdictStore(files, build, judge).orphans()


def _of_versions(files: Files, before: float) -> Iterator[StoredFile]:
    """Files of versions that were never finished, if all that was done for them is old; with their claims."""
    versions: dict[str, list[StoredFile]] = defaultdict(list)
    for file in files.details("datasets"):
        versions[file.path.split("/")[1]].append(file)
    for file in files.details("claims"):
        versions[file.path.rpartition("/")[2].removesuffix(".json")].append(file)
    for version, there in sorted(versions.items()):
        finished = any(file.path == f"datasets/{version}/{MANIFEST}" for file in there)
        if not finished and all(_old(file, before) for file in there):
            yield from there


def _old(file: StoredFile, before: float) -> bool:
    """Of a file whose time nobody knows nothing is said."""
    return file.modified is not None and file.modified < before
