"""The shipped figures: every file parses, names its source, and is consistent."""

import re

import pytest

from storage.sources.synthetic.facts import DATA, FactTable, all_tables, parse

GOOD = """# title: Rivers
# row: river
# rows: rivers
# row_prep: of the
# source: A public survey
# status: public domain
river,length (miles),mouth
Ohio,1310,Mississippi
Snake,1040,Columbia
"""


@pytest.mark.parametrize("table", all_tables(), ids=lambda table: table.key)
def test_every_file_names_a_public_domain_source(table: FactTable) -> None:
    assert len(table.source) > 10
    assert "public domain" in table.status


@pytest.mark.parametrize("table", all_tables(), ids=lambda table: table.key)
def test_every_file_has_figures_for_a_handful_of_rows(table: FactTable) -> None:
    assert 5 <= len(table.names) <= 40
    assert any(column.numeric for column in table.columns)


@pytest.mark.parametrize("path", sorted(DATA.glob("*.csv")), ids=lambda path: path.stem)
def test_files_are_plain_ascii(path) -> None:  # type: ignore[no-untyped-def]
    assert path.read_text(encoding="utf-8").isascii()


@pytest.mark.parametrize("table", all_tables(), ids=lambda table: table.key)
def test_a_column_prints_all_its_figures_with_the_same_decimals(table: FactTable) -> None:
    for column in table.columns:
        decimals = {len(cell.partition(".")[2]) for cell in column.cells if column.values}
        assert len(decimals) <= 1, f"{column.name}: {sorted(decimals)}"


@pytest.mark.parametrize("table", [table for table in all_tables() if table.whole], ids=lambda table: table.key)
def test_shares_of_a_whole_add_up_to_a_hundred(table: FactTable) -> None:
    for column in table.columns:
        if column.unit == "%" and column.additive:
            assert sum(column.values) == 100


def test_there_are_enough_tables_for_variety() -> None:
    tables = all_tables()
    assert len(tables) >= 25
    assert len({table.title for table in tables}) == len(tables)
    assert sum(table.timeline for table in tables) >= 5
    assert sum(table.comparable for table in tables) >= 5


def test_columns_know_their_unit_and_whether_they_are_figures() -> None:
    length, mouth = parse(GOOD, "rivers").columns
    assert (length.name, length.unit, [str(value) for value in length.values]) == ("length", "miles", ["1310", "1040"])
    assert (mouth.numeric, mouth.cells) == (False, ("Mississippi", "Columbia"))


@pytest.mark.parametrize("key", ["title", "row", "rows", "row_prep", "source", "status"])
def test_a_missing_key_is_named(key: str) -> None:
    text = re.sub(rf"# {key}: .*\n", "", GOOD)
    with pytest.raises(ValueError, match=rf"facts rivers: no '# {key}:' line"):
        parse(text, "rivers")


def test_a_ragged_row_is_refused() -> None:
    with pytest.raises(ValueError, match="every row needs 3 cells"):
        parse(GOOD + "Red,1290\n", "rivers")


def test_a_row_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="a row is named twice"):
        parse(GOOD + "Ohio,1310,Mississippi\n", "rivers")
