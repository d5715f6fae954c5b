"""The stream of samples is complete, stable, and the same every time."""

import hashlib
import io
from itertools import pairwise

import pytest
from PIL import Image

from lensmill.geometry import Box
from lensmill.sample import sample_id_of
from storage.sources.protocol import Source, SourceItem
from storage.sources.synthetic import SyntheticSource
from storage.sources.synthetic.charts import CYCLE

SIDE = 960


def items(**settings: int) -> list[SourceItem]:
    source: Source = SyntheticSource(**{"side": SIDE, **settings})  # type: ignore[arg-type]
    read = list(source.read())
    assert all(isinstance(item, SourceItem) for item in read)
    return [item for item in read if isinstance(item, SourceItem)]


@pytest.fixture(scope="module")
def stream() -> list[SourceItem]:
    return items(charts=24, posters=4)


def test_the_same_seed_gives_the_same_bytes(stream: list[SourceItem]) -> None:
    assert items(charts=24, posters=4) == stream


def test_no_two_pictures_are_alike(stream: list[SourceItem]) -> None:
    pictures = [item.sample.image_id for item in stream]
    changes = sum(before != after for before, after in pairwise(pictures))
    assert len(set(pictures)) == changes + 1 == 28


def test_another_seed_gives_other_pictures(stream: list[SourceItem]) -> None:
    assert not {item.image for item in items(seed=1, charts=6, posters=1)} & {item.image for item in stream}


def test_a_larger_set_holds_the_smaller_one() -> None:
    small = {item.sample.sample_id for item in items(charts=3, posters=1)}
    assert small <= {item.sample.sample_id for item in items(charts=5, posters=2)}


def test_the_number_of_questions_changes_no_picture() -> None:
    few, many = (SyntheticSource(charts=4, posters=1, questions_per_picture=n, side=480) for n in (1, 6))
    assert [made.png for _, made in few.illustrations()] == [made.png for _, made in many.illustrations()]


def test_every_kind_of_chart_comes_once_around(stream: list[SourceItem]) -> None:
    assert {item.sample.subset for item in stream} == {*CYCLE, "poster"}


def test_posters_are_spread_among_the_charts() -> None:
    kinds = [made.kind == "poster" for _, made in SyntheticSource(charts=6, posters=2, side=480).illustrations()]
    assert kinds == [False, False, False, True, False, False, False, True]


def test_ids_come_from_the_content(stream: list[SourceItem]) -> None:
    for item in stream:
        sample = item.sample
        assert sample.image_id == hashlib.sha256(item.image).hexdigest()
        assert sample.sample_id == sample_id_of(sample.image_id, sample.question, sample.answers, sample.choices)
    assert len({item.sample.sample_id for item in stream}) == len(stream)


def test_provenance_is_complete(stream: list[SourceItem]) -> None:
    for item in stream:
        assert (item.sample.source, item.sample.split, item.sample.licence) == ("synthetic", "train", "CC0-1.0")
        assert item.sample.origin.startswith("synthetic seed 0, ")


def test_every_picture_has_its_questions(stream: list[SourceItem]) -> None:
    counts: dict[str, int] = {}
    for item in stream:
        counts[item.sample.image_id] = counts.get(item.sample.image_id, 0) + 1
    assert set(counts.values()) == {3}


def test_boxes_lie_within_the_picture(stream: list[SourceItem]) -> None:
    for item in stream:
        sample = item.sample
        bounds = Box(0, 0, sample.width, sample.height)
        boxes = [*sample.targets, *(region.box for region in sample.regions)]
        assert sample.targets
        assert all(bounds.contains(box) and box.area > 0 for box in boxes), sample.origin


def test_region_names_are_unique_within_their_kind(stream: list[SourceItem]) -> None:
    for item in stream:
        names = [(region.kind, region.label) for region in item.sample.regions]
        assert len(set(names)) == len(names), item.sample.origin


def test_options_hold_the_answer_once(stream: list[SourceItem]) -> None:
    offered = [item.sample for item in stream if item.sample.choices]
    assert offered
    for sample in offered:
        assert len(set(sample.choices)) == len(sample.choices) == 4
        assert sample.choices.count(sample.answers[0]) == 1


def test_pictures_are_plain_png_files_without_metadata(stream: list[SourceItem]) -> None:
    for item in stream[::9]:
        with Image.open(io.BytesIO(item.image)) as picture:
            assert (picture.format, picture.mode) == ("PNG", "RGB")
            assert picture.size == (item.sample.width, item.sample.height)
            assert picture.info == {}


def test_every_rung_of_the_ladder_is_real_at_full_size() -> None:
    for _, made in SyntheticSource(charts=2, posters=1).illustrations():
        assert max(made.width, made.height) == 3840
        assert made.width * made.height > 2688 * 2688


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"charts": -1}, "must not be negative"),
        ({"questions_per_picture": 0}, "at least 1"),
        ({"side": 100}, "from 480 to 7680"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, int], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        SyntheticSource(**settings)  # type: ignore[arg-type]
