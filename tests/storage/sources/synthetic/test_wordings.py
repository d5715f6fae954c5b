"""Each kind of question has many wordings, and all of one question mean the same."""

from collections.abc import Iterator
from random import Random

import pytest

from lensmill.agents.reader.questions.plainly import plainly
from lensmill.judging.rules import judge_answer
from storage.sources.synthetic.charts import CYCLE
from storage.sources.synthetic.drawing import ChartKind
from storage.sources.synthetic.figures import illustrate_figure
from storage.sources.synthetic.notices import TOPICS
from storage.sources.synthetic.questions.charts import MAKERS
from storage.sources.synthetic.questions.question import Question
from storage.sources.synthetic.questions.subject import Subject
from storage.sources.synthetic.questions.wordings import FORMS, FRAMES, framed, frames
from tests.storage.sources.synthetic.perfect import (
    answer_over_chart,
    answer_over_table,
    chart_reading,
    subject_of,
    table_of,
    table_reading,
)

ENOUGH = 40
KINDS = sorted(set(CYCLE) - {"table"})


def made(subject: Subject, tries: int = 2) -> Iterator[Question]:
    """Questions of all kinds about one chart."""
    for maker in dict.fromkeys(MAKERS):
        tried = [maker(subject, Random(attempt)) for attempt in range(tries)]
        yield from (question for question in tried if question is not None)


@pytest.mark.parametrize("kind", FORMS)
def test_every_kind_of_question_has_forty_wordings(kind: str) -> None:
    for things in (("chart", "graph"), ("table",)):
        ways = framed(FORMS[kind], ("", *frames(things)))
        assert len(set(ways)) == len(ways) >= ENOUGH


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.titles[0])
def test_every_topic_of_notices_has_forty_wordings(topic) -> None:  # type: ignore[no-untyped-def]
    assert len(set(framed(topic.ask, ("", *frames(("poster",)))))) >= ENOUGH


def test_questions_about_panels_have_enough_wordings() -> None:
    asked = {question.family: question for question in illustrate_figure(0, 2, 9, 480).questions}
    for family in ("panel_count", "panel_letter", "panel_title"):
        assert len(set(asked[family].ways)) >= ENOUGH


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(2))
def test_a_question_is_one_of_its_wordings(kind: ChartKind, seed: int) -> None:
    for question in made(subject_of(kind, seed)):
        assert question.text in question.ways
        assert len(set(question.ways)) >= ENOUGH
        for way in question.ways:
            assert way[0].isupper()
            assert way.endswith("?")
            assert "{" not in way
            assert "  " not in way


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(2))
def test_the_reader_answers_every_wording_over_a_chart_rightly_or_not_at_all(kind: ChartKind, seed: int) -> None:
    subject = subject_of(kind, seed)
    chart = chart_reading(subject)
    answered = 0
    asked = list(made(subject, 1))
    for question in asked:
        for way in question.ways:
            answer = answer_over_chart(way, chart)
            answered += answer is not None
            if answer is not None:
                assert judge_answer(answer, list(question.answers), question=way).outcome == "correct", way
    assert answered > 0.5 * sum(len(question.ways) for question in asked)


@pytest.mark.parametrize("seed", range(6))
def test_the_reader_answers_every_wording_over_a_table_rightly_or_not_at_all(seed: int) -> None:
    subjects, drawn = table_of(seed)
    table = table_reading(drawn)
    for question in made(subjects[-1], 1):
        for way in question.ways:
            answer = answer_over_table(way, table)
            if answer is not None:
                assert judge_answer(answer, list(question.answers), question=way).outcome == "correct", way


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("thing", ["chart", "graph", "table", "poster", "document"])
def test_a_frame_takes_no_part_in_the_meaning(frame: str, thing: str) -> None:
    (asked,) = framed(["what is the length of the Ohio?"], [frame.format(thing)])
    assert plainly(asked) == "what is the length of the Ohio?"


@pytest.mark.parametrize(
    ("asked", "plain"),
    [
        ("By how much do Ohio and Texas differ in area?", "what is the difference in area between Ohio and Texas?"),
        ("How far apart are Ohio and Texas in area?", "what is the difference in area between Ohio and Texas?"),
        (
            "How much do the highest and the lowest bar differ?",
            "what is the difference between the highest and the lowest bar?",
        ),
        ("Can you work out the total area?", "what is the total area?"),
        ("Would you say that Ohio is larger than Texas?", "is it true that Ohio is larger than Texas?"),
        ("What is the state with an area of 3,965?", "which state has an area of 3,965?"),
    ],
)
def test_verbs_of_one_meaning_are_said_plainly(asked: str, plain: str) -> None:
    assert plainly(asked) == plain


@pytest.mark.parametrize(
    "asked",
    [
        "By how much do Trinidad and Tobago and Cuba differ in area?",
        "In the table of contents, what is the first entry?",
        "From the chart room to the deck, how far is it?",
        "What is the state with an area above 3,965?",
        "How many of the people can say that they are happy?",
    ],
)
def test_other_questions_stay_as_they_are(asked: str) -> None:
    assert plainly(asked) == asked
