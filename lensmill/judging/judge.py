"""The Judge protocol, and the judge that knows rules only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lensmill.judging.rules import Policy, judge_answer
from lensmill.verdict import Verdict


class Judge(Protocol):
    """Decides about final answers. Safe to use from many coroutines at once."""

    async def judge(
        self, question: str, references: Sequence[str], choices: Sequence[str], answer: str | None, key: str
    ) -> Verdict:
        """Judge one answer.

        Args:
            references: known answers; meeting one is enough.
            choices: the options in the order shown; empty for an open question.
            answer: as the agent wrote it; None when it abstained.
            key: the episode's id; seeds everything that is drawn, so that judging again gives the same verdict.

        Raises:
            ValueError: there is no reference, or only blank ones.
        """
        ...


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
