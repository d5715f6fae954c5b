"""The query engine over ledgers: DuckDB in memory, bounded, and cut off from files, network and its own settings."""

import difflib
import os
import tempfile
from collections.abc import Iterable

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from lensmill.facts.measure import Column

MEMORY_MB = 512
"""Memory of a query in megabytes; data beyond it goes into temporary files."""

DERIVED = (
    Column("pass_rate", "float64", "correct episodes of the group (same sample and rung), of those that did not fail"),
    Column("group_episodes", "int64", "episodes of the group"),
)
"""Columns that queries and conditions see and the ledger does not store, because they change when the build grows."""

BATCH = 16_384
"""Rows of an answer that are held at once."""

_SELECT = duckdb.StatementType.SELECT

ROWS = "facts"
"""Name under which the rows of a ledger are registered; `view` makes `ledger` of it."""


def connect(threads: int | None = None, memory_mb: int = MEMORY_MB) -> duckdb.DuckDBPyConnection:
    """A new engine without any table. No query can reach a file, the network, an extension or a variable of this
    process. Times are in UTC, whatever the machine's zone."""
    spill = os.path.join(tempfile.gettempdir(), f"lensmill-sql-{os.getpid()}")
    switches = (
        *("enable_external_access", "autoload_known_extensions", "autoinstall_known_extensions"),
        *("allow_community_extensions", "python_enable_replacements"),
    )
    engine = duckdb.connect(
        config={
            **dict.fromkeys(switches, "false"),
            "memory_limit": f"{memory_mb}MB",
            "temp_directory": spill,
            "threads": str(threads or len(os.sched_getaffinity(0))),
        }
    )
    engine.execute("SET TimeZone = 'UTC'; SET lock_configuration = true")
    return engine


def derived(over: str = "") -> str:
    """`DERIVED` in SQL, over the rows of one group or, with `over`, of a window."""
    correct, judged = (f"sum((outcome {test})::INTEGER) {over}" for test in ("= 'correct'", "<> 'failed'"))
    return f"{correct} / nullif({judged}, 0) AS pass_rate, count(*) {over} AS group_episodes"


def with_derived(schema: pa.Schema) -> pa.Schema:
    """The schema of a ledger with `DERIVED`: every column that a condition may read."""
    for column in DERIVED:
        schema = schema.append(pa.field(column.name, pa.float64() if column.kind == "float64" else pa.int64()))
    return schema


def view(engine: duckdb.DuckDBPyConnection) -> None:
    """Make the view `ledger` of the registered rows: their columns and `DERIVED`."""
    engine.execute(
        f"CREATE OR REPLACE VIEW ledger AS SELECT *, {derived('OVER same')} FROM {ROWS} "
        "WINDOW same AS (PARTITION BY sample_id, rung)"
    )


def one_line(error: Exception) -> str:
    """The engine's error message, without the statement and its marks."""
    text = str(error).split("\n\nLINE")[0].split("\nLINE")[0]
    return " ".join(text.split())[:300]


def near(name: str, known: Iterable[str]) -> str:
    """Names like this one, for a message; or where to find all of them."""
    found = difflib.get_close_matches(name.lower(), [*known], n=3, cutoff=0.5)
    return f"did you mean {' or '.join(found)}?" if found else "python -m pipelines.query --help lists the columns"


class QueryError(ValueError):
    """A query that cannot be answered: one line that says what to do."""


def ask(engine: duckdb.DuckDBPyConnection, rows: ds.Dataset, sql: str) -> pa.RecordBatchReader:
    """The answer to a query over the table `ledger`, which these rows are.

    Raises:
        QueryError: the text is not a single SELECT, or the engine refuses the query or fails.
    """
    engine.register(ROWS, rows)
    view(engine)
    try:
        statements = engine.extract_statements(sql)
        if [statement.type for statement in statements] not in ([_SELECT], [duckdb.StatementType.EXPLAIN]):
            raise QueryError("sql: give one SELECT over the table ledger; nothing can be changed from here")
        return _plain(engine.sql(sql).to_arrow_reader(BATCH))
    except duckdb.Error as error:
        raise QueryError(f"sql: {_explained(error)}") from error


def _plain(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The same answer with sums as whole numbers; the engine makes them decimals."""
    schema = pa.schema([field.with_type(_type(field.type)) for field in reader.schema])
    return pa.RecordBatchReader.from_batches(schema, (batch.cast(schema) for batch in reader))


def _type(of: pa.DataType) -> pa.DataType:
    if not pa.types.is_decimal(of):
        return of
    return pa.float64() if of.scale else pa.int64()


def _explained(error: duckdb.Error) -> str:
    line = one_line(error)
    if "Table with name" in line:
        return f"{line}; the table is called ledger"
    if "disabled by configuration" in line or "configuration has been locked" in line:
        return f"{line}; a query reads the table ledger and nothing else"
    return line
