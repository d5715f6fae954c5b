"""The album: pictures that are drawn again when their pixels are needed."""

import gc
import random
import weakref
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lensmill.geometry import Box, Frame
from lensmill.picture import Picture, draw_view, encode, pixel_hash
from lensmill.sample import Region
from lensmill.tools import EDIT_TOOLS, ZOOM, Album, Toolbox, ToolError, ToolSettings
from lensmill.tools.album import Drawing

ORIGINAL = Image.frombytes("RGB", (420, 360), random.Random(3).randbytes(420 * 360 * 3))
VIEW = draw_view(ORIGINAL, 224)
REGIONS = tuple(
    Region(part, label, box)
    for part in {part for _, part in EDIT_TOOLS.values()}
    for label, box in (("a", Box(40, 40, 200, 300)), ("b", Box(150, 60, 380, 340)))
)
ZOOM_CALL: tuple[str, dict[str, Any]] = (ZOOM, {"bbox_2d": [20, 20, 120, 120]})


def toolbox(source: Any = "original") -> Toolbox:
    return Toolbox(ORIGINAL, VIEW, 224, REGIONS, ToolSettings(zoom_source=source, zoom_floor=224))


def seen(picture: Picture) -> tuple[str, Frame]:
    return pixel_hash(picture.pixels), picture.frame


def is_gone(pixels: "weakref.ref[Image.Image]") -> bool:
    gc.collect()
    return pixels() is None


ZOOMS = st.tuples(
    st.just(ZOOM),
    st.fixed_dictionaries(
        {
            "bbox_2d": st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(110, 220), st.integers(110, 220)),
            "image": st.integers(0, 7),
        }
    ),
)
EDITS = st.tuples(
    st.sampled_from(sorted(EDIT_TOOLS)),
    st.fixed_dictionaries({"labels": st.lists(st.sampled_from("ab"), max_size=2), "image": st.integers(0, 7)}),
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["original", "view"]), st.lists(ZOOMS | EDITS, max_size=7), st.randoms(use_true_random=False))
def test_every_picture_is_drawn_again_as_it_was(
    source: str, calls: list[tuple[str, dict[str, Any]]], order: random.Random
) -> None:
    box = toolbox(source)
    first = [seen(VIEW)]
    for tool, arguments in calls:
        try:
            first.append(seen(box.call(tool, {**arguments, "image": arguments["image"] % len(first)}).picture))
        except ToolError:
            continue
    numbers = list(range(len(first)))
    order.shuffle(numbers)
    assert [seen(box.pictures[number]) for number in numbers] == [first[number] for number in numbers]
    assert box.pictures.frames == tuple(frame for _, frame in first)


def test_an_edit_of_an_edit_of_a_crop_is_drawn_again_from_the_crop() -> None:
    box = toolbox()
    calls: list[tuple[str, dict[str, Any]]] = [
        ZOOM_CALL,
        ("focus_on_x_values_with_highlight", {"labels": ["a"], "image": 1}),
        ("focus_on_x_values_with_draw", {"labels": ["b"], "image": 2}),
    ]
    first = [seen(box.call(tool, arguments).picture) for tool, arguments in calls]
    assert len(set(first)) == 3
    assert [seen(picture) for picture in box.pictures[1:]] == first


def test_an_edit_of_an_earlier_crop_shows_what_it_would_have_shown_at_once() -> None:
    edit = ("focus_on_x_values_with_draw", {"labels": ["a"], "image": 1})
    at_once, later = toolbox(), toolbox()
    at_once.call(*ZOOM_CALL)
    for _ in range(3):
        later.call(*ZOOM_CALL)
    assert seen(later.call(*edit).picture) == seen(at_once.call(*edit).picture)


@pytest.mark.parametrize("tool", [ZOOM, *sorted(EDIT_TOOLS)])
def test_a_toolbox_holds_no_pixels_of_what_it_drew(tool: str) -> None:
    box = toolbox()
    crop = weakref.ref(box.call(*ZOOM_CALL).picture.pixels)
    arguments = {"bbox_2d": [0, 0, 100, 100]} if tool == ZOOM else {"labels": ["a"]}
    drawn = weakref.ref(box.call(tool, {**arguments, "image": 1}).picture.pixels)
    box.pictures[2]
    assert is_gone(crop)
    assert is_gone(drawn)


def test_a_zoom_about_a_picture_draws_none_but_its_own() -> None:
    def never(_: Picture) -> Picture:
        raise AssertionError("this was drawn for nothing")

    box = toolbox()
    box.pictures.add(Drawing(VIEW.frame, 0, never))
    assert box.call(ZOOM, {"bbox_2d": [20, 20, 120, 120], "image": 1}).picture == toolbox().call(*ZOOM_CALL).picture


def test_a_very_long_chain_of_edits_can_be_drawn_again() -> None:
    album = Album(VIEW)
    for number in range(5000):
        album.add(Drawing(VIEW.frame, number, lambda source: Picture(source.pixels.copy(), source.frame)))
    assert seen(album[-1]) == seen(VIEW)


def test_a_picture_kept_as_its_file_has_every_pixel() -> None:
    album = Album(VIEW)
    album.add(encode(VIEW))
    album.add(Drawing(VIEW.frame, 1, lambda source: Picture(source.pixels.copy(), source.frame)))
    assert [seen(picture) for picture in album] == [seen(VIEW)] * 3


def test_there_is_no_picture_after_the_last() -> None:
    with pytest.raises(IndexError):
        Album(VIEW)[1]
