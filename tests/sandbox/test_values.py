"""Values that cross the boundary: valid ones come back equal, and those of a broken program are refused."""

import contextlib
import json
import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.sandbox import wire
from lensmill.sandbox.values import Handle, TooMuch, decode, encode

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5) | st.integers(0, 9), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(plain)
def test_plain_values_come_back(value: object) -> None:
    try:
        crossed = json.loads(json.dumps(encode(value)))
    except TooMuch:
        return  # nested deeper than any valid argument
    assert decode(crossed) == value


def test_a_handle_comes_back_with_its_facts() -> None:
    handle = Handle("image", 3, {"size": (4, 5)})
    assert decode(encode(handle)) == handle


@pytest.mark.parametrize("value", [10**20, ["a"] * 5000, "a" * 200_000, object(), range(10**15), b"raw"])
def test_values_of_other_kinds_are_refused(value: object) -> None:
    with pytest.raises(TooMuch):
        encode(value)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda i: st.lists(i) | st.dictionaries(st.text(), i)))
def test_any_json_decodes_or_is_refused(data: object) -> None:
    with contextlib.suppress(TooMuch):
        decode(data)


def test_a_frame_over_the_cap_breaks_the_connection() -> None:
    read, write = os.pipe()
    try:
        os.write(write, (1 << 30).to_bytes(4, "big"))
        with pytest.raises(wire.Broken, match="1073741824 bytes"):
            wire.receive(read)
    finally:
        os.close(read)
        os.close(write)


def test_a_silent_program_is_late() -> None:
    read, write = os.pipe()
    try:
        with pytest.raises(wire.Late):
            wire.receive(read, deadline=0.0)
    finally:
        os.close(read)
        os.close(write)


def test_nan_crosses_and_the_tools_refuse_it() -> None:
    assert math.isnan(decode(json.loads(json.dumps(encode(math.nan)))))
