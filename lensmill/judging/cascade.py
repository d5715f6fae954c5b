"""The cascade: rules decide where they are sure, and a model is asked about the rest.

The model may also be asked about a sample of the answers that the rules decided. The rules' verdict counts there, and
the model's verdict is kept beside it, to measure the agreement of the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lensmill.judging.judge import Asking, JudgeSettings, JudgeSpec
from lensmill.judging.model_judge import MODEL_JUDGE_VERSION, PROMPT_HASH, STRUCTURE, ModelJudge, seed_of
from lensmill.judging.rule_judge import RuleJudge
from lensmill.judging.rules import RULES_VERSION, Policy
from lensmill.models.chat import ChatModel, Sampling
from lensmill.verdict import Verdict

_NOT_ASKED = frozenset({"abstained"})
"""Undecided without anything to read: there is no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeSettings(JudgeSettings):
    """Answer rules first; a model (judge_model=...) is asked only where they are undecided."""

    name: Literal["cascade"] = "cascade"
    policy: Policy = "strict"
    """of the rules: strict (years exact, units normalised) or relaxed (the published metric), which leaves nothing
    undecided: then the model is asked only for the audit"""
    votes: int = 1
    """replies of the model, an odd number; more than half must agree"""
    temperature: float = 0.0
    """of the votes; above 0 where there are several"""
    audit: float = 0.05
    """share of the answers decided by rules on which the model is heard too, to measure agreement"""
    max_tokens: int = 1024
    """of one reply, reasoning included"""

    def __post_init__(self) -> None:
        if self.votes < 1 or self.votes % 2 == 0:
            raise ValueError("votes must be an odd number of at least 1")
        if not 0 <= self.temperature <= 2:
            raise ValueError("temperature must be from 0 to 2")
        if self.votes > 1 and self.temperature == 0:
            raise ValueError("several votes at temperature 0 are the same vote: set temperature=0.7, or votes=1")
        if not 0 <= self.audit <= 1:
            raise ValueError("audit must be a share from 0 to 1")
        if self.max_tokens < 16:
            raise ValueError("max_tokens must be at least 16: a verdict takes about ten")

    @property
    def sampling(self) -> Sampling:
        """How the model's replies are drawn."""
        return Sampling(temperature=self.temperature, max_tokens=self.max_tokens)


@dataclass(frozen=True, slots=True)
class Cascade:
    """Rules, then a model.

    Attributes:
        audit: share of the answers decided by rules that the model judges too. The choice follows from the episodes'
            ids, so every cascade audits the same answers.
    """

    rules: RuleJudge
    model: ModelJudge
    audit: float = 0.0

    async def judge(
        self, question: str, references: Sequence[str], choices: Sequence[str], answer: str | None, key: str
    ) -> Verdict:
        """See `Judge`."""
        verdict = await self.rules.judge(question, references, choices, answer, key)
        if verdict.rule in _NOT_ASKED:
            return verdict
        if verdict.outcome == "undecided":
            return await self.model.judge(question, references, choices, answer, key)
        if seed_of("audit", key) < self.audit * 2**31:
            return replace(verdict, second=await self.model.judge(question, references, choices, answer, key))
        return verdict


def _build(settings: CascadeSettings, model: ChatModel | None) -> Cascade:
    assert model is not None
    asked = ModelJudge(model, settings.votes, settings.sampling)
    return Cascade(RuleJudge(settings.policy), asked, settings.audit)


SPEC = JudgeSpec(
    settings=CascadeSettings,
    build=_build,
    version=RULES_VERSION,
    asks=lambda settings: Asking(settings.sampling, STRUCTURE),
    identity={"prompt": PROMPT_HASH, "model_judge_version": MODEL_JUDGE_VERSION},
)
