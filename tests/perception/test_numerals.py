"""Printed numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.perception.numerals import is_year, parse_numeral


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("45", 45), ("45%", 45), ("4.5%", 4.5), ("5 212 705", 5212705), ("1,234.5", 1234.5), ("1,234", 1234),
        ("3,5", 3.5), ("$5.2bn", 5.2e9), ("1.98 trillion", 1.98e12), ("5.25 trilion", 5.25e12), ("931 billion", 931e9),
        ("12k", 12e3), ("-3.4", -3.4), ("−7", -7), ("<0.01%", 0.01), ("102.39% (2015)", 102.39), ("0.6 t", 0.6),
        ("$-2", -2), ("20*", 20), ("62 NET", 62), (".5", 0.5), ("194.8 m²", 194.8),
    ],
)  # fmt: skip
def test_a_number_is_read_with_its_unit_and_scale(text: str, value: float) -> None:
    numeral = parse_numeral(text)
    assert numeral is not None
    assert numeral.value == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "Cheese", "18-29", "65+", "Ages 18", "2019/20", "26-50% of price", "3 to 4", "%"])
def test_a_text_that_is_not_one_number_gives_none(text: str) -> None:
    assert parse_numeral(text) is None


@pytest.mark.parametrize("text", ["2015", "1850", "2020*", "2014/15", "2019–2020"])
def test_years_are_known(text: str) -> None:
    assert is_year(text)


@given(st.integers(0, 10**12))
def test_every_way_to_group_thousands_gives_the_same_number(value: int) -> None:
    for text in (f"{value}", f"{value:,}", f"{value:,}".replace(",", " ")):
        numeral = parse_numeral(text)
        assert numeral is not None
        assert numeral.value == value


@given(st.text(max_size=40))
def test_the_parser_accepts_any_text(text: str) -> None:
    parse_numeral(text)
