"""Multiple-choice rows as public sets write them: which option is meant, in which order options are shown."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.sources.option_letters import LETTERS, letter_in_front
from storage.sources.options import asked, options_to_choose
from storage.sources.right_option import Indices, indices_of
from storage.sources.rows import RowProblem

FRUIT = ["apple", "pear", "plum", "fig"]


def meant(**row: object) -> str:
    ((right,), choices) = asked({"question": "Which fruit?", **row}, "id")[1:]
    assert right in choices
    return right


def refusal(**row: object) -> str:
    with pytest.raises(RowProblem) as caught:
        asked({"question": "Which fruit?", **row}, "id")
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Which option is meant


@pytest.mark.parametrize(
    "row",
    [
        {"options": FRUIT, "answer": "pear"},
        {"options": FRUIT, "answer": " Pear. "},
        {"options": FRUIT, "answer": "b"},
        {"options": FRUIT, "answer": "(B)"},
        {"options": FRUIT, "answer": "B."},
        {"options": FRUIT, "answer": "B)"},
        {"options": FRUIT, "answer": "Option B"},
        {"options": FRUIT, "answer": "B. pear"},
        {"options": FRUIT, "answer": "(b) Pear"},
        {"options": FRUIT, "answer": 1},
        {"options": FRUIT, "answer": 1.0},
        {"options": FRUIT, "answer_index": 1},
        {"options": FRUIT, "correct_choice_idx": 1, "direct_answers": ["pear", "plum"]},
        {"options": FRUIT, "answer": "pear", "label": 1},
        {"options": FRUIT, "answer": ["B", "pear"]},
        {"options": FRUIT, "answer": ["pear"]},
        {"options": FRUIT, "answer": "pear", "label": "fruit"},
        {"options": FRUIT, "answer": None, "label": "B"},
        {"choices": FRUIT, "answer": 1, "hint": "", "lecture": "", "solution": "The apple is red."},
        {"options": json.dumps(FRUIT), "answer": "B"},
        {"options": str(FRUIT), "answer": "B"},
        {"options": "('apple', 'pear')", "answer": "B"},
        {"options": "A. apple\nB. pear", "answer": "B"},
        {"options": "(A) apple (B) pear", "answer": "B"},
        {"options": '{"A": "apple", "B": "pear"}', "answer": "B"},
        {"options": {"A": "apple", "B": "pear"}, "answer": "pear"},
        {"options": {"B": "pear", "A": "apple"}, "answer": "B"},
        {"options": {"a": "apple", "b": "pear"}, "answer": "b"},
        {"options": {"(A)": "apple", "(B)": "pear"}, "answer": "B"},
        {"options": {"1": "apple", "2": "pear"}, "answer": "2"},
        {"options": {"Option A": "apple", "Option B": "pear"}, "answer": "B"},
        {"options": {"0": "apple", "1": "pear"}, "answer": 1},
        {"options": {"A": "A. apple", "B": "B. pear"}, "answer": "B"},
        {"options": {"A": "apple", "B": "pear", "C": None, "D": float("nan")}, "answer": "B"},
        {"choices": {"text": ["apple", "pear"], "label": ["A", "B"]}, "answerKey": "B"},
        {"choices": {"text": ["apple", "pear"], "label": ["1", "2"]}, "answerKey": "2"},
        {"options": [{"label": "A", "text": "apple"}, {"label": "B", "text": "pear"}], "answer": "B"},
        {"options": [{"key": "B", "value": "pear"}, {"key": "A", "value": "apple"}], "answer": "B"},
        {"options": [{"A": "apple"}, {"B": "pear"}], "answer": "B"},
        {"A": "apple", "B": "pear", "C": "plum", "D": "fig", "answer": "B"},
        {"A": "apple", "B": "pear", "C": "", "D": None, "answer": "B", "index": 3, "category": "ocr"},
        {"option_a": "apple", "option_b": "pear", "answer": "B"},
        {"choice_a": "apple", "choice_b": "pear", "answer": "B"},
        {"opa": "apple", "opb": "pear", "opc": "plum", "opd": "fig", "cop": 1},
        {"option1": "apple", "option2": "pear", "answer": 2},
        {"Option A": "apple", "Option B": "pear", "Answer": "B"},
        {"Answer choices": ["(A) apple", "(B) pear"], "Ground truth": "B"},
        {"options": ["A. apple", "B. pear"], "answer": "B. pear"},
        {"options": ["B. pear", "A. apple"], "answer": "B"},
        {"options": ["A.apple", "B.pear"], "answer": "B"},
        {"options": ["A: apple", "B: pear"], "answer": "pear"},
        {"options": ["a. apple", "b. pear"], "answer": "b"},
        {"options": ["a) apple", "b) pear"], "answer": 1},
        {"options": ["[A] apple", "[B] pear"], "answer": "B"},
        {"options": ["**A.** apple", "**B.** pear"], "answer": "B"},
        {"options": ["A - apple", "B - pear"], "answer": "B - pear"},
        {"options": ["Option A: apple", "Option B: pear"], "answer": "option_B"},
        {"options": ["Ａ．apple", "Ｂ．pear"], "answer": "B"},
        {"options": ["apple", "pear"], "choices": ["apple", "pear"], "A": "apple", "B": "pear", "answer": "B"},
        {"question": "Which?\n- A. apple\n- B. pear", "answer": "B"},
        {"question": "Which?\n[A] apple\n[B] pear", "answer": "B"},
        {"options": ["1. apple", "2. pear"], "answer": "2"},
        {"options": ["(0) apple", "(1) pear"], "answer": 1},
        {"options": ["apple", "pear", None, None], "answer": "B"},
        {"question": "Which fruit?\nA. apple\nB. pear\nAnswer with the letter only.", "answer": "B"},
        {"question": "Which fruit? Options: A: apple, B: pear, C: plum", "answer": "B"},
        {"question": "Which fruit?\n(A) apple (B) pear\nSelect the best answer.", "answer": "(B)"},
        {"question": "Which fruit?\n(a) apple\n(b) pear", "answer": "b"},
        {"question": "Which fruit?\nA. apple\nB. pear", "options": ["apple", "pear"], "answer": "B"},
        {"question": "Which fruit?\nA. apple\nB. pear", "options": ["pear", "apple"], "answer": "pear"},
    ],
)
def test_an_answer_that_means_one_option_is_read(row: dict[str, object]) -> None:
    assert meant(**row) == "pear"


@pytest.mark.parametrize(
    ("row", "right"),
    [
        ({"options": [10, 20, 30], "answer": 20}, "20"),
        ({"options": [1.5, 2.5], "answer": "2.5"}, "2.5"),
        ({"options": ["1.5", "2.5"], "answer": 2.5}, "2.5"),
        ({"options": ["C", "A", "B"], "answer": "B"}, "B"),
        ({"options": ["A.D.", "B.C."], "answer": "B.C."}, "B.C."),
        ({"options": ["a", "b", "ab"], "answer": "ab"}, "ab"),
        ({"options": ["No", "Yes"], "answer": "yes"}, "Yes"),
        ({"options": ["A red", "B blue"], "answer": "B"}, "B blue"),
        ({"options": ["I. red", "II. blue"], "answer": "I. red"}, "I. red"),
        ({"options": ["x", "y"], "label": "B. y"}, "y"),
        ({"options": ["don't", "it's"], "answer": "A"}, "don't"),
    ],
)
def test_an_option_that_looks_like_a_letter_or_number_is_read(row: dict[str, object], right: str) -> None:
    assert meant(**row) == right


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"options": FRUIT, "answer": "kiwi"}, '"answer"'),
        ({"options": FRUIT, "answer": "E"}, '"answer"'),
        ({"options": FRUIT, "answer": "B. plum"}, '"answer" may mean several'),
        ({"options": FRUIT, "answer": "A, B"}, '"answer"'),
        ({"options": FRUIT, "answer": "AB"}, '"answer"'),
        ({"options": FRUIT, "answer": ["apple", "pear"]}, '"answer" names several'),
        ({"options": FRUIT, "answer": "['B']"}, '"answer" is a list'),
        ({"options": FRUIT, "answer": "1"}, "source.first_index"),
        ({"options": FRUIT, "answer": -1}, '"answer"'),
        ({"options": FRUIT, "answer": 4}, '"answer"'),
        ({"options": FRUIT, "answer": True}, '"answer"'),
        ({"options": FRUIT, "answer": 1.5}, '"answer"'),
        ({"options": FRUIT, "answer": None}, '"answer" is empty'),
        ({"options": FRUIT, "answer": ""}, '"answer" is empty'),
        ({"options": FRUIT, "answer": float("nan")}, '"answer" is empty'),
        ({"options": FRUIT, "answer": []}, '"answer" is empty'),
        ({"options": FRUIT, "answer": {"text": "pear"}}, '"answer"'),
        ({"options": FRUIT, "answer": "pear", "label": "C"}, '"answer" and "label"'),
        ({"options": ["1", "2", "3"], "answer": 1}, '"answer" may mean several'),
        ({"options": [10, 20], "answer": 1}, '"answer"'),
        ({"options": ["1.0", "2.0"], "answer": 1}, '"answer" may mean several'),
        ({"options": ["1. apple", "2. pear"], "answer": 1}, '"answer" may mean several'),
        ({"options": ["D", "C", "B", "A"], "answer": 0}, "another order"),
        ({"options": ["B. pear", "A. apple"], "answer": 0}, "another order"),
        ({"options": ["B blue", "A red"], "answer": "A red"}, "letters"),
        ({"options": FRUIT, "choices": FRUIT[::-1], "answer": "pear"}, '"options" and "choices"'),
        ({"options": ["pear", "apple"], "A": "apple", "B": "pear", "answer": "B"}, '"options" and "A..."'),
        ({"options": FRUIT, "answer": "pear", "answer_index": 7}, '"answer_index"'),
        ({"question": "Which?\nA. apple\nB. pear", "options": ["pear", "apple"], "answer": 0}, "another order"),
        (
            {"question": "Which?\nA. apple\nB. pear", "options": ["pear", "apple"], "answer": "B"},
            '"answer" may mean several',
        ),
        ({"options": ["D", "A", "C", "x"], "answer": "A"}, "letters"),
        ({"options": ["B. Brown", "Smith"], "answer": "Smith"}, "letters"),
        ({"options": {"A": "B. pear", "B": "A. apple"}, "answer": "A"}, "letters"),
        ({"options": {"A": "apple", "C": "pear"}, "answer": "A"}, "left out"),
        ({"options": {"apple": True, "pear": False}, "answer": "apple"}, '"options"'),
        ({"options": {"A": "apple", "B": None, "C": "plum"}, "answer": "C"}, "left out"),
        ({"options": ["apple", None, "plum"], "answer": "plum"}, '"options[1]"'),
        ({"options": ["apple", "Apple."], "answer": "apple"}, "twice"),
        ({"options": ["A. apple", "B. apple"], "answer": "A"}, "twice"),
        ({"options": "apple; pear", "answer": "pear"}, '"options"'),
        ({"options": "['apple' 'pear' 'plum']", "answer": "plum"}, '"options"'),
        ({"options": 3, "answer": "pear"}, '"options"'),
        ({"options": ["apple"] * 27, "answer": "apple"}, "26"),
        ({"options": [["apple", "pear"], ["plum"]], "answer": "plum"}, '"options[0]"'),
        ({"options": {"text": ["apple"], "label": ["A", "B"]}, "answer": "A"}, '"options"'),
        ({"options": [{"A": ["x"]}, {"B": "y"}], "answer": "A"}, '"options[A]"'),
        ({"options": [{"label": ["A"], "text": "x"}, {"label": "B", "text": "y"}], "answer": "A"}, '"options"'),
        ({"A": "apple", "B": "pear"}, '"answer"'),
        ({"choices": FRUIT}, '"answer"'),
        ({"question": "Which?\nA. apple\nC. pear", "answer": "A"}, "A, C"),
        ({"question": "Which?\nA. apple\nB. pear", "options": ["apple", "fig"], "answer": "A"}, "other options"),
        ({"question": "Which?\nA. apple\nB. pear", "A": "pear", "B": "apple", "answer": "A"}, "other letters"),
    ],
)
def test_an_answer_that_may_mean_another_option_is_refused(row: dict[str, object], named: str) -> None:
    assert named in refusal(**row)


def test_the_first_option_is_right_only_where_no_field_is_there_to_say() -> None:
    assert meant(options=["(A) apple", "(B) pear"]) == "apple"


@pytest.mark.parametrize("nothing", [None, [], {}, "", "[]", "{}"])
def test_no_options_make_an_open_question(nothing: object) -> None:
    assert asked({"question": "Which?", "options": nothing, "answer": "pear"}, "id") == ("Which?", ("pear",), ())


def test_an_answer_without_options_is_an_open_question() -> None:
    assert asked({"question": "Which is bigger, (A) the red or (B) the blue one?", "answer": "A"}, "id") == (
        "Which is bigger, (A) the red or (B) the blue one?",
        ("A",),
        (),
    )


# How indices count


def counting(*answers: object) -> Indices:
    rows = [{"question": "?", "options": FRUIT, "answer": answer} for answer in answers]
    return indices_of((options, row) for row in rows if (options := options_to_choose(row)))


def test_rows_with_a_zero_count_from_zero() -> None:
    assert (counting("0", "3", "1").first, counting("0", "3", "1").texts) == (0, True)
    assert asked({"question": "?", "options": FRUIT, "answer": "1"}, "id", counting("0", "1"))[1] == ("pear",)


def test_rows_that_seem_to_count_from_one_are_refused_until_a_setting_says_so() -> None:
    row = {"question": "?", "options": FRUIT, "answer": 2}
    with pytest.raises(RowProblem, match=r"source.first_index"):
        asked(row, "id", counting(1, 2, 4))
    assert asked(row, "id", Indices(1))[1] == ("pear",)


def test_one_index_too_large_costs_only_its_row() -> None:
    assert counting(0, 0, 4).first == 0


def test_options_that_are_no_options_say_nothing_of_indices() -> None:
    assert options_to_choose({"question": "?", "options": ["x"]}) is None


# The question that is shown


def test_options_and_instruction_are_taken_out_of_the_question() -> None:
    text = "Look at the sign.\nWhich?\nOptions:\nA. one\n   and a half\nB. two\nPlease select the correct answer."
    assert asked({"question": text, "answer": "A"}, "id") == (
        "Look at the sign.\nWhich?",
        ("one and a half",),
        ("one and a half", "two"),
    )


def test_a_line_that_asks_is_no_instruction() -> None:
    text = "Look.\nChoose the right option: which one is red?\n(A) apple\n(B) pear\n    of autumn"
    assert asked({"question": text, "answer": "B"}, "id") == (
        "Look.\nChoose the right option: which one is red?",
        ("pear of autumn",),
        ("apple", "pear of autumn"),
    )


@pytest.mark.parametrize(
    "text",
    ["Two points. (A) is left of (B) by what?", "Which is bigger: (A) the red or (B) the blue one?", "A. Is it B. ?"],
)
def test_letters_of_things_in_the_picture_are_no_options(text: str) -> None:
    assert asked({"question": text, "answer": "A"}, "id") == (text, ("A",), ())


def test_options_in_the_question_are_not_shown_beside_a_list_in_another_order() -> None:
    question, _, choices = asked(
        {"question": "Which?\n(A) apple\n(B) pear", "options": ["pear", "apple"], "answer": "apple"}, "id"
    )
    assert (question, choices) == ("Which?", ("apple", "pear"))


# Order

SPEAKING = [
    "Both A and B",
    "both of them",
    "A and C",
    "A, B and C",
    "(A) or (B)",
    "Only A",
    "A only",
    "Neither A nor B",
    "neither",
    "Either",
    "None of the above",
    "None of these",
    "All of the above",
    "all of these options",
    "Any of the above",
    "None",
    "All are correct",
    "None of the other answers",
    "The first one",
    "the second option",
    "The latter",
    "the first and the third",
    "Options 1 and 2",
    "Both 1 and 2",
    "I and II",
    "other",
    "The others",
    "Same as B",
    "All but C",
    "Everything above",
    "A-C",
    "以上都是",
]


@pytest.mark.parametrize("speaking", SPEAKING)
def test_options_that_speak_of_others_keep_their_order(speaking: str) -> None:
    for number in range(20):
        options = [f"red {number}", f"blue {number}", f"green {number}", speaking]
        assert asked({"question": "?", "options": options, "answer": speaking}, str(number))[1:] == (
            (speaking,),
            tuple(options),
        )


@pytest.mark.parametrize(
    "option",
    ["A red car", "The first floor", "Vitamin A", "Above the table", "On both sides", "Not red", "Plan 2", "all day"],
)
def test_options_that_only_seem_ordered_are_shuffled(option: str) -> None:
    orders = {
        asked({"question": "?", "options": [option, "green", "white"], "answer": option}, str(number))[2].index(option)
        for number in range(30)
    }
    assert orders == {0, 1, 2}


def test_a_question_that_speaks_of_a_letter_keeps_the_order() -> None:
    for number in range(20):
        row = {"question": "Why is option B wrong?", "options": FRUIT, "answer": "fig"}
        assert asked(row, str(number))[2] == tuple(FRUIT)


WORDS = st.text("abcdefghij XYZ", min_size=2, max_size=12).map(str.strip).filter(lambda text: len(text) > 1)


@st.composite
def rows(draw: st.DrawFn) -> tuple[dict[str, object], str]:
    """A row in one of the shapes that sets have, and the text of the option that is meant."""
    texts = draw(st.lists(WORDS, min_size=2, max_size=8, unique_by=lambda text: " ".join(text.casefold().split())))
    place = draw(st.integers(0, len(texts) - 1))
    letters = LETTERS[: len(texts)]
    if draw(st.booleans()):
        texts.append("None of the above")
        letters = LETTERS[: len(texts)]
    answer: object = draw(st.sampled_from([texts[place], letters[place], f"({letters[place]})", place]))
    style = draw(st.sampled_from(["{1}", "{0}. {1}", "({0}) {1}", "{0}: {1}", "[{0}] {1}", "{0} - {1}"]))
    styled = [style.format(*pair) for pair in zip(letters, texts, strict=True)]
    shapes: list[dict[str, object]] = [
        {"options": styled},
        {"choices": json.dumps(styled)},
        {"options": dict(zip(letters, texts, strict=True))},
        dict(zip(letters, texts, strict=True)),
    ]
    return {"question": "Which?", **draw(st.sampled_from(shapes)), "answer": answer}, texts[place]


@given(rows(), st.text("0123456789abcdef", min_size=1, max_size=8))
def test_the_right_option_is_found_in_any_order(row: tuple[dict[str, object], str], image_id: str) -> None:
    fields, right = row
    _, answers, choices = asked(fields, image_id)
    assert [" ".join(answer.split()) for answer in answers] == [" ".join(right.split())]
    assert choices.count(answers[0]) == 1


@given(rows(), st.text("0123456789abcdef", min_size=1, max_size=8))
def test_no_option_carries_the_letter_of_another_place(row: tuple[dict[str, object], str], image_id: str) -> None:
    choices = asked(row[0], image_id)[2]
    for place, choice in enumerate(choices):
        assert letter_in_front(choice, len(choices)) in ("", LETTERS[place])


@given(st.permutations(["A. red", "B. blue", "C. green", "D. Both A and B"]))
def test_lettered_options_stand_in_the_order_of_their_letters(options: list[str]) -> None:
    assert asked({"question": "?", "options": options, "answer": "D"}, "id")[1:] == (
        ("Both A and B",),
        ("red", "blue", "green", "Both A and B"),
    )
