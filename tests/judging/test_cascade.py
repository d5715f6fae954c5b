"""The cascade: which judge is asked, and what is recorded of both verdicts."""

import pytest

from lensmill.judging.cascade import CascadeSettings
from lensmill.judging.judge import build_judge, judge_identity
from lensmill.judging.rule_judge import RuleSettings
from lensmill.verdict import Verdict
from tests.judging.injection_cases import HOSTILE
from tests.judging.scripted import ScriptedModel, verdict_reply, yes_man


async def judged(model: ScriptedModel, answer: str | None, audit: float = 0.0, key: str = "e1") -> Verdict:
    judge = build_judge(CascadeSettings(audit=audit), model)
    return await judge.judge("Which city is it?", ["Kingdom of Spain"], [], answer, key)


async def test_the_model_is_not_asked_where_the_rules_decide() -> None:
    model = ScriptedModel([verdict_reply("incorrect")])
    verdict = await judged(model, "kingdom of spain")
    assert (verdict.outcome, verdict.second) == ("correct", None)
    assert model.asked == []


async def test_the_model_is_asked_where_the_rules_are_undecided() -> None:
    verdict = await judged(yes_man(), "Spain")
    assert (verdict.outcome, verdict.rule) == ("correct", "model")


async def test_no_model_is_asked_about_an_abstention() -> None:
    model = yes_man()
    verdict = await judged(model, None, audit=1)
    assert (verdict.outcome, verdict.rule) == ("undecided", "abstained")
    assert model.asked == []


async def test_an_audit_keeps_the_rules_verdict_and_notes_the_models() -> None:
    verdict = await judged(ScriptedModel([verdict_reply("incorrect")]), "kingdom of spain", audit=1)
    assert verdict.outcome == "correct"
    assert verdict.second is not None
    assert verdict.second.outcome == "incorrect"


async def test_an_audit_takes_its_share_and_the_same_one_every_time() -> None:
    keys = [f"episode {number}" for number in range(1000)]

    async def audited() -> list[str]:
        model = yes_man()
        return [key for key in keys if (await judged(model, "kingdom of spain", 0.2, key)).second]

    first = await audited()
    assert first == await audited()
    assert 150 < len(first) < 250


@pytest.mark.parametrize("answer", HOSTILE)
async def test_no_hostile_answer_passes_even_a_judge_that_always_agrees(answer: str) -> None:
    assert (await judged(yes_man(), answer)).outcome == "incorrect"


def test_a_cascade_without_a_model_says_what_to_set() -> None:
    with pytest.raises(ValueError, match="judge_model="):
        build_judge(CascadeSettings(), None)


async def test_rules_alone_need_no_model() -> None:
    verdict = await build_judge(RuleSettings(), None).judge("How many?", ["12"], [], "twelve", "e1")
    assert verdict.outcome == "correct"


@pytest.mark.parametrize(
    "wrong",
    [
        {"votes": 2},
        {"votes": 0},
        {"votes": 3},
        {"audit": 1.5},
        {"audit": float("nan")},
        {"temperature": -1.0},
        {"max_tokens": 1},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        CascadeSettings(**wrong)  # type: ignore[arg-type]


def test_a_judges_identity_has_all_that_decides() -> None:
    plain, voting = CascadeSettings(), CascadeSettings(votes=3, temperature=0.7)
    model = {"name": "m"}
    identities = [
        judge_identity(RuleSettings(), None),
        judge_identity(RuleSettings(policy="relaxed"), None),
        judge_identity(plain, model),
        judge_identity(voting, model),
        judge_identity(plain, {"name": "n"}),
    ]
    assert all(one != other for i, one in enumerate(identities) for other in identities[:i])
    assert "prompt" in identities[2]
