"""One test for each labelled case."""

import pytest

from lensmill.judging.rules import judge_answer, relaxed_accuracy
from tests.judging import option_cases, quantity_cases, text_cases
from tests.judging.cases import Group, Row

GROUPS = (*quantity_cases.GROUPS, *text_cases.GROUPS, *option_cases.GROUPS)

CASES = [pytest.param(group, row, id=f"{group.about}-{i}") for group in GROUPS for i, row in enumerate(group.rows)]


def references_of(row: Row) -> tuple[str, ...]:
    return (row[1],) if isinstance(row[1], str) else row[1]


@pytest.mark.parametrize(("group", "row"), CASES)
def test_strict_rules_match_the_labelled_cases(group: Group, row: Row) -> None:
    verdict = judge_answer(row[0], references_of(row), question=group.question, choices=group.choices)
    assert (verdict.outcome, verdict.rule) == row[2:4], verdict.reason


@pytest.mark.parametrize(("group", "row"), CASES)
def test_the_published_metric_matches_the_labelled_cases(group: Group, row: Row) -> None:
    assert any(relaxed_accuracy(row[0], reference) for reference in references_of(row)) == row[4]
    published = judge_answer(row[0], references_of(row), question=group.question, policy="relaxed")
    assert published.outcome == ("correct" if row[4] else "incorrect")
    assert published.rule == "relaxed_accuracy"


def test_there_are_enough_cases_of_every_outcome() -> None:
    outcomes = [row[2] for group in GROUPS for row in group.rows]
    assert len(outcomes) >= 150
    assert all(outcomes.count(outcome) >= 30 for outcome in ("correct", "incorrect", "undecided"))
