"""Proposals: how the settings of an unknown dataset are found."""

from pathlib import Path
from typing import Any

import pytest

from storage.sources.rows import RowProblem
from storage.sources.table.layouts.opening import open_table
from storage.sources.table.proposing.looking import sampled
from storage.sources.table.proposing.proposal import Proposal, propose
from tests.storage.sources.table_cases import Case
from tests.storage.sources.table_files import FILE_CASES
from tests.storage.sources.table_rows import ROW_CASES


def proposed(path: Path, **given: Any) -> Proposal:
    root, layouts = open_table(str(path), "inspect")
    rows, _ = sampled(layouts, 200)
    good = [row for _, row in rows if not isinstance(row, RowProblem)]
    return propose(good, [layouts[0].file.parent, root], root, given)


@pytest.mark.parametrize("case", [*FILE_CASES, *ROW_CASES], ids=lambda case: case.name)
def test_the_right_settings_are_proposed(case: Case, tmp_path: Path) -> None:
    found = proposed(case.write(tmp_path))
    assert not found.undecided
    assert found.settings == case.settings_in(tmp_path)
