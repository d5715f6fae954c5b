"""Releases: which versions a schedule has published, and which of them is the latest.

Nothing in a store is changed in place, so `latest` is no file but a folder of numbered ones, each created
conditionally: whoever comes second finds the number taken. The highest number is the one that counts.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from storage.dataset import MANIFEST, PublishedDataset, claim, folder_of, published
from storage.files import Files, StoreError

FOLDER = "latest"


@dataclass(frozen=True, slots=True)
class Release:
    """A pointer: the number of its file, and the version that it names."""

    number: int
    version: str

    @property
    def path(self) -> str:
        return f"{FOLDER}/{self.number:06d}.json"


class Releases:
    """The pointers of one store. Any number of processes may move them at once."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def latest(self) -> Release | None:
        """The pointer that counts; None where nothing was released yet."""
        while paths := self._files.list(FOLDER):
            if found := self._read(paths[-1]):
                return found
        return None

    def all(self) -> tuple[Release, ...]:
        """Every pointer that is kept, oldest first."""
        return tuple(release for path in self._files.list(FOLDER) if (release := self._read(path)))

    def move(self, version: str, after: Release | None) -> bool:
        """Release a version; False if somebody has released another one since `after` was the latest."""
        release = Release(1 if after is None else after.number + 1, version)
        if not self._files.create(release.path, json.dumps({"version": version}).encode()):
            return False
        now = self.latest()
        if (
            now is not None and now.number > release.number
        ):  # whoever slept for long finds his number removed, not taken
            self._files.remove(release.path)
            return False
        return True

    def keep(self, count: int) -> tuple[str, ...]:
        """Remove all released versions but the newest ones; returns those removed.

        Versions that were never released (made by hand) are left alone. A manifest goes first, so no reader finds half
        a version, and the pointers to a version go last, so an interrupted removal is taken up by the next. Claims
        stay: a name is never given to other rows.
        """
        releases = self.all()
        newest = list(dict.fromkeys(release.version for release in reversed(releases)))
        removed = []
        for version in reversed(newest[max(1, count) :]):
            if (now := self.latest()) and now.version == version:  # released again meanwhile
                continue
            self._files.remove(f"datasets/{version}/{MANIFEST}")
            self._files.remove_folder(f"datasets/{version}")
            for release in releases:
                if release.version == version:
                    self._files.remove(release.path)
            removed.append(version)
        return tuple(removed)

    def _read(self, path: str) -> Release | None:
        """A pointer; None if it has been removed, which happens to old ones only."""
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
    """The version's name of a day: "2026-01-31", or "2026-01-31.2" and so on where that is taken by other inputs. It is
    claimed with that, so of runs that ask at once with different inputs each has a name of its own.

    Args:
        inputs: as the manifest will have them; the same inputs have the same name, whoever asks.
    """
    number = 1
    while not _is_ours(files, name := day if number == 1 else f"{day}.{number}", inputs):
        number += 1
    return name


def _is_ours(files: Files, version: str, inputs: Mapping[str, Any]) -> bool:
    there = published(files, version)
    return claim(files, version, inputs) if there is None else there.inputs == inputs
