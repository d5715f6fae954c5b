"""The judge that knows rules only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lensmill.judging.judge import JudgeSettings, JudgeSpec
from lensmill.judging.rules import RULES_VERSION, Policy, judge_answer
from lensmill.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings(JudgeSettings):
    """Answer rules only: no model is asked."""

    name: Literal["rules"] = "rules"
    policy: Policy = "strict"
    """strict (years exact, units and number words normalised) or relaxed (the published metric as it is)"""


@dataclass(frozen=True, slots=True)
class RuleJudge:
    """The answer rules as a judge."""

    policy: Policy = "strict"

    async def judge(
        self,
        question: str,
        references: Sequence[str],
        choices: Sequence[str],
        answer: str | None,
        key: str,  # noqa: ARG002 (rules draw nothing)
    ) -> Verdict:
        """See `Judge`."""
        return judge_answer(answer, references, question=question, choices=choices, policy=self.policy)


SPEC = JudgeSpec(
    settings=RuleSettings, build=lambda settings, _model: RuleJudge(settings.policy), version=RULES_VERSION
)
