"""Accuracy at each rung, over rows of a ledger that are made by hand."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.facts.measure import measures_of
from lensmill.resolution import rungs_for
from lensmill.statistics import wilson
from storage.builds.accuracy import COSTS, READ, Answers, Score, differences, within
from storage.builds.exclusion import Exclusion
from storage.builds.ledger import ledger_schema
from storage.builds.scope import Scope

SCHEMA = pa.schema([ledger_schema(measures_of()).field(name) for name in READ])
MOST = 1 << 24


def row(sample: int, rung: int = 224, ending: str = "correct", **values: Any) -> dict[str, Any]:
    """An episode's row; two samples share a picture of 1000x1000 pixels."""
    given: dict[str, Any] = {"outcome": "incorrect" if ending == "abstained" else ending, "stop": "answered"}
    given |= {"stop": "abstained"} if ending == "abstained" else {"stop": None} if ending == "failed" else {}
    about = {"sample_id": f"s{sample}", "image_id": f"i{sample // 2}", "rung": rung, "seed": 0, "choices": 0}
    more = {"question": "?", "reference": "7", "subset": "human", "original_width": 1000, "original_height": 1000}
    return {**about, **more, **given, "episode_id": f"e{sample}-{rung}-{values.get('seed', 0)}", "zooms": 1, **values}


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist([*rows], SCHEMA)


def scores(*rows: dict[str, Any], rungs: tuple[int, ...] | None = None) -> list[Score]:
    with Answers(table(*rows), rungs, MOST) as answers:
        return answers.scores()


def test_every_answer_is_counted_once_whatever_became_of_it() -> None:
    ends = ["correct", "incorrect", "abstained", "undecided", "judge_error", "failed"]
    (score,) = scores(*(row(number, ending=ending) for number, ending in enumerate(ends)))
    assert score.ends == {**dict.fromkeys(ends, 1), "unplanned": 0}
    assert (score.answers, score.pictures) == (6, 3)
    assert (score.accuracy, score.of_answered) == (1 / 6, 1 / 2)


def test_a_rung_that_shows_no_more_counts_with_the_answer_of_the_rung_below() -> None:
    """The pictures have 1000x1000 pixels: rung 1344 shows all of them, and rung 1792 has no episode."""
    rows = [row(0, 224, "incorrect"), row(0, 1344), row(2, 224, "incorrect", original_width=4000), row(2, 1792)]
    found = {score.rung: score for score in scores(*rows)}
    assert {rung: score.ends["correct"] for rung, score in found.items()} == {224: 0, 1344: 1, 1792: 2}
    assert {rung: score.carried for rung, score in found.items()} == {224: 0, 1344: 0, 1792: 1}
    assert [score.answers for score in found.values()] == [2, 2, 2]
    assert found[1344].ends["unplanned"] == 1


def test_a_rung_above_every_picture_is_reported_where_it_was_asked_for() -> None:
    assert [score.carried for score in scores(row(0, 1344), rungs=(1344, 3840))] == [0, 1]


@given(st.lists(st.tuples(st.integers(1, 5000), st.integers(1, 5000)), min_size=1, max_size=8))
def test_no_rung_of_the_ladder_is_missing_for_want_of_pixels(sizes: list[tuple[int, int]]) -> None:
    ladder = (224, 896, 1792, 3840)
    rows = [
        row(2 * number, rung, original_width=width, original_height=height)
        for number, (width, height) in enumerate(sizes)
        for rung in rungs_for((width, height), ladder, max_pixels=MOST)
    ]
    assert [score.ends["correct"] for score in scores(*rows, rungs=ladder)] == [len(sizes)] * 4


def test_subsets_have_their_own_scores_where_there_are_several() -> None:
    rows = [row(0), row(2, ending="incorrect", subset="augmented"), row(4, subset="augmented")]
    assert [(score.subset, score.accuracy) for score in scores(*rows)] == [
        (None, 2 / 3),
        ("augmented", 0.5),
        ("human", 1),
    ]
    assert [score.subset for score in scores(row(0), row(2))] == [None]


def test_a_subset_of_one_picture_has_no_interval() -> None:
    every, *_, human = scores(row(0), row(1), row(2, subset="augmented"))
    assert every.interval is not None
    assert (human.subset, human.answers, human.interval) == ("human", 2, None)


def test_one_question_a_picture_has_wilsons_interval() -> None:
    (score,) = scores(*(row(2 * number, ending="correct" if number < 7 else "incorrect") for number in range(10)))
    assert score.interval == wilson(0.7, 10)


def test_costs_are_means_over_the_episodes_that_did_not_fail() -> None:
    rows = [
        row(0, seconds=2.0, image_tokens=100),
        row(1, seconds=4.0, image_tokens=300),
        row(2, ending="failed", seconds=99.0),
    ]
    (score,) = scores(*rows)
    assert score.costs == {**dict.fromkeys(COSTS), "seconds": 3.0, "image_tokens": 200.0, "zooms": 1.0}


def test_seeds_are_answers_of_their_own() -> None:
    (score,) = scores(*(row(0, seed=seed, ending="correct" if seed else "incorrect") for seed in range(4)))
    assert (score.answers, score.accuracy) == (4, 0.75)


def test_rotated_options_give_the_mean_over_all_rows_and_how_many_are_right_in_every_order() -> None:
    """HR-Bench: four rows a question, each with its options in another order; the score is the mean of the cycles."""
    rows = [row(number // 4 * 2, sample_id=f"s{number}", choices=4) for number in range(8)]
    rows[5] = {**rows[5], "outcome": "incorrect"}
    (score,) = scores(*rows)
    cycles = [[rows[first + cycle]["outcome"] == "correct" for first in (0, 4)] for cycle in range(4)]
    assert score.accuracy == pytest.approx(sum(sum(cycle) / 2 for cycle in cycles) / 4)
    assert (score.pictures, score.rotated, score.all_right) == (2, 2, 1)


def shares(*rows: dict[str, Any]) -> pa.Table:
    with Answers(table(*rows), None, MOST) as answers:
        return answers.shares()


def test_runs_are_compared_on_the_questions_and_rungs_that_both_have() -> None:
    first = shares(row(0), row(1), row(2, ending="incorrect"), row(4))
    second = shares(row(0, ending="failed"), row(1), row(2), row(6))
    (difference,) = differences(first, second)
    assert (difference.paired.count, difference.paired.difference) == (3, 0)
    assert (difference.paired.first_only, difference.paired.second_only, difference.paired.p) == (1, 1, 1.0)


def test_runs_without_a_common_question_have_no_difference() -> None:
    assert differences(shares(row(0)), shares(row(2))) == []


def test_rows_outside_the_scope_are_left_out() -> None:
    rows = table(row(0), row(1), row(2), row(4), row(6, 448))
    scope = Scope(frozenset({"s0"}), Exclusion(frozenset({"i1", "e4-224-0"})), rungs=(224,))
    assert within(rows, scope)["sample_id"].to_pylist() == ["s1"]
