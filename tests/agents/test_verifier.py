"""The verifier: right or wrong, and advice that never contains the answer."""

import pytest

from lensmill.agents.protocol import Task
from lensmill.agents.search.agent import SearchAgent
from lensmill.agents.search.secrecy import NEUTRAL
from lensmill.agents.search.verifier import Judge, ModelVerifier
from lensmill.judging.rules import judge_answer
from lensmill.models.chat import ChatRequest, ModelCall
from lensmill.verdict import Outcome, Verdict
from tests.agents.scripted import ScriptedModel, an_environment, text_of
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


async def test_a_right_answer_needs_no_model() -> None:
    model = ScriptedModel("VERDICT: incorrect\nADVICE: none")
    review = await ModelVerifier(model, TASK, ["red"], judge("red")).review("Red.")
    assert review.correct
    assert not model.requests


async def test_a_wrong_answer_gets_the_models_advice() -> None:
    model, record = ScriptedModel("VERDICT: incorrect\nADVICE: Look at the left."), list[ModelCall]()
    review = await ModelVerifier(model, TASK, ["red"], judge("red"), episode="e", record=record).review("blue")
    assert (review.correct, review.advice) == (False, "Look at the left.")
    assert [call.role for call in record] == ["verifier"]
    assert model.requests[0].episode == "e"


async def test_a_wrong_answer_stays_wrong_against_the_model() -> None:
    model = ScriptedModel("VERDICT: correct\nADVICE: none")
    assert not (await ModelVerifier(model, TASK, ["red"], judge("red")).review("blue")).correct


@pytest.mark.parametrize("outcome", ["undecided", "judge_error"])
async def test_the_model_decides_if_the_judge_cannot(outcome: Outcome) -> None:
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
    rollout = await SearchAgent(agent, {**roles}).run(an_environment(verifier=verifier))
    assert rollout.trajectory.answer is None
    seen: list[ChatRequest] = [r for model in (agent, *roles.values()) for r in model.requests]
    assert seen
    assert not any("reddish" in text_of(message) for request in seen for message in request.messages)
    assert "reddish" in text_of(knowing.requests[0].messages[0])
    assert not any("reddish" in text_of(message) for message in rollout.trajectory.messages)
