"""The episodes of a published version that an export takes, and reading them as examples."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from lensmill.formats.example import Example, PictureFile
from lensmill.geometry import Convention
from lensmill.loading.version import FORMAT, TRAINING
from lensmill.replay import ReplaySettings
from storage.builds.conditions import ConditionError, checked
from storage.builds.sql import ROWS, connect, one_line, view, with_derived
from storage.datasets.cutting import encoded
from storage.datasets.rows import EPISODES, episode_of
from storage.datasets.version import LEDGER, PublishedDataset, published
from storage.exports.originals import Originals, places_of
from storage.files.arrow import arrow_filesystem
from storage.files.store import Files, StoreError

PLAIN = tuple(
    field.name for field in EPISODES if field.name not in ("images", "verdict") and not pa.types.is_nested(field.type)
)
"""Columns of a row that an export may carry."""


TABLES = (*TRAINING, "rejected")
"""Tables that can be exported; each becomes a split."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What an export takes of a version.

    Attributes:
        splits: of `TABLES`.
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
        picks: places of the rows, in order: columns `row_group`, `row` and `episode_id`; for pairs also `other_file`,
            `other_group`, `other_row` and `other_id`, the place of the wrong episode; and `original_file`,
            `original_group` and `original_row` for formats that need the original.
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


def units_of(
    files: Files, version: PublishedDataset, chosen: Chosen, pairs: bool = False, originals: bool = False
) -> list[Unit]:
    """The rows that an export takes, by shard, in the version's order.

    Args:
        pairs: take a right and a wrong episode at the same question on the same rung; each right one once, with the
            first wrong one that has not been taken.
        originals: find the original of each episode too; not for pairs.

    Raises:
        ConditionError: `where` is no condition over the ledger, or the version has no episode on one of the rungs.
        StoreError: the ledger is missing or damaged.
    """
    path = f"datasets/{version.version}/{LEDGER}"
    filesystem, prefix = arrow_filesystem(files)
    try:
        rows = ds.dataset(f"{prefix}{path}", filesystem=filesystem, format="parquet")
        with connect() as engine:
            right = _chosen_rows(engine, rows.schema, chosen)
            engine.register(ROWS, rows)
            view(engine)
            _require_rungs(engine, chosen.rungs)
            if originals:
                engine.register("originals", places_of(files, version))
            found = engine.sql(_places(right, pairs, originals)).to_arrow_table()
    except (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException) as error:
        raise ConditionError(f"where: {one_line(error)}: compare values of one type, e.g. 'rung = 448'") from error
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"{files.locate(path)} is missing or damaged ({one_line(error)}): publish again") from error
    return _units(found, version)


def _require_rungs(engine: duckdb.DuckDBPyConnection, rungs: tuple[int, ...]) -> None:
    known = sorted(rung for (rung,) in engine.sql("SELECT DISTINCT rung FROM ledger").fetchall())
    if unknown := [str(rung) for rung in rungs if rung not in known]:
        raise ConditionError(f"rungs has {unknown[0]}; the version has the rungs {', '.join(map(str, known))}")


def _chosen_rows(engine: duckdb.DuckDBPyConnection, schema: pa.Schema, chosen: Chosen) -> str:
    """The query for the chosen rows of the ledger."""
    splits = ", ".join(f"'{split}'" for split in TABLES if split in chosen.splits)
    tests = [f'"table" IN ({splits or "NULL"})']
    if chosen.rungs:
        tests.append(f"rung IN ({', '.join(map(str, map(int, chosen.rungs)))})")
    if chosen.where:
        condition = checked(engine, with_derived(schema), [("where", chosen.where)])[0]
        tests.append(f"({condition.sql}\n)")  # a comment at its end ends with the line
    return f"SELECT * FROM ledger WHERE {' AND '.join(tests)}"


def _places(right: str, pairs: bool, originals: bool) -> str:
    """The query for the places of chosen rows, as `Unit.picks` has them, with the file."""
    if originals:
        more = "episode_id, original_file, original_group, original_row"
        return f'SELECT file, row_group, "row", {more} FROM ({right}) LEFT JOIN originals USING (image_id)'
    if not pairs:
        return f'SELECT file, row_group, "row", episode_id FROM ({right})'
    number = "row_number() OVER (PARTITION BY sample_id, rung ORDER BY seed, episode_id) AS number"
    wrong = "SELECT * FROM ledger WHERE \"table\" = 'rejected' AND outcome = 'incorrect'"
    return (
        f"WITH good AS (SELECT *, {number} FROM ({right} AND outcome = 'correct')), "
        f"bad AS (SELECT *, {number} FROM ({wrong})) "
        'SELECT good.file, good.row_group, good."row", good.episode_id, bad.file AS other_file, '
        'bad.row_group AS other_group, bad."row" AS other_row, bad.episode_id AS other_id '
        "FROM good JOIN bad USING (sample_id, rung, number)"
    )


def _units(found: pa.Table, version: PublishedDataset) -> list[Unit]:
    codes, names = encoded(found["file"])
    order = np.lexsort((found["row"].to_numpy(), found["row_group"].to_numpy(), codes))
    found, codes = found.take(pa.array(order)).drop_columns(["file"]), codes[order]
    if unknown := sorted({*names.to_pylist()} - {shard.path for shard in version.shards}):
        raise StoreError(
            f"{version.path}/{LEDGER} names {unknown[0]}, which is no shard of the version: verify the version"
        )
    starts = {name: int(np.searchsorted(codes, code)) for code, name in enumerate(names.to_pylist())}
    counts: np.ndarray = np.bincount(codes, minlength=len(names))
    rows = dict(zip(names.to_pylist(), counts, strict=True))
    return [
        Unit(split, shard.path, found.slice(starts[shard.path], int(rows[shard.path])))
        for split in TABLES
        for shard in version.shards_of(split)
        if shard.path in starts
    ]


class ShardReader:
    """Reads rows of one shard as examples, a row group at a time.

    Args:
        written: how the agent wrote boxes.
    """

    def __init__(self, files: Files, path: str, written: Convention) -> None:
        self._files, self._path, self._written = files, path, written
        self._stack = files.open(path)
        self._group: tuple[int, _Group] | None = None
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

    def read(self, group: int, row: int, episode_id: str) -> Example:
        """One row.

        Raises:
            StoreError: the row cannot be read, or is of another episode than the ledger says.
        """
        try:
            if self._group is None or self._group[0] != group:
                self._group = None  # two groups at once would double the memory
                self._group = group, _Group(self._file.read_row_group(group))
            if row < 0:
                raise IndexError(f"there is no row {row}")
            example = self._group[1].example(row, self._written)
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise StoreError(
                f"{self._files.locate(self._path)} row group {group} row {row} cannot be read ({one_line(error)}): "
                "python -m pipelines.verify says what is damaged"
            ) from error
        if example.episode_id != episode_id:
            raise StoreError(
                f"{self._files.locate(self._path)} row group {group} row {row} is episode {example.episode_id}, and "
                f"the ledger has {episode_id} there: python -m pipelines.verify says what is damaged"
            )
        return example


class _Group:
    """A row group in memory: rows as values, and pictures in Arrow memory."""

    def __init__(self, table: pa.Table) -> None:
        images = table.column("images").combine_chunks()
        images = images.chunk(0) if isinstance(images, pa.ChunkedArray) else images
        self._rows = table.drop_columns(["images"]).to_pylist()
        self._offsets = images.offsets.to_pylist()
        self._data = images.values.field("bytes")
        self._names = images.values.field("path").to_pylist()

    def example(self, number: int, written: Convention) -> Example:
        """A row as an example; raises what a malformed row raises."""
        row = self._rows[number]
        episode = episode_of(row)
        start, stop = self._offsets[number : number + 2]
        pictures = tuple(
            PictureFile(self._data[at].as_py(), self._names[at], reference.frame)
            for at, reference in zip(range(start, stop), episode.trajectory.images, strict=True)
        )
        return Example(
            episode.planned.episode_id,
            episode.sample,
            episode.trajectory,
            pictures,
            episode.planned.rung,
            episode.planned.agent,
            written,
            row,
        )


def examples(files: Files, unit: Unit, written: Convention) -> Iterator[tuple[Example, Example | None]]:
    """The examples of a unit in order, each with the wrong one of its pair.

    Raises:
        StoreError: a shard is damaged.
    """
    readers: dict[str, ShardReader] = {}
    originals = Originals(files)

    def reader(path: str) -> ShardReader:
        if path not in readers:
            readers[path] = ShardReader(files, path, written)
        return readers[path]

    try:
        for pick in unit.picks.to_pylist():
            right = reader(unit.file).read(pick["row_group"], pick["row"], pick["episode_id"])
            if pick.get("original_file") is not None:
                place = (pick["original_file"], pick["original_group"], pick["original_row"])
                yield replace(right, original=originals.read(*place, right.sample)), None
            elif "other_file" not in pick:
                yield right, None
            else:
                yield right, reader(pick["other_file"]).read(pick["other_group"], pick["other_row"], pick["other_id"])
    finally:
        for one in readers.values():
            one.close()
