"""Edit distance and ANLS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.judging.anls import anls, edit_distance, similarity

SHORT = st.text("abc", max_size=8)


@given(SHORT, SHORT)
def test_distance_is_symmetric_and_zero_only_for_equal_texts(a: str, b: str) -> None:
    assert edit_distance(a, b) == edit_distance(b, a)
    assert (edit_distance(a, b) == 0) == (a == b)


@given(SHORT, SHORT, SHORT)
def test_distance_keeps_the_triangle_inequality(a: str, b: str, c: str) -> None:
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)


@given(SHORT, st.integers(0, 8), st.sampled_from("abc"))
def test_one_insertion_is_a_distance_of_one(text: str, place: int, letter: str) -> None:
    assert edit_distance(text, text[:place] + letter + text[place:]) == 1


def test_known_distance() -> None:
    assert edit_distance("kitten", "sitting") == 3
    assert similarity("kitten", "sitting") == pytest.approx(1 - 3 / 7)


def test_score_takes_the_best_reference_and_ignores_case_and_blanks() -> None:
    assert anls(" POLAND ", ["Spain", "poland"]) == 1.0


def test_score_below_the_threshold_is_zero() -> None:
    assert anls("abcd", ["wxyd"]) == 0.0
    assert anls("abcd", ["wxcd"]) == 0.5
    assert anls("abcd", []) == 0.0
