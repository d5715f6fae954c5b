"""The published relaxed accuracy against a second implementation of its definition."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.judging.relaxed import relaxed_accuracy

FIGURES = st.from_regex(r"-?[0-9]{1,4}(\.[0-9]{1,3})?%?", fullmatch=True)
TEXTS = st.one_of(
    FIGURES, st.sampled_from(["Yes", "yes", "1,000", "$5", "", "%", "5 %", "0", "0.0", "0%"]), st.text(max_size=6)
)


def exact_value(text: str) -> Fraction | None:
    """The number that a text means in the published metric, without binary rounding."""
    body = text.rstrip("%") if text.endswith("%") else text
    try:
        value = Fraction(body.strip()) if "/" not in body else None
    except (ValueError, ZeroDivisionError):
        return None
    return value / 100 if value is not None and text.endswith("%") else value


@given(FIGURES, FIGURES)
def test_numbers_match_within_five_percent_of_the_target(prediction: str, target: str) -> None:
    said, wanted = exact_value(prediction), exact_value(target)
    assert said is not None
    assert wanted is not None
    if wanted == 0:
        assert relaxed_accuracy(prediction, target) == (prediction.lower() == target.lower())
        return
    change = abs(said - wanted) / abs(wanted)
    if abs(change - Fraction(1, 20)) > Fraction(1, 10**12):  # at the border binary rounding decides
        assert relaxed_accuracy(prediction, target) == (change < Fraction(1, 20))


def transcribed(prediction: str, target: str) -> bool:
    """ChartQA's definition step by step, as its followers' evaluation code applies it."""

    def number(text: str) -> float | None:
        try:
            if text[-1:] == "%":
                return float(text.rstrip("%")) / 100.0
            return float(text)
        except ValueError:
            return None

    p, t = number(prediction), number(target)
    if p is None or t is None or t == 0:
        return prediction.lower() == target.lower()
    return bool(abs(p - t) / abs(t) <= 0.05)


@given(TEXTS, TEXTS)
def test_relaxed_accuracy_equals_a_transcription_of_its_definition(prediction: str, target: str) -> None:
    assert relaxed_accuracy(prediction, target) == transcribed(prediction, target)


@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        ("5%", "5", False),
        ("5%", "0.05", True),
        ("1,000", "1000", False),
        ("$5", "5", False),
        ("0.0", "0", False),
        ("0", "0", True),
        ("2010", "2008", True),
        ("YES", "yes", True),
        ("5 %", "0.05", True),
        ("nan", "nan", False),
        ("100", "95", False),  # the target is what 5 % is taken of
        ("95", "100", True),
    ],
)
def test_published_quirks_are_kept(prediction: str, target: str, expected: bool) -> None:
    assert relaxed_accuracy(prediction, target) is expected
