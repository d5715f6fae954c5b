"""Plain tools draw the pixels of the environment."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Task
from lensmill.geometry import Box, Convention
from lensmill.picture import draw_view, pixel_hash
from lensmill.sample import Region, RegionKind
from lensmill.tools import EDIT_TOOLS, ZOOM, ToolError, ToolSettings
from lensmill.training import edit, open_episode, view, zoom

NOISE = Image.frombytes("RGB", (640, 480), random.Random(7).randbytes(640 * 480 * 3))
"""No two places look alike, so a shift of one pixel changes the hash."""

LABELS = {"2001": (60, 400, 120, 430), "2002": (200, 400, 260, 430)}


def environment(rung: int = 448, tools: ToolSettings | None = None, kind: RegionKind = "x_values") -> Environment:
    regions = tuple(Region(kind, label, Box(*box)) for label, box in LABELS.items())
    task = Task("?", rung, regions=regions)
    return Environment(task, NOISE, draw_view(NOISE, rung), tools or ToolSettings())


def test_a_view_is_the_environments() -> None:
    assert pixel_hash(view(NOISE, 224)) == environment(224).images[0].ref.pixel_hash


@settings(max_examples=20, deadline=None)
@given(st.tuples(*[st.integers(0, 380)] * 4), st.sampled_from([224, 448]))
def test_a_zoom_draws_the_environments_pixels(corners: tuple[int, ...], rung: int) -> None:
    x1, x2, y1, y2 = *sorted(corners[:2]), *sorted(corners[2:])
    there = environment(rung)
    box = (x1, y1, x2, y2)
    observation = there.act("", ZOOM, {"bbox_2d": list(box)})
    if observation.error:
        with pytest.raises(ToolError) as raised:
            zoom(NOISE, box, shown=there.view.pixels.size, rung=rung)
        assert str(raised.value) == observation.text
    else:
        drawn = zoom(NOISE, box, shown=there.view.pixels.size, rung=rung)
        assert pixel_hash(drawn) == observation.images[0].pixel_hash


def test_a_zoom_reads_the_conventions_of_models() -> None:
    chosen = ToolSettings(convention=Convention.THOUSAND)
    there = environment(tools=chosen)
    observation = there.act("", ZOOM, {"bbox_2d": [100, 200, 400, 500]})
    assert pixel_hash(zoom(NOISE, (100, 200, 400, 500), settings=chosen)) == observation.images[0].pixel_hash


@pytest.mark.parametrize("tool", EDIT_TOOLS)
def test_an_edit_draws_the_environments_pixels(tool: str) -> None:
    there = environment(3840, kind=EDIT_TOOLS[tool][1])
    observation = there.act("", tool, {"labels": ["2001"]})
    assert pixel_hash(there.view.pixels) != observation.images[0].pixel_hash
    before = pixel_hash(there.view.pixels)
    boxes = {label: there.view.frame.from_original(Box(*box)).xyxy for label, box in LABELS.items()}
    assert pixel_hash(edit(there.view.pixels, tool, ["2001"], boxes)) == observation.images[0].pixel_hash
    assert pixel_hash(there.view.pixels) == before


def test_an_episode_shows_the_environments_pictures_and_words() -> None:
    regions = [{"kind": "x_values", "label": label, "box": list(box)} for label, box in LABELS.items()]
    episode, there = open_episode(NOISE, 448, regions=regions), environment()
    calls: list[tuple[str, dict[str, Any]]] = [
        (ZOOM, {"bbox_2d": [10, 20, 200, 220]}),
        (ZOOM, {"bbox_2d": [100, 100, 300, 300], "image": 1}),
        ("focus_on_x_values_with_draw", {"labels": ["2002"], "image": 2}),
        (ZOOM, {"bbox_2d": [1, 1, 1, 1]}),
        (ZOOM, {"bbox_2d": "all of it"}),
        ("erase", {}),
        (ZOOM, {"bbox_2d": [0, 0, 100, 100], "image": 9}),
    ]
    for tool, arguments in calls:
        shown, observation = episode.call(tool, arguments), there.act("", tool, arguments)
        assert observation.text in shown.text
        assert (shown.picture is None) == observation.error
        if shown.picture is not None:
            assert pixel_hash(shown.picture) == observation.images[0].pixel_hash
            assert shown.text.startswith(f"Picture {len(there.images) - 1}.")


def test_a_view_that_the_trainer_resized_is_what_boxes_are_about() -> None:
    seen = view(NOISE, 448).resize((256, 192))
    episode = open_episode(NOISE, 448, seen)
    assert episode.view.size == (256, 192)
    episode.call(ZOOM, {"bbox_2d": [64, 48, 128, 96]})
    frame = episode.toolbox.pictures.frames[1]
    assert frame.region.centre == pytest.approx((240, 180), abs=1)


def test_an_original_may_be_a_file_its_bytes_or_a_value_of_datasets(tmp_path: Path) -> None:
    path = tmp_path / "a picture.png"
    NOISE.save(path)
    data = path.read_bytes()
    for original in (data, {"bytes": data, "path": None}, {"bytes": None, "path": str(path)}, str(path), path.as_uri()):
        assert pixel_hash(open_episode(original, 224).view) == pixel_hash(view(NOISE, 224))
    for wrong in (b"no picture", 3, None, {"bytes": None, "path": None}):
        with pytest.raises(ValueError, match="picture"):
            open_episode(wrong, 224)
    with pytest.raises(ValueError, match="regions: a region has kind, label and box"):
        open_episode(NOISE, 224, regions=[{"kind": "x_values"}])
