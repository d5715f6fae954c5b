"""Line charts and pies."""

import pytest

from lensmill.perception.pie_chart import read_pie
from tests.perception.drawn import BLUE, NAVY, Drawn


def line_sheet(series: dict[str, list[float]], printed: bool) -> Drawn:
    """Lines over 2015..., 30 px for each unit from y=400 upwards, ticks 0 to 10."""
    sheet = Drawn()
    for tick in range(0, 11, 2):
        sheet.text(str(tick), 80, 400 - 30 * tick, "rm")
    for (name, values), colour in zip(series.items(), (BLUE, NAVY), strict=False):
        points = [(130.0 + 120 * i, 400 - 30 * value) for i, value in enumerate(values)]
        sheet.trace(points, colour)
        if printed:
            for (x, y), value in zip(points, values, strict=True):
                sheet.text(f"{value:g}", x, y - 14)
        x = 250 + 200 * list(series).index(name)
        sheet.bar(x - 22, 452, x - 6, 462, colour)
        sheet.text(name, x, 457, "lm")
    for index in range(len(next(iter(series.values())))):
        sheet.text(str(2015 + index), 130 + 120 * index, 420)
    return sheet


def test_points_of_two_lines_take_the_numbers_of_their_own_height() -> None:
    reading = line_sheet({"Female": [8, 7, 9, 8.5], "Male": [3, 5, 4, 4.5]}, printed=True).read()
    assert reading.kind == "line"
    found = {(cell.category, cell.series): cell.value for cell in reading.cells}
    assert found["2016", "Female"] == 7
    assert found["2016", "Male"] == 5
    assert len(found) == 8


def test_points_without_numbers_are_measured() -> None:
    reading = line_sheet({"Rate": [8, 7, 9, 8.5]}, printed=False).read()
    assert [cell.value for cell in reading.cells] == pytest.approx([8, 7, 9, 8.5], abs=0.15)
    assert all(cell.measured for cell in reading.cells)


def test_a_number_beside_a_point_is_taken_before_a_measured_value() -> None:
    sheet = line_sheet({"Rate": [8, 7, 9, 8.5]}, printed=False)
    sheet.text("7.02", 250 + 62, 400 - 30 * 7)
    values = {cell.category: cell for cell in sheet.read().cells}
    assert values["2016"].value == 7.02
    assert not values["2016"].measured
    assert values["2017"].measured


def test_a_pie_gives_its_names_and_shares() -> None:
    sheet = Drawn()
    for index, text in enumerate(("Cats 45%", "Dogs: 35%", "Other pets 20%")):
        sheet.text(text, 300, 100 + 60 * index)
    pie = read_pie(sheet.lines)
    assert pie is not None
    assert [(cell.category, cell.value) for cell in pie.cells] == [("Cats", 45), ("Dogs", 35), ("Other pets", 20)]


def test_a_pies_share_may_stand_under_its_name() -> None:
    sheet = Drawn()
    for x, name, share in ((200, "Cats", "60%"), (500, "Dogs", "40%")):
        sheet.text(name, x, 100)
        sheet.text(share, x, 118)
    pie = read_pie(sheet.lines)
    assert pie is not None
    assert [label.text for label in pie.labels] == ["Cats", "Dogs"]


def test_shares_that_do_not_add_up_are_no_pie() -> None:
    sheet = Drawn()
    sheet.text("Cats 45%", 300, 100)
    sheet.text("Dogs 35%", 300, 160)
    assert read_pie(sheet.lines) is None
