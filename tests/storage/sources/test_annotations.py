"""ChartQA's annotations: axis labels become regions; a bad file costs the regions, never the question."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.decoding import Header
from lensmill.geometry import Box
from lensmill.sample import Region
from storage.sources.annotations import regions_of
from storage.sources.chartqa import ChartQASource
from storage.sources.rows import RowProblem
from tests.storage.sources.written import chartqa, read, row

HEADER = Header(120, 80, "PNG", True)


def box(x: float, y: float, w: float = 10, h: float = 6) -> dict[str, float]:
    return {"x": x, "y": y, "w": w, "h": h}


V_BAR: dict[str, Any] = {
    "type": "v_bar",
    "models": [],
    "general_figure_info": {
        "figure_info": {"bbox": box(20, 10, 90, 50)},
        "x_axis": {
            "major_labels": {"values": ["2010", "2011", "2012"], "bboxes": [box(30, 65), box(60, 65), box(90, 65)]}
        },
        "y_axis": {"major_labels": {"values": [0, 50], "bboxes": [box(5, 55), box(5, 25)]}},
    },
}


def changed(**general: object) -> dict[str, Any]:
    annotation = copy.deepcopy(V_BAR)
    annotation["general_figure_info"].update(general)
    return annotation


def test_labels_below_the_plot_become_strips_of_it() -> None:
    regions = [region for region in regions_of(V_BAR, HEADER) if region.kind == "x_values"]
    assert [region.label for region in regions] == ["2010", "2011", "2012"]
    assert [region.box for region in regions] == [Box(20, 10, 50, 71), Box(50, 10, 80, 71), Box(80, 10, 110, 71)]


def test_labels_beside_the_plot_become_strips_across_the_picture() -> None:
    regions = [region for region in regions_of(V_BAR, HEADER) if region.kind == "y_values"]
    assert [(region.label, region.box) for region in regions] == [
        ("50", Box(0, 13, 120, 43)),
        ("0", Box(0, 43, 120, 60)),
    ]


def test_a_horizontal_bar_charts_x_axis_is_its_vertical_one() -> None:
    labels = {"values": ["A", "B"], "bboxes": [box(2, 20), box(2, 40)]}
    regions = regions_of(changed(x_axis={"major_labels": labels}, y_axis={}), HEADER)
    assert {region.kind for region in regions} == {"y_values"}


def test_an_axis_that_nests_twice_is_found() -> None:
    once = V_BAR["general_figure_info"]["x_axis"]
    assert regions_of(changed(x_axis={"x_axis": {"x_axis": once}}), HEADER) == regions_of(V_BAR, HEADER)


@pytest.mark.parametrize("axis", [None, {}, {"major_labels": {}}, {"major_labels": {"bboxes": [box(5, 5)]}}])
def test_an_axis_without_values_gives_no_regions(axis: object) -> None:
    regions = regions_of(changed(y_axis=axis), HEADER)
    assert {region.kind for region in regions} == {"x_values"}


def test_values_that_are_missing_or_blank_are_passed_over() -> None:
    labels = {"values": ["2010", None, " "], "bboxes": V_BAR["general_figure_info"]["x_axis"]["major_labels"]["bboxes"]}
    regions = regions_of(changed(x_axis={"major_labels": labels}, y_axis=None), HEADER)
    assert [region.label for region in regions] == ["2010"]


def test_labels_that_repeat_are_told_apart() -> None:
    labels = {"values": ["Jan", "Feb", "Jan"], "bboxes": [box(30, 65), box(60, 65), box(90, 65)]}
    regions = regions_of(changed(x_axis={"major_labels": labels}, y_axis=None), HEADER)
    assert [region.label for region in regions] == ["Jan", "Feb", "Jan (2)"]


@pytest.mark.parametrize(("place", "kind"), [(box(60, 65), "x_values"), (box(5, 30), "y_values")])
def test_a_single_label_belongs_to_the_axis_it_stands_at(place: dict[str, float], kind: str) -> None:
    labels = {"values": ["A"], "bboxes": [place]}
    (region,) = regions_of(changed(x_axis={"major_labels": labels}, y_axis=None), HEADER)
    assert region.kind == kind


BAD = {
    "no text": changed(x_axis={"major_labels": {"values": ["a\ud800"], "bboxes": [box(5, 5)]}}),
    "no list": [1, 2],
    "no figure info": {"type": "pie"},
    "outside": changed(x_axis={"major_labels": {"values": ["a"], "bboxes": [box(500, 5)]}}),
    "negative": changed(x_axis={"major_labels": {"values": ["a"], "bboxes": [box(5, 5, -3)]}}),
    "not a number": changed(x_axis={"major_labels": {"values": ["a"], "bboxes": [box(float("nan"), 5)]}}),
    "a text": changed(x_axis={"major_labels": {"values": ["a"], "bboxes": [{"x": "5", "y": 1, "w": 1, "h": 1}]}}),
    "boxes no list": changed(x_axis={"major_labels": {"values": ["a"], "bboxes": 7}}),
    "too many": changed(x_axis={"major_labels": {"values": ["a"] * 501, "bboxes": [box(5, 5)] * 501}}),
    "plot outside": changed(figure_info={"bbox": box(500, 500)}),
    "not json": "{",
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_annotation_costs_the_regions_and_is_named(tmp_path: Path, kind: str) -> None:
    source = ChartQASource(chartqa(tmp_path, [row(), row(query="Which?")], annotations={"a.json": BAD[kind]}))
    items, (failure,) = read(source)
    assert [item.sample.regions for item in items] == [(), ()]
    assert failure.error_class == "annotation_unreadable"
    assert failure.origin.endswith("annotations/a.json")
    assert "\n" not in failure.message


def test_a_good_annotation_gives_its_picture_regions(tmp_path: Path) -> None:
    items, failures = read(ChartQASource(chartqa(tmp_path, [row()], annotations={"a.json": V_BAR})))
    assert failures == []
    assert items[0].sample.regions == regions_of(V_BAR, HEADER)


def test_a_picture_without_annotation_has_no_regions(tmp_path: Path) -> None:
    items, failures = read(ChartQASource(chartqa(tmp_path, [row()], annotations={"b.json": V_BAR})))
    assert (items[0].sample.regions, failures) == ((), [])


def test_an_annotation_may_be_a_link_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.json").write_text(json.dumps(V_BAR))
    root = chartqa(tmp_path / "data", [row()], annotations={})
    (root / "test" / "annotations").mkdir()
    (root / "test" / "annotations" / "a.json").symlink_to(tmp_path / "elsewhere.json")
    items, failures = read(ChartQASource(root))
    assert items[0].sample.regions
    assert failures == []


def test_regions_do_not_change_a_samples_id(tmp_path: Path) -> None:
    plain = read(ChartQASource(chartqa(tmp_path / "a", [row()])))[0]
    annotated = read(ChartQASource(chartqa(tmp_path / "b", [row()], annotations={"a.json": V_BAR})))[0]
    assert plain[0].sample.sample_id == annotated[0].sample.sample_id


NUMBERS = st.floats(-50, 200)
BOXES = st.builds(box, NUMBERS, NUMBERS, NUMBERS, NUMBERS)


def read_or_refused(info: dict[str, object]) -> tuple[Region, ...] | str:
    """The regions, or the class of the problem."""
    try:
        return regions_of({"general_figure_info": info}, HEADER)
    except RowProblem as problem:
        return problem.error_class


@given(st.lists(BOXES, max_size=8), st.one_of(st.none(), BOXES))
def test_regions_lie_in_the_picture_or_the_file_is_refused(
    boxes: list[dict[str, float]], plot: dict[str, float] | None
) -> None:
    axis = {"major_labels": {"values": list(range(len(boxes))), "bboxes": boxes}}
    result = read_or_refused({"x_axis": axis, "figure_info": {"bbox": plot}})
    assert result == "annotation_unreadable" or all(
        isinstance(region, Region) and Box(0, 0, 120, 80).contains(region.box) and region.box.area > 0
        for region in result
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["values", "bboxes", "x_axis", "major_labels", "x", "y", "w", "h"]), inner)
    ),
    max_leaves=12,
)


@given(JSON, JSON)
def test_any_json_is_read_or_refused(x_axis: object, y_axis: object) -> None:
    result = read_or_refused({"x_axis": x_axis, "y_axis": y_axis})
    assert result == "annotation_unreadable" or isinstance(result, tuple)
