"""Parquet files, and Arrow files as `datasets.save_to_disk` writes them (streams) or as IPC files."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from storage.sources.parquet import one_line, open_parquet, row_at
from storage.sources.protocol import SourceError
from storage.sources.rows import RowProblem
from storage.sources.table.layouts.layout import PART_ROWS, Layout, Part, Row, chosen

BATCH_BYTES, BATCH_ROWS = 2**25, 64
"""Maximum bytes and rows of a batch that is decoded at once."""

MAX_GROUP = 2**32
"""Maximum bytes of the unpacked columns of a row group."""

MOST_PARTS = 8
"""Maximum parts of a row group: each part decodes the rows before it again."""

MAX_COLUMNS = 2000


class ParquetLayout(Layout):
    """A Parquet file: a part is a row group, or a piece of a large one."""

    kind = "Parquet"

    def parts(self) -> Iterator[Part]:
        """See `Layout`."""
        with open_parquet(self.file, self.source) as parquet:
            groups = [parquet.metadata.row_group(group).num_rows for group in range(parquet.num_row_groups)]
        before = 0
        for group, rows in enumerate(groups):
            pieces = min(MOST_PARTS, -(-rows // PART_ROWS))
            for piece in range(pieces):
                begin, end = rows * piece // pieces, rows * (piece + 1) // pieces
                yield Part(group, before + begin, end - begin, begin)
            before += rows

    def rows(self, part: Part, wanted: Sequence[str]) -> Iterator[tuple[str, Row | RowProblem]]:
        """See `Layout`."""
        number = part.before
        with open_parquet(self.file, self.source) as parquet:
            names = self._names(parquet, wanted)
            size = self._bytes_of(parquet.metadata.row_group(part.at), names)
            rows = max(1, part.skip + part.rows, parquet.metadata.row_group(part.at).num_rows)
            batch_rows = max(1, min(BATCH_ROWS, BATCH_BYTES * rows // max(1, size)))
            try:
                skip, left = part.skip, part.rows
                batches = parquet.iter_batches(batch_rows, row_groups=[part.at], columns=names, use_threads=False)
                while left:
                    batch = next(batches)
                    for index in range(min(skip, batch.num_rows), min(skip + left, batch.num_rows)):
                        number += 1
                        left -= 1
                        yield f"{self.where} row {number}", row_at(batch, index)
                    skip = max(0, skip - batch.num_rows)
            except (pa.ArrowException, OSError, StopIteration) as error:
                raise SourceError(
                    f"sources/{self.source}: {self.file} is damaged after row {number} ({one_line(error)}); "
                    "fetch it again"
                ) from error

    def _names(self, parquet: pq.ParquetFile, wanted: Sequence[str]) -> list[str]:
        names = parquet.schema_arrow.names
        twice = next((name for name in chosen(names, wanted) if names.count(name) > 1), None)
        if twice is not None:
            raise SourceError(f'sources/{self.source}: {self.file} has column "{twice}" twice; drop one')
        return chosen(names, wanted)

    def _bytes_of(self, group: pq.RowGroupMetaData, names: Sequence[str]) -> int:
        """Unpacked bytes of columns in a row group, as the file says."""
        columns = (group.column(number) for number in range(group.num_columns))
        size = sum(
            column.total_uncompressed_size for column in columns if column.path_in_schema.partition(".")[0] in names
        )
        if size > MAX_GROUP:
            raise SourceError(
                f"sources/{self.source}: {self.file} has a row group that unpacks to {size} bytes, more than "
                f"{MAX_GROUP}; write smaller row groups"
            )
        return int(size)


class ArrowLayout(Layout):
    """An Arrow file: a part is a record batch, or a piece of one. The file is mapped, not read."""

    kind = "Arrow"

    def parts(self) -> Iterator[Part]:
        """See `Layout`."""
        before = 0
        for number, batch in self._batches():
            for begin in range(0, batch.num_rows, PART_ROWS):
                yield Part(number, before + begin, min(PART_ROWS, batch.num_rows - begin), begin)
            before += batch.num_rows

    def rows(self, part: Part, wanted: Sequence[str]) -> Iterator[tuple[str, Row | RowProblem]]:
        """See `Layout`. Wrong offsets would make Arrow read outside the file, so a batch is checked first; the rows of
        a damaged batch are failures."""
        for number, batch in self._batches():
            if number < part.at:
                continue
            piece = batch.select(chosen(batch.schema.names, wanted)).slice(part.skip, part.rows)
            problem: RowProblem | None = None
            try:
                piece.validate(full=True)
            except (pa.ArrowException, ValueError) as error:
                problem = RowProblem(
                    "bad_field", f"the batch of the row is damaged ({one_line(error)}); write it again"
                )
            for index in range(piece.num_rows):
                yield f"{self.where} row {part.before + index + 1}", problem or row_at(piece, index)
            return

    def _batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        with self._opened() as reader:
            if isinstance(reader, pa.RecordBatchFileReader):
                yield from ((number, reader.get_batch(number)) for number in range(reader.num_record_batches))
            else:
                yield from enumerate(reader)

    @contextmanager
    def _opened(self) -> Iterator[pa.RecordBatchReader | pa.RecordBatchFileReader]:
        try:
            with pa.memory_map(str(self.file)) as mapped:
                head = mapped.read(6)
                mapped.seek(0)
                yield pa.ipc.open_file(mapped) if head == b"ARROW1" else pa.ipc.open_stream(mapped)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise SourceError(
                f"sources/{self.source}: {self.file} is no whole Arrow file ({one_line(error)}); fetch it again"
            ) from error
