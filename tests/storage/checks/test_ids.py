"""Packed ids: repeated ones and differences between two sets are found, whatever bytes an id ends with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.checks.ids import Ids, packed

ids = st.binary(min_size=16, max_size=16).map(lambda data: data[:2] + bytes(12) + data[-2:])
"""Ids that are often near each other, and often end with zeros."""


def held(values: list[bytes]) -> Ids:
    """These ids, taken in one by one."""
    made = Ids()
    for value in values:
        made.add(value)
    return made


@given(st.lists(ids))
def test_repeated_ids_are_each_named_once(values: list[bytes]) -> None:
    wanted = sorted({value.hex() for value in values if values.count(value) > 1})
    assert list(held(values).repeated()) == wanted


@given(st.lists(ids), st.lists(st.lists(ids)))
def test_differences_are_named_in_the_order_of_ids(mine: list[bytes], portions: list[list[bytes]]) -> None:
    theirs = {value for portion in portions for value in portion}
    only_theirs, only_mine = held(mine).compare(b"".join(portion) for portion in portions)
    assert list(only_theirs) == sorted(value.hex() for value in theirs - {*mine})
    assert list(only_mine) == sorted(value.hex() for value in {*mine} - theirs)


def test_ids_can_be_added_after_a_question() -> None:
    made = held([b"a" * 16])
    assert not list(made.repeated())
    made.add(b"a" * 16)
    assert list(made.repeated()) == [(b"a" * 16).hex()]


@pytest.mark.parametrize("written", ["", "0" * 31, "g" * 32, None, 7, "0" * 64])
def test_other_texts_are_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"no id|hexadecimal"):
        packed(written)
