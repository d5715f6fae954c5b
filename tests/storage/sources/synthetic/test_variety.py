"""No two pictures are alike, and the same seed gives the same bytes."""

import io
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from storage.sources.synthetic.charts import illustrate_chart
from storage.sources.synthetic.documents import illustrate_document
from storage.sources.synthetic.figures import illustrate_figure
from storage.sources.synthetic.illustration import Illustration
from storage.sources.synthetic.posters import illustrate_poster
from storage.sources.synthetic.source import Illustrate
from storage.sources.synthetic.table_pictures import illustrate_table

EVERY = {
    "chart": illustrate_chart,
    "poster": illustrate_poster,
    "figure": illustrate_figure,
    "table": illustrate_table,
    "document": illustrate_document,
}
SIDE = 480


def thumbnail(made: Illustration) -> np.ndarray:
    """The picture in 24 x 24 shades of grey."""
    with Image.open(io.BytesIO(made.png)) as picture:
        return np.asarray(picture.convert("L").resize((24, 24), Image.Resampling.BOX)).astype(int)


def content(made: Illustration) -> tuple[object, ...]:
    """What a picture says, without its look: names of regions, questions and answers."""
    regions = sorted((region.kind, region.label) for region in made.regions)
    return (made.kind, *regions, *((question.family, question.answers) for question in made.questions))


def assert_all_differ(pictures: list[Illustration]) -> None:
    """By bytes, by what they say, and to the eye."""
    assert len({made.png for made in pictures}) == len(pictures)
    assert len({content(made) for made in pictures}) == len(pictures)
    shades = [thumbnail(made) for made in pictures]
    assert min(np.abs(one - other).mean() for one, other in combinations(shades, 2)) > 0.25


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(sorted(EVERY)), index=st.integers(0, 500))
def test_neighbours_in_seed_and_number_differ_and_each_comes_again(seed: int, kind: str, index: int) -> None:
    illustrate: Illustrate = EVERY[kind]
    first = illustrate(seed, index, 6, SIDE)
    assert_all_differ([first, illustrate(seed, index + 1, 6, SIDE), illustrate(seed + 1, index, 6, SIDE)])
    assert illustrate(seed, index, 6, SIDE) == first


@pytest.mark.parametrize("kind", ["chart", "figure", "table", "document"])
def test_no_two_of_many_pictures_of_one_seed_are_alike(kind: str) -> None:
    assert_all_differ([EVERY[kind](0, index, 6, SIDE) for index in range(70)])


def test_a_picture_can_have_many_questions_none_worded_alike() -> None:
    for index in range(12):
        made = illustrate_chart(1, index, 12, SIDE)
        assert len({question.text for question in made.questions}) == len(made.questions)
        assert len(made.questions) == 12
