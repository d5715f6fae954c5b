"""The types of a format's columns as an Arrow schema."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from storage.datasets.features import IMAGE, feature_of, schema_with

_NAMED = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}


def arrow_type(kind: Any) -> pa.DataType:
    """A type as `lensmill.formats.spec.FormatSpec.columns` writes types.

    Raises:
        ValueError: there is no such type.
    """
    if isinstance(kind, list) and len(kind) == 1:
        return pa.list_(arrow_type(kind[0]))
    if isinstance(kind, Mapping):
        return pa.struct([(name, arrow_type(inner)) for name, inner in kind.items()])
    if kind in ("image", "file"):
        return IMAGE
    if kind in _NAMED:
        return _NAMED[kind]
    raise ValueError(
        f"{kind!r} is no type of a column: string, int64, float64, bool, image, file, [type] or {{name: type}}"
    )


def feature(kind: Any) -> Any:
    """The feature of `datasets` of such a type: pictures are decoded for "image", and stay structs for "file"."""
    if isinstance(kind, list):
        return [feature(kind[0])]
    if isinstance(kind, Mapping):
        return {name: feature(inner) for name, inner in kind.items()}
    if kind == "file":
        return {"bytes": {"dtype": "binary", "_type": "Value"}, "path": {"dtype": "string", "_type": "Value"}}
    return feature_of(arrow_type(kind))


def schema_of(columns: Mapping[str, Any]) -> pa.Schema:
    """The schema of a format's rows, with the features that `datasets` reads."""
    schema = pa.schema([(name, arrow_type(kind)) for name, kind in columns.items()])
    return schema_with(schema, {name: feature(kind) for name, kind in columns.items()})
