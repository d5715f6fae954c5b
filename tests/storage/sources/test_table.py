"""The source `table`: anyone's dataset, by a mapping of its columns."""

from pathlib import Path

import pytest

from storage.sources.table.settings import TableSettings
from storage.sources.table.source import TableSource
from tests.storage.sources.table_cases import PICTURES, Case
from tests.storage.sources.table_files import FILE_CASES
from tests.storage.sources.table_rows import ROW_CASES
from tests.storage.sources.written import read


@pytest.mark.parametrize("case", [*FILE_CASES, *ROW_CASES], ids=lambda case: case.name)
def test_every_row_of_a_layout_is_read_right(case: Case, tmp_path: Path) -> None:
    path = case.write(tmp_path)
    items, failures = read(TableSource(TableSettings(path=str(path), **case.settings_in(tmp_path))))
    assert not failures
    assert [item.sample.question for item in items] == list(case.questions)
    assert [item.sample.answers for item in items] == list(case.answers)
    assert all(item.image in PICTURES for item in items)
    if case.choices:
        assert all(set(item.sample.choices) == set(case.choices) for item in items)
    if case.boxes:
        assert all([box.xyxy for box in item.sample.targets] == list(case.boxes) for item in items)
    elif "boxes" in case.columns:
        assert items[1].sample.targets[0].xyxy == pytest.approx((12, 8, 60, 40))
