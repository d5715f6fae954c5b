"""What can be set about judging, and the judge that it describes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from lensmill.judging.cascade import Cascade
from lensmill.judging.judge import Judge, RuleJudge
from lensmill.judging.model_judge import MODEL_JUDGE_VERSION, PROMPT_HASH, ModelJudge
from lensmill.judging.rules import RULES_VERSION
from lensmill.models.chat import ChatModel, Sampling


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """Answer rules only.

    Attributes:
        policy: "strict" (years exact, units and number words normalised) or "relaxed" (the published metric as it is).
    """

    name: Literal["rules"] = "rules"
    policy: Literal["strict", "relaxed"] = "strict"


@dataclass(frozen=True, slots=True)
class CascadeSettings:
    """Answer rules, and a model where they are undecided.

    Attributes:
        policy: of the rules. "relaxed" leaves nothing undecided: then the model is asked only for the audit.
        votes: replies of the model, an odd number; more than half must agree.
        temperature: of the votes; above 0 where there are several.
        audit: share of the answers decided by rules about which the model is asked as well, from 0 to 1.
        max_tokens: of one reply, reasoning included.
    """

    name: Literal["cascade"] = "cascade"
    policy: Literal["strict", "relaxed"] = "strict"
    votes: int = 1
    temperature: float = 0.0
    audit: float = 0.05
    max_tokens: int = 1024

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


JudgeSettings = RuleSettings | CascadeSettings


def build_judge(settings: JudgeSettings, model: ChatModel | None) -> Judge:
    """The judge that the settings describe.

    Raises:
        ValueError: it needs a model and there is none.
    """
    if isinstance(settings, RuleSettings):
        return RuleJudge(settings.policy)
    if model is None:
        raise ValueError("judge=cascade asks a model: choose one with judge_model=..., or take judge=rules")
    sampling = Sampling(temperature=settings.temperature, max_tokens=settings.max_tokens)
    return Cascade(RuleJudge(settings.policy), ModelJudge(model, settings.votes, sampling), settings.audit)


def judge_identity(settings: JudgeSettings, model: Mapping[str, Any] | None) -> dict[str, Any]:
    """All that decides a verdict, as JSON values; the hash of it is the judge's fingerprint.

    Args:
        model: what of the judge's model decides its replies (its name, not where it runs); None without one.
    """
    identity = {**asdict(settings), "version": RULES_VERSION}
    if isinstance(settings, CascadeSettings):
        identity |= {"prompt": PROMPT_HASH, "model_judge_version": MODEL_JUDGE_VERSION, "model": dict(model or {})}
    return identity
