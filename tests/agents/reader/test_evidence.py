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


def test_the_option_in_large_letters_is_the_answer_if_asked_for() -> None:
    question, options = "What name is printed in large black letters?", ("Acme", "Borealis")
    large = Seen(TextLine("BOREALIS", Box(0, 900, 300, 930), 0.99), 30, 0)
    assert weigh(question, options, [line("Acme"), large]).option == 1
    assert weigh(question.replace("large black", "tiny"), options, [line("Acme"), large]).option == 0
    assert weigh("What name is printed on the large sign?", options, [line("Acme"), large]).option is None


def test_letters_of_about_the_same_size_mean_no_answer() -> None:
    taller = Seen(TextLine("BOREALIS", Box(0, 900, 300, 922), 0.99), 22, 0)
    question = "What name is printed in large letters?"
    assert weigh(question, ("Acme", "Borealis"), [line("Acme"), taller]).option is None


def test_two_lines_joined_are_no_larger_letters() -> None:
    lines = [line("Acme", y=0), line("North", y=900), line("Borealis", y=920)]
    question = "What name is printed in large letters?"
    assert weigh(question, ("Acme", "North Borealis"), lines).option is None


@pytest.mark.parametrize(
    ("where", "option"),
    [
        ("at the right edge of the desk", 1),
        ("on the left", 0),
        ("on the left-hand side", 0),
        ("to the right of the lamp", None),
        ("on the right of the lamp", None),
        ("on the left, below the box on the right", None),
    ],
)
def test_the_option_on_the_side_in_question_is_the_answer(where: str, option: int | None) -> None:
    lines = [line("Acme", x=100, y=900), line("Borealis", x=700, y=0)]
    assert weigh(f"What name is printed on the box {where}?", ("Acme", "Borealis"), lines).option == option


def test_options_one_below_the_other_lie_on_no_side() -> None:
    lines = [line("Acme", x=100, y=900), line("Borealis", x=120, y=0)]
    assert weigh("What name is printed on the right?", ("Acme", "Borealis"), lines).option is None


def test_size_and_side_that_point_at_different_options_mean_no_answer() -> None:
    large = Seen(TextLine("BOREALIS", Box(700, 0, 1000, 40), 0.99), 40, 0)
    question = "What name is printed in large letters on the left?"
    assert weigh(question, ("Acme", "Borealis"), [line("Acme"), large]).option is None


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
