"""Known evidence: whether zooms and edits hit the targets of a sample. Null if the source names no targets."""

from collections.abc import Mapping
from typing import Any

from lensmill.facts.looks import area_of, asked_by, covered, marked_in, shown_by, zooms_of
from lensmill.facts.measure import Column, Episode, Making, Measure


def _of(episode: Episode, _: Making) -> Mapping[str, Any]:
    sample, trajectory = episode.sample, episode.trajectory
    targets = [box for box in sample.targets if box.area > 0]
    facts: dict[str, Any] = {"targets": len(targets)}
    if not targets:
        return facts
    total = area_of(targets)
    facts["target_area"] = total / (sample.width * sample.height)
    if trajectory is None:
        return facts
    zooms = list(zooms_of(trajectory))
    best = [max((target.iou(asked_by(zoom)) for zoom in zooms), default=0.0) for target in targets]
    view = trajectory.view.frame
    return facts | {
        "target_pixels": min(view.from_original(target).area for target in targets),
        "target_coverage": covered(map(shown_by, zooms), targets) / total,
        "target_iou": sum(best) / len(best),
        "target_marked": covered(marked_in(trajectory), targets) / total,
    }


SPEC = Measure(
    "targets",
    (
        Column("targets", "int32", "boxes of the evidence that the source names; 0 where it names none"),
        Column("target_area", "float64", "share of the original that the targets cover, 0 to 1"),
        Column("target_pixels", "float64", "pixels of the smallest target as the view shows it"),
        Column("target_coverage", "float32", "share of the targets' area that the zooms show; 0 without a zoom"),
        Column("target_iou", "float32", "overlap (IoU) of each target with the best zoom's box as asked, their mean"),
        Column("target_marked", "float32", "share of the targets' area that the edits mark; 0 without an edit"),
    ),
    _of,
)
