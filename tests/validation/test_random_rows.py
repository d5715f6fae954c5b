"""Any sound row has no finding, and no row of any shape raises."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lensmill.template_tokens import neutral
from lensmill.validation.dataset_info import check_dataset_info
from tests.validation.checking import VALIDATORS, found, training
from tests.validation.sound import EPISODE, SOUND, Episode, Look, Row

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=80).map(neutral)
SPOKEN = WORDS.filter(lambda text: bool(text.strip()))
SIDES = st.integers(2, 30).map(lambda side: 28 * side)
SIZES = st.tuples(SIDES, SIDES)


@st.composite
def episodes(draw: st.DrawFn) -> Episode:
    """Episodes of one to four pictures, each looked at within its bounds."""
    sizes = draw(st.lists(SIZES, min_size=1, max_size=4))
    looks = []
    for number, size in enumerate(sizes[1:]):
        about = draw(st.integers(0, number))
        width, height = sizes[about]
        x1, y1 = draw(st.integers(0, width - 2)), draw(st.integers(0, height - 2))
        box = (x1, y1, draw(st.integers(x1 + 1, width)), draw(st.integers(y1 + 1, height)))
        looks.append(Look(draw(SPOKEN), box, about, size))
    return Episode(draw(SPOKEN), sizes[0], tuple(looks), draw(SPOKEN), draw(SPOKEN))


@pytest.mark.parametrize("layout", [layout for layout in SOUND if layout != "refocus"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(episodes())
def test_a_random_sound_row_has_no_finding(layout: str, episode: Episode) -> None:
    format_name, make = SOUND[layout]
    assert found(format_name, make(episode)) == []


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.binary(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value within a row."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The row with another value at a path."""
    if not path:
        return new
    key, *rest = path
    if isinstance(value, dict):
        return {**value, key: put(value[key], tuple(rest), new)}
    return [*value[:key], put(value[key], tuple(rest), new), *value[key + 1 :]]


@pytest.mark.parametrize("layout", SOUND)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_value_at_any_place_raises(layout: str, data: st.DataObject) -> None:
    format_name, make = SOUND[layout]
    row = make(EPISODE)
    place = data.draw(st.sampled_from(places(row)[1:]))
    changed = put(row, place, data.draw(ANYTHING))
    found(format_name, changed)
    found(format_name, changed, training("qwen3_vl"))


@pytest.mark.parametrize("format_name", VALIDATORS)
@settings(max_examples=60, deadline=None)
@given(row=st.dictionaries(st.sampled_from(["messages", "images", "prompt", "conversations", "tools"]), ANYTHING))
def test_no_row_of_any_shape_raises(format_name: str, row: Row) -> None:
    found(format_name, row, training(with_template=False))
    _ = [fits(row) for fits in every_fit()]


def every_fit() -> list[Callable[[Row], int]]:
    """The functions that propose a format."""
    return [validator.fits for validator in VALIDATORS.values()]


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(["formatting", "columns", "tags", "ranking", "file_name"]), ANYTHING))
def test_no_dataset_info_raises(info: Row) -> None:
    for layout in ("llamafactory", "llamafactory_pair", "cof"):
        list(check_dataset_info(info, SOUND[layout][1](EPISODE), "x"))


@pytest.mark.parametrize(
    "text",
    [
        "<tool_call>" * 60_000,
        "<tool_call>{" * 60_000 + "</tool_call>",
        "<tools>" * 60_000,
        '"bbox_2d": [' * 60_000,
        "<" * 400_000,
    ],
    ids=["open", "closed once", "tools", "boxes", "signs"],
)
@pytest.mark.timeout(20)
def test_a_hostile_text_takes_no_more_time_than_its_length(text: str) -> None:
    row = SOUND["verl_sft"][1](EPISODE)
    row["messages"][0]["content"] = row["messages"][2]["content"] = text
    found("verl_sft", row)
