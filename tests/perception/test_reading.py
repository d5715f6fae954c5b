"""Reading from pixels, with the recogniser, and inputs that are not charts."""

import numpy as np
import pytest
from PIL import Image

from lensmill.geometry import Box, Frame
from lensmill.perception.reading import read_chart, read_picture
from lensmill.perception.text import Reader, TextLine
from lensmill.picture import Picture
from tests.perception.drawn import columns


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def test_a_chart_is_read_from_its_pixels_alone(reader: Reader) -> None:
    reading = read_picture(columns({"2015": [43], "2016": [71], "2017": [58]}).picture, reader)
    assert {cell.category: cell.value for cell in reading.cells} == {"2015": 43, "2016": 71, "2017": 58}


def test_lines_carry_their_words(reader: Reader) -> None:
    sheet = columns({"2015": [43], "2016": [71]})
    sheet.text("Share of respondents", 400, 480, size=16)
    line = next(line for line in reader.read(sheet.picture) if "respondents" in line.text)
    assert [word.text for word in line.words] == ["Share", "of", "respondents"]
    assert line.words[0].box.x2 < line.words[-1].box.x1


def test_small_crops_are_enlarged_and_boxes_stay_in_their_pixels(reader: Reader) -> None:
    sheet = columns({"2015": [43], "2016": [71]})
    crop = Picture(sheet.image.crop((200, 400, 620, 440)), Frame(Box(200, 400, 620, 440), 420, 40))
    lines = reader.read(crop)
    assert sorted(line.text for line in lines) == ["2015", "2016"]
    assert all(line.box.x2 <= 420 and line.box.y2 <= 40 for line in lines)


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (640, 480)])
def test_an_empty_picture_gives_an_unknown_chart_with_a_doubt(size: tuple[int, int]) -> None:
    blank = Picture(Image.new("RGB", size, "white"), Frame.whole(size))
    reading = read_chart([blank], [])
    assert reading.kind == "unknown"
    assert reading.doubts
    assert not reading.cells


def test_noise_is_read_in_bounded_time_and_gives_no_values() -> None:
    noise = np.random.default_rng(7).integers(0, 255, (900, 1200, 3), dtype=np.uint8)
    picture = Picture(Image.fromarray(noise), Frame.whole((1200, 900)))
    lines = [
        TextLine(str(i), Box(i % 40 * 30, i // 40 * 12, i % 40 * 30 + 20, i // 40 * 12 + 10), 1.0) for i in range(900)
    ]
    assert not [cell for cell in read_chart([picture], lines).cells if not cell.measured]


def test_no_pictures_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        read_chart([], [])
