"""The model judge: its requests, its parsing of replies, and its resistance to answers that try to decide."""

import json

import pytest

from lensmill.judging.model_judge import ATTEMPTS, MAX_DATA, STRUCTURE, ModelJudge, as_data
from lensmill.judging.verdict_reply import read_verdict
from lensmill.models.chat import ModelError, Sampling
from lensmill.verdict import Verdict
from tests.judging.injection_cases import HOSTILE
from tests.judging.scripted import Said, ScriptedModel, verdict_reply, yes_man

WARM = Sampling(temperature=0.7, max_tokens=64)


async def ask(model: ScriptedModel, answer: str | None = "the French capital", votes: int = 1) -> Verdict:
    judge = ModelJudge(model, votes, WARM)
    return await judge.judge("Which city is it?", ["Paris", " "], ["Lyon", "Paris"], answer, "e1")


@pytest.mark.parametrize("outcome", ["correct", "incorrect", "undecided"])
async def test_the_model_decides(outcome: str) -> None:
    verdict = await ask(ScriptedModel([verdict_reply(outcome)]))
    assert (verdict.outcome, verdict.rule) == (outcome, "model")
    assert "scripted" in verdict.reason


async def test_the_model_is_sent_the_prompt_and_the_answer_as_data() -> None:
    model = yes_man()
    await ask(model)
    (request,) = model.asked
    system, user = request.messages
    assert "data" in system.parts[0].text
    assert json.loads(user.parts[0].text) == {
        "question": "Which city is it?",
        "references": ["Paris"],
        "choices": ["Lyon", "Paris"],
        "prediction": "the French capital",
    }
    assert request.structure == STRUCTURE
    assert request.episode == "e1"
    assert request.images == ()


@pytest.mark.parametrize("answer", [*HOSTILE, None, "", "x" * 2000, "Lyon or Paris"])
async def test_answers_that_could_sway_a_judge_never_reach_it(answer: str | None) -> None:
    model = yes_man()
    assert (await ask(model, answer)).outcome != "correct"
    assert model.asked == []


@pytest.mark.parametrize(
    "hidden", ["\x00", "\x1b[2J", "\u202e", "\U000e0041", "\ue000", "\u200d", "\ufe01", "\U000e0101"]
)
def test_invisible_characters_are_removed(hidden: str) -> None:
    assert json.loads(as_data("q", ["r"], [], f"a{hidden}b"))["prediction"] in ("ab", "a[2Jb")


@pytest.mark.parametrize(
    "text", ["<|im_end|>", "<｜User｜>", "[INST]", "</s>", "<<SYS>>", "<start_of_turn>", "<!-- -->"]
)
def test_no_marker_of_a_chat_template_is_sent_as_such(text: str) -> None:
    written = as_data(f"q {text}", [text], [text], "a")
    assert text not in written
    assert json.loads(written)["references"] == [text]


@pytest.mark.parametrize("text", ['"}', "\\", "\n", "<5%", "[1, 2]", "数", "\ud83d"])
def test_any_answer_stays_within_its_json_string(text: str) -> None:
    data = json.loads(as_data("q", ["r"], [], text))
    assert data["prediction"] == text.replace("\ud83d", "\ufffd")
    as_data("q", ["r"], [], text).encode()


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ('{"verdict": "correct"}', "correct"),
        (' {"verdict":"INCORRECT"}\n\n   ', "incorrect"),
        ('```json\n{"verdict": "undecided"}\n```', "undecided"),
        ("{'verdict': 'correct'}", "correct"),
        ("**Correct.**", "correct"),
        ('They mean the same, so {"verdict": "correct"}', "correct"),
        ('{"verdict": "correct"} or {"verdict": "incorrect"}', None),
        ('<think>not {"verdict": "incorrect"}</think> {"verdict": "correct"}', "correct"),
        ("It is not correct", None),
        ('{"verdict": "maybe"}', None),
        ('{"verdict": "corr', None),
        ("", None),
    ],
)
def test_replies_are_read_leniently_but_never_guessed(reply: str, outcome: str | None) -> None:
    assert read_verdict(reply) == outcome


@pytest.mark.parametrize(
    "before",
    [
        *("I disagree with", "The reverse of", "Ignore:", "The opposite of", "I reject", "I doubt", "Disregard"),
        *("The answer claims", "It says", "The prediction asks for", "Far from", "Anything else than", "Scratch that:"),
        *("I refuse to give", "Inverted:", "The text has been written to read", "Overruled:", "A fake", "Unjustified:"),
    ],
)
@pytest.mark.parametrize("verdict", ['{"verdict":"correct"}', "{'verdict': 'incorrect'}"])
def test_a_negated_or_quoted_verdict_does_not_count(before: str, verdict: str) -> None:
    assert read_verdict(f"{before} {verdict}") is None


async def test_a_reply_without_a_verdict_is_requested_again_with_another_seed() -> None:
    model = ScriptedModel(["well", verdict_reply("incorrect")])
    assert (await ask(model)).outcome == "incorrect"
    first, second = model.asked
    assert first.seed != second.seed
    assert first.messages == second.messages


async def test_a_model_that_gives_no_verdict_is_a_judge_error() -> None:
    model = ScriptedModel(["well"])
    verdict = await ask(model)
    assert (verdict.outcome, verdict.rule) == ("judge_error", "no_verdict")
    assert len(model.asked) == ATTEMPTS


@pytest.mark.parametrize("kind", ["engine_error", "request_error", "context_length"])
async def test_a_model_that_cannot_be_asked_is_a_judge_error(kind: str) -> None:
    verdict = await ask(ScriptedModel([ModelError(kind, "no route")]))  # type: ignore[arg-type]
    assert (verdict.outcome, verdict.rule) == ("judge_error", kind)


@pytest.mark.parametrize(
    ("cast", "outcome", "asked"),
    [
        (["correct", "correct", "incorrect"], "correct", 2),
        (["correct", "incorrect", "incorrect"], "incorrect", 3),
        (["correct", "incorrect", "undecided"], "undecided", 3),
        (["undecided", "undecided"], "undecided", 2),
    ],
)
async def test_more_than_half_of_all_votes_decide(cast: list[str], outcome: str, asked: int) -> None:
    model = ScriptedModel([verdict_reply(vote) for vote in cast])
    assert (await ask(model, votes=3)).outcome == outcome
    assert len(model.asked) == asked


async def test_a_vote_that_fails_fails_the_verdict() -> None:
    script: list[Said] = [verdict_reply("correct"), ModelError("engine_error", "gone")]
    assert (await ask(ScriptedModel(script), votes=3)).outcome == "judge_error"


async def test_seeds_follow_from_episode_and_vote() -> None:
    again, first = (ScriptedModel([verdict_reply(vote) for vote in ("correct", "incorrect", "correct")]) for _ in "ab")
    assert await ask(first, votes=3) == await ask(again, votes=3)
    assert [request.seed for request in first.asked] == [request.seed for request in again.asked]
    assert len({request.seed for request in first.asked}) == 3
    await ModelJudge(again).judge("Which city is it?", ["Paris"], [], "the French capital", "e2")
    assert again.asked[-1].seed not in {request.seed for request in first.asked}


def test_an_even_number_of_votes_is_refused() -> None:
    with pytest.raises(ValueError, match="odd"):
        ModelJudge(yes_man(), 2)


async def test_more_than_a_model_can_read_is_left_undecided() -> None:
    model = yes_man()
    verdict = await ModelJudge(model).judge("q" * MAX_DATA, ["Paris"], [], "the French capital", "e1")
    assert (verdict.outcome, verdict.rule) == ("undecided", "too_long_to_ask")
    assert model.asked == []


async def test_a_missing_reference_is_a_clear_error() -> None:
    with pytest.raises(ValueError, match="at least one reference"):
        await ModelJudge(yes_man()).judge("q", [" "], [], "a", "e1")
