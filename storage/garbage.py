"""What nothing in a store names any more: left by attempts that came second, or that were killed.

Only such files count whose kind is known to be left behind, and never one that a commit, a segment of a plan or a
manifest names, nor work that was handed back for whoever goes on.
"""

import json
from collections import defaultdict
from collections.abc import Iterator

from storage.commits import COMMIT
from storage.dataset import MANIFEST
from storage.files import STAGING, Files, StoredFile


def orphans(files: Files, before: float) -> Iterator[StoredFile]:
    """Orphaned files, all written before this moment (seconds since 1970); pictures are not among them.

    Raises:
        StoreError: the store cannot be read.
        ValueError: a commit, segment or manifest cannot be read, so nobody knows what it names.
    """
    yield from (file for file in files.details(STAGING) if _old(file, before))
    for folder, there in _by_folder(files.details("builds")).items():
        yield from (file for file in _of_build(files, folder, there) if _old(file, before))
    yield from _of_versions(files, before)


def _of_build(files: Files, folder: str, there: dict[str, StoredFile]) -> Iterator[StoredFile]:
    """Orphans right in one folder of a build, whatever their age."""
    if folder.endswith("/plan/parts"):
        plan = folder.removesuffix("/parts")
        named = {
            name
            for path in files.list(f"{plan}/segments")
            for kind in ("samples", "index", "failures")
            for name in json.loads(files.read(path))[kind]
        }
        yield from (file for file in there.values() if file.path not in named)
        return
    parts = [name for name in there if name.startswith("part-") and name.endswith(".parquet")]
    if COMMIT not in there:  # what was handed back is taken up again, parts without a commit never are
        yield from (there[name] for name in parts)
        return
    if len(parts) > 1:  # else it can only be the commit's
        named = {json.loads(files.read(f"{folder}/{COMMIT}"))["part"]}
        yield from (there[name] for name in parts if name not in named)
    yield from (file for name, file in there.items() if name.startswith(("partial-", "try-")))


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


def _by_folder(there: tuple[StoredFile, ...]) -> dict[str, dict[str, StoredFile]]:
    folders: dict[str, dict[str, StoredFile]] = defaultdict(dict)
    for file in there:
        folder, _, name = file.path.rpartition("/")
        folders[folder][name] = file
    return folders


def _old(file: StoredFile, before: float) -> bool:
    """Of a file whose time nobody knows nothing is said."""
    return file.modified is not None and file.modified < before
