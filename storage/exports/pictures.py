"""The pictures of an export: inside its rows, or as files that the rows name."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lensmill.formats.example import PictureFile
from storage.files.store import Files, StoreError

IMAGES = "images"
"""Folder of the picture files, each named by its content, in subfolders by the first two characters."""


def place_of(picture: PictureFile) -> str:
    """The path of a picture file in an export's folder. A recorded path stands below the content's name, because two
    pictures may have the same recorded path."""
    if picture.recorded:
        return f"{IMAGES}/{picture.name[:2]}/{picture.name[:16]}/{picture.recorded}"
    return f"{IMAGES}/{picture.name[:2]}/{picture.name}"


class PictureFolder:
    """Puts pictures into rows, and picture files into an export's folder.

    Args:
        target: the export's folder.
        named: the row's value for a picture file, given its path; None puts the bytes into the row.
    """

    def __init__(self, target: Files, named: Callable[[str], Any] | None) -> None:
        self._target, self._named = target, named
        place = target.locate(IMAGES)
        self._local = None if "://" in place else place.removesuffix(f"/{IMAGES}")
        self._written: set[str] = set()
        self._folders: set[str] = set()

    def placed(self, row: Mapping[str, Any]) -> tuple[dict[str, Any], list[PictureFile]]:
        """A row with a value for each picture, and the pictures in order."""
        files: list[PictureFile] = []

        def value(item: Any) -> Any:
            if isinstance(item, Mapping):
                return {name: value(inner) for name, inner in item.items()}
            if isinstance(item, list):
                return [*map(value, item)]
            if not isinstance(item, PictureFile):
                return item
            files.append(item)
            if self._named is not None:
                return self._named(place_of(item))
            return {"bytes": item.data, "path": item.name}

        return {name: value(item) for name, item in row.items()}, files

    def named(self, files: Sequence[PictureFile]) -> dict[str, bytes]:
        """The contents of picture files by their path, as rows have the path; nothing if rows hold pictures."""
        if self._named is None:
            return {}
        found = {}
        for picture in files:
            value = self._named(place_of(picture))
            path = value if isinstance(value, str) else value.get("image") or value["path"]
            found[path] = picture.data
        return found

    def write(self, files: Sequence[PictureFile]) -> int:
        """Write the picture files that are not there yet. Return the bytes of pictures that a row holds itself."""
        if self._named is None:
            return sum(len(picture.data) for picture in files)
        for picture in files:
            if (place := place_of(picture)) not in self._written:
                self._written.add(place)
                self._write(place, picture.data)
        return 0

    def _write(self, path: str, data: bytes) -> None:
        if self._local is None:
            self._target.create(path, data)
            return
        full = f"{self._local}/{path}"
        try:
            if os.stat(full).st_size == len(data):  # a killed run leaves a shorter file, if any
                return
        except FileNotFoundError:
            folder = full.rpartition("/")[0]
            if folder not in self._folders:
                os.makedirs(folder, exist_ok=True)
                self._folders.add(folder)
        try:
            file = os.open(full, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644)  # half the time of `open`
            try:
                left = memoryview(data)
                while left:
                    left = left[os.write(file, left) :]
            finally:
                os.close(file)
        except OSError as error:
            raise StoreError(f"{full}: {error.strerror or error}: make room or rights there, and run again") from error

    def sync(self) -> None:
        """Make the written files durable: once for many, since a call for each would take most of the time."""
        if self._local is not None and self._named is not None:
            os.sync()
