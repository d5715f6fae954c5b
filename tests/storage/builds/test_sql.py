"""Queries over a ledger: what they see, and what they cannot reach."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from storage.builds.sql import QueryError, ask, connect

ROWS = ds.InMemoryDataset(
    pa.table(
        {
            "sample_id": ["a", "a", "a", "b", "b"],
            "rung": pa.array([224, 224, 448, 224, 224], pa.int32()),
            "outcome": ["correct", "incorrect", "correct", "failed", "failed"],
        }
    )
)


@pytest.fixture
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(threads=1) as engine:
        yield engine


def test_the_view_knows_the_group_of_each_row(engine: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT DISTINCT sample_id, rung, pass_rate, group_episodes FROM ledger ORDER BY ALL"
    rows = ask(engine, ROWS, sql).read_all().to_pylist()
    assert [tuple(row.values()) for row in rows] == [("a", 224, 0.5, 2), ("a", 448, 1.0, 1), ("b", 224, None, 2)]


def test_times_are_of_utc_whatever_the_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    with connect(threads=1) as engine:
        asked = "SELECT current_setting('TimeZone') AS zone, hour(TIMESTAMPTZ '2020-06-01 00:00:00+00') AS hour"
        assert ask(engine, ROWS, asked).read_all().to_pylist() == [{"zone": "UTC", "hour": 0}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM '{file}'",
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM read_blob('{file}')",
        "SELECT * FROM sniff_csv('{file}')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM parquet_scan('{file}')",
        "SELECT (SELECT content FROM read_text('{file}'))",
        "WITH x AS (SELECT * FROM read_text('{file}')) SELECT * FROM x",
        "SELECT getenv('HOME')",
        "FROM secret",
        "COPY ledger TO '{file}.copy'",
        "COPY (SELECT 1) TO '{file}.copy'",
        "EXPORT DATABASE '{folder}/copy'",
        "ATTACH '{folder}/copy.db'",
        "CREATE TABLE t AS SELECT 1",
        "DROP VIEW ledger",
        "SET threads = 8",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA enable_profiling",
        "CALL pragma_version()",
        "SELECT 1; SELECT 2",
        "EXPLAIN ANALYZE COPY ledger TO '{file}.copy'",
        "",
        "nonsense",
    ],
)
def test_a_query_reaches_nothing_but_the_ledger(engine: duckdb.DuckDBPyConnection, sql: str, tmp_path: Path) -> None:
    secret = tmp_path / "file.csv"
    secret.write_text("a,b\n1,2\n")
    with pytest.raises(QueryError) as refused:
        ask(engine, ROWS, sql.format(file=secret, folder=tmp_path)).read_all()
    assert "\n" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["file.csv"]


def test_tables_of_the_program_are_not_found(engine: duckdb.DuckDBPyConnection) -> None:
    mine = pa.table({"a": [1]})
    with pytest.raises(QueryError, match="the table is called ledger"):
        ask(engine, ROWS, "SELECT * FROM mine")
    assert len(mine) == 1


def test_an_unknown_column_is_named_with_near_ones(engine: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(QueryError, match=r'sql: Binder Error: Referenced column "rong" not found .*"rung"'):
        ask(engine, ROWS, "SELECT rong FROM ledger")


def test_a_query_beyond_its_memory_spills() -> None:
    with connect(threads=1, memory_mb=64) as small:
        sql = "SELECT count(*) AS n FROM (SELECT DISTINCT md5(i::VARCHAR) FROM range(1500000) t(i))"
        assert ask(small, ROWS, sql).read_all().to_pylist() == [{"n": 1_500_000}]
