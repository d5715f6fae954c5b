"""The documentation explains every note that a row can have."""

from pathlib import Path

import pytest

from lensmill.formats import cof_rows, refocus_rows

PAGE = Path(__file__).resolve().parents[2] / "docs" / "import.md"


@pytest.mark.parametrize("note", [*refocus_rows.NOTES, *cof_rows.NOTES])
def test_the_page_about_imports_explains_the_note(note: str) -> None:
    assert f"`{note}`" in PAGE.read_text()
