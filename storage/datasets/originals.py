"""Reading the table `originals` of a version."""

import pyarrow as pa
import pyarrow.parquet as pq

from storage.files.store import Files, StoreError


class OriginalRows:
    """Reads originals by place. One row group is held, because neighbours in a version share their picture."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._group: tuple[tuple[str, int], pa.ChunkedArray] | None = None

    def read(self, path: str, group: int, row: int) -> bytes:
        """A picture's file.

        Args:
            path: of the shard.
            group, row: number of the row group, and of the row in the row group, from 0.

        Raises:
            StoreError: the row group cannot be read.
        """
        if self._group is None or self._group[0] != (path, group):
            self._group = None  # two at a time would take twice the memory
            try:
                with self._files.open(path) as source:
                    images = pq.ParquetFile(source).read_row_group(group, columns=["image"]).column("image")
            except (pa.ArrowException, OSError) as error:
                raise StoreError(f"{path}: row group {group} cannot be read: {error}") from error
            self._group = (path, group), images
        data: bytes = self._group[1][row].as_py()["bytes"]
        return data
