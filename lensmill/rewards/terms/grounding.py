"""Whether the zooms hit the known evidence of a question. 0 for every rollout of a question without targets."""

from collections.abc import Sequence

from lensmill.facts.looks import area_of, covered
from lensmill.geometry import Box
from lensmill.rewards.attempt import Attempt
from lensmill.rewards.term import Term


def _targets(attempt: Attempt) -> list[Box]:
    return [box for box in attempt.asked.targets if box.area > 0]


def _iou(attempt: Attempt, _: Sequence[Attempt]) -> float:
    targets, asked = _targets(attempt), [look.asked for look in attempt.looks]
    if not targets or not asked:
        return 0.0
    shared = covered(asked, targets)
    return min(1.0, shared / (area_of(asked) + area_of(targets) - shared))


def _coverage(attempt: Attempt, _: Sequence[Attempt]) -> float:
    targets, shown = _targets(attempt), [look.shown for look in attempt.looks if look.new]
    return min(1.0, covered(shown, targets) / area_of(targets)) if targets and shown else 0.0


SPECS = (
    Term(
        name="target_iou",
        doc="overlap (IoU) of all boxes that zooms asked for, together, with all targets, together. Many zooms or "
        "large ones make the value smaller",
        of=_iou,
    ),
    Term(
        name="target_coverage",
        doc="share of the targets' area that new zooms show (the ledger's target_coverage, without zooms on the "
        "whole). Large zooms raise the value, so add target_iou",
        of=_coverage,
    ),
)
