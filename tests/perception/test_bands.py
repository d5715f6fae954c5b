"""Value boxes of axis labels."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from lensmill.geometry import Box, Frame
from lensmill.perception.bands import slots
from lensmill.perception.reading import read_chart
from lensmill.picture import Picture, draw_view
from tests.perception.drawn import columns, rows


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=30, unique=True))
def test_slots_hold_their_centres_and_do_not_overlap(centres: list[int]) -> None:
    centres.sort()
    spans = slots(centres, -50, 1050)
    assert all(low <= centre <= high for centre, (low, high) in zip(centres, spans, strict=True))
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))


def test_a_columns_strip_spans_its_slot_from_plot_top_to_label() -> None:
    box = columns({"A": [40], "B": [75], "C": [20]}).read().x_labels[1].value_box
    assert abs(box.x1 - 310) < 8
    assert abs(box.x2 - 510) < 8
    assert box.y1 < 400 - 3 * 75
    assert box.y2 >= 424


def test_a_rows_strip_holds_label_bar_and_number() -> None:
    reading = rows({"Cheese": 62, "Milk": 41, "Eggs": 9}).read()
    label, cell = reading.y_labels[0], reading.cells[0]
    assert label.value_box.contains(label.text_box.padded(-4))
    assert label.value_box.contains(Box(220, 100, 220 + 4 * 62, 120))
    assert label.value_box.contains(cell.box.padded(-4))


def test_boxes_are_in_original_pixels_for_every_view() -> None:
    sheet = columns({"A": [40], "B": [75], "C": [20]})
    large = sheet.read()
    small = read_chart([draw_view(sheet.image, 448)], sheet.lines)
    for one, two in zip(large.x_labels, small.x_labels, strict=True):
        assert abs(one.value_box.x1 - two.value_box.x1) < 6
        assert abs(one.value_box.x2 - two.value_box.x2) < 6


def test_a_crop_sharpens_what_the_view_shows() -> None:
    sheet = columns({"A": [40], "B": [75], "C": [20]}, printed=False)
    view = draw_view(sheet.image, 224)
    region = Box(0, 0, 800, 440)
    crop = Picture(sheet.image.crop((0, 0, 800, 440)), Frame(region, 800, 440))
    found = {cell.category: cell.value for cell in read_chart([view, crop], sheet.lines).cells}
    assert abs(found["B"] - 75) < 1
