"""Bar charts: categories, series, values and doubts."""

import pytest

from lensmill.perception.chart import ChartReading
from lensmill.perception.text import TextLine
from tests.perception.drawn import BLUE, GREY, NAVY, Drawn, columns, rows, stacked


def values(reading: ChartReading) -> dict[tuple[str, str], float]:
    return {(cell.category, cell.series): cell.value for cell in reading.cells}


def test_columns_take_the_number_printed_above_them() -> None:
    reading = columns({"2015": [43], "2016": [71], "2017": [58]}).read()
    assert reading.kind == "v_bar"
    assert values(reading) == {("2015", ""): 43, ("2016", ""): 71, ("2017", ""): 58}
    assert not reading.doubts


def test_rows_take_the_number_printed_at_their_end() -> None:
    reading = rows({"Cheese": 62, "Milk": 41, "Eggs and meat": 9}).read()
    assert reading.kind == "h_bar"
    assert [label.text for label in reading.categories] == ["Cheese", "Milk", "Eggs and meat"]
    assert values(reading)["Eggs and meat", ""] == 9
    assert reading.cells[0].text == "62%"


def test_grouped_columns_are_told_apart_by_the_legends_colours() -> None:
    sheet = columns({"Cash": [44, 46], "Card": [19, 85], "Cheque": [52, 54]})
    for x, colour, name in ((300, BLUE, "Consumers can pay"), (460, NAVY, "Providers receive")):
        sheet.bar(x - 18, 450, x - 6, 462, colour)
        sheet.text(name, x, 456, "lm")
    reading = sheet.read()
    assert [entry.name for entry in reading.series] == ["Consumers can pay", "Providers receive"]
    assert values(reading)["Card", "Consumers can pay"] == 19
    assert values(reading)["Card", "Providers receive"] == 85
    assert len(reading.cells) == 6


def test_stacked_rows_take_their_series_from_the_headings_over_the_first_row() -> None:
    reading = stacked(
        {"U.S.": [29, 41, 29], "EU": [19, 59, 21], "China": [17, 31, 50]}, ["More", "Same", "Less"]
    ).read()
    assert values(reading)["EU", "Same"] == 59
    assert values(reading)["China", "Less"] == 50
    assert len(reading.cells) == 9


def test_a_bar_too_short_to_see_keeps_its_printed_zero() -> None:
    reading = rows({"Egypt": 90, "Namibia": 30, "Luxembourg": 0}).read()
    assert values(reading)["Luxembourg", ""] == 0


def test_bars_without_numbers_are_measured_and_marked_as_measured() -> None:
    reading = columns({"A": [40], "B": [75], "C": [20]}, printed=False).read()
    assert all(cell.measured and cell.text == "" for cell in reading.cells)
    assert values(reading) == pytest.approx({("A", ""): 40, ("B", ""): 75, ("C", ""): 20}, abs=1.0)


def test_a_misread_number_is_replaced_by_the_bars_length() -> None:
    sheet = columns({"2015": [43], "2016": [71], "2017": [58], "2018": [64]})
    sheet.lines = [
        TextLine(line.text.replace("71", "11"), line.box, line.score, line.angle, line.words) for line in sheet.lines
    ]
    reading = sheet.read()
    cell = next(cell for cell in reading.cells if cell.category == "2016")
    assert cell.measured
    assert cell.value == pytest.approx(71, abs=1)
    assert reading.doubts


def test_a_wrapped_label_is_joined() -> None:
    sheet = columns({"Private": [28], "Walking": [27], "Bicycle": [12]})
    sheet.text("car", 210, 430)
    assert sheet.read().categories[0].text == "Private car"


def test_an_axis_title_below_is_no_part_of_a_label() -> None:
    sheet = columns({"2015": [28], "2016": [27], "2017": [12]})
    sheet.text("Year", 410, 440)
    assert [label.text for label in sheet.read().categories] == ["2015", "2016", "2017"]


def test_share_buttons_and_notes_are_ignored() -> None:
    sheet = columns({"2015": [43], "2016": [71], "2017": [58]})
    sheet.text("99", 765, 205)
    sheet.text("Additional Information", 30, 520, "lm")
    sheet.text("© Statista 2021", 700, 500)
    reading = sheet.read()
    assert len(reading.cells) == 3
    assert all(label.value_box.x2 < 740 for label in reading.x_labels)


def test_thousands_separated_by_spaces_are_one_number() -> None:
    sheet = rows({"White": 90, "Black": 30}, unit="")
    sheet.lines = [
        TextLine("5 212 705" if line.text == "90" else line.text, line.box, line.score) for line in sheet.lines
    ]
    assert values(sheet.read())["White", ""] == 5212705


def test_a_missing_number_is_doubted() -> None:
    sheet = rows({"A-land": 62, "B-land": 41, "C-land": 19})
    sheet.lines = [line for line in sheet.lines if line.text != "41%"]
    reading = sheet.read()
    assert ("B-land", "") not in values(reading)
    assert any("B-land" in doubt or "without a printed number" in doubt for doubt in reading.doubts)


def test_a_nameless_series_is_doubted() -> None:
    assert columns({"A": [40, 20], "B": [75, 30], "C": [20, 60]}).read().doubts


def test_numbers_of_two_columns_read_as_one_are_parted() -> None:
    sheet = columns({"Men": [43], "Women": [42], "All": [58]}, colours=(GREY,))
    merged = [line for line in sheet.lines if line.text in ("43", "42")]
    sheet.lines = [line for line in sheet.lines if line not in merged]
    sheet.lines.append(TextLine("4342", merged[0].box.union(merged[1].box), 1.0))
    reading = sheet.read()
    assert values(reading)["Men", ""] == 43
    assert values(reading)["Women", ""] == 42


def test_a_row_of_numbers_read_as_one_line_is_cut_between_columns() -> None:
    sheet = columns({"2015": [43], "2016": [42], "2017": [41]})
    words = [line for line in sheet.lines if line.text in ("43", "42", "41")]
    sheet.lines = [line for line in sheet.lines if line not in words]
    box = words[0].box.union(words[1].box).union(words[2].box)
    sheet.lines.append(TextLine("43 42 41", box, 1.0, 0.0, tuple(word for line in words for word in line.words)))
    assert values(sheet.read()) == {("2015", ""): 43, ("2016", ""): 42, ("2017", ""): 41}


def test_reading_is_deterministic_and_blind_to_the_order_of_lines() -> None:
    sheet = stacked({"U.S.": [29, 41, 29], "EU": [19, 59, 21]}, ["More", "Same", "Less"])
    first = sheet.read()
    sheet.lines.reverse()
    assert sheet.read() == first


def test_rows_of_the_same_name_are_told_apart_by_their_headings() -> None:
    sheet = Drawn()
    for y, name, value in ((100, "Men", 60), (140, "Women", 40), (220, "Men", 30), (260, "Women", 80)):
        sheet.bar(220, y - 10, 220 + 4 * value, y + 10)
        sheet.text(name, 210, y, "rm")
        sheet.text(str(value), 226 + 4 * value, y, "lm")
    sheet.text("Unemployed", 150, 190)
    sheet.text("All adults", 150, 60)
    reading = sheet.read()
    assert values(reading) == {
        ("Men", ""): 60,
        ("Women", ""): 40,
        ("Unemployed Men", ""): 30,
        ("Unemployed Women", ""): 80,
    }


def test_shades_of_one_series_are_no_series() -> None:
    """The colour of a bar that follows its length does not name a series."""
    shades = [(20, 90, 50), (20, 90, 50), (60, 150, 90), (60, 150, 90), (130, 200, 140), (170, 225, 175)]
    sheet = Drawn()
    for index, (name, colour) in enumerate(
        zip(("Lamb", "Beef", "Cheese", "Milk", "Nuts", "Eggs"), shades, strict=True)
    ):
        y = 80 + 60 * index
        sheet.bar(220, y - 18, 700 - 70 * index, y + 18, colour)
        sheet.text(name, 210, y, "rm")
        sheet.text(f"{70 - 10 * index} m²", 706 - 70 * index, y, "lm")
    reading = sheet.read()
    assert len(reading.cells) == 6
    assert {cell.series for cell in reading.cells} == {""}


def test_a_wrapped_label_beside_a_bar_too_short_to_see_is_read_whole() -> None:
    sheet = rows({"Egypt": 90, "Namibia": 30, "Kenya": 20, "Cape Verde": 0})
    sheet.lines = [line for line in sheet.lines if line.text not in ("Cape Verde", "0%")]
    sheet.text("Islands and other states of the", 210, 402, "rm")
    sheet.text("Atlantic", 210, 417, "rm")
    sheet.text("0%", 226, 410, "lm")
    assert values(sheet.read())["Islands and other states of the Atlantic", ""] == 0
