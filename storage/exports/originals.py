"""The originals of an export's episodes, for formats whose tools draw from the original."""

import pyarrow as pa
import pyarrow.parquet as pq

from lensmill.formats.example import PictureFile
from lensmill.geometry import Frame
from lensmill.sample import Sample
from storage.builds.sql import one_line
from storage.datasets.originals import OriginalRows
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
    """Reads originals as picture files."""

    def __init__(self, files: Files) -> None:
        self._rows = OriginalRows(files)

    def read(self, path: str, group: int, row: int, sample: Sample) -> PictureFile:
        """The original of a sample.

        Raises:
            StoreError: the row group cannot be read.
        """
        data = self._rows.read(path, group, row)
        return PictureFile(data, image_value(sample.image_id, data)["path"], Frame.whole((sample.width, sample.height)))


def _damaged(files: Files, path: str, error: Exception) -> StoreError:
    return StoreError(f"{files.locate(path)} is missing or damaged ({one_line(error)}): verify the version")
