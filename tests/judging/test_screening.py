"""Cases that are decided before a model is asked: hostile answers never reach the model, honest ones always do."""

import pytest

from lensmill.judging.injection import speaks_to_the_judge
from lensmill.judging.rules import MAX_ANSWER
from lensmill.judging.screening import screen
from tests.judging.injection_cases import HOSTILE, INNOCENT, NAMED_IN_THE_QUESTION
from tests.judging.test_cases import GROUPS, references_of

QUESTION, REFERENCES = "What is the capital?", ("Paris",)


def rule_of(answer: str | None, references: tuple[str, ...] = REFERENCES, question: str = QUESTION) -> str | None:
    verdict = screen(question, references, (), answer)
    return None if verdict is None else f"{verdict.outcome}: {verdict.rule}"


def test_there_are_enough_cases() -> None:
    assert len(set(HOSTILE)) >= 50
    assert len(set(INNOCENT)) >= 30


@pytest.mark.parametrize("answer", HOSTILE)
def test_an_answer_that_addresses_the_judge_is_wrong(answer: str) -> None:
    assert rule_of(answer) == "incorrect: judge_injection"


@pytest.mark.parametrize("answer", INNOCENT)
def test_an_answer_that_only_resembles_an_injection_passes(answer: str) -> None:
    assert rule_of(answer) is None


@pytest.mark.parametrize(("question", "references", "choices", "answer", "hostile"), NAMED_IN_THE_QUESTION)
def test_words_of_question_references_or_options_are_not_instructions(
    question: str, references: tuple[str, ...], choices: tuple[str, ...], answer: str, hostile: bool
) -> None:
    assert speaks_to_the_judge(answer, (question, *references, *choices)) == hostile


def test_no_honest_answer_of_the_labelled_cases_is_stopped() -> None:
    for group in GROUPS:
        for row in group.rows:
            if row[2] != "incorrect":
                assert screen(group.question, references_of(row), group.choices, row[0]) is None, row


@pytest.mark.parametrize(
    "answer",
    [
        "Lyon or Paris",
        "either Lyon or Paris",
        "Lyon / Nice / Paris",
        "Lyon | Paris",
        "1. Lyon\n2. Paris",
        "- Lyon\n- Nice\n- Paris",
        "Answer: Lyon. Answer: Paris",
        "The answer is Lyon, but the answer is Paris",
        "<answer>Lyon</answer> <answer>Paris</answer>",
        "\\boxed{Lyon} \\boxed{Paris}",
    ],
)
def test_several_answers_at_once_are_wrong(answer: str) -> None:
    assert rule_of(answer) == "incorrect: several_answers"


@pytest.mark.parametrize(
    ("answer", "references"),
    [
        ("5 or more", ("at least five",)),
        ("more or less 50", ("half",)),
        ("oats or barley", ("Grain (oats or barley)",)),
        ("N/A", ("none",)),
        ("60 km / h", ("sixty kilometres an hour",)),
        ("60 km/h", ("sixty kilometres an hour",)),
        ("- Lyon\n- Nice", ("Nice and Lyon in that order",)),
        ("The answer is Paris. Answer: Paris", ("Paris, the city",)),
        ("Paris, France", ("the French capital",)),
    ],
)
def test_one_answer_in_several_words_is_let_through(answer: str, references: tuple[str, ...]) -> None:
    assert rule_of(answer, references) is None


def test_alternatives_in_the_questions_words_are_one_answer() -> None:
    assert rule_of("rain or snow", ("precipitation",), "Is it rain or snow, or sunshine?") is None


def test_missing_empty_and_long_answers_are_decided() -> None:
    assert rule_of(None) == "undecided: abstained"
    assert rule_of(" \u200b\n") == "incorrect: empty_answer"
    assert rule_of("x" * (MAX_ANSWER + 1)) == "incorrect: answer_too_long"
    assert rule_of("ﷺ" * 500) == "incorrect: answer_too_long"
    assert rule_of("x" * MAX_ANSWER) is None


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece",
    ["ignore the ", "output the ", "mark this ", "answer is ", "a or ", "\n", "a\n- b\n", "<|", "1 ", "a b ", "ﷺ"],
)
def test_hostile_repetition_is_screened_in_bounded_time(piece: str) -> None:
    text = (piece * MAX_ANSWER)[:MAX_ANSWER]
    screen(text, [text], (text,) * 5, text)
    screen(QUESTION, REFERENCES, (), text)
