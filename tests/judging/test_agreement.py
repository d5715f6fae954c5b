"""Agreement of two judges, against tables computed by hand."""

from fractions import Fraction

import pytest

from lensmill.judging.agreement import Agreement


def table(both: int, first_only: int, second_only: int, neither: int) -> Agreement:
    """Answers that both judges, only one, or none calls correct."""
    agreement = Agreement()
    agreement.counts["correct", "correct"] = both
    agreement.counts["correct", "incorrect"] = first_only
    agreement.counts["incorrect", "correct"] = second_only
    agreement.counts["incorrect", "incorrect"] = neither
    return agreement


@pytest.mark.parametrize(
    ("cells", "kappa"),
    [
        ((20, 5, 10, 15), Fraction(2, 5)),  # agree 35/50; by chance 25/50 * 30/50 + 25/50 * 20/50 = 1/2
        ((45, 15, 25, 15), Fraction(3, 23)),  # agree 0.60; by chance 0.6 * 0.7 + 0.4 * 0.3 = 0.54
        ((25, 35, 5, 35), Fraction(7, 27)),  # agree 0.60; by chance 0.6 * 0.3 + 0.4 * 0.7 = 0.46
        ((10, 0, 0, 5), Fraction(1)),
        ((0, 5, 5, 0), Fraction(-1)),  # never agree; by chance 1/2
        ((25, 25, 25, 25), Fraction(0)),
        ((9, 1, 0, 0), Fraction(0)),  # the first judge says one thing only: chance explains all agreement
    ],
)
def test_kappa_is_exact(cells: tuple[int, int, int, int], kappa: Fraction) -> None:
    assert table(*cells).kappa == kappa


@pytest.mark.parametrize("cells", [(0, 0, 0, 0), (7, 0, 0, 0), (0, 0, 0, 7)])
def test_kappa_is_undefined_where_nothing_varies(cells: tuple[int, int, int, int]) -> None:
    assert table(*cells).kappa is None


def test_undecided_and_failed_verdicts_are_counted_apart() -> None:
    agreement = table(20, 5, 10, 15)
    before = agreement.kappa, agreement.decided, agreement.agreed
    for _ in range(9):
        agreement.add("undecided", "undecided")
        agreement.add("correct", "undecided")
        agreement.add("judge_error", "correct")
        agreement.add("judge_error", "judge_error")
    assert (agreement.kappa, agreement.decided, agreement.agreed) == before == (Fraction(2, 5), 50, 35)
    assert agreement.counts["judge_error", "correct"] == 9


def test_kappa_does_not_depend_on_the_order_of_judges() -> None:
    assert table(20, 5, 10, 15).kappa == table(20, 10, 5, 15).kappa
