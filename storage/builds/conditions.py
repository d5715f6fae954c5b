"""Conditions in SQL: one boolean expression over the columns of the ledger, and nothing else.

The engine's own parser reads the text. Only the kinds of expressions and the functions that are listed here pass: no
statement, no subquery, no aggregate, and nothing that depends on time, chance or the machine.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from storage.builds.sql import near, one_line

_KINDS = frozenset(
    {"COMPARISON", "CONJUNCTION", "CONSTANT", "COLUMN_REF", "OPERATOR", "FUNCTION", "BETWEEN", "CASE", "CAST"}
    | {"TYPE", "LAMBDA", "COLLATE"}
)
_WORDS = {"SUBQUERY": "a subquery", "WINDOW": "a window", "STAR": "*", "PARAMETER": "a parameter"}
_EMPTY = {"modifiers", "where_clause", "group_expressions", "group_sets", "having", "sample", "qualify"}

_OF_THE_ENGINE = frozenset(
    {"version", "stats", "vector_type", "error", "json_serialize_sql", "json_deserialize_sql", "json_serialize_plan"}
)
"""Functions that tell of the engine, or end a query, and say nothing about a row."""

_OF_TIME = frozenset({"age"})
"""Functions that the engine takes for consistent, and that count from today where they are given one value."""


class ConditionError(ValueError):
    """A condition that cannot be used: one line that names the condition and says what to do."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was checked.

    Attributes:
        columns: that it reads, as the ledger spells them.
    """

    name: str
    sql: str
    columns: frozenset[str]


def checked(
    engine: duckdb.DuckDBPyConnection, schema: pa.Schema, conditions: Sequence[tuple[str, str]]
) -> tuple[Condition, ...]:
    """The conditions, each with the columns that it reads.

    Args:
        schema: every column that a condition may read.
        conditions: name and SQL.

    Raises:
        ConditionError: one is no condition over these columns.
    """
    functions, names = _functions(engine), {name.lower(): name for name in schema.names}
    found = []
    for name, sql in conditions:
        columns = frozenset(_columns(_parsed(engine, name, sql), name, names, functions, frozenset()))
        condition = Condition(name, sql, columns)
        _require_boolean(engine, schema, condition)
        found.append(condition)
    return tuple(found)


def _functions(engine: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Functions of one row's values whose result depends on these values alone."""
    rows = engine.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'scalar' "
        "AND stability = 'CONSISTENT' AND NOT starts_with(function_name, '__internal')"
    ).fetchall()
    return frozenset(name for (name,) in rows) - _OF_THE_ENGINE - _OF_TIME


def _parsed(engine: duckdb.DuckDBPyConnection, name: str, sql: str) -> dict[str, Any]:
    """The one expression of a text."""
    try:
        (row,) = engine.execute("SELECT json_serialize_sql(?)", [f"SELECT {sql}"]).fetchall()
    except duckdb.Error as error:
        raise ConditionError(f"{name}: {one_line(error)}") from error
    tree = json.loads(row[0])
    if tree.get("error"):
        message = str(tree["error_message"])
        if "Only SELECT" in message:
            message = "a condition is one expression, not a statement"
        raise ConditionError(f"{name}: {' '.join(message.split())}: write a condition, e.g. 'zooms > 0'")
    statements = tree["statements"]
    node = statements[0]["node"] if len(statements) == 1 else {}
    plain = (
        node.get("type") == "SELECT_NODE"
        and len(node["select_list"]) == 1
        and node["from_table"]["type"] == "EMPTY"
        and not any(node.get(key) for key in _EMPTY)
        and not node["cte_map"]["map"]
        and not node["select_list"][0].get("alias")
    )
    if not plain:
        raise ConditionError(f"{name}: write one condition, e.g. 'zooms > 0 and rung <= 896', and nothing around it")
    expression: dict[str, Any] = node["select_list"][0]
    return expression


def _columns(
    node: Any, name: str, known: Mapping[str, str], functions: frozenset[str], bound: frozenset[str]
) -> Iterator[str]:
    """The columns that an expression reads. `bound`: names that lambdas around it give."""
    if isinstance(node, list):
        for item in node:
            yield from _columns(item, name, known, functions, bound)
    if not isinstance(node, dict):
        return
    kind = node.get("class")
    if kind is not None and kind not in _KINDS:
        raise ConditionError(f"{name}: {_WORDS.get(kind, kind.lower())} cannot stand in a condition")
    if kind == "FUNCTION":
        _require_function(node, name, functions)
    if kind == "COLUMN_REF":
        yield from _column(node["column_names"], name, known, bound)
        return
    if kind == "LAMBDA":
        bound |= _parameters(node["lhs"])
        yield from _columns(node["expr"], name, known, functions, bound)
        return
    for value in node.values():
        yield from _columns(value, name, known, functions, bound)


def _column(path: Sequence[str], name: str, known: Mapping[str, str], bound: frozenset[str]) -> Iterator[str]:
    written = ".".join(path)
    if path[0] in bound:
        return
    if written.lower() not in known:
        raise ConditionError(f"{name}: there is no column {written[:80]}: {near(written[:80], known)}")
    yield known[written.lower()]


def _parameters(node: Mapping[str, Any]) -> frozenset[str]:
    """The names that the left side of a lambda gives: x, or (x, i)."""
    if node.get("class") == "COLUMN_REF":
        return frozenset({node["column_names"][0]})
    return frozenset().union(*(_parameters(argument["expression"]) for argument in node.get("arguments", [])))


def _require_function(node: Mapping[str, Any], name: str, functions: frozenset[str]) -> None:
    function = str(node["function_name"])
    if node.get("schema") or node.get("catalog") or function.lower() not in functions:
        raise ConditionError(
            f"{name}: the function {function[:80]} cannot stand in a condition: only functions of one row's values "
            "can, without time, chance and settings"
        )


def _require_boolean(engine: duckdb.DuckDBPyConnection, schema: pa.Schema, condition: Condition) -> None:
    """Raise ConditionError unless the engine takes the condition for one that is true or false."""
    engine.register("nothing", schema.empty_table())
    try:
        asked = engine.execute(f"SELECT (\n{condition.sql}\n) FROM nothing LIMIT 0")
    except duckdb.Error as error:
        raise ConditionError(f"{condition.name}: {one_line(error)}") from error
    finally:
        engine.unregister("nothing")
    kind = str(asked.description[0][1])
    if kind.upper() not in ("BOOL", "BOOLEAN"):
        raise ConditionError(f"{condition.name}: is {kind}, not true or false: compare it, e.g. 'zooms > 0'")
