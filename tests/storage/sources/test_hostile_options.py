"""Options as nobody writes them: long runs of blanks and of phrases that are nearly instructions."""

import json

import pytest

from storage.sources.option_letters import lone_letter, take_letter
from storage.sources.options import asked
from storage.sources.printed_options import take_apart
from storage.sources.rows import MAX_QUESTION, RowProblem

LONG = 200_000


@pytest.mark.parametrize("lead", ["", "A.", "(a)", "- ", "option", "**"])
@pytest.mark.parametrize("unit", [" ", "\n", " \n", "A. ", "- ", "(A)"])
def test_a_letter_is_looked_for_in_a_text_of_any_length(lead: str, unit: str) -> None:
    text = lead + unit * (LONG // len(unit))
    take_letter(f"{text}!")
    lone_letter(f"{text}!")


@pytest.mark.parametrize("lead", ["", "What?\n", "What? options", "A.", "answer choices"])
@pytest.mark.parametrize("unit", [" ", "pick a ", "select the ", "options ", "options:", "(a)", "A. "])
def test_a_question_of_any_shape_is_taken_apart(lead: str, unit: str) -> None:
    take_apart(lead + unit * (LONG // len(unit)) + "x?", "question")


@pytest.mark.parametrize("unit", [", ", "and ", "  ,  ", "& ,", "only ", "(i "])
def test_an_option_that_lists_nothing_without_end_is_read(unit: str) -> None:
    option = f"i {unit * 200}!"
    assert asked({"question": "Which?", "options": [option, "red"], "answer": "red"}, "id")[1] == ("red",)


@pytest.mark.parametrize("unit", [" ", "\n", "A. ", "1) "])
def test_an_answer_of_blanks_and_letters_is_read(unit: str) -> None:
    with pytest.raises(RowProblem):
        asked({"question": "Which?", "options": ["red", "blue"], "answer": f"A{unit * 600}!"}, "id")


def test_a_cell_of_options_is_as_long_as_a_question_at_most() -> None:
    for cell in (f"A. red{' ' * LONG}x\nB. blue", json.dumps(["red", "blue", " " * MAX_QUESTION])):
        with pytest.raises(RowProblem) as caught:
            asked({"question": "Which?", "options": cell, "answer": "A"}, "id")
        assert caught.value.error_class == "too_long"
        assert '"options"' in str(caught.value)


def test_blanks_around_letters_change_nothing() -> None:
    blanks = " " * 300
    assert take_letter(f"{blanks}A{blanks}.{blanks}red  apple{blanks}") == ("A", "red  apple")
    assert take_letter("\n(b)\n\nred\nand blue\n") == ("B", "red\nand blue")
    assert take_letter(f"C{blanks}-{blanks}red") == ("C", "red")
    assert lone_letter(f"{blanks}(d).{blanks}") == "D"
    assert take_letter(f"A.{blanks}") is None
    cell = f"A.{blanks}red\nB.{blanks}blue"
    assert asked({"question": "Which?", "options": cell, "answer": "B"}, "id")[1:] == (("blue",), ("red", "blue"))
