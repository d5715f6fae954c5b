"""A rule must never accept a wrong answer or reject a right one. One test for each row, by kind."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.judging.rules import judge_answer
from lensmill.judging.screening import screen
from lensmill.judging.verdict_reply import read_verdict
from tests.judging import kind_cases, number_cases
from tests.judging.kind_cases import Row
from tests.judging.near_pairs import PAIRS

NEVER_CORRECT = kind_cases.NEVER_CORRECT | number_cases.NEVER_CORRECT
NEVER_INCORRECT = kind_cases.NEVER_INCORRECT | number_cases.NEVER_INCORRECT
CORRECT = {
    kind: kind_cases.CORRECT.get(kind, ()) + number_cases.CORRECT.get(kind, ())
    for kind in kind_cases.CORRECT | number_cases.CORRECT
}
CASES = Path(os.environ.get("LENSMILL_SHARED", "/nowhere")) / "cases"
QUESTION = "Which one has the highest value?"


def rows(kinds: dict[str, tuple[Row, ...]]) -> list[object]:
    return [pytest.param(row, id=f"{kind}: {row[0]!a}") for kind, group in kinds.items() for row in group]


def outcome_of(row: Row) -> str:
    answer, reference, question, choices = row
    return judge_answer(answer, [reference], question=question, choices=choices).outcome


@pytest.mark.parametrize("row", rows(NEVER_CORRECT))
def test_a_wrong_answer_is_never_correct(row: Row) -> None:
    assert outcome_of(row) != "correct"


@pytest.mark.parametrize("row", rows(NEVER_INCORRECT))
def test_a_right_answer_is_never_incorrect(row: Row) -> None:
    assert outcome_of(row) != "incorrect"


@pytest.mark.parametrize("row", rows(CORRECT))
def test_a_right_answer_in_a_plain_form_is_correct(row: Row) -> None:
    assert outcome_of(row) == "correct"


@pytest.mark.parametrize("row", rows(NEVER_INCORRECT | CORRECT))
def test_a_right_answer_is_not_kept_from_the_model(row: Row) -> None:
    answer, reference, question, choices = row
    assert screen(question, [reference], choices, answer) is None


@pytest.mark.parametrize(
    "answer", ["D, not B or C", "I'd choose D over B or C", "The answer is D. The answer is not A"]
)
def test_an_answer_that_chooses_between_its_alternatives_reaches_the_model(answer: str) -> None:
    assert screen("Which?", ["D"], ("oak", "elm", "ash", "fir"), answer) is None


@pytest.mark.parametrize("answer", [row[0] for row in NEVER_CORRECT["template tokens"]])
def test_an_answer_with_a_template_token_is_wrong_under_every_policy_and_never_shown(answer: str) -> None:
    for reference in ("36", answer):
        assert judge_answer(answer, [reference]).rule == "template_token"
        assert judge_answer(answer, [reference], policy="relaxed").outcome == "incorrect"
        screened = screen("How many?", [reference], (), answer)
        assert screened is not None
        assert screened.outcome == "incorrect"


def test_there_are_hundreds_of_pairs() -> None:
    assert len(set(PAIRS)) >= 250


@pytest.mark.parametrize("pair", PAIRS, ids="/".join)
def test_two_words_a_letter_apart_are_not_one(pair: tuple[str, str]) -> None:
    for answer, reference in (pair, pair[::-1]):
        for said in (answer, f"The answer is {answer}.", answer.upper(), f"the {answer}"):
            assert judge_answer(said, [reference], question=QUESTION).outcome != "correct", said
        choices = (reference, "none of these")
        assert judge_answer(answer, [reference], question=QUESTION, choices=choices).outcome != "correct"


@given(st.sampled_from([name for pair in PAIRS for name in pair]))
def test_a_word_in_another_case_or_punctuation_is_itself(word: str) -> None:
    for said in (word, word.lower(), word.upper(), f"{word}.", f" {word} ", f'"{word}"', f"**{word}**", f"The {word}"):
        assert judge_answer(said, [word], question=QUESTION).outcome == "correct", said


@given(
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=12),
    st.integers(0, 11),
    st.sampled_from("bcdfghjklmnpqr"),
)
def test_one_letter_replaced_is_never_correct(word: str, place: int, letter: str) -> None:
    other = word[: place % len(word)] + letter + word[place % len(word) + 1 :]
    if other != word:
        assert judge_answer(other, [word], question=QUESTION).outcome != "correct"


@pytest.mark.skipif(not CASES.exists(), reason="LENSMILL_SHARED does not name a folder with cases/")
def test_shared_answers_are_judged_as_labelled() -> None:
    off = []
    for line in (CASES / "answers.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        verdict = judge_answer(case["answer"], case["references"], question=case["question"], choices=case["choices"])
        if verdict.outcome not in case["outcome"]:
            off.append((case["answer"], case["references"], verdict))
    assert off == []


@pytest.mark.skipif(not CASES.exists(), reason="LENSMILL_SHARED does not name a folder with cases/")
def test_shared_judge_replies_are_read_as_labelled() -> None:
    lines = (CASES / "judge_replies.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    assert [case for case in cases if read_verdict(case["reply"]) != case["verdict"]] == []
