"""Refocus names the parts of tables and figures that come without boxes, and edits them with the paper's programs."""

import re
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from lensmill.agents.protocol import Task
from lensmill.agents.refocus.opening import Parts, refocus_opening
from lensmill.agents.refocus.parts import parts_of
from lensmill.geometry import Box, Frame
from lensmill.perception.text import Reader, TextLine
from lensmill.picture import Picture, draw_view
from lensmill.sample import RegionKind
from lensmill.sandbox.interpreters import open_sandbox
from lensmill.tools.edits import EditKind, focus
from tests.perception.printed import Printed, printed_figure, printed_table

WHOLE = Box(0, 0, 448, 448)


class Printout(Reader):
    """An OCR that knows what was printed."""

    def __init__(self, canvas: Printed) -> None:
        super().__init__()
        self._canvas = canvas

    def read(self, picture: Picture) -> tuple[TextLine, ...]:
        """See `Reader.read`."""
        return tuple(line for line in self._canvas.kept if picture.frame.region.contains(line.box))


def test_a_tables_columns_and_rows_are_parts() -> None:
    table = printed_table(1, "grid", side=880)
    parts = parts_of(table.canvas.picture, (), Printout(table.canvas))
    assert list(parts["columns"]) == list(table.drawn.sheet.headers)
    assert list(parts["rows"]) == [row[0] for row in table.drawn.sheet.rows]


def test_a_figures_panels_are_parts() -> None:
    canvas, panels = printed_figure(2, side=880)
    parts = parts_of(canvas.picture, (), Printout(canvas))
    assert list(parts["subplots"]) == [panel.region.label for panel in panels]


@pytest.mark.parametrize("kind", ["columns", "rows", "subplots"])
@pytest.mark.parametrize("edit", ["mask", "draw", "highlight"])
def test_the_papers_programs_edit_found_parts(kind: str, edit: str) -> None:
    canvas = printed_figure(2, side=880)[0] if kind == "subplots" else printed_table(1, "grid", side=880).canvas
    parts = parts_of(canvas.picture, (), Printout(canvas))
    label = list(parts[kind])[1]  # type: ignore[index]
    sandbox = open_sandbox()
    try:
        session = sandbox.session([canvas.picture], parts)
        done = session.run(f"display(focus_on_{kind}_with_{edit}(image_1, [{label!r}], {kind}_bbox))")
        session.close()
    finally:
        sandbox.close()
    assert done.error is None
    assert [name for name, _ in done.boxes] == [label]
    assert (np.asarray(done.pictures[0].pixels) != np.asarray(canvas.picture.pixels)).any()


@pytest.mark.parametrize(
    "kinds",
    [("columns", "rows"), ("rows",), ("x_values",), ("y_values",), ("subplots",), ("x_values", "y_values"), ()],
    ids="+".join,
)
def test_the_prompt_names_the_functions_and_variables_of_the_parts_that_are_there_and_no_others(
    kinds: tuple[RegionKind, ...],
) -> None:
    parts: Parts = {kind: {"one": Box(0, 0, 10, 10), "two": Box(10, 0, 20, 10)} for kind in kinds}
    system = refocus_opening(Task("What is it?", 448), parts, (448, 448))[0].parts[0].text
    for kind in get_args(RegionKind):
        for edit in get_args(EditKind):
            assert (f"focus_on_{kind}_with_{edit}" in system) == (kind in kinds)
        assert (f"{kind}_bbox" in system) == (kind in kinds)


@pytest.mark.parametrize("kinds", [("columns", "rows"), ("x_values",), ("y_values",), ("subplots",)], ids="+".join)
def test_the_examples_of_the_prompt_are_programs_that_run(kinds: tuple[RegionKind, ...]) -> None:
    """Each on a picture with the labels that the example is about."""
    system = refocus_opening(Task("What is it?", 448), {kind: {"one": WHOLE} for kind in kinds}, (448, 448))[0]
    programs = re.findall(r"```python\n(.*?)```", system.parts[0].text, re.DOTALL)
    assert len(programs) > len(kinds), "one with this picture's label and one for each kind"
    view = Picture(Image.new("RGB", (448, 448), "white"), Frame.whole((448, 448)))
    sandbox = open_sandbox()
    try:
        for program in programs:
            named = dict.fromkeys(re.findall(r'["\']([^"\']+)["\']', program))
            boxes = {label: Box(0, 40 * row, 400, 40 * row + 30) for row, label in enumerate([*named, "another"])}
            session = sandbox.session([view], dict.fromkeys(kinds, boxes))
            done = session.run(program)
            session.close()
            assert done.error is None, program
            assert len(done.pictures) == 1
    finally:
        sandbox.close()


def test_a_masked_panel_leaves_no_slivers_of_print() -> None:
    canvas, panels = printed_figure(2, side=880)
    parts = parts_of(canvas.picture, (), Printout(canvas))["subplots"]
    first = next(iter(parts))
    masked = np.asarray(focus(canvas.picture.pixels, "mask", [first], parts)[0])
    for panel in panels[1:]:
        x1, y1, x2, y2 = panel.box.rounded_out()
        assert (masked[y1:y2, x1:x2] == 255).all()


def test_a_table_in_small_print_has_no_parts() -> None:
    table = printed_table(1, "grid", side=880)
    assert "columns" in parts_of(table.canvas.picture, (), Printout(table.canvas))
    view = draw_view(table.canvas.image, 224)
    assert not parts_of(view, (), Printout(table.canvas))
