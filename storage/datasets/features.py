"""Hugging Face feature metadata, written into Parquet schemas so that `datasets` needs no script.

The form is the one that every version of `datasets` reads: a list of features is a JSON list with one entry.
"""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
"""A picture's file and its name; `datasets` decodes it."""


def with_features(schema: pa.Schema) -> pa.Schema:
    """The schema with its columns' features in the metadata that `datasets` reads."""
    return schema_with(schema, {column.name: feature_of(column.type) for column in schema})


def schema_with(schema: pa.Schema, features: Mapping[str, Any]) -> pa.Schema:
    """The schema with these features, by column."""
    return schema.with_metadata(
        {"huggingface": json.dumps({"info": {"features": dict(features)}}, separators=(",", ":"))}
    )


def feature_of(kind: pa.DataType) -> Any:
    """The feature of a column's type, as JSON values."""
    if kind == IMAGE:
        return {"_type": "Image"}
    if pa.types.is_list(kind):
        return [feature_of(kind.value_type)]
    if pa.types.is_struct(kind):
        return {entry.name: feature_of(entry.type) for entry in kind}
    return {"dtype": _names().get(kind, str(kind)), "_type": "Value"}


def _names() -> dict[pa.DataType, str]:
    return {pa.float64(): "float64", pa.float32(): "float32"}  # pyarrow calls them double and float
