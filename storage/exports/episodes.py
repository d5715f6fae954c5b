"""The episodes of a published version that an export takes, and reading them as examples."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from lensmill.formats.example import Example, PictureFile
from lensmill.geometry import Convention
from lensmill.replay import ReplaySettings
from storage.builds.conditions import checked
from storage.builds.sql import ROWS, connect, one_line, view, with_derived
from storage.datasets.cutting import encoded
from storage.datasets.reader import TRAINING
from storage.datasets.rows import EPISODES, episode_of
from storage.datasets.version import FORMAT, LEDGER, PublishedDataset, published
from storage.files.arrow import arrow_filesystem
from storage.files.store import Files, StoreError

PLAIN = tuple(
    field.name for field in EPISODES if field.name not in ("images", "verdict") and not pa.types.is_nested(field.type)
)
"""Columns of a row that an export may carry."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What an export takes of a version.

    Attributes:
        splits: "train", "validation".
        rungs: empty for all.
        where: a condition over the version's ledger; "" for none.
    """

    splits: tuple[str, ...] = TRAINING
    rungs: tuple[int, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """The rows of one shard that an export takes: the work of one task.

    Attributes:
        file: path of the shard.
        picks: places of the rows, in order: columns `row_group` and `row`; for pairs also `other_file`, `other_group`
            and `other_row`, the place of the wrong episode.
    """

    split: str
    file: str
    picks: pa.Table


def open_version(files: Files, version: str) -> PublishedDataset:
    """A version that this lensmill can read.

    Raises:
        StoreError: there is no such version, or another lensmill made the version.
    """
    there = published(files, version)
    where = files.locate(f"datasets/{version}")
    if there is None:
        raise StoreError(f"{where} is no published version (it has no manifest.json): give the folder of a version")
    if there.inputs.get("format") != FORMAT:
        raise StoreError(
            f"{where} has format {there.inputs.get('format')}, and this lensmill reads format {FORMAT}: publish the "
            "version again with this lensmill"
        )
    return there


def convention_of(version: PublishedDataset) -> Convention:
    """How the agent of a version wrote boxes.

    Raises:
        StoreError: the manifest does not say so.
    """
    try:
        return ReplaySettings.of_record(version.inputs["replay"]).tools.convention
    except (ValueError, KeyError) as error:
        raise StoreError(f"{version.path}/manifest.json does not say how boxes are written: {error}") from error


def units_of(files: Files, version: str, chosen: Chosen, pairs: bool = False) -> list[Unit]:
    """The rows that an export takes, by shard, in the version's order.

    Args:
        pairs: take a right and a wrong episode at the same question on the same rung; each right one once, with the
            first wrong one that has not been taken.

    Raises:
        ConditionError: `where` is no condition over the ledger.
        StoreError: the ledger is missing or damaged.
    """
    path = f"datasets/{version}/{LEDGER}"
    filesystem, prefix = arrow_filesystem(files)
    try:
        rows = ds.dataset(f"{prefix}{path}", filesystem=filesystem, format="parquet")
        with connect() as engine:
            where = ""
            if chosen.where:
                condition = checked(engine, with_derived(rows.schema), [("where", chosen.where)])[0]
                where = f" AND ({condition.sql})"
            rungs = f" AND rung IN ({', '.join(map(str, map(int, chosen.rungs)))})" if chosen.rungs else ""
            splits = ", ".join(f"'{split}'" for split in TRAINING if split in chosen.splits)
            engine.register(ROWS, rows)
            view(engine)
            right = f'SELECT * FROM ledger WHERE "table" IN ({splits or "NULL"}){rungs}{where}'
            if not pairs:
                sql = f'SELECT file, row_group, "row" FROM ({right})'
            else:
                number = "row_number() OVER (PARTITION BY sample_id, rung ORDER BY seed, episode_id) AS number"
                wrong = "SELECT * FROM ledger WHERE \"table\" = 'rejected' AND outcome = 'incorrect'"
                sql = (
                    f"WITH good AS (SELECT *, {number} FROM ({right})), bad AS (SELECT *, {number} FROM ({wrong})) "
                    'SELECT good.file, good.row_group, good."row", bad.file AS other_file, '
                    'bad.row_group AS other_group, bad."row" AS other_row FROM good JOIN bad '
                    "USING (sample_id, rung, number)"
                )
            found = engine.sql(sql).to_arrow_table()
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"{files.locate(path)} is missing or damaged ({one_line(error)}): publish again") from error
    return _units(found, published(files, version))


def _units(found: pa.Table, version: PublishedDataset | None) -> list[Unit]:
    assert version is not None
    codes, names = encoded(found["file"])
    order = np.lexsort((found["row"].to_numpy(), found["row_group"].to_numpy(), codes))
    found, codes = found.take(pa.array(order)).drop_columns(["file"]), codes[order]
    starts = {name: int(np.searchsorted(codes, code)) for code, name in enumerate(names.to_pylist())}
    counts: np.ndarray = np.bincount(codes, minlength=len(names))
    rows = dict(zip(names.to_pylist(), counts, strict=True))
    return [
        Unit(split, shard.path, found.slice(starts[shard.path], int(rows[shard.path])))
        for split in TRAINING
        for shard in version.shards_of(split)
        if shard.path in starts
    ]


class ShardReader:
    """Reads rows of one shard as examples, a row group at a time.

    Args:
        written: how the agent wrote boxes.
        columns: further columns that the examples carry.
    """

    def __init__(self, files: Files, path: str, written: Convention, columns: Sequence[str] = ()) -> None:
        self._files, self._path, self._written, self._columns = files, path, written, columns
        self._stack = files.open(path)
        self._group: tuple[int, pa.Table] | None = None
        try:
            self._source = self._stack.__enter__()
            self._file = pq.ParquetFile(self._source)
        except (pa.ArrowException, OSError) as error:
            raise StoreError(
                f"{files.locate(path)} is missing or damaged ({one_line(error)}): verify the version"
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._stack.__exit__(None, None, None)

    def read(self, group: int, row: int) -> Example:
        """One row.

        Raises:
            StoreError: the row cannot be read.
        """
        try:
            if self._group is None or self._group[0] != group:
                self._group = None  # two groups at once would double the memory
                self._group = group, self._file.read_row_group(group)
            table = self._group[1].slice(row, 1)
            return _example(table, self._written, self._columns)
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise StoreError(
                f"{self._files.locate(self._path)} row group {group} row {row} cannot be read ({one_line(error)}): "
                "python -m pipelines.verify says what is damaged"
            ) from error


def _example(table: pa.Table, written: Convention, columns: Sequence[str]) -> Example:
    images = table.column("images").combine_chunks()
    row = table.drop_columns(["images"]).to_pylist()[0]
    episode = episode_of(row)
    values = images.chunk(0).flatten() if isinstance(images, pa.ChunkedArray) else images.flatten()
    data, names = values.field("bytes"), values.field("path").to_pylist()
    pictures = tuple(
        PictureFile(memoryview(data[number].as_buffer()), name, reference.frame)
        for number, (name, reference) in enumerate(zip(names, episode.trajectory.images, strict=True))
    )
    return Example(
        episode.planned.episode_id,
        episode.sample,
        episode.trajectory,
        pictures,
        episode.planned.rung,
        episode.planned.agent,
        written,
        {name: row[name] for name in columns},
    )


def examples(
    files: Files, unit: Unit, written: Convention, columns: Sequence[str] = ()
) -> Iterator[tuple[Example, Example | None]]:
    """The examples of a unit in order, each with the wrong one of its pair.

    Raises:
        StoreError: a shard is damaged.
    """
    readers: dict[str, ShardReader] = {}

    def reader(path: str) -> ShardReader:
        if path not in readers:
            readers[path] = ShardReader(files, path, written, columns)
        return readers[path]

    try:
        for pick in unit.picks.to_pylist():
            right = reader(unit.file).read(pick["row_group"], pick["row"])
            if "other_file" not in pick:
                yield right, None
            else:
                yield right, reader(pick["other_file"]).read(pick["other_group"], pick["other_row"])
    finally:
        for one in readers.values():
            one.close()
