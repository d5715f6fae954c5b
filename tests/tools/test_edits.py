"""Edits: what is whitened, outlined and tinted, and what is said when nothing can be."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lensmill.geometry import Box
from lensmill.picture import pixel_hash
from lensmill.tools.edits import HIGHLIGHT_ALPHA, INSET, OUTLINE, OWN_SIZE, RED, EditKind, focus, scaled
from lensmill.tools.errors import ToolError

GREY, WHITE = (90, 120, 150), (255, 255, 255)
LEFT, RIGHT = Box(100, 100, 300, 500), Box(400, 100, 600, 500)
PARTS = {"left": LEFT, "right": RIGHT}
KINDS: list[EditKind] = ["mask", "draw", "highlight"]


def plain(width: int = OWN_SIZE[0], height: int = OWN_SIZE[1]) -> Image.Image:
    return Image.new("RGB", (width, height), GREY)


@pytest.mark.parametrize("kind", KINDS)
def test_the_input_is_never_modified(kind: EditKind) -> None:
    pixels = plain()
    before = pixel_hash(pixels)
    edited, _ = focus(pixels, kind, ["left"], PARTS)
    assert pixel_hash(pixels) == before
    assert pixel_hash(edited) != before
    assert edited.size == pixels.size


def test_mask_whitens_other_parts_and_keeps_the_focus() -> None:
    edited, text = focus(plain(), "mask", ["left"], PARTS)
    white = edited.crop((400 + INSET, 100 + INSET, 600 - INSET, 500 - INSET))
    assert white.getcolors() == [(white.width * white.height, WHITE)]
    assert edited.getpixel((200, 300)) == GREY
    assert edited.getpixel((5, 5)) == GREY
    assert edited.getpixel((400 + INSET - 1, 300)) == GREY
    assert "left" in text


def test_mask_keeps_the_focus_under_overlapping_neighbours() -> None:
    edited, _ = focus(plain(), "mask", ["left"], {"left": LEFT, "all": Box(0, 0, 800, 600)})
    kept = edited.crop(LEFT.rounded())
    assert kept.getcolors() == [(kept.width * kept.height, GREY)]
    assert edited.getpixel((350, 300)) == WHITE


@pytest.mark.parametrize("labels", [["left", "right"], []])
def test_masking_all_or_none_leaves_the_image_and_says_so(labels: list[str]) -> None:
    pixels = plain()
    edited, text = focus(pixels, "mask", labels, PARTS)
    assert pixel_hash(edited) == pixel_hash(pixels)
    assert "unchanged" in text


def test_masking_for_a_part_out_of_sight_leaves_the_image_and_says_so() -> None:
    edited, text = focus(plain(), "mask", ["far"], {**PARTS, "far": Box(900, 900, 950, 950)})
    assert pixel_hash(edited) == pixel_hash(plain())
    assert "unchanged" in text


def noise(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(3).randbytes(width * height * 3))


def red_pixels(edited: Image.Image, box: tuple[int, int, int, int]) -> int:
    return sum(count for count, colour in edited.crop(box).getcolors(1 << 24) or [] if colour == RED)


def test_draw_outlines_in_red_from_outside() -> None:
    edited, text = focus(plain(), "draw", ["left"], PARTS)
    assert all(edited.getpixel((x, 300)) == RED for x in (*range(95, 100), *range(300, 305)))
    assert all(edited.getpixel((200, y)) == RED for y in (*range(95, 100), *range(500, 505)))
    assert all(edited.getpixel((x, 300)) == GREY for x in (94, 100, 299, 305, 500))
    assert "left" in text


@pytest.mark.parametrize("size", [(224, 168), (336, 252), (800, 600), (1344, 1008), (3840, 2160), (3136, 28)])
def test_an_outline_scales_with_the_picture_and_leaves_its_target(size: tuple[int, int]) -> None:
    pixels = noise(*size)
    box = Box(0.3 * size[0], 0.3 * size[1], 0.5 * size[0], 0.6 * size[1])
    edited, _ = focus(pixels, "draw", ["part"], {"part": box})
    inner = box.rounded_out()
    assert edited.crop(inner).tobytes() == pixels.crop(inner).tobytes()
    width = max(1, round(5 * (size[0] * size[1] / 480_000) ** 0.5))
    middle = (inner[1] + inner[3]) // 2
    assert [edited.getpixel((inner[0] - 1 - step, middle)) == RED for step in range(width + 1)] == [True] * width + [
        False
    ]


@pytest.mark.parametrize(
    ("size", "outline", "inset"), [((224, 168), 1, 1), ((800, 600), 5, 2), ((3840, 2880), 24, 10), ((28, 28), 1, 1)]
)
def test_outline_and_inset_are_those_of_refocus_at_its_size(size: tuple[int, int], outline: int, inset: int) -> None:
    assert (scaled(OUTLINE, size), scaled(INSET, size)) == (outline, inset)


def test_a_side_at_the_pictures_edge_stays_open() -> None:
    pixels = noise(800, 600)
    edited, _ = focus(pixels, "draw", ["part"], {"part": Box(-50, 100, 300, 500)})
    assert edited.crop((0, 100, 300, 500)).tobytes() == pixels.crop((0, 100, 300, 500)).tobytes()
    assert red_pixels(edited, (0, 95, 305, 505)) == 305 * 10 + 400 * 5


def test_a_box_that_fills_the_picture_is_outlined_at_its_rim() -> None:
    edited, _ = focus(plain(), "draw", ["part"], {"part": Box(-1, -1, 900, 900)})
    assert red_pixels(edited, (0, 0, 800, 600)) == 800 * 600 - 790 * 590


def test_parts_that_touch_share_an_outline_and_keep_their_pixels() -> None:
    pixels = noise(800, 600)
    parts = {"one": Box(100, 100, 200, 500), "two": Box(200, 100, 300, 500), "three": Box(303, 100, 400, 500)}
    edited, _ = focus(pixels, "draw", list(parts), parts)
    for box in parts.values():
        assert edited.crop(box.rounded()).tobytes() == pixels.crop(box.rounded()).tobytes()
    assert edited.getpixel((301, 300)) == RED
    assert red_pixels(edited, (95, 100, 100, 500)) == 5 * 400
    assert red_pixels(edited, (400, 100, 405, 500)) == 5 * 400


def test_a_line_runs_between_parts_that_touch_and_leaves_what_is_printed() -> None:
    pixels = Image.new("RGB", (800, 600), WHITE)
    print_ = (190, 300, 310, 306)  # a line of a chart that crosses all parts
    pixels.paste((10, 20, 30), print_)
    parts = {"one": Box(100, 100, 200, 500), "two": Box(200, 100, 300, 500), "three": Box(300, 100, 400, 500)}
    edited, _ = focus(pixels, "draw", list(parts), parts)
    for x in (200, 300):
        assert {edited.getpixel((at, y)) for at in range(x - 2, x + 2) for y in (110, 250, 490)} == {RED}
        assert edited.getpixel((x - 3, 250)) == edited.getpixel((x + 2, 250)) == WHITE
    assert edited.crop(print_).tobytes() == pixels.crop(print_).tobytes()


def test_a_part_within_another_is_outlined_too() -> None:
    pixels = noise(800, 600)
    parts = {"all": Box(100, 100, 700, 500), "one": Box(300, 200, 400, 300)}
    edited, _ = focus(pixels, "draw", list(parts), parts)
    assert red_pixels(edited, (295, 195, 405, 305)) == 110 * 110 - 100 * 100
    assert edited.crop((300, 200, 400, 300)).tobytes() == pixels.crop((300, 200, 400, 300)).tobytes()


@pytest.mark.parametrize(("ink", "paper"), [((0, 0, 0), WHITE), (WHITE, (60, 90, 160)), ((120, 120, 120), WHITE)])
@pytest.mark.parametrize("size", [(224, 168), (800, 600), (3840, 2160)])
def test_highlighted_print_keeps_its_contrast(
    ink: tuple[int, int, int], paper: tuple[int, int, int], size: tuple[int, int]
) -> None:
    pixels = Image.new("RGB", size, paper)
    pixels.paste(ink, (size[0] // 2, 0, size[0], size[1]))
    edited, _ = focus(pixels, "highlight", ["part"], {"part": Box(0, 0, *size)})
    shown = [edited.convert("L").getpixel((x, size[1] // 2)) for x in (size[0] // 4, size[0] * 3 // 4)]
    given = [pixels.convert("L").getpixel((x, size[1] // 2)) for x in (size[0] // 4, size[0] * 3 // 4)]
    assert abs(shown[0] - shown[1]) > 0.75 * abs(given[0] - given[1])  # type: ignore[operator]


def test_highlight_blends_red_over_the_focus() -> None:
    edited, _ = focus(plain(), "highlight", ["right"], PARTS)
    alpha = HIGHLIGHT_ALPHA / 255
    expected = [base + (over - base) * alpha for base, over in zip(GREY, RED, strict=True)]
    pixel = edited.getpixel((500, 300))
    assert isinstance(pixel, tuple)
    assert pixel == pytest.approx(expected, abs=1)
    assert edited.getpixel((200, 300)) == GREY


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_label_lists_the_known_ones(kind: EditKind) -> None:
    with pytest.raises(ToolError, match=r"unknown label 'middle'; the labels here are: 'left', 'right'"):
        focus(plain(), kind, ["left", "middle"], PARTS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_message_says_that_there_are_no_parts(kind: EditKind) -> None:
    with pytest.raises(ToolError, match="the labels here are: none"):
        focus(plain(), kind, ["left"], {})


@pytest.mark.parametrize("kind", ["draw", "highlight"])
def test_drawing_nothing_is_an_error(kind: EditKind) -> None:
    with pytest.raises(ToolError, match="at least one label"):
        focus(plain(), kind, [], PARTS)


@pytest.mark.parametrize("kind", ["draw", "highlight"])
def test_a_part_out_of_sight_is_an_error(kind: EditKind) -> None:
    with pytest.raises(ToolError, match="lies in this image"):
        focus(plain(), kind, ["far"], {"far": Box(900, 900, 950, 950)})


def test_messages_stay_short_however_long_labels_are() -> None:
    parts = {f"{i}" + "x" * 10_000: Box(i, 0, i + 1, 9) for i in range(100)}
    with pytest.raises(ToolError) as error:
        focus(plain(), "draw", ["y" * 100_000], parts)
    assert len(str(error.value)) < 10_000
    _, text = focus(plain(), "draw", list(parts), parts)
    assert len(text) < 20_000


@settings(max_examples=200)
@given(st.data(), st.integers(1, 60), st.integers(1, 60), st.sampled_from(KINDS))
def test_any_part_in_sight_can_be_edited_and_little_else_changes(
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
    assert changed or kind == "mask" or edited.getpixel((0, 0)) != GREY
    left, top, right, bottom = box.rounded_out()
    inside = [left <= x < right and top <= y < bottom for x, y in changed]
    if kind != "draw":
        assert all(inside)
        return
    fills = left <= 0 and top <= 0 and right >= width and bottom >= height
    assert fills or not any(inside)
    assert all(left - 1 <= x < right + 1 and top - 1 <= y < bottom + 1 for x, y in changed)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_edit_gives_the_same_pixels(kind: EditKind) -> None:
    first, second = (focus(plain(), kind, ["left"], PARTS)[0] for _ in range(2))
    assert pixel_hash(first) == pixel_hash(second)


def test_boxes_that_cover_the_picture_many_times_over_are_refused() -> None:
    boxes = {str(number): Box(0, 0, 300, 200) for number in range(5)}
    with pytest.raises(ToolError, match="4 times over"):
        focus(Image.new("RGB", (300, 200)), "highlight", list(boxes), boxes)
