"""Boxes, frames and conventions: the box that a model writes and the stored box are the same."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lensmill.geometry import Box, Convention, Frame
from lensmill.resolution import LADDER, MAX_ASPECT, view_frame

HALF_PIXEL = 0.5 + 1e-6
COORDINATES = st.floats(-10_000, 10_000, allow_nan=False)
FACTORS = st.sampled_from([1, 14, 28, 32])


@st.composite
def boxes(draw: st.DrawFn, coordinates: st.SearchStrategy[float] = COORDINATES) -> Box:
    x1, x2 = sorted((draw(coordinates), draw(coordinates)))
    y1, y2 = sorted((draw(coordinates), draw(coordinates)))
    return Box(x1, y1, x2, y2)


@st.composite
def sizes(draw: st.DrawFn) -> tuple[int, int]:
    """Picture sizes of every aspect ratio up to MAX_ASPECT, lying and standing."""
    short = draw(st.integers(1, 4000))
    long = draw(st.integers(short, min(short * MAX_ASPECT, 20_000)))
    return (long, short) if draw(st.booleans()) else (short, long)


@st.composite
def boxes_in(draw: st.DrawFn, size: tuple[int, int]) -> Box:
    x1, x2 = sorted(draw(st.floats(0, size[0])) for _ in range(2))
    y1, y2 = sorted(draw(st.floats(0, size[1])) for _ in range(2))
    return Box(x1, y1, x2, y2)


def apart_in_view(box: Box, other: Box, frame: Frame) -> float:
    """The largest distance of two original boxes' edges, in pixels of the view."""
    pairs = zip(frame.from_original(box).xyxy, frame.from_original(other).xyxy, strict=True)
    return max(abs(a - b) for a, b in pairs)


@given(st.data(), sizes(), st.sampled_from(LADDER), FACTORS, st.booleans(), st.sampled_from(Convention))
def test_original_to_view_to_convention_and_back_is_the_same_box(
    data: st.DataObject, size: tuple[int, int], rung: int, factor: int, upscale: bool, convention: Convention
) -> None:
    frame = view_frame(size, rung, factor, upscale)
    box = data.draw(boxes_in(size))
    back = convention.read_original(convention.write_original(box, frame), frame)
    assert apart_in_view(box, back, frame) < 1e-6


@given(st.data(), sizes(), st.sampled_from(LADDER), FACTORS, st.booleans())
def test_whole_view_pixels_are_within_half_a_view_pixel(
    data: st.DataObject, size: tuple[int, int], rung: int, factor: int, upscale: bool
) -> None:
    frame = view_frame(size, rung, factor, upscale)
    box = data.draw(boxes_in(size))
    x1, y1, x2, y2 = (round(n) for n in Convention.PIXELS.write_original(box, frame))
    back = Convention.PIXELS.read_original((x1, y1, x2, y2), frame)
    assert apart_in_view(box, back, frame) <= HALF_PIXEL


@given(st.data(), sizes(), st.sampled_from(LADDER))
def test_whole_thousandths_are_within_half_a_thousandth_of_the_view(
    data: st.DataObject, size: tuple[int, int], rung: int
) -> None:
    frame = view_frame(size, rung)
    box = data.draw(boxes_in(size))
    x1, y1, x2, y2 = (round(n) for n in Convention.THOUSAND.write_original(box, frame))
    back = Convention.THOUSAND.read_original((x1, y1, x2, y2), frame)
    assert apart_in_view(box, back, frame) <= HALF_PIXEL * max(1.0, max(frame.width, frame.height) / 1000)


@given(st.data(), sizes(), st.sampled_from(Convention))
def test_a_crop_of_a_crop_still_speaks_of_the_original(
    data: st.DataObject, size: tuple[int, int], convention: Convention
) -> None:
    region = data.draw(boxes_in(size))
    assume(min(region.width, region.height) > 1)
    frame = Frame(region, data.draw(st.integers(1, 4000)), data.draw(st.integers(1, 4000)))
    box = data.draw(boxes_in(size))
    back = convention.read_original(convention.write_original(box, frame), frame)
    assert apart_in_view(box, back, frame) < 1e-4


@given(sizes(), st.sampled_from(LADDER))
def test_the_whole_view_is_the_whole_original(size: tuple[int, int], rung: int) -> None:
    frame = view_frame(size, rung)
    assert frame.to_original(frame.bounds).xyxy == pytest.approx((0, 0, *size))
    assert frame.from_original(Box(0, 0, *size)).xyxy == pytest.approx(frame.bounds.xyxy)


def test_each_convention_writes_its_own_numbers() -> None:
    frame = Frame.whole((2000, 1000), (200, 100))
    box = Box(500, 250, 1000, 500)
    assert Convention.PIXELS.write_original(box, frame) == (50, 25, 100, 50)
    assert Convention.UNIT.write_original(box, frame) == (0.25, 0.25, 0.5, 0.5)
    assert Convention.THOUSAND.write_original(box, frame) == (250, 250, 500, 500)


@given(boxes(), boxes())
def test_iou_is_symmetric_and_between_zero_and_one(a: Box, b: Box) -> None:
    assert a.iou(b) == pytest.approx(b.iou(a))
    assert 0 <= a.iou(b) <= 1 + 1e-9


@given(boxes())
def test_a_box_with_area_overlaps_itself_wholly(box: Box) -> None:
    assume(box.area > 1e-6)
    assert box.iou(box) == pytest.approx(1)


@given(boxes(), boxes())
def test_union_contains_both_and_intersection_lies_in_both(a: Box, b: Box) -> None:
    assert a.union(b).contains(a)
    assert a.union(b).contains(b)
    shared = a.intersection(b)
    assert shared is None or (a.contains(shared) and b.contains(shared) and shared.area >= 0)


@given(boxes(), st.floats(-50, 50))
def test_padding_never_turns_a_box_inside_out(box: Box, pixels: float) -> None:
    padded = box.padded(pixels)
    assert padded.width >= 0
    assert padded.height >= 0
    if pixels >= 0:
        assert padded.contains(box)


@given(boxes(), st.floats(1, 4))
def test_scaling_keeps_the_centre(box: Box, factor: float) -> None:
    scaled = box.scaled(factor)
    assert scaled.centre == pytest.approx(box.centre, abs=1e-6)
    assert scaled.width == pytest.approx(box.width * factor, abs=1e-6)


@given(boxes())
def test_rounding_out_covers_the_box(box: Box) -> None:
    assert Box(*box.rounded_out()).contains(box)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", range(4))
def test_a_box_needs_finite_numbers(bad: float, place: int) -> None:
    numbers = [0.0, 0.0, 1.0, 1.0]
    numbers[place] = bad
    with pytest.raises(ValueError, match="finite"):
        Box(*numbers)


@pytest.mark.parametrize("corners", [(2, 0, 1, 1), (0, 2, 1, 1)])
def test_a_box_needs_its_corners_in_order(corners: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="x1 <= x2"):
        Box(*corners)


def test_a_box_may_have_no_area() -> None:
    assert Box(1, 1, 1, 5).area == 0
    assert Box(1, 1, 1, 5).iou(Box(0, 0, 9, 9)) == 0


def test_corner_and_size_make_a_box() -> None:
    assert Box.from_xywh(1, 2, 3, 4) == Box(1, 2, 4, 6)


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (-1, 5)])
def test_a_frame_needs_pixels(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least 1 px"):
        Frame(Box(0, 0, 1, 1), *size)


def test_a_frame_must_show_something() -> None:
    with pytest.raises(ValueError, match="show some of the original"):
        Frame(Box(3, 3, 3, 9), 10, 10)
