"""The ladder: sizes of views, and the rungs of an image."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lensmill.models.families import ModelFamily, within
from lensmill.resolution import LADDER, MAX_ASPECT, MAX_PIXELS, Ladder, fit, image_tokens, rungs_for, view_frame
from tests.test_geometry import FACTORS, sizes


@given(sizes(), st.sampled_from(LADDER), FACTORS, st.booleans())
@example((10, 2000), 224, 28, False)
@example((2000, 10), 224, 32, False)
@example((1, 200), 224, 28, True)
def test_a_view_keeps_to_its_rung_and_to_the_patch_grid(
    size: tuple[int, int], rung: int, factor: int, upscale: bool
) -> None:
    frame = view_frame(size, rung, factor, upscale)
    assert frame.width % factor == frame.height % factor == 0
    assert frame.width >= factor
    assert frame.height >= factor
    assert frame.width * frame.height <= rung * rung
    assert frame.region.xyxy == (0, 0, *size)


@given(sizes(), st.sampled_from(LADDER), FACTORS)
def test_a_view_without_upscaling_is_at_most_one_patch_larger_than_the_image(
    size: tuple[int, int], rung: int, factor: int
) -> None:
    frame = view_frame(size, rung, factor, min_pixels=0)
    assert frame.width < size[0] + factor
    assert frame.height < size[1] + factor


@given(sizes(), st.sampled_from(LADDER), FACTORS, st.booleans())
def test_a_view_keeps_the_aspect_ratio_to_within_a_patch(
    size: tuple[int, int], rung: int, factor: int, upscale: bool
) -> None:
    frame = view_frame(size, rung, factor, upscale)
    if min(frame.width, frame.height) == factor:  # a side is at least one patch
        return
    if max(frame.width, frame.height) == MAX_ASPECT * min(
        frame.width, frame.height
    ):  # the long side was shortened instead
        return
    scales = [(side - factor) / whole for side, whole in zip((frame.width, frame.height), size, strict=True)]
    ends = [(side + factor) / whole for side, whole in zip((frame.width, frame.height), size, strict=True)]
    assert max(scales) <= min(ends) + 1e-9


@given(sizes(), st.sampled_from(LADDER))
def test_upscaling_fills_the_rung_but_for_the_grid(size: tuple[int, int], rung: int) -> None:
    frame = view_frame(size, rung, 1, upscale=True, max_pixels=rung * rung)
    capped = max(frame.width, frame.height) == MAX_ASPECT * min(frame.width, frame.height)
    assert (frame.width + 1) * (frame.height + 1) >= rung * rung or min(frame.width, frame.height) == 1 or capped


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1, 1), (224,)),
        ((224, 224), (224,)),
        ((225, 224), (224, 448)),
        ((448, 448), (224, 448)),
        ((800, 600), (224, 448, 672, 896)),
        ((4000, 3000), LADDER),
        ((3840, 3840), LADDER),
        ((20_000, 100), (224, 448, 672, 896, 1344, 1792)),
    ],
)
def test_a_rung_is_skipped_when_a_lower_one_shows_every_pixel(size: tuple[int, int], expected: tuple[int, ...]) -> None:
    assert rungs_for(size) == expected


@given(sizes())
def test_upscaling_keeps_every_rung(size: tuple[int, int]) -> None:
    assert rungs_for(size, upscale=True) == LADDER


@given(sizes(), st.lists(st.integers(28, 5000), min_size=1, max_size=10))
def test_rungs_come_sorted_once_each_and_from_the_ladder(size: tuple[int, int], ladder: list[int]) -> None:
    rungs = rungs_for(size, ladder)
    assert list(rungs) == sorted(set(rungs))
    assert set(rungs) <= set(ladder)
    assert rungs[0] == min(ladder)


@given(sizes())
def test_only_the_last_rung_of_an_image_may_show_every_pixel(size: tuple[int, int]) -> None:
    assert all(rung * rung < math.prod(size) for rung in rungs_for(size)[:-1])


def test_default_rungs_lie_on_the_grids_of_both_patch_factors() -> None:
    assert all(rung % 224 == 0 for rung in LADDER if rung <= 2688)
    assert LADDER[-1] == 3840


def test_an_image_longer_than_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match=f"longer than {MAX_ASPECT}:1"):
        fit(201, 1, 224 * 224)
    with pytest.raises(ValueError, match=f"longer than {MAX_ASPECT}:1"):
        view_frame((1, 201), 224)


def test_a_budget_below_one_patch_is_refused() -> None:
    with pytest.raises(ValueError, match="less than one patch"):
        fit(100, 100, 27 * 28)


@pytest.mark.parametrize(
    ("size", "tokens"), [((28, 28), 1), ((29, 28), 2), ((224, 224), 64), ((3836, 3836), 137 * 137)]
)
def test_tokens_count_whole_patches(size: tuple[int, int], tokens: int) -> None:
    assert image_tokens(*size) == tokens


FAMILIES = {
    28: ModelFamily(),
    32: ModelFamily(factor=32, min_pixels=65_536, max_pixels=16_777_216),
}
"""Qwen2.5-VL and Qwen3-VL, by factor."""

QWEN3_VL_AT_224 = (32, 224)
"""The one pair without a size: 224 squared is less than the least that Qwen3-VL takes as it is."""


@given(sizes(), st.sampled_from(LADDER), st.sampled_from([28, 32]), st.booleans())
@example((6000, 31), 3840, 28, False)
@example((31, 6000), 1344, 28, False)
@example((6400, 32), 3840, 32, False)
@example((20_000, 20_000), 3840, 28, True)
@example((1, 1), 224, 28, False)
@example((5, 1000), 3840, 32, False)
def test_a_view_keeps_its_models_pixel_limits(size: tuple[int, int], rung: int, factor: int, upscale: bool) -> None:
    family = FAMILIES[factor]
    frame = within(Ladder((rung,), factor, upscale), [family]).frame(size, rung)
    assert frame.width % factor == frame.height % factor == 0
    assert frame.width * frame.height <= min(rung * rung, family.max_pixels)
    assert frame.width * frame.height >= family.min_pixels or (factor, rung) == QWEN3_VL_AT_224
    assert max(frame.width, frame.height) <= MAX_ASPECT * min(frame.width, frame.height)


@pytest.mark.parametrize("factor", [28, 32])
def test_snapping_never_makes_a_strip_longer_than_servers_take(factor: int) -> None:
    for height in range(5, 400):
        for width in (height * MAX_ASPECT, height * 190, height * 150):
            columns, rows = fit(width, height, 10**9, factor)
            assert columns <= MAX_ASPECT * rows
            assert (rows, columns) == fit(height, width, 10**9, factor)


def test_a_strip_keeps_the_ratio_that_snapping_would_have_bent_the_other_way() -> None:
    assert fit(6000, 31, 10**9, 28) == (5600, 28)  # 5992x28 is 214:1


def test_limits_that_whole_patches_cannot_meet_give_the_upper_one() -> None:
    width, height = fit(196, 390, 7 * 784, 28, 7 * 784)
    assert width * height <= 7 * 784


def test_a_rung_above_a_models_limit_is_skipped_where_a_lower_one_is_there_already() -> None:
    ladder = within(Ladder(), [ModelFamily(max_pixels=2_408_448)])
    assert ladder.rungs_for((8000, 6000)) == (224, 448, 672, 896, 1344, 1792)
    assert ladder.frame((8000, 6000), 1792).bounds.area <= 2_408_448
    assert Ladder((3600, 3840), upscale=True).rungs_for((8000, 6000)) == (3600,)
    assert Ladder().rungs_for((8000, 6000)) == LADDER


@given(sizes(), FACTORS)
def test_the_own_rung_of_an_image_shows_it_at_its_own_size_and_no_lower_rung_does(
    size: tuple[int, int], factor: int
) -> None:
    ladder = Ladder(factor=factor)
    rung = ladder.own_rung(size)
    width, height = fit(*size, MAX_PIXELS, factor, ladder.min_pixels)
    assert rung is not None
    assert (ladder.frame(size, rung).width, ladder.frame(size, rung).height) == (width, height)
    assert all(ladder.frame(size, lower) != ladder.frame(size, rung) for lower in LADDER if lower < rung)


def test_an_image_has_no_own_rung_where_the_ladder_ends_below_it_or_enlarges_it() -> None:
    assert Ladder((224, 448)).own_rung((800, 600)) is None
    assert Ladder((1344,), upscale=True).own_rung((800, 600)) is None


def test_views_without_a_model_keep_the_smallest_published_limit() -> None:
    assert view_frame((8000, 8000), 3840).bounds.area <= MAX_PIXELS


def test_a_ladder_of_models_that_share_no_size_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot have from 3136 to 700 pixels"):
        within(Ladder(), [ModelFamily(max_pixels=700)])
