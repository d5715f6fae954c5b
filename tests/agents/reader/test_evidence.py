import pytest

from lensmill.agents.reader.evidence import asks_for_print, landmarks, weigh
from lensmill.agents.reader.sheet import Seen
from lensmill.geometry import Box
from lensmill.perception.text import TextLine


def line(text: str, x: float = 0, y: float = 0, score: float = 0.99, picture: int = 0) -> Seen:
    return Seen(TextLine(text, Box(x, y, x + 10 * len(text), y + 20), score), 20, picture)


@pytest.mark.parametrize(
    "question",
    [
        "What is the name of the shop?",
        "Which website is printed on the van?",
        "What does the sign say?",
        "How much does the coffee cost?",
        "What is the phone number on the banner?",
    ],
)
def test_questions_about_print_are_taken_on(question: str) -> None:
    assert asks_for_print(question)


@pytest.mark.parametrize(
    "question",
    [
        "What is the colour of the sign?",
        "How many signs are there?",
        "What is the largest number on the panel?",
        "What animal sits on the bench?",
    ],
)
def test_questions_about_colours_counts_ranks_and_things_are_left_alone(question: str) -> None:
    assert not asks_for_print(question)


def test_quotations_and_names_in_a_question_are_landmarks() -> None:
    assert landmarks("What number is on the 'FOR RENT' sign by the old Volvo?") == ("FOR RENT", "Volvo")


def test_an_apostrophe_opens_no_quotation() -> None:
    assert landmarks("What is the driver's name on the bus' side?") == ()


def test_an_option_is_no_landmark() -> None:
    assert landmarks("Is the name on it Acme?", ("Acme", "Apex")) == ()


def test_an_option_that_is_printed_is_the_answer() -> None:
    finding = weigh("What is the name?", ("Acme", "Borealis"), [line("BOREALIS LTD")])
    assert finding.option == 1
    assert finding.evidence[0].seen.text == "BOREALIS LTD"


def test_nothing_printed_means_no_answer() -> None:
    assert weigh("What is the name?", ("Acme", "Borealis"), [line("Welcome")]).option is None


def test_two_printed_options_mean_no_answer() -> None:
    lines = [line("Acme", y=0), line("Borealis", y=900)]
    assert weigh("What is the name?", ("Acme", "Borealis"), lines).option is None


def test_the_option_by_the_landmark_is_preferred() -> None:
    lines = [line("Acme", y=0), line("Borealis", y=900), line("FOR RENT", y=940)]
    assert weigh("Whose name is on the 'FOR RENT' sign?", ("Acme", "Borealis"), lines).option == 1


def test_the_first_of_two_printed_options_is_the_upper_one() -> None:
    lines = [line("555-1000", y=40), line("555-2000", y=0)]
    assert weigh("What is the first phone number?", ("555-1000", "555-2000"), lines).option == 1


def test_near_misses_are_told_apart_by_the_exact_one() -> None:
    options = ("02380 557732", "02380 557723", "02830 557723")
    assert weigh("What is the phone number?", options, [line("02380 557723")]).option == 1


def test_near_misses_without_an_exact_one_mean_no_answer() -> None:
    options = ("02380 557732", "02380 557723")
    assert weigh("What is the phone number?", options, [line("02380 5577")]).option is None


def test_a_line_read_with_little_confidence_is_no_evidence() -> None:
    assert weigh("What is the name?", ("Acme", "Borealis"), [line("Acme", score=0.4)]).option is None


def test_a_text_over_two_lines_is_one() -> None:
    lines = [line("NORTH", y=0), line("STATION", y=22)]
    assert weigh("What name is printed?", ("North Station", "South Station"), lines).option == 0


def test_one_telling_word_speaks_for_a_long_option() -> None:
    options = ("a supporter of the Harbour Penguins", "a supporter of the Valley Foxes")
    assert weigh("What does the text on the flag say?", options, [line("PENGUINS")]).option == 0
