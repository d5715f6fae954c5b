"""Parquet files of a source: columns of any type that holds text or bytes. A bad cell fails alone."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from storage.sources.protocol import SourceError
from storage.sources.rows import RowProblem

Row = Mapping[str, object]
_EXPECTED = "expected image, query, label and optionally human_or_machine"


def open_parquet(file: Path, source: str = "chartqa_hub") -> pq.ParquetFile:
    """Open a Parquet file, to be read in small parts.

    Raises:
        SourceError: the file is not a Parquet file, or cannot be read.
    """
    try:
        return pq.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(
            f"sources/{source}: {file} is not a Parquet file ({one_line(error)}); fetch it again"
        ) from error


def row_at(batch: pa.RecordBatch, index: int) -> Row | RowProblem:
    """One row as Python objects, or the cell that cannot become one."""
    row: dict[str, object] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            row[name] = column[index].as_py()
        except UnicodeDecodeError as error:
            return RowProblem("bad_text", f'field "{name}" is not UTF-8 (byte {error.start}); mend its encoding')
        except (pa.ArrowException, ValueError, OverflowError, TypeError) as error:
            return RowProblem("bad_field", f'field "{name}" cannot be read ({one_line(error)}); mend it')
    return row


def check_columns(columns: Iterable[str], where: object) -> None:
    """
    Raises:
        SourceError: a column is missing, or there twice.
    """
    names = list(columns)
    twice = [name for name in ("image", "query", "label") if names.count(name) > 1]
    if twice:
        raise SourceError(f'sources/chartqa_hub: {where} has column "{twice[0]}" twice; drop one')
    missing = [name for name in ("image", "query", "label") if name not in names]
    if missing:
        raise SourceError(
            f'sources/chartqa_hub: {where} has no column "{missing[0]}" (columns: {", ".join(names)}); {_EXPECTED}'
        )


def check_schema(schema: pa.Schema, file: Path) -> None:
    """
    Raises:
        SourceError: a column is missing, or cannot hold what is expected of it.
    """
    check_columns(schema.names, file)
    image, query, label = (_plain(schema.field(name).type) for name in ("image", "query", "label"))
    fields = [field.name for field in image] if pa.types.is_struct(image) else []
    if not (_is_bytes(image) or _is_text(image) or "bytes" in fields or "path" in fields or pa.types.is_null(image)):
        raise SourceError(
            f'sources/chartqa_hub: {file} column "image" is {image}; expected struct<bytes, path>, binary or string'
        )
    if not (_is_text(query) or pa.types.is_null(query)):
        raise SourceError(f'sources/chartqa_hub: {file} column "query" is {query}; expected string')
    item = _plain(label.value_type) if any(is_list(label) for is_list in _LISTS) else label
    if not (_is_text(item) or any(is_kind(item) for is_kind in _NUMBERS)):
        raise SourceError(f'sources/chartqa_hub: {file} column "label" is {label}; expected string or list<string>')


_NUMBERS = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_null)
"""Types of a label besides text. A file without any label has the type null: its rows fail one by one."""

_LISTS = (
    pa.types.is_list,
    pa.types.is_large_list,
    pa.types.is_fixed_size_list,
    pa.types.is_list_view,
    pa.types.is_large_list_view,
)


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type of the values, in any storage: a dictionary, runs, or an extension type."""
    while True:
        if isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        elif pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
            kind = kind.value_type
        else:
            return kind


def _is_bytes(kind: pa.DataType) -> bool:
    return any(
        is_kind(kind)
        for is_kind in (
            pa.types.is_binary,
            pa.types.is_large_binary,
            pa.types.is_binary_view,
            pa.types.is_fixed_size_binary,
        )
    )


def _is_text(kind: pa.DataType) -> bool:
    return any(is_kind(kind) for is_kind in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))


def one_line(error: BaseException) -> str:
    """The text of an error, in one line of at most 200 characters."""
    return " ".join(str(error).split())[:200]
