import pytest

from lensmill.agents.reader.facts import asked_kind, find_fact
from lensmill.agents.reader.sheet import Seen
from lensmill.geometry import Box
from lensmill.perception.text import TextLine


def line(text: str, x: float = 0, y: float = 0, score: float = 0.99) -> Seen:
    return Seen(TextLine(text, Box(x, y, x + 10 * len(text), y + 20), score), 20, 0)


NOTICE = [
    line("Opening hours", y=0),
    line("Bicycle hire", y=40),
    line("$12.50", x=600, y=41),
    line("Guided tour", y=80),
    line("$7.25", x=600, y=80),
    line("The last ferry leaves at 18:20.", y=200),
    line("Ask for a spare key by calling", y=240),
    line("555-0151.", y=262),
    line("Sheet: LH-1102 | Next issue: 9 August | Enquiries: 555-0156", y=400),
]


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("What is the price of the guided tour?", "$7.25"),
        ("How much does the bicycle hire cost?", "$12.50"),
        ("At what time does the last ferry leave?", "18:20"),
        ("Which number should one call for a spare key?", "555-0151"),
        ("Which phone number is given for enquiries?", "555-0156"),
        ("What is the date of the next issue?", "9 August"),
        ("What is the sheet number?", "LH-1102"),
    ],
)
def test_a_printed_fact_is_found(question: str, value: str) -> None:
    fact = find_fact(question, NOTICE)
    assert fact is not None
    assert fact.value == value


def test_a_value_of_another_kind_is_no_answer() -> None:
    assert find_fact("At what time does the guided tour start?", NOTICE) is None


def test_a_name_that_is_not_printed_has_no_fact() -> None:
    assert find_fact("What is the price of the boat trip?", NOTICE) is None


def test_two_values_for_one_name_are_no_answer() -> None:
    lines = [*NOTICE, line("Guided tour", y=500), line("$9.00", x=600, y=500)]
    assert find_fact("What is the price of the guided tour?", lines) is None


def test_a_question_about_a_thing_asks_for_no_fact() -> None:
    assert asked_kind("What animal sits on the bench?") is None


@pytest.mark.parametrize(
    "question",
    [
        "Which season has the greatest number of storms?",
        "How many of the seasons have a number of storms over 3?",
        "What is the lowest price of a tour?",
        "What is the average price of a tour?",
    ],
)
def test_what_follows_from_several_values_is_no_printed_fact(question: str) -> None:
    assert find_fact(question, [line("Atlantic seasons (storms) 20"), line("Tour $7.25", y=40)]) is None
