"""Refocus names the parts of tables and figures that come without boxes, and edits them with the paper's programs."""

from typing import get_args

import numpy as np
import pytest

from lensmill.agents.protocol import Task
from lensmill.agents.refocus.opening import advice_text, refocus_opening
from lensmill.agents.refocus.parts import parts_of
from lensmill.geometry import Box
from lensmill.perception.text import Reader, TextLine
from lensmill.picture import Picture, draw_view
from lensmill.sample import RegionKind
from lensmill.sandbox.interpreters import open_sandbox
from lensmill.tools.edits import focus
from tests.perception.printed import Printed, printed_figure, printed_table


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


@pytest.mark.parametrize("kind", get_args(RegionKind))
def test_the_prompt_advises_on_each_kind_of_part(kind: RegionKind) -> None:
    parts = {kind: {"one": Box(0, 0, 10, 10), "two": Box(10, 0, 20, 10)}}
    system = refocus_opening(Task("What is it?", 448), parts, (448, 448))[0].parts[0].text
    assert advice_text(parts).strip() in system
    assert f"focus_on_{kind}_with_mask" in system


def test_a_masked_panel_leaves_no_slivers_of_print() -> None:
    canvas, panels = printed_figure(2, side=880)
    parts = parts_of(canvas.picture, (), Printout(canvas))["subplots"]
    first, *others = parts
    masked = np.asarray(focus(canvas.picture.pixels, "mask", [first], parts)[0])
    for panel in panels[1:]:
        x1, y1, x2, y2 = panel.box.rounded_out()
        assert (masked[y1:y2, x1:x2] == 255).all()


def test_a_table_in_small_print_has_no_parts() -> None:
    table = printed_table(1, "grid", side=880)
    assert "columns" in parts_of(table.canvas.picture, (), Printout(table.canvas))
    view = draw_view(table.canvas.image, 224)
    assert not parts_of(view, (), Printout(table.canvas))
