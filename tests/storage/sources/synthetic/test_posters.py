"""Posters: many panels, invented notices, small print that can be asked for."""

import io
from random import Random

import numpy as np
import pytest
from PIL import Image

from storage.sources.synthetic.canvas import LEAST_TEXT
from storage.sources.synthetic.illustration import Illustration
from storage.sources.synthetic.notices import ANNOUNCEMENTS, TOPICS, announcement_entries, phone, topic_entries
from storage.sources.synthetic.posters import illustrate_poster
from storage.sources.synthetic.style import FAMILIES, font


@pytest.fixture(scope="module")
def posters() -> list[Illustration]:
    return [illustrate_poster(7, index, 8, 960) for index in range(4)]


def test_a_poster_has_several_panels_that_do_not_overlap(posters: list[Illustration]) -> None:
    for poster in posters:
        boxes = [region.box for region in poster.regions]
        assert len(boxes) >= 6
        assert {region.kind for region in poster.regions} == {"subplots"}
        for place, box in enumerate(boxes):
            assert all(box.intersection(other) is None for other in boxes[:place])


def test_a_poster_asks_for_words_and_for_figures(posters: list[Illustration]) -> None:
    for poster in posters:
        families = [question.family for question in poster.questions]
        assert families[0] == "read"
        assert len(set(families)) >= 3


def test_the_answer_is_printed_in_the_target(posters: list[Illustration]) -> None:
    for poster in posters:
        picture = Image.open(io.BytesIO(poster.png))
        for question in poster.questions:
            for target in question.targets:
                assert np.ptp(np.asarray(picture.crop(target.rounded())), axis=(0, 1)).any()


def test_evidence_lies_in_a_panel_or_in_the_foot(posters: list[Illustration]) -> None:
    for poster in posters:
        for question in poster.questions:
            for target in question.targets:
                inside = any(region.box.contains(target) for region in poster.regions)
                assert inside or target.y1 > poster.height * 0.9, question.text


@pytest.mark.parametrize("family", FAMILIES)
def test_the_smallest_type_still_has_capitals_of_22_pixels(family: str) -> None:
    _, top, _, bottom = font(family, LEAST_TEXT).getbbox("H")
    assert bottom - top >= 22


def test_telephone_numbers_are_reserved_for_fiction() -> None:
    assert all(phone(Random(seed)).startswith("555-01") for seed in range(50))


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.titles[0])
def test_the_values_of_a_topic_differ(topic) -> None:  # type: ignore[no-untyped-def]
    entries = topic_entries(topic, Random(3), 12)
    assert len({entry.value for entry in entries}) == len(entries) == 12


def test_an_announcement_holds_its_value() -> None:
    for entry in announcement_entries(Random(5), len(ANNOUNCEMENTS)):
        assert entry.value in entry.name.format(entry.value)
