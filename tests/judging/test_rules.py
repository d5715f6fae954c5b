"""Properties of every answer: references match themselves, spellings agree, and no input makes the rules fail."""

import dataclasses
import random

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lensmill.judging.rules import MAX_ANSWER, judge_answer
from lensmill.judging.text import canonical, is_plain_answer

WORDS = "1 2008 27,876 3% $5 1.2 million or and , ; [ ] (A) A. yes no - / : to not Poland 26 May ½ ² ７ − km about > ٪"
FRAGMENTS = st.lists(st.sampled_from([*WORDS.split(), "\n", "  "]), min_size=1, max_size=7).map(" ".join)
TEXTS = st.one_of(FRAGMENTS, FRAGMENTS.map(lambda t: t.replace(" ", "")), st.text(min_size=1, max_size=30))
QUESTIONS = st.sampled_from(
    ["", "Which year was it?", "How many?", "What percent is it?", "What is the ratio?", "How many millions?"]
)
NUMBERS = st.integers(-10_000_000, 10_000_000).filter(lambda n: not 1500 <= n <= 2100)
FULLWIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def outcome(answer: str, reference: str, question: str = "") -> str:
    return judge_answer(answer, [reference], question=question).outcome


@given(TEXTS, QUESTIONS)
@example("\u200b\u200bx", "")
@example("''", "")
@example("[a]", "")
@example("[]", "")
@example("1/0", "")
def test_a_reference_is_correct_for_itself(reference: str, question: str) -> None:
    assume(canonical(reference) and is_plain_answer(reference))
    assert outcome(reference, reference, question) == "correct"


@given(TEXTS, st.lists(TEXTS, max_size=4), st.integers(0, 4))
def test_an_option_is_correct_for_itself(reference: str, others: list[str], place: int) -> None:
    assume(canonical(reference) and is_plain_answer(reference))
    choices = [*others[:place], reference, *others[place:]]
    assert judge_answer(reference, [reference], choices=choices).outcome == "correct"


@given(TEXTS, TEXTS, QUESTIONS, st.lists(TEXTS, max_size=4))
def test_any_answer_gets_a_verdict_with_rule_and_reason(
    answer: str, reference: str, question: str, choices: list[str]
) -> None:
    assume(reference.strip())
    verdict = judge_answer(answer, [reference], question=question, choices=choices)
    assert verdict.outcome in ("correct", "incorrect", "undecided")
    assert verdict.rule
    assert verdict.reason
    assert verdict == judge_answer(answer, [reference], question=question, choices=choices)


@given(TEXTS, TEXTS, QUESTIONS)
def test_case_and_surrounding_blanks_change_nothing(answer: str, reference: str, question: str) -> None:
    assume(canonical(reference) and canonical(answer))
    plain = outcome(answer, reference, question)
    assert outcome(f"  {answer}\t", reference, question) == plain


@given(NUMBERS)
def test_every_way_to_write_a_number_agrees(number: int) -> None:
    plain = str(number)
    grouped = f"{number:,}"
    for written in (
        grouped,
        grouped.replace(",", " "),
        grouped.replace(",", "\u2009"),
        grouped.replace(",", "\u202f"),
        grouped.replace(",", "'"),
        f"{plain}.0",
        f"{plain} %",
        f"{plain} people",
        f"about {plain}",
        plain.replace("-", "−"),
        plain.translate(FULLWIDTH),
        plain.translate(ARABIC),
        f"The answer is {plain}.",
        f"**{plain}**",
        f"${plain}$",
        f"\\boxed{{{plain}}}",
    ):
        assert outcome(written, plain) == "correct", written
        assert outcome(plain, plain) == "correct"


@given(
    st.integers(1, 999), st.sampled_from([("thousand", "k", 10**3), ("million", "M", 10**6), ("billion", "bn", 10**9)])
)
def test_scale_words_agree_with_figures(number: int, scale: tuple[str, str, int]) -> None:
    word, suffix, factor = scale
    assume(not 1500 <= number * factor <= 2100)
    for written in (f"{number} {word}", f"{number}{suffix}", f"{number * factor:,}"):
        assert outcome(written, str(number * factor)) == "correct"
        assert outcome(str(number * factor), written) == "correct"


@given(st.decimals("-9999", "9999", places=2), st.decimals("-9999", "9999", places=2))
def test_numbers_match_within_five_percent(said: object, wanted: object) -> None:
    value, target = float(str(said)), float(str(wanted))
    spare = 0.05 * abs(target)
    assume(abs(abs(value - target) - spare) > 1e-6 or value == target)
    expected = "correct" if abs(value - target) <= spare else "incorrect"
    assert outcome(str(said), str(wanted), "What is the value of it?") == expected


@given(st.integers(1500, 2100), st.integers(1500, 2100))
def test_years_must_match_exactly(said: int, wanted: int) -> None:
    assert outcome(str(said), str(wanted), "In which year was it?") == ("correct" if said == wanted else "incorrect")


@given(st.lists(st.text("abcdefgh", min_size=3, max_size=9), min_size=2, max_size=8, unique=True), st.randoms())
def test_names_in_a_list_may_come_in_any_order(names: list[str], shuffler: random.Random) -> None:
    assume(not {"and", "the", "nan"} & set(names))
    shuffled = names.copy()
    shuffler.shuffle(shuffled)
    assert outcome("; ".join(shuffled), f"[{', '.join(names)}]", "Which of them?") == "correct"


@given(st.lists(TEXTS, min_size=1, max_size=4), TEXTS)
def test_more_references_never_make_an_answer_worse(references: list[str], answer: str) -> None:
    assume(all(canonical(reference) for reference in references) and canonical(answer))
    order = ["correct", "undecided", "incorrect"]
    each = [order.index(outcome(answer, reference)) for reference in references]
    assert order.index(judge_answer(answer, references).outcome) == min(each)


def test_an_abstention_is_undecided_and_not_wrong() -> None:
    verdict = judge_answer(None, ["42"])
    assert (verdict.outcome, verdict.rule) == ("undecided", "abstained")
    assert judge_answer(None, ["42"], policy="relaxed").rule == "abstained"


@pytest.mark.parametrize("references", [[], [""], ["  ", "\n"]])
def test_a_missing_reference_is_a_clear_error(references: list[str]) -> None:
    with pytest.raises(ValueError, match="at least one reference"):
        judge_answer("42", references)


def test_blank_references_beside_others_are_passed_over() -> None:
    assert judge_answer("", ["", "42"]).outcome == "incorrect"


def test_an_answer_of_the_longest_length_is_still_read() -> None:
    text = "x" * MAX_ANSWER
    assert outcome(text, text) == "correct"
    assert judge_answer(text + "x", [text + "x"]).rule == "answer_too_long"


def test_a_reference_that_is_too_long_is_left_to_a_judge_that_reads() -> None:
    assert judge_answer("x", ["y" * (MAX_ANSWER + 1)]).rule == "long_reference"


def test_a_verdict_is_a_plain_value() -> None:
    assert dataclasses.asdict(judge_answer("42", ["42"])).keys() == {"outcome", "rule", "score", "reason", "second"}


@pytest.mark.parametrize(
    "piece",
    [
        "1,",
        "1 ",
        "1'",
        "1.",
        "-",
        "(",
        "a,",
        "a or ",
        "1/",
        "1:",
        "one ",
        "x10^",
        "9",
        "½",
        "[",
        "\n",
        "yes,",
        "ﷺ",
        "a ",
    ],
)
@pytest.mark.timeout(10)
def test_hostile_repetition_is_judged_in_bounded_time(piece: str) -> None:
    text = (piece * MAX_ANSWER)[:MAX_ANSWER]
    for reference in (text[::-1].strip() or "x", "42", "Yes", "[1, 2]", "2015/16", "B"):
        judge_answer(text, [reference], question=text, choices=(text[:500], "b", "c") if reference == "B" else ())
