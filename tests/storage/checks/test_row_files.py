"""Files of rows are read row by row, and damage costs itself."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from storage.checks import row_files
from storage.checks.row_files import Unreadable, plain_type, read_rows
from storage.files.store import Files

ROWS = [{"text": f'row {number} \\ " ] é', "list": [[1], {}]} for number in range(40)]


def read(folder: Path, name: str) -> list[object]:
    return list(read_rows(Files(str(folder)), name))


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("piece", [16, 100, 2**20])
def test_an_array_is_read_in_pieces_of_any_size(
    indent: int | None, piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_files, "_PIECE", piece)
    (tmp_path / "a.json").write_text(json.dumps(ROWS, indent=indent, ensure_ascii=False))
    assert read(tmp_path, "a.json") == ROWS


def test_an_array_with_a_mark_of_byte_order_and_blanks_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf \n" + json.dumps(ROWS).encode())
    assert read(tmp_path, "a.json") == ROWS


@pytest.mark.parametrize("end", ["", '{"text": ', '{"text": "a"} oh'])
def test_an_array_that_ends_early_gives_its_rows_and_one_problem(end: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(f'[{{"text": "a"}}, {end}')
    first, *_, last = read(tmp_path, "a.json")
    assert first == {"text": "a"}
    assert isinstance(last, Unreadable)


def test_lines_are_read_and_a_broken_line_costs_itself(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"a": 1}\n\n{broken\n{"a": "\xff"}\n[]\n{"a": 2}')
    rows = read(tmp_path, "a.jsonl")
    assert rows[0] == {"a": 1}
    assert rows[-1] == {"a": 2}
    assert [type(row) for row in rows[1:-1]] == [Unreadable] * 3


def test_a_long_line_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_files, "MOST_BYTES", 100)
    (tmp_path / "a.jsonl").write_text(json.dumps({"a": "x" * 1000}) + '\n{"a": 2}\n')
    problem, row = read(tmp_path, "a.jsonl")
    assert isinstance(problem, Unreadable)
    assert row == {"a": 2}


def test_one_object_over_several_lines_is_no_file_of_rows(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"a": 1, "b": 2}, indent=1))
    (problem,) = read(tmp_path, "a.json")
    assert isinstance(problem, Unreadable)


def test_deep_nesting_is_a_problem_of_its_row(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("[" * 100_000 + '\n{"a": 2}\n')
    rows = read(tmp_path, "a.jsonl")
    assert isinstance(rows[0], Unreadable)


def test_arrow_types_become_plain_values() -> None:
    kind = pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.null()), ("n", pa.large_list(pa.int32()))]))
    assert plain_type(kind) == [{"bytes": "binary", "path": "null", "n": ["int32"]}]
    assert plain_type(pa.dictionary(pa.int32(), pa.string())) == "string"
