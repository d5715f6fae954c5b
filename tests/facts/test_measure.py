"""Measures as a whole: the registry, columns, measures of the user's own, and measures that fail."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lensmill.facts.measure import MEASURES, Column, Measure, facts_of, measures_of
from lensmill.specs import SpecError
from tests.facts.made import MAKING, a_failure, an_episode

MODULE = """
from lensmill.facts.measure import Column, Measure
SPEC = Measure("letters", (Column("letters", "int32", "of the answer"),), lambda episode, making: {"letters": 1})
CLASH = Measure("clash", (Column("zooms", "int32", "again"),), lambda episode, making: {})
"""


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "my_measures.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "my_measures"
    sys.modules.pop("my_measures", None)


def test_every_measure_fills_only_its_own_columns_also_for_a_failed_episode() -> None:
    for measure in MEASURES.own.values():
        names = {column.name for column in measure.columns}
        for episode in (an_episode(), an_episode(answer=None), a_failure()):
            assert measure.of(episode, MAKING).keys() <= names, measure.name


def test_no_column_has_two_owners_and_each_is_documented() -> None:
    columns = [column for measure in measures_of() for column in measure.columns]
    assert len({column.name for column in columns}) == len(columns)
    assert all(column.doc for column in columns)


def test_a_measure_of_the_user_comes_after_ours(outside: str) -> None:
    *_, last = measures_of([f"{outside}:SPEC"])
    assert last.name == "letters"
    assert facts_of(an_episode(), MAKING, (last,)) == {"letters": 1, "unmeasured": []}


def test_a_column_of_another_measure_is_refused_by_name(outside: str) -> None:
    with pytest.raises(SpecError, match="measure clash: the column zooms is one of work: rename it"):
        measures_of([f"{outside}:CLASH"])


def test_a_measure_that_fails_costs_its_own_columns_only() -> None:
    def fails(*_: object) -> Mapping[str, Any]:
        raise ZeroDivisionError

    broken = Measure("broken", (Column("broken", "int32", "never"),), fails)
    row = facts_of(an_episode(), MAKING, (*measures_of(), broken))
    assert (row["broken"], row["unmeasured"], row["outcome"]) == (None, ["broken"], "correct")
