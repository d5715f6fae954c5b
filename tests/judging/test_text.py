"""Canonical text: one spelling for texts that differ only in writing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.judging.text import canonical, unwrapped, words


@given(st.text(max_size=40))
def test_canonical_text_stays_as_it_is(text: str) -> None:
    once = canonical(text)
    assert canonical(once) == once


@given(st.text(min_size=1, max_size=20))
def test_a_visible_text_never_becomes_empty(text: str) -> None:
    if any(character.isalnum() for character in text):
        assert canonical(text)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("  Two\u00a0 words\n", "two words"),
        ("１２％", "12%"),
        ("٣٫٥", "3.5"),
        ("−3 – 4", "-3 - 4"),
        ("‘x’", "x"),
        ("“x”.", "x"),
        ("x...", "x..."),
        ("10⁶", "10^6"),
        ("1½", "1 1/2"),
        ("Straße", "strasse"),
        ("ﬁve", "five"),
        (".", "."),
        ("''", "''"),
    ],
)
def test_different_spellings_have_one_canonical_form(written: str, expected: str) -> None:
    assert canonical(written) == expected


@pytest.mark.parametrize(
    "written",
    [
        "the answer is 42",
        "final answer: 42",
        "answer: **42**",
        r"\boxed{42}",
        "<answer> 42 </answer>",
        "so the answer is 42.",
    ],
)
def test_the_usual_wrapping_of_answers_is_removed(written: str) -> None:
    assert unwrapped(canonical(written)) == "42"


def test_words_leave_out_articles_and_punctuation_but_keep_signs_and_figures() -> None:
    assert words("the u.k., a c++ & 3.5% (of it)") == ["u", "k", "c++", "and", "3.5%", "of", "it"]
    assert words("the") == ["the"]
