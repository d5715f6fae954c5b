"""Questions about episodes: SQL over the ledger of a build or of a version.

    python -m pipelines.query out=out/chartqa "select rung, count(*) from ledger group by rung order by rung"

Reads the ledger only. Segments of a build's ledger that are missing are written first. Starts no cluster.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from actors.publishing.ledger import written_ledger
from lensmill.facts.measure import Column, measures_of
from monitoring.answers import write_csv, write_json, write_table
from monitoring.progress import ProgressDisplay, count_text
from pipelines.command import run_command
from pipelines.config import SettingsError, load, with_folder
from pipelines.exit_status import ExitStatus
from pipelines.recipe import find_build, find_judges
from pipelines.settings import QuerySettings
from storage.builds.judged import JudgedBuild
from storage.builds.ledger import ledger_columns
from storage.builds.sql import DERIVED, QueryError, ask, connect, one_line
from storage.builds.verdicts import VerdictStore
from storage.datasets.version import published
from storage.files.arrow import arrow_filesystem
from storage.files.store import Files, StoreError
from storage.files.watch import StoreWatch

INTRODUCTION = """\
Ask about episodes in SQL: the table ledger has one row of facts for every judged episode.

usage: python -m pipelines.query out=... [name=value ...] "SELECT ..."

examples:
  python -m pipelines.query out=out/chartqa "select rung, count(*), avg(seconds) from ledger group by rung"
  python -m pipelines.query out=out/chartqa version=2026-01-31 to=rows.csv \\
      "select * from ledger where zooms > 2 and target_coverage < 0.5"
  python -m pipelines.query out=s3://bucket/charts store=s3 "summarize ledger"

docs/query.md has more. The SQL is DuckDB's. A query reads the ledger and nothing else: no file, no network.

"""

PLACES = (
    Column("table", "string", 'train, validation, rejected or failures; a word of SQL, so write "table" in quotes'),
    Column("file", "string", "path of the shard that holds the row, from the store's root"),
    Column("row_group", "int32", "row group of the shard"),
    Column("row", "int32", "row in the row group, from 0"),
)
"""Further columns of a version's ledger."""

_QUERY = re.compile(
    r"\s*(?:select|with|from|describe|summarize|explain|values|pivot|unpivot|show|drop|copy|insert|update|delete|create"
    r"|alter|attach|set|pragma|call|install|load|export|import|\()\s",
    re.IGNORECASE,
)
"""The beginning of a bare argument that is a query, or is meant to be one: the engine then explains the refusal."""

_FORMATS = {".csv": "csv", ".jsonl": "json", ".parquet": "parquet"}


def introduction() -> str:
    """The beginning of --help, with every column."""
    groups = [(measure.name, measure.columns) for measure in measures_of()]
    named = {column.name for _, columns in groups for column in columns}
    rest = tuple(column for column in ledger_columns(measures_of()) if column.name not in named)
    groups += [("place and upkeep", rest), ("of the group (computed)", DERIVED), ("of a version only", PLACES)]
    lines = ["columns of the table ledger (null: not known, or does not apply):"]
    for name, columns in groups:
        lines.append(f"  {name}")
        lines += [f"    {column.name:<20} {column.kind:<14} {column.doc}" for column in columns]
    return INTRODUCTION + "\n".join(lines) + "\n"


def rows_of(files: Files, settings: QuerySettings, display: ProgressDisplay) -> ds.Dataset:
    """The rows that a query reads.

    Raises:
        SettingsError: there is no such build or version, or there are several builds.
        StoreError: the store cannot be read, or the ledger cannot be written.
    """
    if settings.version is not None:
        return _of_version(files, settings.version)
    build = find_build(files, settings.build).fingerprint
    judge = _judge(find_judges(files, build), settings.judged_by)
    judged = VerdictStore(files, build, judge).committed()
    there = JudgedBuild(files, build, judge)
    chunk_ids = [chunk_id for chunk_id in there.plan.chunk_ids() if chunk_id in judged]
    if not chunk_ids:
        raise SettingsError(f"{files.locate(f'builds/{build}')}: no chunk is judged yet: run the build first")
    layers = there.layers(chunk_ids)

    def show(done: int, total: int) -> None:
        if not done:
            display.begin("measuring (parts of the ledger)", total, "episodes to be read")
        display.checked(done, "episodes that no version has held yet")

    ledger = written_ledger(
        files, build, judge, chunk_ids, layers, settings.measures, show=show, tasks=_in_this_process
    )
    display.close()
    return ledger.dataset()


def _in_this_process(work: Callable[[Any], Any], items: Iterable[Any], *_: Any, **__: Any) -> Iterator[Any]:
    """`actors.cluster.tasks.in_order` without a cluster."""
    return map(work, items)


def _of_version(files: Files, version: str) -> ds.Dataset:
    if published(files, version) is None:
        raise SettingsError(f"version={version}: there is no such version (pipelines.status lists them)")
    path = f"datasets/{version}/ledger.parquet"
    if not files.exists(path):
        raise SettingsError(f"version={version}: it has no ledger: publish it again, or ask its build (build=...)")
    filesystem, prefix = arrow_filesystem(files)
    try:
        return ds.dataset(f"{prefix}{path}", filesystem=filesystem, format="parquet")
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"{files.locate(path)} is damaged ({one_line(error)}): pipelines.verify says more") from error


def _judge(judges: Mapping[str, str], wanted: str | None) -> str:
    found = [judge for judge in judges if judge.startswith(wanted or "")]
    if len(found) == 1:
        return found[0]
    if not judges:
        raise SettingsError("the build has no verdicts yet: run it, or pipelines.judge")
    listed = "; ".join(f"{judge}: {what}" for judge, what in judges.items())
    raise SettingsError(f"judged_by: {'no' if not found else 'more than one'} judge fits: say judged_by=... ({listed})")


def answer(reader: pa.RecordBatchReader, settings: QuerySettings, stream: TextIO) -> int | None:
    """Write an answer to the stream or to a file. Return the number of rows in the file; None for the stream."""
    if settings.to is None:
        if settings.format in (None, "table"):
            write_table(reader, stream, settings.limit)
        else:
            (write_csv if settings.format == "csv" else write_json)(reader, stream)
        return None
    form = settings.format or _FORMATS.get(Path(settings.to).suffix)
    if form is None or form == "table":
        raise SettingsError(f"to={settings.to}: name it .csv, .jsonl or .parquet, or say format=")
    part = f"{settings.to}.part"
    try:
        rows = _write(reader, part, form)
        os.replace(part, settings.to)
    except OSError as error:
        raise SettingsError(f"to={settings.to}: {error.strerror or error}") from error
    finally:
        Path(part).unlink(missing_ok=True)
    return rows


def _write(reader: pa.RecordBatchReader, path: str, form: str) -> int:
    if form != "parquet":
        with open(path, "w", encoding="utf-8", newline="") as stream:
            return (write_csv if form == "csv" else write_json)(reader, stream)
    rows = 0
    with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += len(batch)
    return rows


def run(settings: QuerySettings, stream: TextIO) -> None:
    """Answer one query.

    Raises:
        SettingsError: see `rows_of`; or the file cannot be written.
        QueryError: see `storage.builds.sql.ask`.
        StoreError: see `rows_of`.
    """
    if "://" not in settings.out and not Path(settings.out).is_dir():
        raise SettingsError(f"out={settings.out}: there is no store at {os.path.abspath(settings.out)}: build first")
    files = settings.store.open(settings.out)
    with ProgressDisplay() as display, StoreWatch(files, display.say), connect() as engine:
        rows = rows_of(files, settings, display)
        try:
            count = answer(ask(engine, rows, settings.sql), settings, stream)
        except (duckdb.Error, pa.ArrowException) as error:  # while its rows are made
            raise QueryError(f"sql: {one_line(error)}") from error
        if count is not None:
            display.say(f"{count_text(count, 'row')} in {settings.to}", rows=count, path=settings.to)


def with_query(arguments: Sequence[str]) -> list[str]:
    """Arguments with a bare query written as sql=..., and a bare folder as out=..."""
    return with_folder([f"sql={argument}" if _QUERY.match(argument) else argument for argument in arguments])


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""

    def query(arguments: Sequence[str]) -> int:
        run(load("query", QuerySettings, arguments), sys.stdout)
        return ExitStatus.DONE

    asks = {"-h", "--help"} & {*arguments}
    return run_command("query", introduction() if asks else "", with_query(arguments), query)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
