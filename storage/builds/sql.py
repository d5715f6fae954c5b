"""The query engine over ledgers: DuckDB in memory, bounded, and cut off from files, network and its own settings."""

import difflib
import os
import tempfile
from collections.abc import Iterable

import duckdb

from lensmill.facts.measure import Column

MEMORY_MB = 512
"""Of a query; what needs more is put into temporary files."""

DERIVED = (
    Column("pass_rate", "float64", "correct episodes of the group (same sample and rung), of those that did not fail"),
    Column("group_episodes", "int64", "episodes of the group"),
)
"""Columns that queries and conditions see and the ledger does not store: they change when the build grows."""

ROWS = "facts"
"""Name under which the rows of a ledger are registered; `view` makes `ledger` of it."""


def connect(threads: int | None = None, memory_mb: int = MEMORY_MB) -> duckdb.DuckDBPyConnection:
    """A new engine without any table. Nothing that it is asked can reach a file, the network, an extension or a
    variable of ours."""
    spill = os.path.join(tempfile.gettempdir(), f"lensmill-sql-{os.getpid()}")
    switches = (
        *("enable_external_access", "autoload_known_extensions", "autoinstall_known_extensions"),
        *("allow_community_extensions", "python_enable_replacements"),
    )
    return duckdb.connect(
        config={
            **dict.fromkeys(switches, "false"),
            "memory_limit": f"{memory_mb}MB",
            "temp_directory": spill,
            "threads": str(threads or len(os.sched_getaffinity(0))),
            "lock_configuration": "true",
        }
    )


def derived(over: str = "") -> str:
    """`DERIVED` in SQL, over the rows of one group or, with `over`, of a window."""
    correct, judged = (f"sum((outcome {test})::INTEGER) {over}" for test in ("= 'correct'", "<> 'failed'"))
    return f"{correct} / nullif({judged}, 0) AS pass_rate, count(*) {over} AS group_episodes"


def view(engine: duckdb.DuckDBPyConnection) -> None:
    """Make the view `ledger` of the registered rows: their columns and `DERIVED`."""
    engine.execute(
        f"CREATE OR REPLACE VIEW ledger AS SELECT *, {derived('OVER same')} FROM {ROWS} "
        "WINDOW same AS (PARTITION BY sample_id, rung)"
    )


def one_line(error: Exception) -> str:
    """What the engine says of an error, without the statement and its marks."""
    text = str(error).split("\n\nLINE")[0].split("\nLINE")[0]
    return " ".join(text.split())[:300]


def near(name: str, known: Iterable[str]) -> str:
    """Names like this one, for a message; or where to find all of them."""
    found = difflib.get_close_matches(name.lower(), [*known], n=3, cutoff=0.5)
    return f"did you mean {' or '.join(found)}?" if found else "python -m pipelines.query --help lists the columns"
