"""Exports of hostile versions, of formats that fail, and into folders of somebody else."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lensmill.formats.example import Example, LeftOut
from lensmill.formats.spec import FORMATS, FormatSpec, Row
from lensmill.formats.trl import SPEC as TRL
from lensmill.formats.trl import TrlSettings
from lensmill.formats.verl_rl import SPEC as VERL_RL
from lensmill.formats.verl_rl import VerlRlSettings
from storage.exports.episodes import Chosen, convention_of, open_version, units_of
from storage.exports.export import CLAIM, Inputs, claim, works
from storage.exports.parts import Export, PartRecord, make_part
from storage.files.store import Files, StoreError
from tests.storage.exports.versions import VERSION, a_version


@pytest.fixture
def source(tmp_path: Path) -> Files:
    """A store with a version of six accepted episodes; two of them have a rejected one beside them."""
    a_version(str(tmp_path / "out"), wrong=(1, 4))
    return Files(str(tmp_path / "out"))


def inputs_of(source: Files, settings: Any = None, chosen: Chosen | None = None) -> Inputs:
    version = open_version(source, VERSION)
    return Inputs(version, chosen or Chosen(), Export(settings or TrlSettings(), convention_of(version)))


def parts_of(source: Files, target: Files, settings: Any = None) -> list[PartRecord]:
    inputs = inputs_of(source, settings)
    units = units_of(source, open_version(source, VERSION), Chosen(), originals=inputs.export.spec.originals)
    return [make_part(work) for work in works(source, target, inputs, units)]


def with_rows(monkeypatch: pytest.MonkeyPatch, spec: FormatSpec, rows: Callable[[Any, Example], Iterator[Row]]) -> None:
    """Let the format of a spec make other rows."""
    monkeypatch.setattr(type(FORMATS), "of", lambda _self, _settings: replace(spec, rows=rows))


def test_a_folder_with_a_file_that_no_export_wrote_is_refused_and_the_file_stays(source: Files, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/README.md").write_text("mine")
    with pytest.raises(StoreError, match="empty folder"):
        claim(Files(str(tmp_path / "mine")), inputs_of(source))
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["README.md"]


def test_the_folder_of_a_version_is_no_place_for_an_export(source: Files, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"README\.md is there already"):
        claim(Files(str(tmp_path / "out/datasets" / VERSION)), inputs_of(source))


def test_rows_of_somebody_else_are_not_mixed_with_those_of_an_export(source: Files, tmp_path: Path) -> None:
    (tmp_path / "mine/train").mkdir(parents=True)
    (tmp_path / "mine/train/rows.parquet").write_text("mine")
    with pytest.raises(StoreError, match=r"train/rows\.parquet"):
        claim(Files(str(tmp_path / "mine")), inputs_of(source))


def test_of_two_exports_that_begin_in_the_same_moment_the_one_with_other_settings_is_refused(
    source: Files, tmp_path: Path
) -> None:
    class Late(Files):
        """A folder whose claim another export makes just before this one."""

        def create(self, path: str, data: bytes) -> bool:
            other = inputs_of(source, TrlSettings(rows="turn")).record()
            super().create(path, json.dumps(other, sort_keys=True).encode())
            return super().create(path, data)

    with pytest.raises(StoreError, match="different: settings"):
        claim(Late(str(tmp_path / "x")), inputs_of(source))
    assert json.loads((tmp_path / "x" / CLAIM).read_text())["settings"]["rows"] == "turn"


def test_a_ledger_that_names_the_place_of_another_episode_is_refused(source: Files, tmp_path: Path) -> None:
    path = tmp_path / "out/datasets" / VERSION / "ledger.parquet"
    ledger = pq.read_table(path)
    column = ledger.column_names.index("row")
    wrong = pa.array([1 - row if row in (0, 1) else row for row in ledger["row"].to_pylist()], ledger["row"].type)
    pq.write_table(ledger.set_column(column, ledger.schema.field("row"), wrong), path)
    with pytest.raises(StoreError, match=r"the ledger has .* there"):
        parts_of(source, Files(str(tmp_path / "x")))


def test_a_ledger_that_names_a_file_of_no_shard_is_refused(source: Files, tmp_path: Path) -> None:
    path = tmp_path / "out/datasets" / VERSION / "ledger.parquet"
    ledger = pq.read_table(path)
    rows = [{**row, "file": "shards/train-elsewhere.parquet"} for row in ledger.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, schema=ledger.schema), path)
    with pytest.raises(StoreError, match="no shard of the version"):
        units_of(source, open_version(source, VERSION), Chosen())


def test_the_right_side_of_a_pair_is_never_a_wrong_episode(source: Files) -> None:
    units = units_of(source, open_version(source, VERSION), Chosen(splits=("rejected",)), pairs=True)
    assert [unit.picks.num_rows for unit in units] == []


def test_a_format_that_raises_costs_the_episode_and_says_so(
    source: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows(settings: Any, example: Example) -> Iterator[Row]:
        if example.sample.subset == "0":
            raise ZeroDivisionError("nothing\nto divide")
        yield from TRL.rows(settings, example)

    with_rows(monkeypatch, TRL, rows)
    first, second = parts_of(source, Files(str(tmp_path / "x")))
    assert (first.rows, second.rows) == (2, 3)
    assert first.left_out == {"format_failed": 1}
    assert "ZeroDivisionError: nothing to divide" in first.examples[0]["message"]


@pytest.mark.parametrize("pictures", ["embedded", "files"])
@pytest.mark.parametrize("text", ["half a character \ud83d", 7])
def test_a_row_that_its_file_cannot_hold_costs_itself(
    pictures: Any, text: Any, source: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = replace(TRL, columns=lambda settings: {**TRL.columns(settings), "note": "string"})

    def rows(settings: Any, example: Example) -> Iterator[Mapping[str, Any]]:
        for row in TRL.rows(settings, example):
            yield {**row, "note": text if example.sample.subset == "0" else "a text"}

    with_rows(monkeypatch, spec, rows)
    first, _ = parts_of(source, Files(str(tmp_path / "x")), TrlSettings(pictures=pictures))
    assert first.left_out == {"row_unwritable": 1}
    assert first.rows == 2


def test_a_question_whose_first_episode_is_left_out_is_asked_with_the_next_one(
    source: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows(settings: Any, example: Example) -> Iterator[Row]:
        if example.sample.subset == "0":
            raise LeftOut("no_question", "none")
        yield from VERL_RL.rows(settings, example)

    with_rows(monkeypatch, replace(VERL_RL, key=lambda _example: "one question"), rows)
    first, _ = parts_of(source, Files(str(tmp_path / "x")), VerlRlSettings())
    assert first.rows == 1
