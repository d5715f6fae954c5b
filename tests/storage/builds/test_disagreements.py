import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lensmill.verdict import Verdict
from storage.builds.disagreements import Disagreement, write_disagreements
from storage.builds.episodes import EpisodeStore
from storage.files.store import Files
from tests.judged_build import build_of
from tests.storage.made import FINGERPRINT

RIGHT, WRONG = Verdict("correct", "number", 1.0, "it is"), Verdict("incorrect", "model", None, "no \ud83d")


def disagreements(files: Files, count: int) -> list[Disagreement]:
    plan = build_of(files, [f"answer {number} 数" for number in range(count)])
    episodes = EpisodeStore(files, FINGERPRINT)
    return [
        Disagreement(row, plan.read_chunk(chunk_id).samples[row.planned.sample_id], RIGHT, WRONG)
        for chunk_id in plan.chunk_ids()
        for row in episodes.rows(chunk_id)
    ]


def test_both_files_hold_every_row(files: Files) -> None:
    rows = disagreements(files, 3)
    table, lines = write_disagreements(files, "agreement/x", rows)
    with files.open(table) as source:
        stored = pq.read_table(source).to_pylist()
    assert stored == [json.loads(line) for line in files.read(lines).decode().splitlines()]
    assert len(stored) == 3
    assert stored[0]["question"] == "What is bar 0?"
    assert stored[0]["references"] == ["0"]
    assert stored[0]["answer"] == "answer 0 数"
    assert (stored[0]["first"]["outcome"], stored[0]["second"]["rule"]) == ("correct", "model")


def test_no_disagreement_is_a_table_without_rows(files: Files) -> None:
    table, lines = write_disagreements(files, "agreement/x", [])
    with files.open(table) as source:
        assert pq.read_table(source).num_rows == 0
    assert files.read(lines) == b""


def test_writing_the_same_again_changes_nothing(files: Files) -> None:
    rows = disagreements(files, 2)
    assert write_disagreements(files, "agreement/x", rows) == write_disagreements(files, "agreement/x", rows)
    assert len(files.list("agreement")) == 2
    write_disagreements(files, "agreement/x", rows[:1])
    assert len(files.list("agreement")) == 4


def test_an_error_on_the_way_leaves_nothing(files: Files, tmp_path: Path) -> None:
    rows = disagreements(files, 2)
    before = sorted(tmp_path.rglob("*.parquet"))

    def broken() -> Iterator[Disagreement]:
        yield rows[0]
        raise RuntimeError("pulled the plug")

    with pytest.raises(RuntimeError, match="pulled the plug"):
        write_disagreements(files, "agreement/x", broken())
    assert sorted(tmp_path.rglob("*.parquet")) == before
    assert files.list("agreement") == files.list("staging") == []
