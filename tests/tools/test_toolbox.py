"""The toolbox: calls by name against the pictures seen so far, the same every time."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lensmill.geometry import Box, Convention
from lensmill.picture import draw_view, pixel_hash
from lensmill.sample import Region
from lensmill.specs import SpecError
from lensmill.tools import EDIT_TOOLS, ZOOM, Toolbox, ToolError, ToolSettings, edit_name, tool_schema

REGIONS = (
    Region("x_values", "2015", Box(100, 100, 300, 900)),
    Region("x_values", "2016", Box(400, 100, 600, 900)),
    Region("y_values", "high", Box(0, 100, 1200, 200)),
)


def noise(width: int = 1200, height: int = 1000) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(7).randbytes(width * height * 3))


ORIGINAL = noise()


def toolbox(rung: int = 224, **settings: Any) -> Toolbox:
    return Toolbox(ORIGINAL, draw_view(ORIGINAL, rung), rung, REGIONS, ToolSettings(**settings))


def test_each_result_is_the_next_picture() -> None:
    box = toolbox()
    first = box.call(ZOOM, {"bbox_2d": [10, 10, 100, 100]})
    second = box.call("focus_on_x_values_with_draw", {"labels": ["2015"]})
    assert box.pictures[1:] == [first.picture, second.picture]


def test_boxes_are_read_about_the_picture_that_the_call_names() -> None:
    box = toolbox()
    first = box.call(ZOOM, {"bbox_2d": [50, 50, 150, 150]}).picture
    again = box.call(ZOOM, {"bbox_2d": [0, 0, first.frame.width, first.frame.height], "image": 1})
    assert again.boxes[0][1].xyxy == pytest.approx(first.frame.region.xyxy)


@pytest.mark.parametrize(
    ("convention", "numbers"),
    [(Convention.UNIT, [0.25, 0.25, 0.5, 0.5]), (Convention.THOUSAND, [250, 250, 500, 500])],
)
def test_boxes_are_read_in_the_convention_of_the_settings(convention: Convention, numbers: list[float]) -> None:
    result = toolbox(convention=convention).call(ZOOM, {"bbox_2d": numbers})
    assert result.boxes[0][1].xyxy == pytest.approx((300, 250, 600, 500))


def test_pixels_are_those_of_the_view() -> None:
    box = toolbox()
    view = box.pictures[0].frame
    result = box.call(ZOOM, {"bbox_2d": [0, 0, view.width / 2, view.height / 2]})
    assert result.boxes[0][1].xyxy == pytest.approx((0, 0, 600, 500))


def test_crops_of_the_original_hold_detail_that_crops_of_the_view_lack() -> None:
    call = {"bbox_2d": [50, 50, 80, 80]}
    sharp = toolbox().call(ZOOM, call).picture
    blurred = toolbox(zoom_source="view").call(ZOOM, call).picture

    def contrast(pixels: Image.Image) -> int:
        low, high = pixels.convert("L").getextrema()
        assert isinstance(low, int)
        assert isinstance(high, int)
        return high - low

    assert contrast(sharp.pixels) > 1.5 * contrast(blurred.pixels)
    assert sharp.frame.region.iou(blurred.frame.region) > 0.8


@pytest.mark.parametrize(("rung", "floor", "side"), [(224, 448, 448), (224, 224, 224), (672, 448, 672)])
def test_a_crop_has_at_most_the_larger_of_rung_and_floor_squared(rung: int, floor: int, side: int) -> None:
    box = toolbox(rung, zoom_floor=floor)
    frame = box.pictures[0].frame
    picture = box.call(ZOOM, {"bbox_2d": [0, 0, frame.width, frame.height]}).picture
    assert 0.8 * side * side < picture.pixels.width * picture.pixels.height <= side * side


def test_edits_use_the_regions_of_their_kind() -> None:
    result = toolbox().call("focus_on_x_values_with_highlight", {"labels": ["2016"]})
    assert result.boxes == (("2016", Box(400, 100, 600, 900)),)
    with pytest.raises(ToolError, match="'high'"):
        toolbox().call("focus_on_y_values_with_draw", {"labels": ["2016"]})


def test_edits_take_boxes_that_the_agent_derived() -> None:
    box = toolbox()
    result = box.call(
        "focus_on_rows_with_mask", {"labels": ["a"], "boxes": {"a": [0, 0, 80, 80], "b": [90, 0, 180, 80]}}
    )
    assert [label for label, _ in result.boxes] == ["a"]
    assert box.pictures[0].frame.from_original(result.boxes[0][1]).xyxy == pytest.approx((0, 0, 80, 80))


def test_an_edit_of_a_crop_keeps_the_crops_place() -> None:
    box = toolbox()
    crop = box.call(ZOOM, {"bbox_2d": [10, 10, 120, 120]}).picture
    edited = box.call("focus_on_x_values_with_draw", {"labels": ["2015"], "image": 1}).picture
    assert edited.frame == crop.frame


def test_a_label_may_be_written_as_a_number() -> None:
    assert toolbox().call("focus_on_x_values_with_draw", {"labels": [2015]}).boxes[0][0] == "2015"


BAD_CALLS: list[tuple[str, Any, str]] = [
    ("zoom", {}, "there is no tool 'zoom'; the tools are: "),
    ("x" * 100_000, {}, "there is no tool"),
    (ZOOM, {}, "four finite numbers"),
    (ZOOM, {"bbox_2d": [1, 2, 3]}, "four finite numbers"),
    (ZOOM, {"bbox_2d": [100, 10, 10, 100]}, "x1 <= x2"),
    (ZOOM, {"bbox_2d": [500, 500, 600, 600]}, "outside the image"),
    (ZOOM, {"bbox_2d": [10, 10, 100, 100], "image": 1}, "image must be from 0 to 0"),
    (ZOOM, {"bbox_2d": [10, 10, 100, 100], "image": -1}, "image must be from 0 to 0"),
    (ZOOM, {"bbox_2d": [10, 10, 100, 100], "image": True}, "image must be from 0 to 0"),
    (ZOOM, {"bbox_2d": [10, 10, 100, 100], "image": "0"}, "image must be from 0 to 0"),
    (ZOOM, {"bbox_2d": [10, 10, 100, 100], "image": 10**5000}, "image must be from 0 to 0"),
    (ZOOM, [1, 2, 3, 4], "arguments must be an object"),
    ("focus_on_x_values_with_draw", {}, "labels must be a list"),
    ("focus_on_x_values_with_draw", {"labels": "2015"}, "labels must be a list"),
    ("focus_on_x_values_with_draw", {"labels": ["2015"] * 201}, "at most 200"),
    ("focus_on_x_values_with_draw", {"labels": [10**5000]}, "a label must be a text"),
    ("focus_on_x_values_with_draw", {"labels": [["2015"]]}, "a label must be a text"),
    ("focus_on_x_values_with_draw", {"labels": ["2017"]}, "unknown label '2017'; the labels here are: '2015', '2016'"),
    ("focus_on_x_values_with_draw", {"labels": ["a"], "boxes": [1, 2]}, "boxes must map"),
    ("focus_on_x_values_with_draw", {"labels": ["a"], "boxes": {"a": [1, 2]}}, "four finite numbers"),
    ("focus_on_x_values_with_draw", {"labels": [], "boxes": {str(i): [0, 0, 1, 1] for i in range(501)}}, "at most 500"),
]


@pytest.mark.parametrize(("tool", "arguments", "message"), BAD_CALLS, ids=range(len(BAD_CALLS)))
def test_a_call_that_cannot_be_done_is_explained_and_changes_nothing(tool: str, arguments: Any, message: str) -> None:
    box = toolbox()
    with pytest.raises(ToolError) as error:
        box.call(tool, arguments)
    assert message in str(error.value)
    assert len(str(error.value)) < 2000
    assert len(box.pictures) == 1


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def test_endless_nesting_is_explained() -> None:
    with pytest.raises(ToolError, match="four finite numbers"):
        toolbox().call(ZOOM, {"bbox_2d": nested(100_000)})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "bbox_2d": JSON | st.lists(st.integers(-50, 300), min_size=4, max_size=4),
        "labels": JSON,
        "boxes": JSON,
        "image": JSON,
        "label": JSON,
    },
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([ZOOM, *EDIT_TOOLS]), ARGUMENTS)
def test_any_arguments_give_a_picture_or_an_explanation(tool: str, arguments: Mapping[str, Any]) -> None:
    box = toolbox()
    try:
        result = box.call(tool, arguments)
    except ToolError:
        assert len(box.pictures) == 1
    else:
        assert box.pictures[-1] == result.picture


CALLS: list[tuple[str, dict[str, Any]]] = [
    (ZOOM, {"bbox_2d": [13.5, 20, 90, 111]}),
    ("focus_on_x_values_with_highlight", {"labels": ["2015"], "image": 1}),
    ("focus_on_x_values_with_mask", {"labels": ["2016"]}),
    ("focus_on_y_values_with_draw", {"labels": ["high"], "image": 3}),
    (ZOOM, {"bbox_2d": [10, 10, 200, 100], "image": 2}),
]


@pytest.mark.parametrize("source", ["original", "view"])
def test_the_same_calls_replay_to_the_same_pixels(source: str) -> None:
    runs = []
    for _ in range(2):
        box = toolbox(zoom_source=source)
        results = [box.call(tool, arguments) for tool, arguments in CALLS]
        runs.append([(pixel_hash(r.picture.pixels), r.picture.frame, r.boxes, r.text) for r in results])
    assert runs[0] == runs[1]


def test_no_call_changes_a_picture_that_was_shown_before() -> None:
    box = toolbox()
    original = pixel_hash(ORIGINAL)
    for tool, arguments in CALLS:
        before = [pixel_hash(picture.pixels) for picture in box.pictures]
        box.call(tool, arguments)
        assert [pixel_hash(picture.pixels) for picture in box.pictures[:-1]] == before
    assert pixel_hash(ORIGINAL) == original


@pytest.mark.parametrize("name", [ZOOM, *EDIT_TOOLS])
def test_every_tool_has_a_schema_whose_required_arguments_it_describes(name: str) -> None:
    schema = tool_schema(name)
    function = schema["function"]
    assert schema["type"] == "function"
    assert function["name"] == name
    assert function["description"]
    assert set(function["parameters"]["required"]) <= set(function["parameters"]["properties"])


def test_there_is_an_edit_for_every_kind_and_part() -> None:
    assert len(EDIT_TOOLS) == 15
    assert edit_name("draw", "x_values") in EDIT_TOOLS


def test_the_schema_of_an_unknown_tool_is_an_error() -> None:
    with pytest.raises(SpecError, match="there is no tool"):
        tool_schema("rotate")
