"""Column types of a file, as plain values, and what trainers read wrongly because of a type alone.

A type is the name of a scalar ("string", "binary", "null", "int64", "double", "bool" ...), a list of one type for a
list, or a mapping from names to types for a struct.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from lensmill.formats.checking import Finding

Plain: TypeAlias = Any
"""A type: a str, a list with one type, or a mapping."""

Columns: TypeAlias = Mapping[str, Plain]
Features: TypeAlias = Mapping[str, Any] | None
"""The `features` that `datasets` has written beside a Parquet schema, as JSON; None without them."""


def item_of(kind: Plain) -> Plain:
    """The type of a list's items; None for other types."""
    return kind[0] if isinstance(kind, list) and kind else None


def field_of(kind: Plain, name: str) -> Plain:
    """The type of a struct's field; None for other types, and without the field."""
    return kind.get(name) if isinstance(kind, Mapping) else None


def nulls_in(kind: Plain, where: str) -> Iterator[str]:
    """The places of type null: a column that was inferred from values that were all missing."""
    if kind == "null":
        yield where
    elif isinstance(kind, Mapping):
        for name, inner in kind.items():
            yield from nulls_in(inner, f"{where}.{name}")
    elif (item := item_of(kind)) is not None:
        yield from nulls_in(item, f"{where}[]")


def is_image_feature(features: Features, name: str) -> bool:
    """Whether `datasets` decodes a column's items as pictures."""
    value = (features or {}).get(name)
    while isinstance(value, list) and value:
        value = value[0]
    for _ in range(3):
        if not isinstance(value, Mapping):
            return False
        if value.get("_type") == "Image":
            return True
        value = value.get("feature")
    return False


def check_call_columns(messages: Plain, where: str) -> Iterator[Finding]:
    """Arguments of `tool_calls` as a struct: each call gets every key, with nulls."""
    call = item_of(field_of(item_of(messages), "tool_calls"))
    arguments = field_of(field_of(call, "function"), "arguments")
    if isinstance(arguments, Mapping):
        yield Finding(
            "arguments_as_struct",
            f"{where}[].tool_calls",
            "arguments are an Arrow struct, so calls with unlike keys get nulls, which the model learns: keep "
            "arguments as a JSON string",
        )


def check_tools_column(columns: Columns, name: str = "tools") -> Iterator[Finding]:
    """Tool schemas as structs: Arrow unites unlike schemas."""
    properties = item_of(columns.get(name))
    if isinstance(properties, Mapping):
        yield Finding(
            "tools_as_struct",
            name,
            f"{name} is a list of Arrow structs: unlike schemas are united, with nulls and minItems: 4.0, and the "
            "model learns them: put the schemas into the system's text, or keep them as a JSON string",
        )
