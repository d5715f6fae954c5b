"""What can be set about judging; its hash is the judge fingerprint."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """Answer rules only.

    Attributes:
        policy: "strict" (years exact, units and number words normalised) or "relaxed" (the published metric as it is).
    """

    name: Literal["rules"] = "rules"
    policy: Literal["strict", "relaxed"] = "strict"


JudgeSettings = RuleSettings
