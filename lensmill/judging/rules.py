"""Answer rules: does an answer match a reference? Every verdict names the rule that decided.

The kind of the reference selects the rule: an option, a letter, yes or no, a list, a range, a date, a number (years
must match exactly), otherwise free text. If a rule cannot be sure, the outcome is `undecided`, for a judge that can
read: data made from a guess is worse than no data. The labelled cases in the tests specify the rules.
"""

import re
from collections.abc import Sequence
from typing import Literal

from lensmill.judging.choices import Chosen, choose, letter_of
from lensmill.judging.dates import read_date, read_range
from lensmill.judging.free_text import judge_text
from lensmill.judging.lists import MAX_ITEMS, bracketed, pairing, splits
from lensmill.judging.numbers import judge_number
from lensmill.judging.ordinals import judge_ordinal
from lensmill.judging.plain_words import plain, plain_unit
from lensmill.judging.quantities import read_quantity
from lensmill.judging.questions import asks_for_year
from lensmill.judging.relaxed import relaxed_accuracy
from lensmill.judging.text import canonical, is_plain_answer, unwrapped, vocabulary, words
from lensmill.judging.units import UNITS
from lensmill.judging.years import is_year_like, years_in
from lensmill.judging.yes_no import judge_yes_no
from lensmill.verdict import Verdict

Policy = Literal["strict", "relaxed"]
"""How to judge: by the strict rules of this module, or by the published relaxed accuracy unchanged."""

RULES_VERSION = 2
"""Increased when a rule decides differently, so that old and new verdicts never mix."""

MAX_ANSWER = 1000
"""Maximum characters of an answer. Longer answers are incorrect: they argue with the judge instead of answering (as in
DeepEyes)."""

_TOO_LONG = Verdict("incorrect", "answer_too_long", None, f"the answer has more than {MAX_ANSWER} characters")
_OF_YEARS = (
    "ad ce fy fiscal calendar season in january february march april may june july august september october november"
    " december jan feb mar apr jun jul aug sep sept oct nov dec"
)
"""Words next to a year that do not change the year."""

_ORDERED = vocabulary(
    "each then first and order ordered rank ranked sort sorted ascending descending respectively respective"
)
_PREFERENCE = ("correct", "undecided", "judge_error", "incorrect")

__all__ = ["MAX_ANSWER", "RULES_VERSION", "Policy", "judge_answer", "relaxed_accuracy"]


def judge_answer(
    answer: str | None,
    references: Sequence[str],
    *,
    question: str = "",
    choices: Sequence[str] = (),
    policy: Policy = "strict",
) -> Verdict:
    """Judge a final answer. Of several references, the kindest verdict counts.

    Args:
        answer: as the agent wrote it; None if the agent abstained, which is `undecided` (rule "abstained"), not
            incorrect.
        references: texts of the correct answer; blank ones are ignored.
        question: distinguishes years from counts and fractions from percentages. The rules also work without it.
        choices: the options in the order shown. A reference may be an option's text or its letter.
        policy: the strict rules or the relaxed accuracy.

    Raises:
        ValueError: there is no reference, or only blank ones.
    """
    known = [reference for reference in references if reference.strip()]
    if not known:
        raise ValueError("an answer needs at least one reference to be judged by, got none that is not blank")
    if answer is None:
        return Verdict("undecided", "abstained", None, "the agent gave no answer")
    if not is_plain_answer(answer):
        return Verdict(
            "incorrect", "template_token", None, "the answer holds a template's token or a control character"
        )
    if policy == "relaxed":
        return _published(answer, known)
    if len(answer) > MAX_ANSWER:
        return _TOO_LONG
    if not canonical(answer):
        return Verdict("incorrect", "empty_answer", None, "the answer is empty")
    verdicts = [_judge(answer, reference, canonical(question[:4000]), choices) for reference in known]
    return min(verdicts, key=lambda verdict: _PREFERENCE.index(verdict.outcome))


def _published(answer: str, references: Sequence[str]) -> Verdict:
    if any(relaxed_accuracy(answer, reference) for reference in references):
        return Verdict("correct", "relaxed_accuracy", 1.0, "relaxed accuracy accepts it for one of the references")
    return Verdict("incorrect", "relaxed_accuracy", 0.0, "relaxed accuracy accepts it for none of the references")


def _judge(answer: str, reference: str, question: str, choices: Sequence[str]) -> Verdict:
    said, wanted = canonical(answer), canonical(reference)
    if max(len(reference), len(wanted)) > MAX_ANSWER:
        if said == wanted:
            return Verdict("correct", "exact", 1.0, "the answer is the reference")
        return Verdict("undecided", "long_reference", None, "the reference is too long for rules")
    if len(said) > MAX_ANSWER:  # normalisation can make a text eighteen times longer
        return _TOO_LONG
    verdict = (
        _judge_choice(said, wanted, choices, question)
        or _judge_letter(said, wanted, choices)
        or judge_yes_no(answer, wanted, question)
        or _judge_list(answer, reference, question)
        or _judge_single(said, wanted, question)
    )
    if verdict.outcome != "correct" and said == wanted:
        return Verdict("correct", "exact", 1.0, "the answer is the reference")
    if verdict.outcome == "correct" and "?" in said and not any("?" in text for text in (reference, *choices)):
        return Verdict("undecided", "question_mark", None, "the answer asks instead of saying")
    return verdict


def _judge_choice(answer: str, reference: str, choices: Sequence[str], question: str) -> Verdict | None:
    wanted = choose(reference, choices) if choices else None
    if not isinstance(wanted, Chosen):
        return None  # an open question, or the reference is not among the options
    said = choose(answer, choices, question)
    option = f"({chr(97 + wanted.index).upper()})" if wanted.index < 26 else f"option {wanted.index + 1}"
    if isinstance(said, Chosen):
        right = said.index == wanted.index or canonical(choices[said.index]) == canonical(choices[wanted.index])
        outcome: Literal["correct", "incorrect"] = "correct" if right else "incorrect"
        return Verdict(outcome, f"choice_{said.by}", None, f"the answer chooses {'' if right else 'not '}{option}")
    if said == "several":
        return Verdict("incorrect", "several_answers", None, "the answer names more than one option")
    if said == "none":
        return Verdict("incorrect", "choice_none", None, "the answer is the letter of no option")
    return Verdict("undecided", "choice_unclear", None, f"the answer names no option outright; {option} is right")


def _judge_letter(answer: str, reference: str, choices: Sequence[str]) -> Verdict | None:
    """Judge against a reference that is a letter, without known options."""
    wanted = letter_of(reference) if len(reference.strip("()[].: ")) == 1 else None
    said = letter_of(unwrapped(answer))
    if choices or wanted is None or said is None:
        return None
    if said == wanted:
        return Verdict("correct", "choice_letter", None, f"the answer is the letter {wanted.upper()}")
    return Verdict("incorrect", "choice_letter", None, f"the answer is {said.upper()}, not {wanted.upper()}")


def _judge_single(answer: str, reference: str, question: str) -> Verdict:
    """Judge a canonical answer against a canonical reference; neither is a list."""
    answer = answer if answer == reference else unwrapped(answer)
    if read_range(reference) or read_date(reference):  # "26 August" is not a count of 26
        return (
            _judge_range(answer, reference, question)
            or _judge_date(answer, reference)
            or judge_text(answer, reference, question)
        )
    return (
        _judge_ratio(answer, reference, question)
        or _judge_year_phrase(answer, reference, question)
        or _judge_several(answer, reference)
        or judge_ordinal(answer, reference)
        or judge_number(answer, reference, question)
        or judge_text(answer, reference, question)
    )


def _judge_range(answer: str, reference: str, question: str) -> Verdict | None:
    wanted = read_range(reference)
    if wanted is None or answer == reference:
        return None
    said = read_range(answer)
    if said is None:
        if answer in (wanted.low, wanted.high):
            return Verdict("undecided", "range", None, f"{answer} is one end of {reference}")
        return None
    right = (said.low, said.high) == (wanted.low, wanted.high)
    if right and said.unit and wanted.unit and said.unit != wanted.unit:
        return Verdict("undecided", "range", None, f"{answer} and {reference} have the same ends of different things")
    extra = " ".join(word for word in words(said.unit) if word not in words(wanted.unit))
    if right and not (extra in UNITS or plain_unit(extra, question)):
        return Verdict("undecided", "range", None, f"{said.unit!r} after the range may change it")
    return Verdict("correct" if right else "incorrect", "range", None, f"both ends {'' if right else 'do not '}agree")


def _judge_date(answer: str, reference: str) -> Verdict | None:
    wanted, said = read_date(reference), read_date(answer)
    if not wanted or not said or answer == reference:
        return None
    agreements = {mine.agrees(theirs) for mine in said for theirs in wanted}
    if agreements == {True}:
        return Verdict("correct", "date", None, f"{answer} is {reference}")
    if agreements == {False}:
        return Verdict("incorrect", "date", None, f"{answer} is not {reference}")
    return Verdict("undecided", "date", None, f"{answer} may be {reference}, but says less or can be read otherwise")


def _judge_ratio(answer: str, reference: str, question: str) -> Verdict | None:
    """Judge ratios such as "3:1" or "3 to 1". They are compared by value if the question asks for a ratio or both have
    that form."""
    asked = not {"ratio", "ratios", "proportion"}.isdisjoint(words(question))
    said, wanted = _ratio(answer, asked), _ratio(reference, asked)
    if said is None and wanted is None:
        return None
    if not asked:
        return None  # may be a time or a score: compared as text
    verdict = judge_number(
        repr(said) if said is not None else answer, repr(wanted) if wanted is not None else reference, ""
    )
    return None if verdict is None else Verdict(verdict.outcome, "ratio", None, verdict.reason)


def _ratio(text: str, words_too: bool) -> float | None:
    joint = r":|to" if words_too else ":"
    found = re.fullmatch(rf"(\d{{1,9}}(?:\.\d{{1,9}})?) ?(?:{joint}) ?(\d{{1,9}}(?:\.\d{{1,9}})?)", text)
    if found is None or float(found[2]) == 0:
        return None
    return float(found[1]) / float(found[2])


def _judge_year_phrase(answer: str, reference: str, question: str) -> Verdict | None:
    """Judge "In 2013", "March 2013" or "2013-14" where the question asks for the year 2013."""
    if not is_year_like(reference) or answer.isdigit() or not asks_for_year(question):
        return None
    years = years_in(answer)
    if len(years) > 1:
        return Verdict(
            "incorrect", "several_answers", None, f"the answer names several years where {reference} is right"
        )
    if not years:
        return None
    rest = answer.replace(years[0], "", 1)
    if years[0] != reference:
        return Verdict("incorrect", "year", None, f"{years[0]} is not {reference}")
    if re.search(r"\d", rest) or not plain(words(rest), question, _OF_YEARS):
        return Verdict("undecided", "year", None, f"the answer names {reference}, with more that may change it")
    return Verdict("correct", "year", None, f"the year {reference} is met exactly")


def _judge_several(answer: str, reference: str) -> Verdict | None:
    """Judge an answer that offers several numbers for one."""
    if not read_quantity(reference) or read_quantity(answer):
        return None
    numbers = re.split(r" or | and |; ?|, | / |\|", answer)
    if read_range(answer) is None and (len(numbers) < 2 or not all(read_quantity(part.strip()) for part in numbers)):
        return None
    return Verdict("incorrect", "several_answers", None, "the answer offers several numbers where one is asked for")


def _judge_list(answer: str, reference: str, question: str) -> Verdict | None:
    """Judge lists. A reference that is certainly a list decides; a reference that may be a list can only be matched as
    one."""
    ways = [items for items in splits(reference) if len(items) <= MAX_ITEMS]
    if read_quantity(canonical(reference)) or read_date(canonical(reference)):
        return None
    sure = bracketed(reference) or ("/" not in reference and any(all(map(read_quantity, items)) for items in ways[:1]))
    if not sure and canonical(answer) == canonical(reference):
        return None
    if bracketed(reference) and not ways:
        inner = canonical(reference.strip()[1:-1])
        return _judge_single(unwrapped(canonical(answer.strip(" []{}"))), inner, question) if inner else None
    if not sure:  # "65 and over" is a label, not a list of a number and a word
        ways = [items for items in ways if not any(map(read_quantity, items))]
    for wanted in ways[:1] if sure else ways:
        for said in splits(answer):
            if len(said) == len(wanted):
                verdict = _judge_items(said, wanted, question)
                if verdict.outcome == "correct" or sure:
                    return verdict
    if not sure:
        return None
    found = max((len(items) for items in splits(answer)), default=1)
    return Verdict("incorrect", "list", None, f"the answer has {found} items, the reference {len(ways[0])}")


def _judge_items(said: list[str], wanted: list[str], question: str) -> Verdict:
    """Compare item by item: numbers in their order, names and years in any order unless the question asks for an
    order."""
    numbers = all(read_quantity(item) and not is_year_like(item) for item in wanted)
    grid = [[_judge_single(mine, theirs, question).outcome for theirs in wanted] for mine in said]
    in_order = [grid[i][i] for i in range(len(said))]
    if all(outcome == "correct" for outcome in in_order):
        return Verdict("correct", "list", None, f"all {len(wanted)} items are met in order")
    any_order = pairing(len(said), lambda mine, theirs: grid[mine][theirs] == "correct") is not None
    if any_order and not numbers and not _ORDERED & set(words(question)):
        return Verdict("correct", "list", None, f"all {len(wanted)} items are met")
    if any_order:
        return Verdict("undecided", "list", None, f"all {len(wanted)} items are met, in another order")
    if pairing(len(said), lambda mine, theirs: grid[mine][theirs] != "incorrect") is not None:
        return Verdict("undecided", "list", None, "some items are met, others not surely")
    return Verdict("incorrect", "list", None, f"not all {len(wanted)} items are met")
