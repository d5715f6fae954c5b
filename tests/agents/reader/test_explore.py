import itertools

from hypothesis import given
from hypothesis import strategies as st

from lensmill.agents.reader.explore import grid
from lensmill.geometry import Box
from lensmill.resolution import LADDER, view_frame
from lensmill.tools import ToolSettings

sides = st.integers(300, 6000)
settings = ToolSettings(zoom_floor=896)


@given(sides, sides, st.sampled_from(LADDER), st.sampled_from([0.45, 0.9, 1.5]))
def test_a_grid_covers_the_picture(width: int, height: int, rung: int, wanted: float) -> None:
    view = view_frame((width, height), rung)
    cells = grid(view, 896**2, wanted, settings, level=0)
    columns = sorted({(cell.region.x1, cell.region.x2) for cell in cells})
    rows = sorted({(cell.region.y1, cell.region.y2) for cell in cells})
    for strips, side in ((columns, width), (rows, height)):
        assert strips[0][0] == 0
        assert abs(strips[-1][1] - side) < 1e-6
        assert all(a[1] > b[0] for a, b in itertools.pairwise(strips))


@given(sides, sides, st.sampled_from(LADDER))
def test_a_grid_does_not_depend_on_the_rung(width: int, height: int, rung: int) -> None:
    here = grid(view_frame((width, height), rung), 896**2, 0.9, settings, level=0)
    there = grid(view_frame((width, height), 224), 896**2, 0.9, settings, level=0)
    for one, other in zip(here, there, strict=True):
        assert all(abs(a - b) < 1e-6 for a, b in zip(one.region.xyxy, other.region.xyxy, strict=True))


@given(sides, sides, st.sampled_from(LADDER))
def test_calls_name_whole_pixels_of_the_view_that_enlarge_to_the_region(width: int, height: int, rung: int) -> None:
    view = view_frame((width, height), rung)
    for cell in grid(view, 896**2, 0.9, settings, level=0):
        shown = view.to_original(Box(*map(float, cell.box))).scaled(settings.zoom_enlarge)
        tolerance = 1.5 * max(1 / scale for scale in view.scale)
        assert all(abs(a - b) <= tolerance for a, b in zip(shown.xyxy, cell.region.xyxy, strict=True))


def test_a_sharper_grid_has_more_cells() -> None:
    view = view_frame((4000, 3000), 224)
    coarse, fine = (grid(view, 896**2, wanted, settings, level=0) for wanted in (0.45, 0.9))
    assert len(coarse) < len(fine)
