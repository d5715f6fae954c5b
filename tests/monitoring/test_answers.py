"""Answers to queries as text."""

import io
import json

import pyarrow as pa

from monitoring.answers import write_csv, write_json, write_table


def answer() -> pa.RecordBatchReader:
    table = pa.table({"rung": [224, 448], "share": [0.25, None], "name": ["a\nb", "x" * 100], "areas": [[0.5], []]})
    return table.to_reader()


def text(write: object, *values: int) -> str:
    stream = io.StringIO()
    assert callable(write)
    write(answer(), stream, *values)
    return stream.getvalue()


def test_a_table_has_numbers_on_the_right_and_long_texts_cut() -> None:
    head, line, first, second, last = text(write_table, 10).splitlines()
    assert head.split() == ["rung", "share", "name", "areas"]
    assert set(line) == {"-", " "}
    assert first == " 224   0.25  a b" + " " * 59 + "[0.5]"
    assert second == " 448         " + "x" * 57 + "...  []"
    assert last == "2 rows"


def test_a_table_that_is_cut_says_how_to_see_the_rest() -> None:
    assert text(write_table, 1).splitlines()[-1] == "the first 1 rows; limit= shows more, to=FILE.csv writes all"


def test_an_answer_without_rows_has_its_names() -> None:
    stream = io.StringIO()
    write_table(answer().schema.empty_table().to_reader(), stream, 10)
    assert stream.getvalue().split() == [
        "rung",
        "share",
        "name",
        "areas",
        "----",
        "-----",
        "----",
        "-----",
        "0",
        "rows",
    ]


def test_csv_has_lists_as_json() -> None:
    assert text(write_csv).splitlines()[:3] == ["rung,share,name,areas", '224,0.25,"a', 'b",[0.5]']


def test_json_has_an_object_a_line() -> None:
    rows = [json.loads(line) for line in text(write_json).splitlines()]
    assert rows[0] == {"rung": 224, "share": 0.25, "name": "a\nb", "areas": [0.5]}
