from PIL import Image

from lensmill.agents.reader.sheet import Seen, Sheet, read_picture
from lensmill.geometry import Box, Frame
from lensmill.perception.text import TextLine
from lensmill.picture import Picture
from tests.agents.reader.printed_world import PrintedWorld


def seen(text: str, box: Box, height: float = 20, score: float = 0.99, picture: int = 0, cut: bool = False) -> Seen:
    return Seen(TextLine(text, box, score), height, picture, cut)


PLACE = Box(100, 100, 300, 120)


def test_a_sharper_reading_replaces_the_blurred_one_below_it() -> None:
    sheet = Sheet()
    sheet.add([seen("Tota1 sa1cs", PLACE, height=6, score=0.6)])
    sheet.add([seen("Total sales", PLACE.padded(2), height=18, picture=1)])
    assert [line.text for line in sheet.lines()] == ["Total sales"]


def test_a_blurred_reading_never_replaces_a_sharper_one() -> None:
    sheet = Sheet()
    sheet.add([seen("Total sales", PLACE, height=18)])
    sheet.add([seen("Tota1 sa1cs", PLACE, height=6, score=0.6, picture=1)])
    assert [line.text for line in sheet.lines()] == ["Total sales"]


def test_a_piece_cut_off_by_a_crop_never_replaces_the_whole_line() -> None:
    sheet = Sheet()
    sheet.add([seen("Total sales", PLACE, height=14)])
    sheet.add([seen("Total s", Box(100, 100, 230, 120), height=28, picture=1, cut=True)])
    assert [line.text for line in sheet.lines()] == ["Total sales"]


def test_every_reading_is_kept_beside_the_best() -> None:
    sheet = Sheet()
    sheet.add([seen("evia", PLACE)])
    sheet.add([seen("Evian", PLACE, height=30, picture=1)])
    assert [line.text for line in sheet.readings] == ["evia", "Evian"]


def test_a_line_at_the_edge_of_a_crop_is_known_to_be_cut() -> None:
    world = PrintedWorld([("Total sales", Box(100, 100, 300, 120))])
    frame = Frame(Box(0, 0, 200, 200), 200, 200)
    (line,) = read_picture(world, Picture(Image.new("RGB", (200, 200)), frame), 1, (400, 400))
    assert line.cut


def test_a_line_at_the_edge_of_the_original_is_whole() -> None:
    world = PrintedWorld([("Total sales", Box(0, 100, 200, 120))])
    frame = Frame(Box(0, 0, 400, 400), 400, 400)
    (line,) = read_picture(world, Picture(Image.new("RGB", (400, 400)), frame), 0, (400, 400))
    assert not line.cut
