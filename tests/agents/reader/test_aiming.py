"""Where the reader looks, and what it calls the place."""

from dataclasses import replace

from lensmill.agents.reader.aiming import evidence_boxes, in_bands, named_labels, said, unread
from lensmill.agents.reader.questions import ChartAnswer, answer_from_chart
from lensmill.agents.reader.sheet import Seen
from lensmill.geometry import Box
from lensmill.perception.chart import ChartReading, Series
from lensmill.perception.text import TextLine
from tests.agents.reader.questions.charts import BLUE, NAVY, SMOKERS, YEARS, chart


def seen(text: str, box: Box, height: float = 20, score: float = 0.99) -> Seen:
    return Seen(TextLine(text, box, score), height, picture=1)


def band(reading: ChartReading, place: int, *numbers: str) -> list[Seen]:
    """A label of a chart as a crop shows it, with numbers above it."""
    label = reading.categories[place]
    x = label.text_box.x1
    above = [seen(number, Box(x, 10 + 12 * n, x + 8, 20 + 12 * n)) for n, number in enumerate(numbers)]
    return [seen(label.text, label.text_box), *above]


def answered(question: str, reading: ChartReading) -> ChartAnswer:
    found = answer_from_chart(question, reading)
    assert isinstance(found, ChartAnswer)
    return found


def test_a_named_value_rests_on_its_own_label_and_number() -> None:
    boxes = evidence_boxes(answered("What was the revenue in 2012?", YEARS), YEARS)
    assert boxes == [YEARS.categories[3].text_box, YEARS.cells[3].box]


def test_an_extreme_rests_on_every_label_and_number() -> None:
    boxes = evidence_boxes(answered("Which year had the highest revenue?", YEARS), YEARS)
    assert {label.text_box for label in YEARS.categories} <= set(boxes)
    assert {cell.box for cell in YEARS.cells} <= set(boxes)


def test_a_value_of_one_of_two_series_rests_on_the_legend_too() -> None:
    legend = (Series("Men", BLUE, Box(0, 200, 20, 210)), Series("Women", NAVY, Box(40, 200, 60, 210)))
    reading = replace(SMOKERS, series=legend)
    boxes = evidence_boxes(answered("How many women aged 65 and over smoked?", reading), reading)
    assert legend[1].box in boxes
    assert legend[0].box not in boxes


def test_small_or_doubtful_print_is_unread() -> None:
    small, doubtful, clear = (Box(x, 0, x + 10, 10) for x in (0, 20, 40))
    lines = [seen("12", small, height=8), seen("13", doubtful, score=0.7), seen("14", clear)]
    assert unread([small, doubtful, clear], lines) == [small, doubtful]


def test_the_one_number_in_the_band_of_a_label_is_its_value() -> None:
    reading = in_bands(YEARS, band(YEARS, 3, "$8.20"), "What was the revenue in 2012?")
    assert reading is not None
    assert [(cell.category, cell.value, cell.text) for cell in reading.cells] == [("2012", 8.2, "$8.20")]


def test_two_numbers_in_the_band_of_a_label_say_nothing() -> None:
    assert in_bands(YEARS, band(YEARS, 3, "8", "9"), "What was the revenue in 2012?") is None


def test_a_crop_that_does_not_show_the_label_says_nothing() -> None:
    assert in_bands(YEARS, band(YEARS, 3, "8")[1:], "What was the revenue in 2012?") is None


def test_a_place_is_named_in_the_questions_words_and_not_in_misread_ones() -> None:
    misread = chart({"Colarado": 3, "Utah": 5})
    question = "What is the value of Colorado?"
    assert [label.text for label in named_labels(question, misread)] == ["Colarado"]
    assert said(question, misread, {"Colarado"}) == ("Colorado",)
