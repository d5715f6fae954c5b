"""Advice that never contains the answer (design invariant 8): what is replaced, and what may stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.agents.search.secrecy import NEUTRAL, gives_away, safe_advice

LEAKS = {
    "12.0": ["it is 12", "it is twelve", "a dozen of them", "It is XII.", "It is Ⅻ.", "it is t-w-e-l-v-e", "十二"],
    "12": ["it is 12.0", "It is ⑫.", "12", "You are off by one.", "It is twice what you said."],
    "45%": ["it is 0.45", "It is about 45 percent.", "Nearly half.", "forty-five"],
    "0.45": ["45 percent", "It is ٤٥ of them."],
    "1.5 million": ["1,500,000", "one and a half million", "It is 1 500 000."],
    "21": ["twenty-one", "twenty one", "Twentyone.", "the twenty-first"],
    "30": ["thirty", "in her thirties"],
    "100": ["one hundred", "a hundred", "hundreds"],
    "1999": ["nineteen ninety-nine", "the nineties"],
    "56073": ["It says 56 073 procedures.", "It says 56,073 procedures."],
    "2": ["There are two of them.", "A pair of them.", "Both of them.", "½ of four"],
    "two": ["There are 2 of them."],
    "3": ["It is the 3rd one.", "the third"],
    "42": ["It is ４２.", "It is 4\u200b2."],
    "0": ["The shelf is empty.", "Look at the shelf again."],
    "red": [
        *("It is red, not blue.", "It is RED.", "r-e-d", "R.E.D.", "It is r e d.", "with a r e d sign", "re-d"),
        *("It is r\u200bed.", "It is réd.", "It is **red**.", "It is _red_.", "a red-ish one", "blue.Red", "r/e/d"),
        *("It is r\u0435d.", "It is ‘red’."),
    ],
    "reddish": ["The answer starts: r-e-d-d-i-s-h", "red dish"],
    "dog": ["the dogs", "the dog's", "the dogs' house", "It is a Dog-house.", "'dog'"],
    "Dogs": ["It is a dog.", "d-o-g"],
    "box": ["boxes"],
    "horse": ["Look at the horses."],
    "knife": ["knives"],
    "fireman": ["the firemen"],
    "UK": ["U.K.", "U. K.", "the u-k", "the UK's flag"],
    "U.K.": ["UK", "u k"],
    "McDonald's": ["Mcdonalds", "McDonald"],
    "New York": ["It is in “New  York”.", "It is NewYork.", "York, the New one", "N.e.w. Y.o.r.k."],
    "café": ["It is a cafe."],
    "Møller": ["Moller"],
    "the man is holding an umbrella": ["Look: man, holding umbrella", "An umbrella the man holding"],
    "红色": ["它是红色的"],
    "yes": ["Yes, look again.", "It isn't.", "Look again at the door, which is open."],
    "No": ["That is not so.", "Look at the left."],
    "false": ["Look at the left."],
    "A": ["It is A, surely.", "Take option a.", "It is a.", "The first option.", "It is (a)", "Ⓐ", "It is 'A'."],
    "C": ["Take option c.", "It is c.", "It is _C_", "the last choice"],
    "(C) blue": ["blue", "Take c", "It is C"],
    "J. Smith": ["Smith"],
    "+": ["It is a plus."],
}

HARMLESS = [
    ("Look at the legend again, and compare the two bars on the right", ["Italy"]),
    ("Look at the legend again, and compare the bars next to each other.", ["12"]),
    ("You looked at the wrong row.", ["42"]),
    ("You misread a digit; zoom into the label above the bar.", ["1999"]),
    ("The unit on the axis matters: read it again.", ["1.5 million"]),
    ("Look further to the left, and often a closer look helps.", ["10"]),
    ("Someone stands behind the tree.", ["7"]),
    ("I think that you did not look at the sky.", ["45%"]),
    ("Look at the lower left again.", ["red"]),
    ("The reduced price is not asked for.", ["red"]),
    ("Read the label of the third bar again.", ["Italy"]),
    ("Look at a smaller part. A closer look helps.", ["A"]),
    ("It's the wrong object; don't look at the roof.", ["D"]),
    ("Read the sign's upper line.", ["UK"]),
    ("Look at the animal next to the door.", ["dog"]),
    ("That is in another city; read the map.", ["New York"]),
    ("Look at what the woman has in her hand.", ["the man is holding an umbrella"]),
]


@pytest.mark.parametrize(("answer", "advice"), [(answer, text) for answer, texts in LEAKS.items() for text in texts])
def test_advice_with_an_answer_is_replaced(answer: str, advice: str) -> None:
    assert safe_advice(advice, [answer]) == NEUTRAL


@pytest.mark.parametrize(("advice", "answers"), HARMLESS)
def test_other_advice_stays(advice: str, answers: list[str]) -> None:
    assert safe_advice(advice, answers) == advice


def test_any_of_several_answers_is_found() -> None:
    assert safe_advice("Of the right ones: crimson.", ["red", "crimson"]) == NEUTRAL


@pytest.mark.parametrize(
    "advice",
    [
        *(
            "It is not blue.",
            "Option B is wrong.",
            "Not (C).",
            "It isn't B.",
            "choose a",
            "not b.",
            "Not the last option",
        ),
        *("The second answer is better.", "[b] is wrong", "No option of the former"),
    ],
)
def test_advice_that_names_an_option_is_replaced(advice: str) -> None:
    assert safe_advice(advice, ["A"], ("red", "blue", "choose a")) == NEUTRAL


def test_advice_with_a_number_is_replaced_if_options_are_numbers() -> None:
    assert safe_advice("It is more than eleven.", ["A"], ("12", "14")) == NEUTRAL


def test_every_advice_is_replaced_if_options_are_yes_and_no() -> None:
    assert safe_advice("Look at the left.", ["A"], ("yes", "no")) == NEUTRAL


def test_advice_may_have_articles_where_there_are_options() -> None:
    advice = "Look at a smaller part of the picture."
    assert safe_advice(advice, ["A"], ("red", "blue")) == advice


@given(st.text(max_size=40), st.sampled_from(["red", "42", "New York", "1,000", "U.K."]), st.text(max_size=40))
def test_an_answer_between_other_words_is_always_found(before: str, answer: str, after: str) -> None:
    assert gives_away(f"{before} ; {answer} ; {after}", [answer])


@given(st.text(max_size=400), st.text(max_size=40))
def test_any_text_may_be_advice_or_answer(advice: str, answer: str) -> None:
    assert safe_advice(advice, [answer], [answer])


@pytest.mark.parametrize("advice", ["look " * 200, "", " "])
def test_advice_without_end_or_words_is_replaced(advice: str) -> None:
    assert safe_advice(advice, ["red"]) == NEUTRAL
