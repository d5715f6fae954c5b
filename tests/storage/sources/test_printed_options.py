"""Options that a question prints: in columns, under headings, and where more may be printed than is read."""

import contextlib
import time

import pytest

from storage.sources.printed_options import take_apart
from storage.sources.rows import RowProblem

FRUIT = ("apple", "pear", "plum", "fig")


@pytest.mark.parametrize(
    "printed",
    [
        "A. apple B. pear\nC. plum D. fig",
        "A. apple\tB. pear\nC. plum\tD. fig",
        "A. apple      B. pear\n\nC. plum      D. fig",
        "A) apple   B) pear\nC) plum   D) fig",
        "A: apple; B: pear;\nC: plum; D: fig",
        "(A) apple (B) pear\n(C) plum (D) fig",
        "(a) apple (b) pear\n(c) plum (d) fig",
        "a) apple b) pear\nc) plum d) fig",
        "a. apple b. pear\nc. plum d. fig",
        "A. apple, B. pear,\nC. plum, or D. fig",
        "A. apple or B. pear or C. plum or D. fig",
        "[A] apple [B] pear\n[C] plum [D] fig",
        "A、apple B、pear\nC、plum D、fig",
        "A. apple | B. pear\nC. plum | D. fig",
        "A. apple B. pear C. plum\nD. fig",
        "A. apple\nB. pear C. plum D. fig",
        "A. apple\nB. pear\nC. plum D. fig",
        "(A) apple\n(B) pear (C) plum\n(D) fig",
    ],
)
@pytest.mark.parametrize(
    "around", ["Which?\n{}", "Look.\nWhich?\n{}\nAnswer with the option's letter only.", "Which? {}"]
)
def test_options_in_columns_are_all_read(printed: str, around: str) -> None:
    found = take_apart(around.format(printed), "question")
    assert found.options == FRUIT
    assert found.question == ("Look.\nWhich?" if around.startswith("Look") else "Which?")


@pytest.mark.parametrize(
    "printed",
    [
        "A. apple C. plum\nB. pear D. fig",
        "A. apple\nB. pear (C) plum (D) fig",
        "A. apple\nB. pear\nC. plum D.fig",
        "A. apple B. pear\nD. fig",
        "A. apple B. pear\nA. means fruit",
        "A.apple B.pear\nC.plum D.fig",
        "A - apple B - pear\nC - plum D - fig",
        "(A) left of (B)\n(B) right of (A)",
    ],
)
def test_options_that_may_hold_others_are_refused(printed: str) -> None:
    with pytest.raises(RowProblem, match='field "question" prints'):
        take_apart(f"Which?\n{printed}", "question")


@pytest.mark.parametrize("heading", ["Options:", "Options", "Choices:", "Option:", "Answer choices:", "options: "])
@pytest.mark.parametrize(
    "printed", ["(A) apple (B) pear", "A. apple B. pear", "A: apple, B: pear", "\n(A) apple\n(B) pear"]
)
@pytest.mark.parametrize("between", ["\n", " ", "\n\n"])
def test_a_heading_goes_and_leaves_the_question_whole(heading: str, printed: str, between: str) -> None:
    found = take_apart(f"Which?{between}{heading} {printed}", "question")
    assert (found.question, found.options) == ("Which?", ("apple", "pear"))


@pytest.mark.parametrize(
    "asked", ["Pick an option:", "These are the options:", "Which of two choices:", "Say your answer:"]
)
def test_a_word_that_ends_the_question_is_no_heading(asked: str) -> None:
    assert take_apart(f"{asked} A: apple, B: pear", "question").question == asked
    assert take_apart(f"{asked} (A) apple (B) pear", "question").options == ("apple", "pear")


@pytest.mark.parametrize(
    "text", ["A. x B. ", "A. x\n", "(A) x (B) y\n", "Which? A. x ", "?\nA. B. C. ", "A. x B. y?\n"]
)
def test_a_long_text_of_marks_costs_little(text: str) -> None:
    started = time.process_time()
    with contextlib.suppress(RowProblem):
        take_apart((text * 20_000)[:20_000], "question")
    assert time.process_time() - started < 2
