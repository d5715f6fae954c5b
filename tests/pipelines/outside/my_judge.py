"""A judge: digits may be off by so much."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lensmill.judging.judge import JudgeSettings, JudgeSpec
from lensmill.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class NearSettings(JudgeSettings):
    """A digit near the right one will do."""

    name: Literal["near"] = "near"
    off: int = 0
    """how far"""


@dataclass(frozen=True)
class NearJudge:
    off: int

    async def judge(
        self,
        question: str,  # noqa: ARG002
        references: Sequence[str],
        choices: Sequence[str],  # noqa: ARG002
        answer: str | None,
        key: str,  # noqa: ARG002
    ) -> Verdict:
        near = answer is not None and abs(int(answer) - int(references[0])) <= self.off
        return Verdict("correct" if near else "incorrect", "near")


SPEC = JudgeSpec(settings=NearSettings, build=lambda settings, _model: NearJudge(settings.off), version=2)
