"""Replies and answers of any length and shape are read to their end."""

import pytest

from lensmill.agents.direct.replies import read_direct_reply
from lensmill.agents.refocus.replies import read_refocus_reply
from lensmill.agents.replies.final import one_answer, without_stop
from lensmill.agents.replies.plain import without_entities
from lensmill.agents.replies.tags import read_tags
from lensmill.judging.lists import splits
from lensmill.judging.questions import asks_for_amount, asks_for_year, scales_asked
from lensmill.judging.text import canonical
from lensmill.judging.verdict_reply import read_verdict

LONG = 200_000


@pytest.mark.parametrize("lead", ["", "```", "user", "<tool", "ACTION: ", "ACTION: f", "answer:", "FINAL ANSWER: a"])
@pytest.mark.parametrize("unit", [" ", "a", "1", "*", "\\", " .", "user ", "<tool", "<think>"])
def test_a_reply_of_any_shape_is_read_to_its_end(lead: str, unit: str) -> None:
    reply = lead + unit * (LONG // len(unit)) + "x"
    read_tags(reply)
    read_refocus_reply(reply)
    read_direct_reply(reply)


@pytest.mark.parametrize("unit", ['"', "'", '."', " ", " .", ", ", "  ,", "a"])
def test_an_answer_of_any_shape_is_read_to_its_end(unit: str) -> None:
    text = unit * (LONG // len(unit))
    one_answer([f"{text}x"])
    without_stop(f"a{text}x .")
    canonical(f"{text}x{text}")
    splits(f"a{text}x")


@pytest.mark.parametrize("lead", ["", "```", "```json", "{", '{"verdict": "correct"', "verdict:"])
@pytest.mark.parametrize("unit", [" ", "*", "`", "{"])
def test_a_judges_reply_of_any_shape_is_no_verdict(lead: str, unit: str) -> None:
    assert read_verdict(f"{lead}{unit * 3900}x") is None
    assert read_verdict(f"{lead}{unit * LONG}x") is None


@pytest.mark.parametrize("lead", ["what is", "how many", "in", "which"])
@pytest.mark.parametrize("unit", ["$", "%", "$ ", "$a", "a "])
def test_a_question_of_signs_is_read_to_its_end(lead: str, unit: str) -> None:
    question = f"{lead} {unit * 1000}"
    asks_for_amount(question)
    asks_for_year(question)
    scales_asked(question)


def test_signs_between_words_still_ask_for_an_amount() -> None:
    assert asks_for_amount("what is the us$ amount in 2010?")
    assert asks_for_amount("what is the % share of coal?")
    assert asks_for_amount("calculate the average $ price")
    assert not asks_for_amount("what $ % $ is this")


def test_quotes_and_stops_still_go() -> None:
    assert canonical("\"'red.'\".") == "red"
    assert canonical('" red "') == "red"
    assert canonical("...") == "..."
    assert canonical('""') == '""'
    assert without_stop("red .") == "red"
    assert without_stop("red . .") == "red"
    assert without_stop("red.") == "red"
    assert without_stop("U.S.") == "U.S."
    assert splits("a  ,   b\n\n") == [["a", "b"]]


def test_code_without_a_fence_is_still_found() -> None:
    assert read_refocus_reply("ACTION 0: display(image_1)").code == "display(image_1)"
    assert read_refocus_reply("ACTION 0: display\\_it (image\\_1)").code == "display_it (image_1)"


def test_a_number_of_thousands_of_digits_is_no_entity() -> None:
    text = f"&lt;&#{'1' * 5000};"
    assert without_entities(text) == text


def test_a_fenced_verdict_is_read() -> None:
    assert read_verdict('```json\n{"verdict": "correct"}\n```') == "correct"
    assert read_verdict("```\n  incorrect  \n```") == "incorrect"
    assert read_verdict("{ verdict : correct , }") == "correct"
