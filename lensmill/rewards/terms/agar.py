"""The adaptive group-aware reward (AGAR) of "Adaptive Chain-of-Focus" (arXiv 2505.15436v3).

The values are those of the released code (xtong-zhang/Chain-of-Focus, `verl/verl/trainer/ppo/core_algos.py`, GRPO's
advantage), where they take the place of the score of each rollout of a group:

| rollout | a direct answer is right | only answers after a zoom are right | none is right |
| --- | --- | --- | --- |
| direct, right | 1.0 | | |
| zoomed, right | 0.8 | 1.0 | |
| zoomed, wrong | 0.5 | 0.5 | 0.5 |
| direct, wrong | 0.1 if well formed, otherwise 0 | the same | the same |

The code leaves the score (0.9 accuracy + 0.1 format) of a question with one rollout as it is. The released code takes
any text <tool_call> for a zoom; here a zoom must have worked and shown something new. A wrong answer after a zoom earns
0.5 as published, so watch the rate of zooms.
"""

from collections.abc import Sequence

from lensmill.rewards.attempt import Attempt
from lensmill.rewards.term import Term
from lensmill.rewards.terms.format import well_formed


def _of(attempt: Attempt, group: Sequence[Attempt]) -> float:
    if len(group) < 2:
        return 0.9 * attempt.correct + 0.1 * well_formed(attempt)
    if attempt.used_tool:
        if not attempt.correct:
            return 0.5
        return 0.8 if any(other.correct and not other.used_tool for other in group) else 1.0
    return 1.0 if attempt.correct else 0.1 * well_formed(attempt)


SPEC = Term(
    name="agar",
    doc="adaptive group-aware reward: an answer without a zoom earns most where one of the question's rollouts answers "
    "rightly without a zoom (Adaptive Chain-of-Focus)",
    of=_of,
    grouped=True,
)
