"""`pipelines.query` as a person uses it."""

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.query import introduction, main
from storage.builds.sql import DERIVED
from storage.files.store import Files
from tests.storage.builds.ledgers import ledger_of, mixed_build, written

BY_RUNG = "select rung, count(*) as n, sum(zooms) as zooms from ledger group by rung order by rung"


@pytest.fixture
def out(tmp_path: Path) -> str:
    """A store with a judged build, of which nothing is measured yet."""
    return mixed_build(tmp_path / "out").root


def ask(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    """What a query prints, or the one line that says why not."""
    assert main(arguments) == status
    captured = capsys.readouterr()
    return captured.out if status == 0 else captured.err


def test_a_query_prints_a_table(out: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ask(capsys, f"out={out}", BY_RUNG).splitlines()
    assert [line.split() for line in lines[2:]] == [["224", "8", "7"], ["448", "8", "7"], ["2", "rows"]]


def test_the_folder_may_stand_alone_and_the_query_as_a_setting(out: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, out, f"sql={BY_RUNG}") == ask(capsys, BY_RUNG, f"out={out}")


def test_missing_segments_of_the_ledger_are_written_once(out: str, capsys: pytest.CaptureFixture[str]) -> None:
    ask(capsys, out, BY_RUNG)
    (segment,) = ledger_of(Files(out)).segments
    data = Path(Files(out).locate(segment.path)).stat().st_mtime_ns
    ask(capsys, out, BY_RUNG)
    assert Path(Files(out).locate(segment.path)).stat().st_mtime_ns == data


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet"])
def test_an_answer_is_written_to_a_file(
    name: str, out: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    ask(capsys, out, "select episode_id, rung from ledger order by episode_id", f"to={path}")
    if name.endswith("csv"):
        rows = [row["episode_id"] for row in csv.DictReader(path.open())]
    elif name.endswith("jsonl"):
        rows = [json.loads(line)["episode_id"] for line in path.read_text().splitlines()]
    else:
        rows = pq.read_table(path).column("episode_id").to_pylist()
    assert rows == sorted(written(Files(out)).dataset().to_table(["episode_id"]).column(0).to_pylist())
    assert [other.name for other in tmp_path.iterdir() if other.name.startswith("rows")] == [name]


def test_csv_and_json_are_printed_for_other_programs(out: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, out, BY_RUNG, "format=csv").splitlines()[:2] == ["rung,n,zooms", "224,8,7"]
    assert json.loads(ask(capsys, out, BY_RUNG, "format=json").splitlines()[0]) == {"rung": 224, "n": 8, "zooms": 7}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("select rong from ledger",), 'Referenced column "rong" not found'),
        (("drop table ledger",), "give one SELECT"),
        (("select * from read_text('/etc/passwd')",), "a query reads the table ledger and nothing else"),
        ((BY_RUNG, "judged_by=zz"), "judged_by: no judge fits"),
        ((BY_RUNG, "build=zz"), "no build whose fingerprint begins with zz"),
        ((BY_RUNG, "version=v1"), "version=v1: there is no such version"),
        ((BY_RUNG, "version=v1", "build=ff"), "version has its own ledger"),
        ((BY_RUNG, "to=/nowhere/rows.csv"), "to=/nowhere/rows.csv: No such file or directory"),
        ((BY_RUNG, "to=rows.xls"), "to=rows.xls: name it .csv"),
        ((BY_RUNG, "format=parquet"), "format=parquet needs a file"),
        ((BY_RUNG, "measures=[nowhere:SPEC]"), "there is no module nowhere"),
        (("select error('boom') from ledger",), "sql: "),
        ((), "sql is not set"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: tuple[str, ...], said: str, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    *_, line = ask(capsys, f"out={out}", *arguments, status=2).splitlines()
    assert said in line


def test_a_folder_without_a_store_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no store at" in ask(capsys, f"out={tmp_path / 'none'}", BY_RUNG, status=2)


def test_help_lists_every_column(out: str) -> None:
    text = introduction()
    names = [*ledger_of(Files(out)).schema.names, *(column.name for column in DERIVED)]
    assert all(f"    {name} " in text for name in names)
