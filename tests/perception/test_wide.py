import itertools

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from lensmill.geometry import Box, Frame
from lensmill.perception.wide import SURE_HEIGHT, TILE, read_wide, tiles_of
from lensmill.picture import Picture
from tests.agents.reader.printed_world import PrintedWorld


def paper(width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), "white")


def test_large_print_is_read_scaled_down() -> None:
    world = PrintedWorld([("a heading", Box(1100, 300, 1900, 420))])
    found = read_wide(world, Picture(paper(3000, 2600), Frame.whole((3000, 2600))))
    assert [reading.line.text for reading in found] == ["a heading"]
    assert world.pictures_read == 1


def test_print_too_small_at_first_is_read_again_enlarged() -> None:
    world = PrintedWorld([("a heading", Box(1100, 300, 1900, 420)), ("a footnote", Box(2000, 2500, 2300, 2530))])
    found = read_wide(world, Picture(paper(3000, 2600), Frame.whole((3000, 2600))))
    (footnote,) = {reading for reading in found if reading.line.text == "a footnote"}
    assert footnote.height >= SURE_HEIGHT


def test_tiny_print_is_read_at_full_resolution() -> None:
    world = PrintedWorld([("a heading", Box(1100, 300, 1900, 420)), ("fine print", Box(2000, 2500, 2300, 2514))])
    found = read_wide(world, Picture(paper(3000, 2600), Frame.whole((3000, 2600))))
    assert {reading.height for reading in found if reading.line.text == "fine print"} == {14}


def test_unread_fine_detail_is_read_again() -> None:
    world = PrintedWorld([])
    pixels = paper(3000, 2600)
    draw = ImageDraw.Draw(pixels)
    for x, y in itertools.product(range(2000, 2200, 4), range(2000, 2100, 4)):
        draw.rectangle((x, y, x + 1, y + 1), fill="black")
    read_wide(world, Picture(pixels, Frame.whole(pixels.size)))
    assert world.pictures_read > 1


def test_a_plain_bar_costs_no_second_look() -> None:
    world = PrintedWorld([])
    pixels = paper(3000, 2600)
    ImageDraw.Draw(pixels).rectangle((500, 500, 900, 2300), fill=(30, 90, 200))
    read_wide(world, Picture(pixels, Frame.whole(pixels.size)))
    assert world.pictures_read == 1


@given(st.integers(1, 9000), st.integers(1, 9000))
def test_tiles_cover_every_pixel_and_stay_inside(width: int, height: int) -> None:
    tiles = tiles_of(width, height)
    assert all(Box(0, 0, width, height).contains(tile) for tile in tiles)
    assert all(tile.width <= TILE and tile.height <= TILE for tile in tiles)
    columns = sorted({(tile.x1, tile.x2) for tile in tiles})
    assert columns[0][0] == 0
    assert columns[-1][1] == width
    assert all(a[1] > b[0] for a, b in itertools.pairwise(columns))
