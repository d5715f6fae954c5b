"""The ledger: its rows, and which segments a change makes anew."""

from pathlib import Path

import pytest

from lensmill.facts.measure import measures_of
from storage.builds import ledger as ledgers
from storage.builds.ledger import Ledger, ledger_columns
from storage.builds.ledger_writer import LedgerWriter
from storage.builds.plan import Plan
from storage.files.store import Files, StoreError
from tests.storage.builds.ledgers import ABSTAINED, FAILURE, JUDGE, End, add, finish, ledger_of, retry, right, written
from tests.storage.made import FINGERPRINT


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """A store in which segments are of two chunks, of two episodes each."""
    monkeypatch.setattr(ledgers, "SEGMENT_EPISODES", 4)
    return Files(str(tmp_path))


def paths(ledger: Ledger) -> list[str]:
    return [segment.path for segment in ledger.segments]


def test_every_episode_has_one_row_in_plan_order(files: Files) -> None:
    add(files, range(5))
    finish(files)
    table = written(files).dataset().to_table()
    plan = Plan(files, FINGERPRINT)
    wanted = [
        (chunk_id, position, episode.episode_id)
        for chunk_id in plan.chunk_ids()
        for position, episode in enumerate(plan.read_chunk(chunk_id).episodes)
    ]
    columns = [table.column(name).to_pylist() for name in ("chunk", "position", "episode_id")]
    assert [*zip(*columns, strict=True)] == wanted
    assert table.schema == ledger_of(files).schema


def test_a_row_holds_the_result_of_its_episode(files: Files) -> None:
    add(files, range(3), chunk_size=4)
    ends: dict[int, End] = {0: (FAILURE, "incorrect"), 1: (ABSTAINED, "undecided")}
    finish(files, lambda sample, episode: ends.get(int(sample.answers[0])) or right(sample, episode))
    rows = written(files).dataset().to_table().to_pylist()
    assert [(row["outcome"], row["reason"]) for row in rows] == [
        ("failed", "failed"),
        ("undecided", "abstained"),
        ("correct", None),
    ]
    assert [(row["seconds"], row["zooms"]) for row in rows] == [(1.0, None), (2.0, 1), (2.0, 1)]


def test_growth_leaves_the_segments_of_earlier_chunks_alone(files: Files) -> None:
    add(files, range(5))
    finish(files)
    before = paths(written(files))
    add(files, range(9))
    finish(files)
    grown = ledger_of(files)
    assert paths(grown)[: len(before)] == before
    assert [segment.path for segment in grown.missing()] == paths(grown)[len(before) :]


def test_retried_episodes_rewrite_only_their_segment(files: Files) -> None:
    add(files, range(8))
    finish(files, lambda *_: (FAILURE, "incorrect"))
    before = written(files)
    retry(files, before.segments[1].chunk_ids[0])
    after = ledger_of(files)
    assert [old == new for old, new in zip(paths(before), paths(after), strict=True)] == [True, False]
    outcomes = written(files).dataset().to_table(["outcome"]).column(0).to_pylist()
    assert outcomes == ["failed"] * 4 + ["correct"] * 2 + ["failed"] * 2


def test_chunks_that_a_version_leaves_out_move_no_cut(files: Files) -> None:
    add(files, range(12))
    finish(files)
    every = ledger_of(files)
    chunk_ids = Plan(files, FINGERPRINT).chunk_ids()
    part = ledger_of(files, chunk_ids[1:])
    assert paths(part)[1:] == paths(every)[1:]
    assert paths(part)[0] != paths(every)[0]


def test_a_segment_that_exists_is_not_missing_and_its_bytes_do_not_change(files: Files) -> None:
    add(files, range(2))
    finish(files)
    (segment,) = written(files).segments
    data = files.read(segment.path)
    assert ledger_of(files).missing() == ()
    files.remove(segment.path)
    assert LedgerWriter(files, FINGERPRINT, JUDGE).write(segment) == 2
    assert files.read(segment.path) == data


def test_tables_come_in_plan_order_whatever_their_size(files: Files) -> None:
    add(files, range(10))
    finish(files)
    ledger = written(files)
    whole = ledger.dataset().to_table(["episode_id"]).column(0).to_pylist()
    parts = [table.column(0).to_pylist() for table in ledger.tables(["episode_id"], chunks=2)]
    assert len(parts) == len(ledger.segments)
    assert [name for part in parts for name in part] == whole


def test_a_table_holds_few_segments_however_large_their_chunks_are(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(files, range(10))
    finish(files)
    ledger = written(files)
    monkeypatch.setattr("storage.builds.ledger.TABLE_SEGMENTS", 2)
    assert [len(table) for table in ledger.tables(["episode_id"])] == [8, 2]


def test_a_chunk_that_the_plan_lacks_is_refused(files: Files) -> None:
    add(files, range(2))
    finish(files)
    with pytest.raises(StoreError, match="lacks 1 of the chunks"):
        ledger_of(files, ["0" * 32])


def test_a_damaged_segment_is_told_with_what_to_do(files: Files) -> None:
    add(files, range(2))
    finish(files)
    ledger = written(files)
    files.remove(ledger.segments[0].path)
    files.put(ledger.segments[0].path, b"PAR1 and then nothing")
    with pytest.raises(StoreError, match=r"the ledger is damaged .* delete this folder and run again"):
        list(ledger.tables(["rung"]))


def write_measure(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, column: str, value: str) -> None:
    """Make NAME_measure:SPEC importable: a measure that gives every episode this value in an int32 column."""
    (folder / f"{name}_measure.py").write_text(
        "from lensmill.facts.measure import Column, Measure\n"
        f"COLUMNS = (Column('{column}', 'int32', 'x'),)\n"
        f"SPEC = Measure('{name}', COLUMNS, lambda episode, making: {{'{column}': {value}}})\n"
    )
    monkeypatch.syspath_prepend(str(folder))


def test_a_value_of_another_type_names_its_measure(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_measure(tmp_path, monkeypatch, "mistaken", "half", "'one'")
    add(files, range(2))
    finish(files)
    with pytest.raises(StoreError, match="measure mistaken: a value of half is no int32"):
        written(files, measures=["mistaken_measure:SPEC"])


def test_another_set_of_measures_is_another_ledger(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_measure(tmp_path, monkeypatch, "other", "one", "1")
    add(files, range(2))
    finish(files)
    plain, more = written(files), written(files, measures=["other_measure:SPEC"])
    assert paths(plain) != paths(more)
    assert more.dataset().to_table(["one"]).column(0).to_pylist() == [1, 1]


def test_columns_that_depend_on_the_machine_are_not_repeatable() -> None:
    varying = {column.name for column in ledger_columns(measures_of()) if column.varies}
    assert varying == {"seconds", "model_seconds", "model_retries", "cached_tokens"}
