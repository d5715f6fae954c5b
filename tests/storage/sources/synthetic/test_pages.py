"""Figures, tables and documents: parts and boxes, and no two alike."""

import io
from random import Random

import numpy as np
import pytest
from PIL import Image

from lensmill.geometry import Box
from storage.sources.protocol import SourceItem
from storage.sources.synthetic import SyntheticSource
from storage.sources.synthetic.documents import FORMS, illustrate_document
from storage.sources.synthetic.figures import GRIDS, illustrate_figure
from storage.sources.synthetic.illustration import Illustration
from storage.sources.synthetic.table_look import TABLE_LOOKS
from storage.sources.synthetic.table_pictures import illustrate_table


@pytest.fixture(scope="module")
def pages() -> list[Illustration]:
    made = []
    for illustrate in (illustrate_figure, illustrate_table, illustrate_document):
        made += [illustrate(5, index, 6, 960) for index in range(7)]
    return made


def test_every_page_has_its_questions_with_ink_in_every_target(pages: list[Illustration]) -> None:
    for page in pages:
        picture = Image.open(io.BytesIO(page.png))
        assert picture.size == (page.width, page.height)
        assert max(picture.size) == 960
        assert len(page.questions) >= 5
        for question in page.questions:
            assert question.targets
            for target in question.targets:
                assert Box(0, 0, *picture.size).contains(target)
                assert np.ptp(np.asarray(picture.crop(target.padded(3).rounded())), axis=(0, 1)).any(), question.text


def test_questions_of_a_page_are_of_several_families(pages: list[Illustration]) -> None:
    for page in pages:
        assert len({question.family for question in page.questions}) >= 3
        assert len({question.text for question in page.questions}) == len(page.questions)


def test_panels_of_a_figure_do_not_overlap_and_have_names_of_their_own(pages: list[Illustration]) -> None:
    for page in pages:
        if page.kind == "figure":
            boxes = [region.box for region in page.regions]
            assert len({region.label for region in page.regions}) == len(boxes)
            for place, box in enumerate(boxes):
                assert all(box.intersection(other) is None for other in boxes[:place])


def test_figures_have_every_arrangement(pages: list[Illustration]) -> None:
    counts = [len(page.regions) for page in pages if page.kind == "figure"]
    assert sorted(counts) == sorted(down * across for down, across in GRIDS)


def test_tables_and_documents_name_rows_and_columns(pages: list[Illustration]) -> None:
    for page in pages:
        if page.kind != "figure":
            assert {region.kind for region in page.regions} == {"rows", "columns"}


def test_documents_ask_for_printed_words_and_for_figures(pages: list[Illustration]) -> None:
    for page in pages:
        if page.kind == "document":
            families = {question.family for question in page.questions}
            assert "read" in families
            assert families - {"read"}


@pytest.mark.parametrize(("title", "fields"), FORMS, ids=[title for title, _ in FORMS])
def test_a_forms_questions_name_their_field(title: str, fields) -> None:  # type: ignore[no-untyped-def]
    for field in fields:
        words = {word.strip("?").removesuffix("'s") for word in field.ask.lower().split()}
        assert {word.removesuffix("'s") for word in field.name.lower().split()} <= words, title
        assert field.value(Random(1))


def test_tables_come_in_every_look_and_some_have_a_spanning_header() -> None:
    pictures = [illustrate_table(1, index, 1, 480) for index in range(2 * len(TABLE_LOOKS))]
    assert len({picture.png for picture in pictures}) == len(pictures)


def test_kinds_are_spread_evenly_and_each_number_comes_once() -> None:
    source = SyntheticSource(charts=3, posters=1, figures=2, tables=4, documents=2, side=480, questions_per_picture=1)
    names = [name for name, _ in source.illustrations()]
    wanted = {"chart": 3, "poster": 1, "figure": 2, "table": 4, "document": 2}
    assert sorted(names) == sorted(f"{kind} {number}" for kind, count in wanted.items() for number in range(count))
    for kind, count in wanted.items():
        assert [name for name in names if name.startswith(kind)] == [f"{kind} {number}" for number in range(count)]
    halves = (names[:6], names[6:])
    assert all(sum(name.startswith("table") for name in half) == 2 for half in halves)


def test_a_source_of_one_kind_reads_that_kind_only() -> None:
    items = list(SyntheticSource(charts=0, posters=0, tables=2, side=480).read())
    assert len(items) == 6
    assert all(isinstance(item, SourceItem) and item.sample.subset == "table" for item in items)
