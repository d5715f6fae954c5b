"""The panels of a figure are found with their letters and titles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lensmill.geometry import Box, Frame
from lensmill.perception.panels.reading import read_panels
from lensmill.perception.text import TextLine
from lensmill.picture import Picture
from storage.sources.synthetic.charts import CYCLE
from storage.sources.synthetic.drawing import ChartKind
from tests.perception.printed import printed_chart, printed_figure

CHARTS = sorted(set(CYCLE) - {"table"})


def test_nearly_all_subplots_are_found_where_they_were_drawn() -> None:
    scores = []
    for seed in range(28):
        canvas, drawn = printed_figure(seed, side=960)
        found = read_panels([canvas.picture], canvas.kept)
        scores += [max((panel.box.iou(other.box) for other in found), default=0.0) for panel in drawn]
    assert sum(score >= 0.8 for score in scores) >= 0.95 * len(scores)


def test_letters_and_titles_belong_to_their_panels() -> None:
    canvas, drawn = printed_figure(2)
    found = read_panels([canvas.picture], canvas.kept)
    assert [panel.name for panel in found] == [panel.region.label for panel in drawn]
    assert [(panel.row, panel.column) for panel in found] == [(1, 1), (1, 2), (2, 1), (2, 2)]


@pytest.mark.parametrize("kind", CHARTS)
def test_a_single_chart_has_no_panels(kind: ChartKind) -> None:
    for seed in range(3):
        canvas = printed_chart(seed, kind)
        assert read_panels([canvas.picture], canvas.kept) == ()


def framed(boxes: list[tuple[int, int, int, int]]) -> Picture:
    """A picture of 400 x 300 with these frames."""
    pixels = np.full((300, 400, 3), 255, dtype=np.uint8)
    for x1, y1, x2, y2 in boxes:
        pixels[y1:y2, x1:x2] = 0
        pixels[y1 + 2 : y2 - 2, x1 + 2 : x2 - 2] = 255
    return Picture(Image.fromarray(pixels), Frame.whole((400, 300)))


def test_axes_without_texts_are_named_by_their_place() -> None:
    found = read_panels([framed([(20, 20, 180, 130), (220, 20, 380, 130), (20, 170, 180, 280)])], [])
    assert [panel.name for panel in found] == ["row 1, column 1", "row 1, column 2", "row 2, column 1"]


def test_a_title_of_the_whole_figure_belongs_to_no_panel() -> None:
    title = TextLine("An overview", Box(120, 4, 280, 16), 0.99)
    picture = framed([(20, 40, 180, 280), (220, 40, 380, 280)])
    found = read_panels([picture], [title])
    assert [panel.title for panel in found] == ["", ""]
    assert all(panel.box.y1 >= 30 for panel in found)


@settings(max_examples=60, deadline=None)
@given(
    boxes=st.lists(
        st.tuples(st.integers(0, 330), st.integers(0, 230), st.integers(1, 70), st.integers(1, 70)), max_size=20
    )
)
def test_any_marks_give_panels_inside_the_picture(boxes: list[tuple[int, int, int, int]]) -> None:
    picture = framed([(x, y, x + width, y + height) for x, y, width, height in boxes])
    lines = [TextLine("(a) word", Box.from_xywh(*map(float, box)), 0.9) for box in boxes[::2]]
    for panel in read_panels([picture], lines):
        assert Box(0, 0, 400, 300).contains(panel.box)
