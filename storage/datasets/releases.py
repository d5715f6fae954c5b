"""Releases: the versions that a schedule has published, and the latest of them.

Nothing in a store is changed in place. So `latest` is a folder of numbered files, each created conditionally: a second
process finds the number taken. The highest number counts.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lensmill.loading import MANIFEST
from storage.datasets.version import PublishedDataset, claim, folder_of, published
from storage.files.store import Files, StoreError

FOLDER = "latest"

PINS = "pins"
"""One file for each version that `Releases.keep` never removes."""

_DATED = re.compile(r"\d{4}-\d{2}-\d{2}(?:\.\d{3,})?")


@dataclass(frozen=True, slots=True)
class Release:
    """A pointer: the number of its file, and the version that it names."""

    number: int
    version: str

    @property
    def path(self) -> str:
        """Path of the release's record."""
        return f"{FOLDER}/{self.number:06d}.json"


class Releases:
    """The pointers of one store. Any number of processes may move them at once."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def latest(self) -> Release | None:
        """The pointer that counts; None if nothing was released yet."""
        while paths := self._files.list(FOLDER):
            if found := self._read(paths[-1]):
                return found
        return None

    def all(self) -> tuple[Release, ...]:
        """Every pointer that is kept, oldest first."""
        return tuple(release for path in self._files.list(FOLDER) if (release := self._read(path)))

    def move(self, version: str, after: Release | None) -> bool:
        """Release a version. Return False if another run has released a version since `after` was the latest."""
        release = Release(1 if after is None else after.number + 1, version)
        if not self._files.create(release.path, json.dumps({"version": version}).encode()):
            return False
        now = self.latest()
        if now is not None and now.number > release.number:  # after a long pause the number may be removed, not taken
            self._files.remove(release.path)
            return False
        return True

    def pin(self, version: str) -> None:
        """Protect a version from `keep`.

        Raises:
            StoreError: there is no such version.
            ValueError: the name cannot be a version's.
        """
        if published(self._files, version) is None:
            raise StoreError(f"{self._files.locate(folder_of(version))} is no published version: nothing is pinned")
        self._files.create(f"{PINS}/{version}.json", json.dumps({"version": version}).encode())

    def unpin(self, version: str) -> bool:
        """Take the protection of `pin` back; False if the version had none."""
        folder_of(version)
        pinned = version in self.pinned()
        if pinned:
            self._files.remove(f"{PINS}/{version}.json")
        return pinned

    def pinned(self) -> frozenset[str]:
        """The versions that `pin` protects."""
        return frozenset(path.rpartition("/")[2].removesuffix(".json") for path in self._files.list(PINS))

    def keep(self, count: int) -> tuple[str, ...]:
        """Remove released versions but for the newest `count`; return the removed ones.

        A version of any age stays if it is pinned, if it was never released (it was made by hand), or if it was first
        released after the version that was the latest before the present one. Such versions exist after a person has
        gone back to an older version, and may still be in use.

        A manifest goes first, so no reader finds half a version. The pointers to a version go last, so the next call
        continues an interrupted removal. Claims stay: a name is never given to other rows.
        """
        releases = self.all()
        newest = list(dict.fromkeys(release.version for release in reversed(releases)))
        removed: list[str] = []
        if len(releases) < 2:
            return ()
        first = {release.version: release.number for release in reversed(releases)}
        for version in reversed(newest[max(1, count) :]):
            if first[version] > first[releases[-2].version] or version in self.pinned():
                continue
            if (now := self.latest()) and now.version == version:  # another run has released it again meanwhile
                continue
            self._files.remove(f"datasets/{version}/{MANIFEST}")
            self._files.remove_folder(f"datasets/{version}")
            for release in releases:
                if release.version == version:
                    self._files.remove(release.path)
            removed.append(version)
        return tuple(removed)

    def _read(self, path: str) -> Release | None:
        """A pointer; None if the pointer was removed, which happens only to old ones."""
        try:
            version = str(json.loads(self._files.read(path))["version"])
            folder_of(version)
            return Release(int(path.rpartition("/")[2].removesuffix(".json")), version)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{self._files.locate(path)} is no pointer to a version: restore or remove it") from error


def latest(files: Files) -> PublishedDataset:
    """The version that a schedule released last; its `path` is for `datasets.load_dataset`.

    Raises:
        StoreError: nothing was released, or the version is gone.
    """
    release = Releases(files).latest()
    found = published(files, release.version) if release else None
    if found is None:
        raise StoreError(f"{files.root}: no version is released: run pipelines.nightly")
    return found


def name_for(files: Files, day: str, inputs: Mapping[str, Any]) -> str:
    """The version's name of a day: "2026-01-31", or "2026-01-31.002", "2026-01-31.003" ... where other inputs have
    taken the names before. The names of one day sort in the order in which they were given.

    The call claims the name. Runs that ask at once with different inputs get different names.

    Args:
        inputs: as the manifest will have them; the same inputs always have the same name.
    """
    number = 1
    while not _is_ours(files, name := day if number == 1 else f"{day}.{number:03d}", inputs):
        number += 1
    return name


def is_older(version: str, other: str) -> bool:
    """Whether a version's name is of an earlier day than another's, or of an earlier number of the same day.

    False if one of the names is not a day's name: then their order is unknown.
    """
    return bool(_DATED.fullmatch(version) and _DATED.fullmatch(other)) and version < other


def _is_ours(files: Files, version: str, inputs: Mapping[str, Any]) -> bool:
    there = published(files, version)
    return claim(files, version, inputs) if there is None else there.inputs == inputs
