"""The table of originals as replays need it: where each picture lies, and its file."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from storage.files.store import Files, StoreError


class Originals:
    """The pictures of some files of the table `originals`. One row group is held, as replays in plan order want it.

    Args:
        paths: of the files, in the store.

    Raises:
        MALFORMED: a file cannot be read.
    """

    def __init__(self, files: Files, paths: Sequence[str]) -> None:
        self._files = files
        self._places: dict[bytes, tuple[str, int, int]] = {}
        self._group: tuple[tuple[str, int], Any] | None = None
        for path in paths:
            with files.open(path) as source:
                part = pq.ParquetFile(source)
                for group in range(part.num_row_groups):
                    ids = part.read_row_group(group, columns=["image_id"]).column("image_id").to_pylist()
                    self._places |= {str(name).encode(): (path, group, row) for row, name in enumerate(ids)}

    def __contains__(self, image_id: object) -> bool:
        return str(image_id).encode() in self._places

    def read(self, image_id: str) -> bytes:
        """A picture's file.

        Raises:
            StoreError: there is no such original, or its row group cannot be read.
        """
        if (place := self._places.get(image_id.encode())) is None:
            raise StoreError(f"original {image_id} is not in the table originals")
        path, group, row = place
        if self._group is None or self._group[0] != (path, group):
            self._group = None  # two at a time would take twice the memory
            try:
                with self._files.open(path) as source:
                    images = pq.ParquetFile(source).read_row_group(group, columns=["image"]).column("image")
            except (pa.ArrowException, OSError) as error:
                raise StoreError(f"{path}: row group {group} cannot be read: {error}") from error
            self._group = ((path, group), images)
        data: bytes = self._group[1][row].as_py()["bytes"]
        return data
