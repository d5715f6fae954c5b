"""The cascade: rules decide what they can be sure of, and a model is asked about the rest.

It may also be asked about a sample of what the rules decided. There the rules' verdict stands and the model's is kept
beside it, which measures how far the two agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lensmill.judging.judge import RuleJudge
from lensmill.judging.model_judge import ModelJudge, seed_of
from lensmill.verdict import Verdict

_NOT_ASKED = frozenset({"abstained"})
"""Undecided, with nothing to be read: there is no answer."""


@dataclass(frozen=True, slots=True)
class Cascade:
    """Rules, then a model.

    Attributes:
        audit: share of the answers decided by rules that the model is asked about as well; which ones follows from
            the episodes' ids, so every cascade audits the same.
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
