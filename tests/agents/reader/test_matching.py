import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.agents.reader.matching import distance, fold, likeness


@pytest.mark.parametrize(
    ("one", "other"),
    [("S218 8H0", "s218-bho"), ("(408) 391-9081", "408391-9081"), ("Café", "CAFE"), ("WWW.TVR.BY", "www.tvr.by")],
)
def test_print_is_the_same_but_for_case_signs_and_lookalikes(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_different_numbers_never_fold_together(one: int, other: int) -> None:
    assert (fold(str(one)) == fold(str(other))) == (one == other)


@given(st.text("abcd", max_size=8), st.text("abcd", max_size=8), st.text("abcd", max_size=8))
def test_edit_distance_is_a_metric(a: str, b: str, c: str) -> None:
    assert distance(a, a) == 0
    assert distance(a, b) == distance(b, a)
    assert distance(a, c) <= distance(a, b) + distance(b, c)


def test_an_option_is_found_inside_a_line() -> None:
    assert likeness("Kali Rapids", "KALI RAPIDS EXPEDITIONS") == 1.0


def test_an_option_is_found_where_spaces_were_lost() -> None:
    assert likeness("Murphy Ave.", "oldMurphyAve.21") == 1.0


@pytest.mark.parametrize(("option", "line"), [("owl", "howling"), ("5", "35"), ("AMD", "AMDAHL")])
def test_short_options_must_be_words_of_their_own(option: str, line: str) -> None:
    assert likeness(option, line) == 0.0


def test_a_currency_sign_counts() -> None:
    assert likeness("$4", "$4 OFF") == 1.0
    assert likeness("$4", "4 OFF") == 0.0


def test_a_swapped_digit_is_not_the_same_number() -> None:
    assert likeness("02380 557732", "02380 557723") < 1.0


def test_an_option_without_letters_or_digits_matches_nothing() -> None:
    assert likeness("...", "...") == 0.0
