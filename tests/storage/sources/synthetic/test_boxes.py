"""Boxes are exact: the content that a box claims is really drawn in it."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from lensmill.geometry import Box
from lensmill.sample import Region, RegionKind
from lensmill.tools.edits import focus
from storage.sources.synthetic import posters
from storage.sources.synthetic.canvas import Anchor, Canvas, Cramped
from storage.sources.synthetic.charts import CYCLE, draw_chart, grid_for, tables_in_turn
from storage.sources.synthetic.drawing import Area, ChartKind, Drawing
from storage.sources.synthetic.questions.charts import ask
from storage.sources.synthetic.questions.subject import Subject
from storage.sources.synthetic.style import Colour, Font, Style, choose_style, font
from storage.sources.synthetic.tables import choose_rows, draw_sheet, sheet_of

CHARTS = sorted(set(CYCLE) - {"table"})
BARS = [kind for kind in CHARTS if kind.endswith("bar")]


class Inked(Canvas):
    """A canvas that records every text with the box of its ink."""

    inks: list[tuple[str, Box]]

    def text(self, x: int, y: int, text: str, face: Font, fill: Colour, anchor: Anchor = "left") -> Box:
        return self._keep(text, super().text(x, y, text, face, fill, anchor))

    def upright_text(self, x: int, y: int, text: str, face: Font, fill: Colour) -> Box:
        return self._keep(text, super().upright_text(x, y, text, face, fill))

    def rectangle(self, x1: int, y1: int, x2: int, y2: int, fill: Colour | None, outline: Colour | None = None) -> Box:
        box = super().rectangle(x1, y1, x2, y2, fill, outline)
        self.inks = [(text, ink) for text, ink in getattr(self, "inks", []) if not box.contains(ink)]
        return box

    def _keep(self, text: str, box: Box) -> Box:
        self.inks = [*getattr(self, "inks", []), (text, box)]
        return box


def drawn(kind: ChartKind, seed: int) -> tuple[Inked, Drawing, Style]:
    """A chart of this kind with all else at random."""
    rng = Random(f"{kind} {seed}")
    style = replace(choose_style(rng), frame="none", grid="value")
    for table in tables_in_turn(kind, seed, seed):
        grid = grid_for(kind, table, rng, 7)
        if grid is None:
            continue
        canvas = Inked(3840, 2880, 960, style.background)
        try:
            return canvas, draw_chart(canvas, Area(0, 0, 960, 720), kind, grid, style, rng), style
        except Cramped:
            continue
    raise AssertionError(f"no table suits {kind}")


def assert_regions_hold_their_labels(canvas: Inked, regions: Sequence[Region]) -> None:
    """Whole labels only, their own among them."""
    for region in regions:
        whole = [text for text, ink in canvas.inks if region.box.contains(ink)]
        cut = [text for text, ink in canvas.inks if region.box.intersection(ink) and not region.box.contains(ink)]
        assert not cut, (region, cut, [i for t, i in canvas.inks if t in cut])
        assert set(region.label.split()) <= set(" ".join(whole).split()), (region, whole)


def crop(canvas: Canvas, box: Box) -> Image.Image:
    return canvas.image.crop(box.rounded())


def share_of(picture: Image.Image, colour: tuple[int, int, int]) -> float:
    return float((np.asarray(picture) == np.array(colour)).all(axis=2).mean())


def has_ink(picture: Image.Image) -> bool:
    """Whether the picture has more than one colour."""
    return bool(np.ptp(np.asarray(picture), axis=(0, 1)).any())


@pytest.mark.parametrize("kind", BARS)
@pytest.mark.parametrize("seed", range(3))
def test_a_bars_box_is_filled_with_its_colour(kind: ChartKind, seed: int) -> None:
    canvas, drawing, style = drawn(kind, seed)
    for mark in drawing.marks:
        colour = style.palette[drawing.grid.series.index(mark.series)]
        inside = mark.text_box is not None and mark.box.intersection(mark.text_box) is not None
        assert share_of(crop(canvas, mark.box), colour) > (0.3 if inside else 0.97), mark


@pytest.mark.parametrize("kind", BARS)
@pytest.mark.parametrize("seed", range(3))
def test_a_bars_length_is_its_value(kind: ChartKind, seed: int) -> None:
    _, drawing, _ = drawn(kind, seed)
    upright = kind.endswith("v_bar")
    lengths = [mark.box.height if upright else mark.box.width for mark in drawing.marks]
    longest = max(range(len(lengths)), key=lambda place: drawing.marks[place].value)
    for mark, length in zip(drawing.marks, lengths, strict=True):
        expected = lengths[longest] * float(mark.value / drawing.marks[longest].value)
        assert length == pytest.approx(expected, abs=2)


@pytest.mark.parametrize("kind", CHARTS)
@pytest.mark.parametrize("seed", range(3))
def test_every_name_and_data_label_has_ink_in_its_box(kind: ChartKind, seed: int) -> None:
    canvas, drawing, _ = drawn(kind, seed)
    boxes = [mark.text_box for mark in drawing.marks if mark.text_box is not None]
    for box in [*boxes, *drawing.category_boxes.values(), *drawing.series_boxes.values(), drawing.title_box]:
        assert box is not None
        assert has_ink(crop(canvas, box))


@pytest.mark.parametrize("kind", CHARTS)
@pytest.mark.parametrize("seed", range(3))
def test_data_labels_do_not_cover_one_another(kind: ChartKind, seed: int) -> None:
    _, drawing, _ = drawn(kind, seed)
    boxes = [mark.text_box for mark in drawing.marks if mark.text_box is not None]
    for place, box in enumerate(boxes):
        assert all(box.intersection(other) is None for other in boxes[:place]), drawing.title


@pytest.mark.parametrize("kind", [kind for kind in CHARTS if kind != "pie"])
@pytest.mark.parametrize("seed", range(3))
def test_a_categorys_region_holds_its_name_its_marks_and_their_labels(kind: ChartKind, seed: int) -> None:
    _, drawing, _ = drawn(kind, seed)
    part = "y_values" if kind.endswith("h_bar") else "x_values"
    bands = {region.label: region.box for region in drawing.regions if region.kind == part}
    for category, ink in drawing.category_boxes.items():
        assert bands[category].contains(ink)
    for mark in drawing.marks:
        assert bands[mark.category].contains(mark.evidence)


@pytest.mark.parametrize("kind", [kind for kind in CHARTS if kind != "pie"])
@pytest.mark.parametrize("seed", range(6))
def test_a_region_holds_its_label_and_cuts_no_other(kind: ChartKind, seed: int) -> None:
    canvas, drawing, _ = drawn(kind, seed)
    assert {region.kind for region in drawing.regions} >= {"y_values" if kind.endswith("h_bar") else "x_values"}
    assert_regions_hold_their_labels(canvas, drawing.regions)


@pytest.mark.parametrize("kind", [kind for kind in CHARTS if kind != "pie"])
def test_a_masked_part_leaves_no_letters(kind: ChartKind) -> None:
    canvas, drawing, _ = drawn(kind, 0)
    part: RegionKind = "y_values" if kind.endswith("h_bar") else "x_values"
    boxes = {region.label: region.box for region in drawing.regions if region.kind == part}
    kept, *masked = boxes
    edited, _ = focus(canvas.image, "mask", [kept], boxes)
    for name in masked:
        inks = [drawing.category_boxes[name], *(mark.evidence for mark in drawing.marks if mark.category == name)]
        assert all(share_of(edited.crop(ink.rounded()), (255, 255, 255)) == 1 for ink in inks), name


@pytest.mark.parametrize("index", range(4))
def test_a_panel_of_a_poster_holds_whole_texts(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Inked] = []

    def inked(*args: Any) -> Inked:
        made.append(Inked(*args))
        return made[-1]

    monkeypatch.setattr(posters, "Canvas", inked)
    regions = posters.illustrate_poster(3, index, 2, 1280).regions
    assert regions
    assert_regions_hold_their_labels(made[-1], regions)


@pytest.mark.parametrize("kind", CHARTS)
@pytest.mark.parametrize("seed", range(2))
def test_the_evidence_of_a_figure_holds_its_label_and_has_ink(kind: ChartKind, seed: int) -> None:
    canvas, drawing, style = drawn(kind, seed)
    for question in ask([Subject(drawing, style)], Random(seed), 6):
        for target in question.targets:
            assert share_of(crop(canvas, target), style.plot_background) < 0.98, question.text
            names = (*drawing.category_boxes.values(), *drawing.series_boxes.values())
            assert any(target.contains(ink) for ink in (*(mark.evidence for mark in drawing.marks), *names))


def test_a_lines_points_are_drawn_where_their_boxes_are() -> None:
    canvas, drawing, style = drawn("line", 1)
    for mark in drawing.marks:
        x, y = (round(at) for at in mark.box.centre)
        colour = style.palette[drawing.grid.series.index(mark.series)]
        near = canvas.image.crop((x - 3, y - 3, x + 3, y + 3))
        assert share_of(near, colour) > 0


def test_a_pies_slices_have_their_colour() -> None:
    canvas, drawing, style = drawn("pie", 2)
    for place, mark in enumerate(drawing.marks):
        assert share_of(crop(canvas, mark.box), style.palette[place]) > 0.05


@pytest.mark.parametrize("seed", range(4))
def test_a_tables_cells_hold_their_text(seed: int) -> None:
    rng = Random(seed)
    style = choose_style(rng)
    table = tables_in_turn("table", 0, seed)[0]
    rows = choose_rows(table, rng, 12)
    canvas = Inked(3840, 2880, 960, style.background)
    sheet = sheet_of(table, list(table.columns), rows, style)
    made = draw_sheet(canvas, Area(20, 20, 940, 700), sheet, style, rng)
    for cells, inks in zip(made.cells, made.inks, strict=True):
        for cell, ink in zip(cells, inks, strict=True):
            assert cell.contains(ink)
            assert has_ink(crop(canvas, ink))
    for region in made.regions:
        assert made.box.contains(region.box)
    assert_regions_hold_their_labels(canvas, made.regions)


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(alphabet="ABCgjpqxyz0123456789.,$%:()'- ", min_size=1, max_size=20).filter(str.strip),
    family=st.sampled_from(["DejaVu Sans", "DejaVu Serif", "STIX", "Computer Modern Sans", "Aileron"]),
    size=st.integers(9, 60),
    anchor=st.sampled_from(["left", "centre", "right"]),
)
def test_the_box_of_a_text_holds_all_its_ink(text: str, family: str, size: int, anchor: str) -> None:
    canvas = Canvas(1600, 200, 3840, (255, 255, 255))
    box = canvas.text(800, 100, text, font(family, size), (0, 0, 0), anchor)  # type: ignore[arg-type]
    ink = ImageChops.invert(canvas.image.convert("L")).getbbox()
    assert ink is not None
    assert box.padded(1).contains(Box(*ink))
