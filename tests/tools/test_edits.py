"""Edits: what is whitened, outlined and tinted, and what is said when nothing can be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lensmill.geometry import Box
from lensmill.picture import pixel_hash
from lensmill.tools.edits import HIGHLIGHT_ALPHA, INSET, OUTLINE, RED, EditKind, focus
from lensmill.tools.errors import ToolError

GREY, WHITE = (90, 120, 150), (255, 255, 255)
LEFT, RIGHT = Box(10, 10, 60, 90), Box(70, 10, 120, 90)
PARTS = {"left": LEFT, "right": RIGHT}
KINDS: list[EditKind] = ["mask", "draw", "highlight"]


def plain(width: int = 130, height: int = 100) -> Image.Image:
    return Image.new("RGB", (width, height), GREY)


@pytest.mark.parametrize("kind", KINDS)
def test_the_input_is_never_modified(kind: EditKind) -> None:
    pixels = plain()
    before = pixel_hash(pixels)
    edited, _ = focus(pixels, kind, ["left"], PARTS)
    assert pixel_hash(pixels) == before
    assert pixel_hash(edited) != before
    assert edited.size == pixels.size


def test_mask_whitens_the_others_and_keeps_what_is_in_focus() -> None:
    edited, text = focus(plain(), "mask", ["left"], PARTS)
    assert edited.crop((70 + INSET, 10 + INSET, 120 - INSET, 90 - INSET)).getcolors() == [(46 * 76, WHITE)]
    assert edited.getpixel((35, 50)) == GREY
    assert edited.getpixel((5, 5)) == GREY
    assert edited.getpixel((70 + INSET - 1, 50)) == GREY
    assert "left" in text


def test_mask_keeps_what_is_in_focus_where_neighbours_overlap_it() -> None:
    edited, _ = focus(plain(), "mask", ["left"], {"left": LEFT, "all": Box(0, 0, 130, 100)})
    assert edited.getpixel((35, 50)) == GREY
    assert edited.getpixel((100, 50)) == WHITE


@pytest.mark.parametrize("labels", [["left", "right"], []])
def test_masking_all_or_none_leaves_the_image_and_says_so(labels: list[str]) -> None:
    pixels = plain()
    edited, text = focus(pixels, "mask", labels, PARTS)
    assert pixel_hash(edited) == pixel_hash(pixels)
    assert "unchanged" in text


def test_masking_for_a_part_out_of_sight_leaves_the_image_and_says_so() -> None:
    edited, text = focus(plain(), "mask", ["far"], {**PARTS, "far": Box(500, 500, 600, 600)})
    assert pixel_hash(edited) == pixel_hash(plain())
    assert "unchanged" in text


def test_draw_outlines_in_red_and_leaves_the_inside() -> None:
    edited, text = focus(plain(), "draw", ["left"], PARTS)
    edge = 10 + INSET
    assert all(edited.getpixel((edge + i, 50)) == RED for i in range(OUTLINE))
    assert edited.getpixel((edge + OUTLINE, 50)) == GREY
    assert edited.getpixel((edge - 1, 50)) == GREY
    assert edited.getpixel((60 - INSET - 1, 50)) == RED
    assert edited.getpixel((60 - INSET, 50)) == GREY
    assert edited.getpixel((95, 50)) == GREY
    assert "left" in text


def test_highlight_blends_red_over_the_focus() -> None:
    edited, _ = focus(plain(), "highlight", ["right"], PARTS)
    alpha = HIGHLIGHT_ALPHA / 255
    expected = [base + (over - base) * alpha for base, over in zip(GREY, RED, strict=True)]
    pixel = edited.getpixel((95, 50))
    assert isinstance(pixel, tuple)
    assert pixel == pytest.approx(expected, abs=1)
    assert edited.getpixel((35, 50)) == GREY


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_label_lists_the_known_ones(kind: EditKind) -> None:
    with pytest.raises(ToolError, match=r"unknown label 'middle'; the labels here are: 'left', 'right'"):
        focus(plain(), kind, ["left", "middle"], PARTS)


@pytest.mark.parametrize("kind", KINDS)
def test_without_any_parts_the_message_says_none(kind: EditKind) -> None:
    with pytest.raises(ToolError, match="the labels here are: none"):
        focus(plain(), kind, ["left"], {})


@pytest.mark.parametrize("kind", ["draw", "highlight"])
def test_drawing_nothing_is_an_error(kind: EditKind) -> None:
    with pytest.raises(ToolError, match="at least one label"):
        focus(plain(), kind, [], PARTS)


@pytest.mark.parametrize("kind", ["draw", "highlight"])
def test_a_part_out_of_sight_is_an_error(kind: EditKind) -> None:
    with pytest.raises(ToolError, match="lies in this image"):
        focus(plain(), kind, ["far"], {"far": Box(500, 500, 600, 600)})


def test_messages_stay_short_however_long_labels_are() -> None:
    parts = {f"{i}" + "x" * 10_000: Box(i, 0, i + 1, 9) for i in range(100)}
    with pytest.raises(ToolError) as error:
        focus(plain(), "draw", ["y" * 100_000], parts)
    assert len(str(error.value)) < 10_000
    _, text = focus(plain(), "draw", list(parts), parts)
    assert len(text) < 20_000


@settings(max_examples=200)
@given(st.data(), st.integers(1, 60), st.integers(1, 60), st.sampled_from(KINDS))
def test_any_part_in_sight_can_be_edited_and_changes_nothing_outside_it(
    data: st.DataObject, width: int, height: int, kind: EditKind
) -> None:
    edges = st.floats(-20, 80)
    x1, x2 = sorted((data.draw(edges), data.draw(edges)))
    y1, y2 = sorted((data.draw(edges), data.draw(edges)))
    box = Box(x1, y1, x2, y2)
    if box.clip(Box(0, 0, width, height)) is None:
        return
    labels = ["other"] if kind == "mask" else ["part"]
    edited, _ = focus(plain(width, height), kind, labels, {"part": box, "other": Box(0, 0, 0.5, 0.5)})
    changed = [
        (x, y) for x in range(width) for y in range(height) if edited.getpixel((x, y)) != GREY and (x, y) != (0, 0)
    ]
    left, top, right, bottom = box.rounded_out()
    assert all(left <= x < right and top <= y < bottom for x, y in changed)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_edit_gives_the_same_pixels(kind: EditKind) -> None:
    first, second = (focus(plain(), kind, ["left"], PARTS)[0] for _ in range(2))
    assert pixel_hash(first) == pixel_hash(second)


def test_boxes_that_cover_the_picture_many_times_over_are_refused() -> None:
    boxes = {str(number): Box(0, 0, 300, 200) for number in range(5)}
    with pytest.raises(ToolError, match="4 times over"):
        focus(Image.new("RGB", (300, 200)), "highlight", list(boxes), boxes)
