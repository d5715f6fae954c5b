"""Intervals and paired tests, against their definitions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.statistics import (
    Cluster,
    Pairs,
    accuracy,
    accuracy_interval,
    effective_answers,
    mcnemar,
    paired,
    paired_interval,
    wilson,
)

clusters = st.lists(
    st.integers(1, 9).flatmap(lambda answers: st.builds(Cluster, st.just(answers), st.integers(0, answers))),
    max_size=30,
)
pairs = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))
    .filter(any)
    .map(lambda n: Pairs(sum(n), n[0] - n[1], n[0], n[1])),
    max_size=20,
)


def test_wilsons_interval_has_the_published_values() -> None:
    """Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (right, answers), (low, high) in published.items():
        found = wilson(right / answers, answers)
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@given(clusters)
def test_an_interval_holds_its_accuracy_and_lies_between_0_and_1(some: list[Cluster]) -> None:
    share, interval = accuracy(some), accuracy_interval(some)
    assert (interval is None) == (len(some) < 2)
    if interval is not None:
        assert share is not None
        assert 0 <= interval.low <= share <= interval.high <= 1
        assert interval.low < interval.high


@given(st.lists(st.integers(0, 1), min_size=2, max_size=60))
def test_with_one_question_a_picture_the_interval_is_wilsons(right: list[int]) -> None:
    some = [Cluster(1, one) for one in right]
    assert accuracy_interval(some) == wilson(sum(right) / len(right), len(right))


@given(st.lists(st.integers(0, 1), min_size=4, max_size=40), st.integers(2, 8))
def test_repeated_questions_add_nothing(right: list[int], times: int) -> None:
    once = effective_answers([Cluster(1, one) for one in right])
    again = effective_answers([Cluster(times, times * one) for one in right])
    assert again <= once + 1e-9
    assert again >= once - 1 - 1e-9


@given(clusters)
def test_the_order_of_pictures_changes_no_interval(some: list[Cluster]) -> None:
    forth, back = accuracy_interval(some), accuracy_interval(some[::-1])
    if forth is not None and back is not None:
        assert (forth.low, forth.high) == pytest.approx((back.low, back.high))


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemars_p_is_the_sum_of_what_is_no_likelier(first: int, second: int) -> None:
    count = first + second
    mine = math.comb(count, first)
    every = sum(math.comb(count, k) for k in range(count + 1) if math.comb(count, k) <= mine)
    assert mcnemar(first, second) == pytest.approx(min(1.0, every / 2**count))
    assert mcnemar(first, second) == mcnemar(second, first)


@given(pairs)
def test_a_difference_turns_around_with_its_runs(some: list[Pairs]) -> None:
    found = paired(some)
    other = paired([Pairs(one.count, -one.difference, one.second_only, one.first_only) for one in some])
    if found is None or other is None:
        assert found is other is None
        return
    assert found.difference == pytest.approx(-other.difference)
    assert found.p == other.p
    if found.interval is not None:
        assert -1 <= found.interval.low <= found.interval.high <= 1
        assert other.interval is not None
        assert found.interval.low == pytest.approx(-other.interval.high)


def test_the_same_pairs_give_the_same_interval_which_shrinks_with_pictures() -> None:
    few = [Pairs(4, difference) for difference in (0, 1, 2, -1) * 3]
    narrow, wide = paired_interval(few * 20), paired_interval(few)
    assert narrow is not None
    assert wide is not None
    assert wide == paired_interval(few)
    assert narrow.high - narrow.low < (wide.high - wide.low) / 3
    assert paired_interval(few[:1]) is None
