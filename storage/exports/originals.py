"""The originals of an export's episodes, for formats whose tools draw from the original."""

import pyarrow as pa
import pyarrow.parquet as pq

from lensmill.formats.example import PictureFile
from lensmill.geometry import Frame
from lensmill.sample import Sample
from storage.builds.sql import one_line
from storage.datasets.rows import image_value
from storage.datasets.version import PublishedDataset
from storage.files.store import Files, StoreError

PLACES = pa.schema(
    [
        ("image_id", pa.string()),
        ("original_file", pa.string()),
        ("original_group", pa.int64()),
        ("original_row", pa.int64()),
    ]
)
"""The place of each original of a version."""


def places_of(files: Files, version: PublishedDataset) -> pa.Table:
    """The places of a version's originals, as `PLACES`.

    Raises:
        StoreError: a shard of the originals is missing or damaged.
    """
    found = []
    for shard in version.shards_of("originals"):
        try:
            with files.open(shard.path) as source:
                file = pq.ParquetFile(source)
                for group in range(file.num_row_groups):
                    ids = file.read_row_group(group, columns=["image_id"]).column("image_id")
                    rows = range(len(ids))
                    columns = [ids.cast(pa.string()), [shard.path] * len(ids), [group] * len(ids), rows]
                    found.append(pa.table(columns, schema=PLACES))
        except (pa.ArrowException, OSError) as error:
            raise _damaged(files, shard.path, error) from error
    return pa.concat_tables(found) if found else PLACES.empty_table()


class Originals:
    """Reads originals; one row group is held, since neighbours in a version share their picture."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._group: tuple[tuple[str, int], pa.ChunkedArray] | None = None

    def read(self, path: str, group: int, row: int, sample: Sample) -> PictureFile:
        """The original of a sample.

        Raises:
            StoreError: the row group cannot be read.
        """
        if self._group is None or self._group[0] != (path, group):
            self._group = None  # two at a time would take twice the memory
            try:
                with self._files.open(path) as source:
                    images = pq.ParquetFile(source).read_row_group(group, columns=["image"]).column("image")
            except (pa.ArrowException, OSError) as error:
                raise _damaged(self._files, path, error) from error
            self._group = (path, group), images
        data = self._group[1][row].as_py()["bytes"]
        return PictureFile(data, image_value(sample.image_id, data)["path"], Frame.whole((sample.width, sample.height)))


def _damaged(files: Files, path: str, error: Exception) -> StoreError:
    return StoreError(f"{files.locate(path)} is missing or damaged ({one_line(error)}): verify the version")
