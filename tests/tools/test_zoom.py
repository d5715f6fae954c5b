"""Zoom: which rectangle a box shows, and what is said of boxes that show nothing."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from lensmill.geometry import Box, Convention, Frame
from lensmill.picture import Picture, draw_view
from lensmill.resolution import LADDER, MAX_ASPECT, fit
from lensmill.tools import ToolSettings
from lensmill.tools.arguments import checked_box
from lensmill.tools.errors import ToolError
from lensmill.tools.zoom import MIN_SIDE, zoom, zoom_region

SIZE = (1000, 800)


def gradient(width: int, height: int) -> Picture:
    ramp = Image.linear_gradient("L").resize((width, height))
    pixels = Image.merge("RGB", (ramp, ramp.transpose(Image.Transpose.ROTATE_180), ramp))
    return Picture(pixels, Frame.whole(pixels.size))


def test_a_box_is_enlarged_about_its_centre() -> None:
    assert zoom_region(Box(400, 300, 600, 400), SIZE, 1.5) == Box(350, 275, 650, 425)


def test_a_box_beyond_the_edge_is_clipped() -> None:
    assert zoom_region(Box(900, 700, 1200, 900), SIZE, 1.5) == Box(825, 650, 1000, 800)


def test_the_region_is_rounded_out_to_whole_pixels() -> None:
    assert zoom_region(Box(100.4, 100.4, 200.6, 200.6), SIZE, 1.0) == Box(100, 100, 201, 201)


def test_a_small_box_that_is_large_enough_once_enlarged_is_taken() -> None:
    assert zoom_region(Box(400, 400, 420, 420), SIZE, 1.5) == Box(395, 395, 425, 425)


def test_a_box_that_is_too_small_even_enlarged_is_explained() -> None:
    with pytest.raises(ToolError, match=f"too small: after enlarging, each side must have at least {MIN_SIDE}"):
        zoom_region(Box(400, 400, 410, 500), SIZE, 1.5)


def test_a_box_outside_is_explained_with_the_image_size() -> None:
    with pytest.raises(ToolError, match="outside the image of 1000x800"):
        zoom_region(Box(1000, 0, 1200, 100), SIZE)


@pytest.mark.parametrize("box", [Box(5, 5, 5, 90), Box(5, 5, 90, 5)])
def test_a_box_without_area_is_explained(box: Box) -> None:
    with pytest.raises(ToolError, match="no area"):
        zoom_region(box, SIZE)


def test_a_box_that_is_too_thin_is_explained() -> None:
    with pytest.raises(ToolError, match=f"longer than {MAX_ASPECT}:1"):
        zoom_region(Box(0, 0, 9000, 30), (9000, 400), 1.0)


@pytest.mark.parametrize("enlarge", [1.0, 1.5])
def test_a_huge_box_that_barely_touches_is_explained_or_shown(enlarge: float) -> None:
    try:
        region = zoom_region(Box(-9e8, -9e8, 1e-9, 1e-9), SIZE, enlarge)
    except ToolError:
        return
    assert Box(0, 0, *SIZE).contains(region)


@given(
    st.tuples(*[st.floats(-1500, 1500)] * 4),
    st.integers(1, 1200),
    st.integers(1, 1200),
    st.sampled_from([1.0, 1.5, 3.0]),
)
def test_a_region_is_whole_pixels_inside_the_image_and_large_enough_or_there_is_none(
    edges: tuple[float, float, float, float], width: int, height: int, enlarge: float
) -> None:
    x1, x2 = sorted((edges[0], edges[2]))
    y1, y2 = sorted((edges[1], edges[3]))
    box = Box(x1, y1, x2, y2)
    try:
        region = zoom_region(box, (width, height), enlarge)
    except ToolError:
        return
    assert Box(0, 0, width, height).contains(region)
    assert region.xyxy == tuple(map(round, region.xyxy))
    assert min(region.width, region.height) >= MIN_SIDE
    assert max(region.width, region.height) <= MAX_ASPECT * min(region.width, region.height)
    inside = box.clip(Box(0, 0, width, height))
    assert inside is not None
    assert region.padded(1e-6).contains(inside)


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(*[st.floats(0, 400)] * 4),
    st.sampled_from([224, 448]),
    st.sampled_from([28, 32]),
    st.sampled_from([1.0, 2.0, 8.0]),
)
def test_a_crop_keeps_to_budget_and_grid_and_knows_what_it_shows(
    edges: tuple[float, float, float, float], side: int, factor: int, upscale: float
) -> None:
    x1, x2 = sorted((edges[0], edges[2]))
    y1, y2 = sorted((edges[1], edges[3]))
    assume(min(x2 - x1, y2 - y1) >= MIN_SIDE)
    box = Box(x1, y1, x2, y2)
    crop = zoom(gradient(400, 400), box, side * side, factor, upscale=upscale)
    assert crop.pixels.width * crop.pixels.height <= side * side
    assert crop.pixels.width % factor == crop.pixels.height % factor == 0
    assert crop.frame.region == zoom_region(box, (400, 400))


def test_a_crop_of_a_view_is_framed_on_the_original() -> None:
    original = gradient(2240, 1120)
    view = draw_view(original.pixels, 448)
    crop = zoom(view, Box(400, 400, 800, 800), 448 * 448, 28)
    assert crop.frame.region.contains(Box(400, 400, 800, 800))
    assert crop.frame.region.width == pytest.approx(600, abs=2 * 2240 / view.frame.width)


def test_a_crop_shows_the_pixels_of_its_region() -> None:
    source = gradient(560, 560)
    crop = zoom(source, Box(140, 140, 420, 420), 10**6, 28, enlarge=1.0, upscale=1.0)
    assert crop.pixels.tobytes() == source.pixels.crop((140, 140, 420, 420)).tobytes()


@settings(max_examples=60, deadline=None)
@given(st.floats(20, 600), st.floats(20, 600), st.sampled_from([28, 32]))
def test_a_crop_has_at_least_the_pixels_that_were_asked_for(width: float, height: float, factor: int) -> None:
    source = gradient(1000, 800)
    box = Box.from_xywh(100, 100, width, height)
    crop = zoom(source, box, 896 * 896, factor, min_pixels=65_536)
    assert 65_536 <= crop.pixels.width * crop.pixels.height <= 896 * 896
    assert crop.frame.region == zoom(source, box, 896 * 896, factor).frame.region


@pytest.mark.parametrize(
    "numbers",
    [
        None,
        "1,2,3,4",
        [1, 2, 3],
        [1, 2, 3, 4, 5],
        [1, 2, 3, "4"],
        [1, 2, 3, None],
        [1, 2, 3, True],
        [1, 2, 3, math.nan],
        [1, 2, 3, math.inf],
        [1, 2, 3, 10**400],
        [1, 2, 3, 10**5000],
        {"x1": 1},
        [[1, 2, 3, 4]],
        5,
    ],
)
def test_a_box_without_four_finite_numbers_is_explained(numbers: object) -> None:
    with pytest.raises(ToolError, match="four finite numbers"):
        checked_box(numbers)


def test_whole_numbers_and_tuples_are_boxes_too() -> None:
    assert checked_box((1, 2.5, 3, 4)) == (1.0, 2.5, 3.0, 4.0)


LIMITS = {28: (3_136, 12_845_056), 32: (65_536, 16_777_216)}
"""Pixels of one picture that Qwen2.5-VL and Qwen3-VL take as they are, by factor."""


@settings(max_examples=300, deadline=None)
@given(
    st.data(),
    st.integers(MIN_SIDE, 20_000),
    st.integers(MIN_SIDE, 20_000),
    st.sampled_from(LADDER),
    st.sampled_from([28, 32]),
    st.sampled_from([1.0, 2.0, 8.0]),
)
def test_a_crop_is_such_as_its_model_takes_and_its_boxes_come_back(
    data: st.DataObject, width: int, height: int, rung: int, factor: int, upscale: float
) -> None:
    x1, x2 = sorted(data.draw(st.floats(0, width)) for _ in range(2))
    y1, y2 = sorted(data.draw(st.floats(0, height)) for _ in range(2))
    try:
        region = zoom_region(Box(x1, y1, x2, y2), (width, height))
    except ToolError:
        return
    least, most = LIMITS[factor]
    budget = ToolSettings(min_pixels=least, max_pixels=most).most_pixels(rung)
    size = fit(region.width * upscale, region.height * upscale, budget, factor, least)
    assert size[0] % factor == size[1] % factor == 0
    assert least <= size[0] * size[1] <= min(most, max(rung, 896) ** 2)
    assert max(size) <= MAX_ASPECT * min(size)
    frame = Frame(region, *size)
    for convention in Convention:
        back = convention.read_original(convention.write_original(region.scaled(0.5), frame), frame)
        assert back.xyxy == pytest.approx(region.scaled(0.5).xyxy, abs=1e-6)


def test_a_crop_at_the_highest_rung_stays_within_the_models_own_limit() -> None:
    source = gradient(4424, 3304)
    crop = zoom(source, Box(0, 0, 4424, 3304), ToolSettings().most_pixels(3840), 28)
    assert crop.pixels.width * crop.pixels.height <= 12_845_056
