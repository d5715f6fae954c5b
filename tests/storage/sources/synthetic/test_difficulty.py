"""Each knob of difficulty changes what it names, and nothing else of the figures."""

import io
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from random import Random

import numpy as np
import pytest
from PIL import Image

from storage.sources.synthetic import SyntheticSettings, SyntheticSource
from storage.sources.synthetic.difficulty import PLAIN, Difficulty
from storage.sources.synthetic.harder import illustrate_hard_chart
from storage.sources.synthetic.illustration import Illustration
from storage.sources.synthetic.questions.steps import in_steps
from tests.storage.sources.synthetic.perfect import subject_of

SIDE = 960


def chart(index: int, difficulty: Difficulty = PLAIN) -> Illustration:
    """A small chart of this difficulty."""
    return illustrate_hard_chart(3, index, 3, SIDE, difficulty)


def pixels(illustration: Illustration) -> np.ndarray:
    """The picture's pixels."""
    return np.asarray(Image.open(io.BytesIO(illustration.png)).convert("RGB")).astype(int)


@pytest.mark.parametrize("index", range(3))
def test_clutter_adds_ink_on_blank_ground_only(index: int) -> None:
    clean, some, much = (chart(index, replace(PLAIN, clutter=count)) for count in (0, 4, 24))
    assert clean.regions == some.regions == much.regions
    assert [q.text for q in clean.questions] == [q.text for q in much.questions]
    changed = [(pixels(clean) != pixels(other)).any(axis=2) for other in (some, much)]
    assert 0 < changed[0].sum() < changed[1].sum()
    for question in clean.questions:
        for target in question.targets:
            x1, y1, x2, y2 = target.rounded()
            assert changed[1][y1:y2, x1:x2].mean() < 0.02, question.text


@pytest.mark.parametrize("index", range(3))
def test_smaller_print_has_smaller_names(index: int) -> None:
    sizes = []
    for share in (1.0, 0.6, 0.3):
        made = chart(index, replace(PLAIN, print_size=share, steps=1))
        names = [min(target.height for target in question.targets) for question in made.questions]
        sizes.append(sum(names) / len(names))
    assert sizes[0] > sizes[1] > sizes[2]


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_a_chart_has_the_number_of_series_that_is_asked_for(count: int) -> None:
    for index in range(4):
        made = chart(index, replace(PLAIN, series=count))
        assert made.kind in (("v_bar", "h_bar", "line") if count == 1 else SEVERAL)
        assert made.questions


SEVERAL = ("grouped_v_bar", "line", "grouped_h_bar", "stacked_v_bar")


def test_distractors_stand_beside_the_chart_and_the_question_names_the_chart() -> None:
    alone, among = (chart(0, replace(PLAIN, series=1, distractors=count)) for count in (0, 3))
    assert all('In the chart "' in question.text for question in among.questions)
    assert not any('In the chart "' in question.text for question in alone.questions)
    boxes = [region.box for region in among.regions]
    assert max(box.x2 for box in boxes) - min(box.x1 for box in boxes) <= SIDE / 2
    quarters = [part for half in np.vsplit(pixels(among), 2) for part in np.hsplit(half, 2)]
    assert min(part.std() for part in quarters) > 5


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_a_question_of_n_steps_rests_on_its_figures(steps: int) -> None:
    marks = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3}[steps]
    asked = 0
    for seed in range(8):
        subject = subject_of("v_bar", seed)
        question = in_steps(subject, Random(seed), steps)
        if question is None:
            continue
        asked += 1
        found = [mark.value for mark in subject.drawing.marks if mark.evidence in question.targets]
        assert len(found) == marks
        value = Decimal(question.answers[0].strip("$%").replace(",", ""))
        wanted = {1: found[0], 2: found[0], 5: sum(found, Decimal(0)) / 3}.get(steps, abs(found[0] - found[-1]))
        assert abs(value - wanted) <= Decimal("0.005")
        assert ("highest" in question.text or "est " in question.text) == (steps > 1)
    assert asked >= 3


def test_ranks_in_questions_are_those_of_the_figures() -> None:
    words = {"second": 1, "third": 2, "fourth": 3}
    for seed in range(8):
        subject = subject_of("h_bar", seed)
        question = in_steps(subject, Random(seed), 2)
        if question is None:
            continue
        place = next((place for word, place in words.items() if word in question.text), 0)
        low = any(word in question.text for word in ("lowest", "smallest"))
        ranked = sorted((mark.value for mark in subject.drawing.marks), reverse=not low)
        assert question.answers == (subject.printed(ranked[place]),)


def test_the_source_hands_its_difficulty_to_the_charts() -> None:
    plain, hard = (
        SyntheticSource(charts=2, posters=0, side=SIDE, difficulty=difficulty)
        for difficulty in (PLAIN, replace(PLAIN, steps=4))
    )
    assert {question.family for _, made in hard.illustrations() for question in made.questions} == {"steps_4"}
    assert not {made.png for _, made in hard.illustrations()} & {made.png for _, made in plain.illustrations()}


def test_settings_name_the_knobs() -> None:
    settings = SyntheticSettings(clutter=3, print_size=0.5, series=2, distractors=1, steps=4)
    assert settings.difficulty == Difficulty(clutter=3, print_size=0.5, series=2, distractors=1, steps=4)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: Difficulty(steps=6), "steps must be from 0 to 5"),
        (lambda: Difficulty(series=9), "series must be from 0 to 8"),
        (lambda: Difficulty(print_size=0.05), "print_size must be from 0.1 to 1"),
        (lambda: SyntheticSettings(distractors=40), "distractors must be from 0 to 11"),
    ],
)
def test_impossible_difficulties_are_refused(make: Callable[[], object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        make()
