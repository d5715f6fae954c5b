"""The ladder: sizes of views, and which rungs an image has."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lensmill.resolution import LADDER, MAX_ASPECT, fit, image_tokens, rungs_for, view_frame
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
def test_without_upscaling_a_view_is_at_most_one_patch_larger_than_the_image(
    size: tuple[int, int], rung: int, factor: int
) -> None:
    frame = view_frame(size, rung, factor)
    assert frame.width < size[0] + factor
    assert frame.height < size[1] + factor


@given(sizes(), st.sampled_from(LADDER), FACTORS, st.booleans())
def test_a_view_keeps_the_aspect_ratio_to_within_a_patch(
    size: tuple[int, int], rung: int, factor: int, upscale: bool
) -> None:
    frame = view_frame(size, rung, factor, upscale)
    if min(frame.width, frame.height) == factor:  # a side that would vanish is kept at one patch
        return
    scales = [(side - factor) / whole for side, whole in zip((frame.width, frame.height), size, strict=True)]
    ends = [(side + factor) / whole for side, whole in zip((frame.width, frame.height), size, strict=True)]
    assert max(scales) <= min(ends) + 1e-9


@given(sizes(), st.sampled_from(LADDER))
def test_upscaling_fills_the_rung_but_for_the_grid(size: tuple[int, int], rung: int) -> None:
    frame = view_frame(size, rung, 1, upscale=True)
    assert (frame.width + 1) * (frame.height + 1) >= rung * rung or min(frame.width, frame.height) == 1


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
def test_of_the_rungs_of_an_image_only_the_last_may_show_it_whole(size: tuple[int, int]) -> None:
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
