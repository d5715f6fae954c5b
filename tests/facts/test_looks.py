"""Areas of boxes, against a count of pixels."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lensmill.facts.looks import area_of, covered
from lensmill.geometry import Box

SIDE = 12


@st.composite
def a_box(draw: st.DrawFn) -> Box:
    x1, x2 = sorted((draw(st.integers(0, SIDE)), draw(st.integers(0, SIDE))))
    y1, y2 = sorted((draw(st.integers(0, SIDE)), draw(st.integers(0, SIDE))))
    return Box(x1, y1, x2, y2)


SOME = st.lists(a_box(), max_size=6)


def pixels(boxes: list[Box]) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    mask = np.zeros((SIDE, SIDE), bool)
    for box in boxes:
        x1, y1, x2, y2 = box.rounded()
        mask[y1:y2, x1:x2] = True
    return mask


@given(SOME)
def test_an_area_counts_every_pixel_once(boxes: list[Box]) -> None:
    assert area_of(boxes) == pixels(boxes).sum()


@given(SOME, SOME)
def test_coverage_counts_the_shared_pixels(by: list[Box], boxes: list[Box]) -> None:
    assert covered(by, boxes) == (pixels(by) & pixels(boxes)).sum()
