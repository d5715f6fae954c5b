"""Results made ahead come in order, of few items at a time, and end with their consumer."""

import threading
from collections.abc import Iterator

import pytest

from storage.files.ahead import ahead


def test_results_come_in_order_even_if_later_ones_are_ready_first() -> None:
    later = threading.Event()

    def make(item: int) -> int:
        if item == 0:
            assert later.wait(10)
        if item == 2:
            later.set()
        return item * 10

    assert list(ahead(make, range(6), threads=3)) == [0, 10, 20, 30, 40, 50]


def test_only_a_few_items_are_taken_ahead() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(100):
            taken += 1
            yield item

    made = ahead(lambda item: item, items(), threads=4)
    assert next(made) == 0
    assert taken == 5
    made.close()  # type: ignore[attr-defined]
    assert taken == 5


def test_an_error_comes_in_the_place_of_its_item() -> None:
    made = ahead(lambda item: 1 // item, [2, 1, 0, 3], threads=2)
    assert [next(made), next(made)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(made)
