"""The pictures of an export: inside its rows, or as files that the rows name."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lensmill.formats.example import PictureFile
from storage.files.store import Files, StoreError

IMAGES = "images"
"""Folder of the picture files, each named by its content, in subfolders by the first two characters."""


def picture_path(name: str) -> str:
    """The path of a picture file in an export's folder."""
    return f"{IMAGES}/{name[:2]}/{name}"


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

    def placed(self, row: Mapping[str, Any]) -> tuple[dict[str, Any], list[PictureFile]]:
        """A row with a value for each picture, and the pictures in order. Pictures stand in lists only."""
        files: list[PictureFile] = []

        def value(picture: PictureFile) -> Any:
            files.append(picture)
            if self._named is not None:
                return self._named(picture_path(picture.name))
            return {"bytes": picture.data, "path": picture.name}

        whole = {
            name: [value(item) for item in items]
            if isinstance(items, Sequence) and items and isinstance(items[0], PictureFile)
            else items
            for name, items in row.items()
        }
        return whole, files

    def write(self, files: Sequence[PictureFile]) -> int:
        """Write the picture files that are not there yet. Return the bytes of pictures that a row holds itself."""
        if self._named is None:
            return sum(len(picture.data) for picture in files)
        for picture in files:
            if picture.name not in self._written:
                self._written.add(picture.name)
                self._write(picture_path(picture.name), picture.data)
        return 0

    def _write(self, path: str, data: bytes | memoryview) -> None:
        if self._local is None:
            self._target.create(path, bytes(data))
            return
        full = f"{self._local}/{path}"
        if os.path.exists(full):
            return
        part = f"{full}.{os.getpid()}"  # a reader never sees half a picture
        try:
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(part, "wb") as sink:
                sink.write(data)
            os.replace(part, full)
        except OSError as error:
            raise StoreError(f"{full}: {error.strerror or error}: make room or rights there, and run again") from error

    def sync(self) -> None:
        """Make the written files durable: once for many, since a call for each would take most of the time."""
        if self._local is not None and self._named is not None:
            os.sync()
