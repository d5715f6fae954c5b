"""The verifier: right or wrong, and advice that never contains the answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmill.agents.protocol import Task
from lensmill.agents.search.agent import SearchAgent
from lensmill.agents.search.verifier import NEUTRAL, Judge, ModelVerifier, gives_away, safe_advice
from lensmill.judging.rules import judge_answer
from lensmill.models.chat import ChatRequest, Sampling
from lensmill.verdict import Outcome, Verdict
from tests.agents.scripted import ScriptedModel, a_desk, text_of
from tests.agents.search_script import ANSWER, LOCATE, WRONG, models

TASK = Task("What colour is the sign?", 448)


def judge(*answers: str) -> Judge:
    async def by_rules(answer: str) -> Verdict:
        return judge_answer(answer, answers)

    return by_rules


def saying(outcome: Outcome) -> Judge:
    async def always(_: str) -> Verdict:
        return Verdict(outcome, "test")

    return always


@pytest.mark.parametrize(
    ("advice", "answers"),
    [
        ("It is red, not blue.", ["red"]),
        ("It is RED.", ["red"]),
        ("The answer starts: r-e-d-d-i-s-h", ["reddish"]),
        ("It says 56 073 procedures.", ["56073"]),
        ("It says 56,073 procedures.", ["56073"]),
        ("There are two of them.", ["2"]),
        ("There are 2 of them.", ["two"]),
        ("It is the 3rd one.", ["3"]),
        ("It is about 42 percent.", ["42%"]),
        ("It is ４２.", ["42"]),
        ("It is r\u200bed.", ["red"]),
        ("It is in “New  York”.", ["New York"]),
        ("It is NewYork.", ["New York"]),
        ("Yes, look again.", ["yes"]),
        ("It is A, surely.", ["A"]),
        ("Take option c.", ["C"]),
        ("It is the second of the right ones: crimson.", ["red", "crimson"]),
    ],
)
def test_advice_with_an_answer_is_replaced(advice: str, answers: list[str]) -> None:
    assert safe_advice(advice, answers) == NEUTRAL


@pytest.mark.parametrize(
    ("advice", "answers"),
    [
        ("Look at the lower left again.", ["red"]),
        ("You looked at the wrong row.", ["42"]),
        ("Read the label of the third bar again.", ["Italy"]),
        ("Look at a smaller part. A closer look helps.", ["A"]),
        ("The reduced price is not asked for.", ["red"]),
    ],
)
def test_other_advice_stays(advice: str, answers: list[str]) -> None:
    assert safe_advice(advice, answers) == advice


@pytest.mark.parametrize("advice", ["It is not blue.", "Option B is wrong.", "Not (C).", "It isn't B.", "choose a"])
def test_advice_that_names_an_option_is_replaced(advice: str) -> None:
    assert safe_advice(advice, ["A"], ("red", "blue", "choose a")) == NEUTRAL


def test_advice_may_have_articles_where_there_are_options() -> None:
    advice = "Look at a smaller part of the picture."
    assert safe_advice(advice, ["A"], ("red", "blue")) == advice


@given(st.text(max_size=40), st.sampled_from(["red", "42", "New York", "1,000"]), st.text(max_size=40))
def test_an_answer_between_other_words_is_always_found(before: str, answer: str, after: str) -> None:
    assert gives_away(f"{before.rstrip('.,0123456789')} ; {answer} ; {after.lstrip('.,0123456789')}", [answer])


def test_advice_without_end_is_replaced() -> None:
    assert safe_advice("look " * 200, ["red"]) == NEUTRAL
    assert safe_advice("", ["red"]) == NEUTRAL


async def test_a_right_answer_needs_no_model() -> None:
    model = ScriptedModel("VERDICT: incorrect\nADVICE: none")
    review = await ModelVerifier(model, TASK, ["red"], judge("red")).review("Red.")
    assert review.correct
    assert not model.requests


async def test_a_wrong_answer_gets_the_models_advice() -> None:
    model = ScriptedModel("VERDICT: incorrect\nADVICE: Look at the left.")
    review = await ModelVerifier(model, TASK, ["red"], judge("red"), episode="e").review("blue")
    assert (review.correct, review.advice) == (False, "Look at the left.")
    assert [call.role for call in review.calls] == ["verifier"]
    assert model.requests[0].episode == "e"


async def test_a_wrong_answer_stays_wrong_whatever_the_model_says() -> None:
    model = ScriptedModel("VERDICT: correct\nADVICE: none")
    assert not (await ModelVerifier(model, TASK, ["red"], judge("red")).review("blue")).correct


@pytest.mark.parametrize("outcome", ["undecided", "judge_error"])
async def test_where_the_judge_cannot_decide_the_model_does(outcome: Outcome) -> None:
    model = ScriptedModel("**VERDICT:** Correct\nADVICE: none", "no idea")
    verifier = ModelVerifier(model, TASK, ["red"], saying(outcome))
    assert (await verifier.review("crimson")).correct
    second = await verifier.review("crimson")
    assert (second.correct, second.advice) == (False, NEUTRAL)


class Talkative(ScriptedModel):
    """A verifier's model that says what it was told."""

    def __init__(self) -> None:
        super().__init__("VERDICT: incorrect\nADVICE: It is r e d d i s h (reddish), of course.")


async def test_the_answer_never_reaches_the_agent() -> None:
    """Design invariant 8, over a whole episode: only the verifier's model ever sees the answer."""
    wrong = WRONG.replace("blue", "green")
    agent, roles, knowing = ScriptedModel(LOCATE, wrong, LOCATE, ANSWER), models(), Talkative()
    verifier = ModelVerifier(knowing, TASK, ["reddish"], judge("reddish"))
    rollout = await SearchAgent(agent, {**roles}, Sampling()).run(a_desk(verifier=verifier))
    assert rollout.trajectory.answer is None
    seen: list[ChatRequest] = [r for model in (agent, *roles.values()) for r in model.requests]
    assert seen
    assert not any("reddish" in text_of(message) for request in seen for message in request.messages)
    assert "reddish" in text_of(knowing.requests[0].messages[0])
    assert not any("reddish" in text_of(message) for message in rollout.trajectory.messages)
