"""Rows that may be read in two ways: which option is right, and whether a number counts; files of several rows too."""

import json
from pathlib import Path

import pytest

from storage.sources.highres import HighResSource
from storage.sources.options import asked
from storage.sources.rows import RowProblem
from tests.storage.sources.written import highres, read

FRUIT = ["apple", "pear", "plum", "fig"]
NUMBERS = ["12", "7", "3", "1"]


def meant(**row: object) -> str:
    return asked({"question": "Which fruit?", **row}, "id")[1][0]


def refusal(**row: object) -> str:
    with pytest.raises(RowProblem) as caught:
        asked({"question": "Which fruit?", **row}, "id")
    return str(caught.value)


def of_file(tmp_path: Path, *rows: dict[str, object], first_index: int | None = None) -> list[str]:
    """The answer of each row of one file; "" where the row is a failure."""
    made = [{"image": "a.png", "question": f"Question {place}?", **row} for place, row in enumerate(rows)]
    items, failures = read(HighResSource(highres(tmp_path, made), first_index))  # type: ignore[arg-type]
    assert len(items) + len(failures) == len(rows)
    found = {item.sample.question: item.sample.answers[0] for item in items}
    return [found.get(f"Question {place}?", "") for place in range(len(rows))]


# The first option is right only where nothing else may say which is

NAMED_WELL = (
    *("correctAnswer", "CorrectAnswer", "groundTruth", "Ground-Truth", "answerKey", "gold", "correct_letter"),
    *("correctOption", "rightAnswer", "finalAnswer", "gold answer", "GTAnswer"),
)
COUNTING = ("answerIndex", "correctAnswerIndex", "correct_answer_index", "goldIndex", "correct_option_idx")
UNKNOWN = (
    *("correct", "key", "ans", "solution", "reference", "target", "output", "response", "y", "rationale", "index"),
    *("conversations", "is_correct", "best", "réponse", "答案", "richtige_antwort", "truth", "labels", "scores"),
)


@pytest.mark.parametrize("name", NAMED_WELL)
def test_a_field_that_names_the_right_option_is_read_however_it_is_spelled(name: str) -> None:
    assert meant(options=FRUIT, **{name: "pear"}) == "pear"
    assert meant(options=FRUIT, **{name: "C"}) == "plum"


@pytest.mark.parametrize("name", COUNTING)
def test_a_field_that_counts_is_read_however_it_is_spelled(name: str) -> None:
    assert meant(options=FRUIT, **{name: 1}) == "pear"


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.parametrize("value", ["pear", "B", 1, None, [0, 1, 0, 0]])
def test_the_first_option_is_not_right_beside_a_field_that_may_say_which_is(name: str, value: object) -> None:
    said = refusal(options=FRUIT, **{name: value})
    assert repr(name) in said
    assert 'rename that to "answer"' in said


def test_a_row_of_vstar_has_its_right_option_first() -> None:
    row = {"image": "a.png", "target_object": ["fruit"], "bbox": [[1, 2, 3, 4]], "options": FRUIT}
    assert meant(**row) == "apple"
    assert meant(**row, test_type="direct_attributes", question_id=7, category="x") == "apple"


def test_an_unknown_field_says_nothing_where_a_known_one_does() -> None:
    assert meant(options=FRUIT, answer="pear", solution="The apple is red.", key=0) == "pear"


def test_two_spellings_of_one_field_must_agree() -> None:
    assert "name different options" in refusal(options=FRUIT, answer="pear", Answer="plum")


# Numbers that name an option or count

WORDS: dict[str, object] = {"options": FRUIT, "answer": "2"}


def test_options_of_digits_fail_beside_rows_whose_digits_are_indices(tmp_path: Path) -> None:
    assert of_file(tmp_path, {"options": NUMBERS, "answer": "3"}, WORDS) == ["", ""]


def test_options_of_digits_fail_beside_rows_whose_indices_are_in_lists(tmp_path: Path) -> None:
    assert of_file(tmp_path, {"options": NUMBERS, "answer": ["3"]}, {"options": FRUIT, "answer": ["2"]}) == ["", ""]


def test_options_of_digits_fail_beside_rows_that_count_from_zero(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"options": FRUIT, "answer": "0"}, {"options": NUMBERS, "answer": "3"}, WORDS]
    assert of_file(tmp_path, *rows) == ["apple", "", "plum"]


@pytest.mark.parametrize("first", [0, 1])
def test_a_setting_decides_what_only_counting_explains(tmp_path: Path, first: int) -> None:
    right = ["", FRUIT[2 - first]] if first == 0 else ["3", "pear"]
    assert of_file(tmp_path, {"options": NUMBERS, "answer": "3"}, WORDS, first_index=first) == right


def test_options_of_digits_are_named_by_their_text_where_no_row_counts(tmp_path: Path) -> None:
    assert of_file(tmp_path, {"options": NUMBERS, "answer": "3"}, {"options": FRUIT, "answer": "fig"}) == ["3", "fig"]


def test_a_number_too_large_for_an_index_names_its_option(tmp_path: Path) -> None:
    assert of_file(tmp_path, {"options": NUMBERS, "answer": "12"}, WORDS) == ["12", ""]


def test_options_that_are_numbers_fail_beside_rows_whose_numbers_are_indices(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"options": [12, 7, 3, 1], "answer": 3}, {"options": FRUIT, "answer": 0}]
    assert of_file(tmp_path, *rows) == ["", "apple"]
    assert of_file(tmp_path, rows[0]) == ["3"]


COLUMNS: dict[str, object] = {"option_1": "apple", "option_2": "pear", "option_3": "plum"}


@pytest.mark.parametrize("name", ["answer_index", "answer", "label", "answerIdx"])
def test_a_number_may_count_columns_or_name_them(name: str) -> None:
    assert "may mean several" in refusal(**COLUMNS, **{name: 1})
    assert meant(**COLUMNS, **{name: 3}) == "plum"
    assert meant(**COLUMNS, **{name: 0}) == "apple"


def test_a_zero_in_the_file_tells_that_columns_are_counted_from_zero(tmp_path: Path) -> None:
    rows = [{**COLUMNS, "answer_index": index} for index in (1, 0, 2)]
    assert of_file(tmp_path, *rows) == ["pear", "apple", "plum"]


def test_a_last_number_tells_that_columns_are_named(tmp_path: Path) -> None:
    rows = [{**COLUMNS, "answer_index": index} for index in (1, 3, 2)]
    assert of_file(tmp_path, *rows) == ["apple", "plum", "pear"]


def test_a_file_that_counts_columns_both_ways_is_refused_where_it_matters(tmp_path: Path) -> None:
    rows = [{**COLUMNS, "answer_index": index} for index in (1, 2, 0, 3)]
    assert of_file(tmp_path, *rows)[:2] == ["", ""]


def test_a_text_of_digits_names_a_column() -> None:
    assert meant(**COLUMNS, answer="1") == "apple"


# Letters

PRINTED = {"question": "Which?\nA. apple\nB. pear\nC. plum", "options": ["pear", "apple", "plum"]}


@pytest.mark.parametrize("answer", ["A", "B", "(b)", "Option A", 0, 1])
def test_a_letter_of_options_printed_in_another_order_is_refused(answer: object) -> None:
    assert '"answer"' in refusal(**PRINTED, answer=answer)


@pytest.mark.parametrize(("answer", "right"), [("pear", "pear"), ("B. pear", "pear"), ("C", "plum")])
def test_an_index_that_is_the_same_in_both_orders_is_read(answer: str, right: str) -> None:
    assert meant(**PRINTED, answer=answer) == right


@pytest.mark.parametrize("options", [["m", "b", "a"], ["b", "kg", "a"], ["c", "a", "b", "kg"], ["b", "a"]])
def test_a_small_letter_that_is_an_option_stands_in_its_own_place(options: list[str]) -> None:
    for right in options:
        _, answers, choices = asked({"question": "In which unit?", "options": options, "answer": right}, "id")
        assert (answers, sorted(choices)) == ((right,), sorted(options))
        assert all(choices[place] in (letter, "m", "kg") for place, letter in enumerate("abcd"[: len(choices)]))


def test_a_capital_letter_that_is_two_options_is_refused() -> None:
    assert "may mean several" in refusal(options=["m", "b", "a"], answer="A")


@pytest.mark.parametrize(
    "printed", ["1. apple\n2. pear", "(1) apple\n(2) pear", "1) apple\n2) pear", "1. apple 2. pear"]
)
def test_a_number_is_no_answer_to_a_question_that_prints_a_numbered_list(printed: str) -> None:
    assert "numbered list" in refusal(question=f"Which?\n{printed}", answer="2")
    assert meant(question=f"Which?\n{printed}", answer="pear") == "pear"
    assert meant(question="1. How many bars are there?", answer="2") == "2"


# Options that no text can answer


@pytest.mark.parametrize(
    "options",
    [
        ["<image 1>", "<image 2>"],
        ["<image_1>", "<image_2>"],
        ["A. <image 1>", "B. <image 2>"],
        ["the red one <image 3>", "none"],
        ["[image 1]", "[image 2]"],
        ["<img src='a.png'>", "<img src='b.png'>"],
        ["![](a.png)", "![](b.png)"],
        ["images/a.png", "images/b.jpg"],
        ["https://example.org/a.png?x=1", "https://example.org/b.png"],
        ["<image>", "none of these"],
        ["data:image/png;base64,iVBOR", "data:image/png;base64,iVBORx"],
    ],
)
def test_options_that_are_pictures_are_refused_by_name(options: list[str]) -> None:
    assert "a picture as an option" in refusal(options=options, answer="A")
    assert "a picture as an option" in refusal(options=dict(zip("AB", options, strict=True)), answer="A")


def test_printed_options_that_are_pictures_are_refused_by_name() -> None:
    assert "a picture as an option" in refusal(question="Which?\n(A) <image 1> (B) <image 2>", answer="A")


def test_words_about_pictures_are_options() -> None:
    assert meant(options=["Picture A", "an image", "photo.jpg"], answer="an image") == "an image"


@pytest.mark.parametrize("row", [{"options": [True, False], "answer": True}, {"options": FRUIT, "answer": True}])
def test_a_truth_value_is_refused_with_what_to_write(row: dict[str, object]) -> None:
    assert 'write "true" in quotes' in refusal(**json.loads(json.dumps(row)))
