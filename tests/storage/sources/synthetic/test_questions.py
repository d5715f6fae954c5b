"""Answers follow from the figures as printed; a second, simple computation checks them against the files."""

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.sources.synthetic.charts import CYCLE
from storage.sources.synthetic.drawing import ChartKind, Drawing
from storage.sources.synthetic.facts import all_tables
from storage.sources.synthetic.questions import charts
from storage.sources.synthetic.questions.charts import Maker, ask
from storage.sources.synthetic.questions.question import Question
from storage.sources.synthetic.questions.subject import CLEAR, Subject
from tests.storage.sources.synthetic.perfect import subject_of

KINDS = sorted(set(CYCLE) - {"table"})
TABLES = {table.key: table for table in all_tables()}


def made(maker: Maker, subject: Subject) -> list[Question]:
    tried = [maker(subject, Random(attempt)) for attempt in range(12)]
    return [question for question in tried if question is not None]


def number(text: str) -> Decimal:
    return Decimal(text.strip("$%").replace(",", ""))


def file_values(drawing: Drawing) -> set[Decimal]:
    """Every figure of the file that a drawing was made from."""
    return {value for column in TABLES[drawing.grid.table].columns for value in column.values}


kinds_and_seeds = pytest.mark.parametrize(("kind", "seed"), [(kind, seed) for kind in KINDS for seed in range(2)])


@kinds_and_seeds
def test_drawn_figures_equal_the_facts_file(kind: ChartKind, seed: int) -> None:
    drawing = subject_of(kind, seed).drawing
    table = TABLES[drawing.grid.table]
    for mark in drawing.marks:
        row = mark.category if mark.category in table.names else mark.series
        cells = [column.values[table.names.index(row)] for column in table.columns if column.values]
        assert mark.value in cells
        assert mark.text == "" or number(mark.text) == mark.value


@kinds_and_seeds
def test_a_lookup_is_answered_by_the_mark_it_names(kind: ChartKind, seed: int) -> None:
    subject = subject_of(kind, seed)
    for question in made(charts.lookup, subject):
        fitting = [
            mark
            for mark in subject.drawing.marks
            if subject.grid.phrase(mark.category, mark.series) in question.text and mark.evidence in question.targets
        ]
        assert [number(question.answers[0])] == [mark.value for mark in fitting]


@kinds_and_seeds
def test_the_answer_of_an_extreme_is_the_extreme_category(kind: ChartKind, seed: int) -> None:
    subject = subject_of(kind, seed)
    for question in made(charts.extreme, subject):
        series = next((name for name in subject.grid.series if name and question.text.find(name) >= 0), None)
        columns = [subject.column(name) for name in subject.grid.series]
        if series is not None:
            columns = [subject.column(series)]
        ranked = [sorted(column, key=lambda mark: mark.value, reverse=True) for column in columns]
        high = any(word in question.text for word in charts.HIGH)
        place = 1 if "second" in question.text else 0 if high else -1
        assert question.answers[0] in [column[place].category for column in ranked]


@settings(max_examples=25, deadline=None)
@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 10_000))
def test_sums_and_differences_are_exact(kind: ChartKind, seed: int) -> None:
    subject = subject_of(kind, seed)
    for maker in (charts.difference, charts.total):
        for question in made(maker, subject):
            parts = [mark.value for mark in subject.drawing.marks if mark.evidence in question.targets]
            expected = abs(parts[0] - parts[1]) if maker is charts.difference else sum(parts)
            assert number(question.answers[0]) == expected


@kinds_and_seeds
def test_comparisons_are_true_and_visible(kind: ChartKind, seed: int) -> None:
    subject = subject_of(kind, seed)
    for question in made(charts.comparison, subject):
        first, second = [mark for mark in subject.drawing.marks if mark.evidence in question.targets]
        if subject.grid.phrase(first.category, first.series) not in question.text:
            first, second = second, first
        higher = any(word in question.text for word in ("higher", "larger", "greater"))
        assert question.answers == ("Yes" if (first.value > second.value) == higher else "No",)
        low, high = sorted((first.value, second.value))
        assert subject.exact or high >= low * CLEAR


@kinds_and_seeds
def test_counts_are_right(kind: ChartKind, seed: int) -> None:
    subject = subject_of(kind, seed)
    for question in made(charts.count, subject):
        if question.targets == tuple(subject.drawing.category_boxes.values()):
            assert question.answers == (str(len(subject.grid.categories)),)
        else:
            marks = [mark for mark in subject.drawing.marks if mark.evidence in question.targets]
            assert question.answers == (str(len(marks)),)


@kinds_and_seeds
def test_figures_that_are_not_printed_are_asked_for_approximately(kind: ChartKind, seed: int) -> None:
    subject = subject_of(kind, seed)
    for question in made(charts.lookup, subject):
        mark = next(mark for mark in subject.drawing.marks if mark.evidence in question.targets)
        rough = any(word in question.text for word in ("approximate", "About", "roughly"))
        assert rough == (mark.text == "")


@kinds_and_seeds
def test_a_picture_gets_different_questions(kind: ChartKind, seed: int) -> None:
    questions = ask([subject_of(kind, seed)], Random(seed), 5)
    assert len({question.text for question in questions}) == len(questions) == 5
    assert len({question.family for question in questions}) >= 3
